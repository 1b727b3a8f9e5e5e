/* SPDX-License-Identifier: MIT */
/*
 * The stack of a PAM service as libpam reads it.  libpam hands its own to nobody, so its files are
 * read again, by the rules of pam.conf(5) and of Linux-PAM 1.5 as Debian builds it:
 *
 * K1  the service is what follows the last "/", in lower case; one that begins with a dot has none;
 * K2  /etc/pam.d/S, else /usr/lib/pam.d/S, else the vendor's folder (/usr/share/pam/pam.d): the first
 *     hit wins whole; with a confdir only that folder;
 * K3  a facility without a line is that of the service "other";
 * K4  /etc/pam.conf counts only if there is neither /etc/pam.d nor /usr/lib/pam.d;
 * K5  "#" ends a line wherever it stands and cancels a "\" behind it; "\" at the end joins with one
 *     blank; a carriage return is part of a word; versions differ over a line of more than 1022
 *     bytes with all that it goes on with, which makes the stack unknown;
 * K6  [-]facility control module arguments; any field may stand in brackets, "\]" is a "]" there;
 * K7  controls: control.h;
 * K8  "FACILITY include X" takes that facility's lines of X, "[-]@include X" all; a relative X is
 *     one of /etc/pam.d;
 * K9  includes are flattened, a jump counts their lines; a substack counts as one;
 * K10 more than 16 files deep, or a file that includes itself, makes the stack unknown;
 * K11 modules are compared by the last part of their path.
 *
 * Nothing is global; memory is bounded (AFENCE_PAM_ENTRIES_MAX, files.h).  Thread safe.
 */
#ifndef PAM_STACK_H
#define PAM_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "control.h"
#include "files.h"

#define AFENCE_PAM_DEPTH_MAX   16
#define AFENCE_PAM_ENTRIES_MAX 1024
#define AFENCE_PAM_FILES_MAX   256 /* read for one stack */

enum af_pam_facility {
	AFENCE_PAM_AUTH,
	AFENCE_PAM_ACCOUNT,
	AFENCE_PAM_PASSWORD,
	AFENCE_PAM_SESSION,
	AFENCE_PAM_FACILITIES
};

const char *af_pam_facility_string(enum af_pam_facility facility); /* "auth" ... */

struct af_pam_entry {
	const char *file; /* as opened */
	unsigned line;
	enum af_pam_facility facility; /* of the stack it was read for */
	unsigned depth;                /* of substacks around it */
	const char *control;           /* as it stands there */
	const char *module;            /* path or name as it stands there; of a substack its file */
	char **argument;               /* count of them, brackets undone; then NULL */
	size_t count;
	bool silent;   /* "-": a missing module is not logged */
	bool substack; /* stands for the entries behind it with a greater depth */
	bool broken;   /* a line that always fails: bad facility, no module, missing include */
};

struct af_pam_stack {
	struct af_pam_entry *entry;
	size_t count;
	/* Why the entries are not all there is, AFENCE_OK if they are; where, and a few words. */
	enum af_status trouble;
	const char *trouble_file;
	const char *trouble_text;
	bool refused; /* libpam itself would end in an error: a missing @include, "\" at the end */
	void *memory; /* of all the above */
};

/*
 * Reads FACILITY of SERVICE.  CONFDIR: the folder given to pam_start_confdir(3), or NULL.  Always
 * yields a stack; what could not be read or followed is its trouble, and the entries are those
 * that were found all the same.  *out is the caller's, freed with af_pam_stack_free().
 */
void af_pam_stack_read(const struct af_pam_files *files, const char *service, const char *confdir,
	enum af_pam_facility facility, struct af_pam_stack *out);

/* The same where the file of the service is given: for `doctor`, which goes through a folder. */
void af_pam_stack_read_file(const struct af_pam_files *files, const char *path,
	enum af_pam_facility facility, struct af_pam_stack *out);

/*
 * Puts the entries of *MORE behind those of *STACK, which is in trouble afterwards if one of them
 * was, and leaves *MORE empty.
 */
void af_pam_stack_append(struct af_pam_stack *stack, struct af_pam_stack *more);

void af_pam_stack_free(struct af_pam_stack *stack);

/* "pam_ldap.so" of an entry's module; never NULL. */
const char *af_pam_entry_name(const struct af_pam_entry *entry);

/* The value of the last argument "KEY=...", KEY given with its "="; or NULL. */
const char *af_pam_entry_value(const struct af_pam_entry *entry, const char *key);

/* True if WORD stands among the arguments. */
bool af_pam_entry_has(const struct af_pam_entry *entry, const char *word);

/* The same in any case of letters, as pam_exec and pam_winbind look for theirs. */
bool af_pam_entry_says(const struct af_pam_entry *entry, const char *word);

#endif
