/* SPDX-License-Identifier: MIT */
/* What the files of the image writer share. */
#ifndef AF_POLICY_COMPILE_PARTS_H
#define AF_POLICY_COMPILE_PARTS_H

#include "compile.h"

/* The sections as they grow, by type.  Until what it leads to is laid out, a slot's `name` is an
 * offset in the pool of names. */
struct af_layout {
	const struct af_rules *from;
	struct af_compiled *out;
	void *data[AFENCE_SECTION_TYPES_END];
	size_t count[AFENCE_SECTION_TYPES_END], room[AFENCE_SECTION_TYPES_END];
};

/* MORE elements at the end of a section, to be filled in; what was got before may have moved. */
void *af_layout_append(struct af_layout *layout, unsigned section, size_t more);

/* Copies a string of the pool of names. */
uint32_t af_layout_string(struct af_layout *layout, uint32_t name);

/* Makes a hash table with room for NAMES names. */
void af_layout_table(struct af_layout *layout, unsigned table, size_t names);

/* The slot of a name, a new one with AFENCE_IMAGE_NONE for a rule. */
struct af_image_name *af_layout_slot(struct af_layout *layout, unsigned table, uint32_t name);

/* The parts of the image, in this order: the strings of reserves lie where look-ups come by. */
void af_layout_rules(struct af_layout *layout);
void af_layout_services(struct af_layout *layout);
void af_layout_clauses(struct af_layout *layout);
void af_layout_modules(struct af_layout *layout);

#endif
