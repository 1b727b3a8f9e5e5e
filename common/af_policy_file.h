/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a compiled policy, taken from a file that deserves trust (P1) in a way that
 * later writes to the file can not harm (P2).  For the policy's own files alone.
 */
#ifndef AF_POLICY_FILE_H
#define AF_POLICY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "af_status.h"

/* Appended to the path of a policy: the one before it. */
#define AFENCE_PREVIOUS_SUFFIX ".prev"

/*
 * A file in one state: another file, a change of content, owner or mode, and its absence, give
 * other marks.  AFENCE_MARK_RESTS is set where no change since could have left the times alone; so a
 * file that has just changed gets another mark once it rests.
 */
#define AFENCE_MARK_NONE  UINT64_C(0) /* of no file at all */
#define AFENCE_MARK_RESTS UINT64_C(1)

struct af_policy_file {
	const uint8_t *bytes; /* a mapping of its own, read-only, aligned to a page */
	size_t length;
	/* As the open file was before it was read; set in failure too, if it could be opened. */
	uint64_t mark;
	bool is_roots; /* so that its trust depends on no other user */
};

/* Reads PATH as af_policy_load() says.  On success the bytes are the caller's, given back with
 * af_policy_file_close(); else there are none. */
enum af_status af_policy_file_open(const char *path, bool own_user, struct af_policy_file *out);

void af_policy_file_close(const struct af_policy_file *file);

/* The mark of what is at PATH now: one lstat().  Never AFENCE_MARK_NONE. */
uint64_t af_policy_file_mark(const char *path);

#endif
