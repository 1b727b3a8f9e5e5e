/* SPDX-License-Identifier: MIT */
/* What the files that tell of a run share. */
#ifndef PROBE_OUTPUT_PARTS_H
#define PROBE_OUTPUT_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#define AFENCE_STATE_MAX (64 * 1024 * 1024) /* bytes of a file that is read or written */

/* The bytes of the regular file PATH, NUL terminated, freed by the caller.  False: errno (ELOOP: a
 * link, EINVAL: no regular file, EFBIG); *out is NULL then. */
bool af_probe_read_file(const char *path, char **out, size_t *len);

/* What errno says of a file that could not be read or replaced, in words; constant, or as long as
 * strerror(3)'s. */
const char *af_probe_file_fault(int error);

#endif
