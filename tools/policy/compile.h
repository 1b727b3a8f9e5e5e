/* SPDX-License-Identifier: MIT */
/*
 * Policy files to the bytes of an image.
 */
#ifndef AF_POLICY_COMPILE_H
#define AF_POLICY_COMPILE_H

#include "diagnostics.h"
#include "rules.h"
#include "source.h"

struct af_compiled {
	uint8_t *bytes;
	size_t length;
	size_t count[AFENCE_RULE_KINDS]; /* rules of each kind, doubles merged */
	size_t clauses[AFENCE_CLAUSE_KINDS];
};

/* What an image says of itself. */
struct af_stamp {
	uint64_t generation;
	int64_t created;
	const struct af_image_origin *origin; /* NULL: nobody activates it */
};

/* Reads COUNT sources (blotting out what is no text, passing over what could not be read) into
 * RULES, which af_rules_start() made; the errors are in their diagnostics. */
void af_compile_read(struct af_source *sources, size_t count, struct af_rules *rules);

/*
 * Makes the image of RULES, the same bytes for the same rules and stamp.  AFENCE_ERR_LIMIT: it
 * would be over AFENCE_IMAGE_MAX.  On success out->bytes is the caller's to free().
 */
enum af_status af_compile_write(
	const struct af_rules *rules, const struct af_stamp *stamp, struct af_compiled *out);

/* Stamps a valid image in place, with its checksum; an origin only where it has one already. */
void af_compile_stamp(uint8_t *bytes, size_t length, const struct af_stamp *stamp);

#endif
