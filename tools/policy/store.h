/* SPDX-License-Identifier: MIT */
/*
 * The generations of a system: the active image, the one before, the history.
 *
 * S1  At every instant the active file is a whole image, the old one or the new one.
 * S2  What was activated can be found in the history, before it is active.
 * S3  Two runs never write at once; a run that was killed leaves nothing that hinders the next.
 * S4  A generation's number is greater than any before it, lost files included as far as any of
 *     active, previous and history is left.
 * S5  Nothing is written to, or taken from, a folder or file that somebody else than root (or the
 *     owner of the root folder) could have put there.
 */
#ifndef AF_POLICY_STORE_H
#define AF_POLICY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../root.h"
#include "af_image.h"

#define AFENCE_ACTIVE_PATH   "/etc/authfence/policy.bin"
#define AFENCE_PREVIOUS_PATH "/etc/authfence/policy.bin.prev"
#define AFENCE_STATE         "/var/lib/authfence"
#define AFENCE_HISTORY       AFENCE_STATE "/history" /* policy.<generation> */
#define AFENCE_HISTORY_KEPT  20

/* The bytes of an image in memory of its own. */
struct af_stored {
	uint8_t *bytes; /* NULL: none */
	size_t length;
	struct af_image image; /* verified */
};

void af_stored_free(struct af_stored *stored);

struct af_store; /* opaque: an open store */

/* All complaints go to standard error in the name of VERB, "policy apply", which is borrowed as ROOT
 * is. */

/* Opens the store below ROOT for reading; false after a complaint. */
bool af_store_open(const char *verb, const struct af_root *root, struct af_store **out);

/* The same for writing, with the lock held and folders made that were missing; waits a while for
 * another run to end. */
bool af_store_lock(const char *verb, const struct af_root *root, struct af_store **out);
void af_store_close(struct af_store *store);

#define AFENCE_GENERATION_ACTIVE 0 /* stands for the one that is active, whichever it is */

/*
 * The image of GENERATION: of the active file if it is that one, else of the history.  AFENCE_ERR_ABSENT:
 * there is none; _UNTRUSTED, _DAMAGED (or of another generation), _NEWER, _LIMIT, _SYSTEM (errno).
 * *out is empty then.
 */
enum af_status af_store_load(struct af_store *store, uint64_t generation, struct af_stored *out);

/* The same with a complaint about one that is there and can not be used. */
enum af_status af_store_use(struct af_store *store, uint64_t generation, struct af_stored *out);

/* The generations in the history, in rising order, freed by the caller; a folder that can not be read
 * is complained about. */
size_t af_store_list(struct af_store *store, uint64_t **out);

/* The number that the next generation gets; 0 after a complaint. */
uint64_t af_store_next(struct af_store *store);

/*
 * Makes the LENGTH bytes of a stamped image the active one, in these steps: into the history, the
 * active one to `.prev`, a new file written, synced, read back and verified, renamed, the folder
 * synced; then old history goes.  The store is locked.  False after a complaint: the active file is
 * what it was, unless the complaint says that only the last sync failed.
 */
bool af_store_activate(struct af_store *store, const uint8_t *bytes, size_t length);

/* Fills in who (the user behind sudo, else of the login, else of the process) and ACTION; all else is
 * cleared. */
void af_store_sign(struct af_image_origin *origin, const char *action);

#endif
