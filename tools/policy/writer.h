/* SPDX-License-Identifier: MIT */
/*
 * An image to its file: at every instant the file is a whole image, the old one or the new one.
 */
#ifndef AF_POLICY_WRITER_H
#define AF_POLICY_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "af_status.h"

/* What stands at the path of an image that is to be written. */
enum af_output {
	AFENCE_OUTPUT_NONE,
	AFENCE_OUTPUT_FILE,
	AFENCE_OUTPUT_FOLDER,
	AFENCE_OUTPUT_OTHER, /* a device, a link ...: nothing to replace */
};

enum af_output af_output_kind(const char *path);

/* The generation of the valid image at PATH, whoever owns it; 0 if there is none. */
uint64_t af_output_generation(const char *path);

/*
 * Writes the LENGTH bytes of an image to a new file beside PATH, reads them back, verifies them
 * and renames the file to PATH; mode 0644 whatever the umask.  On failure the old file is in its
 * place and no other one is left; *step then says what failed ("write", ...) and errno why.
 * AFENCE_ERR_SYSTEM, AFENCE_ERR_DAMAGED (what was read back is not what was written).
 */
enum af_status af_output_write(
	const char *path, const uint8_t *bytes, size_t length, const char **step);

/* How far a write came that failed. */
struct af_output_fault {
	const char *step; /* "write", ... */
	bool replaced; /* the new file is in its place; only its survival of a power cut is open */
};

/*
 * The same to NAME in the open folder FOLDER, by way of the new file TEMPORARY there, which must not
 * exist: neither name has a slash, and no link is followed.
 */
enum af_status af_output_replace(int folder, const char *temporary, const char *name,
	const uint8_t *bytes, size_t length, struct af_output_fault *out);

/* All LENGTH bytes from the start of the file; false: errno, 0 if the file is shorter. */
bool af_output_read(int fd, uint8_t *bytes, size_t length);

#endif
