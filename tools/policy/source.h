/* SPDX-License-Identifier: MIT */
/*
 * The text of one policy file, and places in it.
 */
#ifndef AF_POLICY_SOURCE_H
#define AF_POLICY_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "af_status.h"

#define AFENCE_SOURCE_MAX (UINT32_C(256) << 20) /* bytes of one file */

/* A setting of a later layer overrides that of an earlier one; in one layer it stands once. */
enum af_layer { AFENCE_LAYER_VENDOR, AFENCE_LAYER_SITE, AFENCE_LAYERS };

/* A byte of a source; line 0 stands for the file as a whole. */
struct af_place {
	const struct af_source *source;
	uint32_t start;  /* offset in the text */
	uint32_t line;   /* 1 and up */
	uint32_t column; /* in bytes, 1 and up */
};

struct af_source {
	char *path;  /* as messages show it */
	size_t root; /* how many bytes of it name another root folder */
	char *text;  /* NUL terminated; NULL: it could not be read */
	uint32_t length;
	enum af_layer layer;
	struct af_place from; /* of a list of names: where it is named; source NULL: no list */
};

/*
 * Reads the file at PATH, which may be a pipe.  *out is the caller's whatever happens (its path is
 * always set), freed with af_source_free().  AFENCE_ERR_LIMIT: over AFENCE_SOURCE_MAX;
 * AFENCE_ERR_SYSTEM: errno tells.
 */
enum af_status af_source_load(const char *path, struct af_source *out);

/* The same from FD, which is closed; -1: errno tells why there is none. */
enum af_status af_source_load_fd(int fd, const char *path, struct af_source *out);

/* The same from LENGTH bytes in memory, which are copied. */
void af_source_copy(const char *path, const char *text, size_t length, struct af_source *out);

void af_source_free(struct af_source *source);

#endif
