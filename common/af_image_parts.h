/* SPDX-License-Identifier: MIT */
/* What the files of the reader of images share; the writer knows the sizes from here. */
#ifndef AF_IMAGE_PARTS_H
#define AF_IMAGE_PARTS_H

#include <string.h>

#include "af_image.h"

/* Bytes of an element of a section, by type. */
extern const uint32_t af_image_element_size[AFENCE_SECTION_TYPES_END];

/* The members of clauses of a kind hang in a table of their own. */
static inline unsigned af_image_table_of(enum af_clause_kind kind)
{
	return kind == AFENCE_CLAUSE_EXCEPTION ? AFENCE_SECTION_EXCEPTED : AFENCE_SECTION_PROTECTED;
}

/* The slot of the LEN bytes at TEXT in a table that has a free slot, or NULL. */
const struct af_image_name *af_image_find_slot(
	const struct af_image *image, unsigned table, uint32_t hash, const char *text, size_t len);

/* True for an offset of a string; strings have been verified. */
static inline bool af_image_is_string(const struct af_image *image, uint32_t offset)
{
	return offset < image->section[AFENCE_SECTION_STRINGS].count;
}

/* The same for a string that is the name of a service. */
static inline bool af_image_is_service(const struct af_image *image, uint32_t offset)
{
	return af_image_is_string(image, offset) &&
	       strnlen(af_image_string(image, offset), AFENCE_SERVICE_MAX + 1) <=
		       AFENCE_SERVICE_MAX;
}

/* True if one of the address's bits behind the first PREFIX (0 to 128) is set. */
bool af_image_has_host_bits(const uint8_t address[16], unsigned prefix);

/* The address that a network begins with, and whether ADDRESS lies in the network. */
struct af_address af_image_base(const struct af_image_network *network);
bool af_image_is_in(const struct af_address *address, const struct af_image_network *network);

/* True if all that is in the sections is in order. */
bool af_image_check(const struct af_image *image);

/* The part of it that is about clauses, their members, places and values; relies on strings and
 * settings, and is what the tables of members rely on. */
bool af_image_check_clauses(const struct af_image *image);

/* True if INDEX is a member on exactly the domain NAME of a clause for TABLE. */
bool af_image_is_member_of(
	const struct af_image *image, uint32_t index, unsigned table, const char *name);

/* True if every member hangs in one of the tables, which are in order. */
bool af_image_check_chains(const struct af_image *image);

#endif
