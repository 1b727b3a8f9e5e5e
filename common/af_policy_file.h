/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a compiled policy, taken from a file that deserves trust (P1) in a way that
 * later writes to the file can not harm (P2).  For af_policy.c alone.
 */
#ifndef AF_POLICY_FILE_H
#define AF_POLICY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "af_status.h"

struct af_policy_file {
	const uint8_t *bytes; /* a mapping of its own, read-only, aligned to a page */
	size_t length;
};

/* Reads PATH as af_policy_load() says.  On success the bytes are the caller's, given back with
 * af_policy_file_close(); else *out is empty. */
enum af_status af_policy_file_open(const char *path, bool own_user, struct af_policy_file *out);

void af_policy_file_close(const struct af_policy_file *file);

#endif
