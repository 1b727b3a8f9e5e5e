/* SPDX-License-Identifier: MIT */
#include "revise.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"

bool af_revise_empty(struct af_stored *out)
{
	const struct af_stamp stamp = {.generation = 1};
	struct af_diagnostics diagnostics = {0};
	struct af_compiled compiled;
	struct af_rules rules;
	bool made;

	memset(out, 0, sizeof(*out));
	af_rules_start(&rules, &diagnostics, 0);
	made = af_compile_write(&rules, &stamp, &compiled) == AFENCE_OK;
	out->bytes = compiled.bytes;
	out->length = compiled.length;
	af_rules_free(&rules);
	return made && af_image_open(out->bytes, out->length, &out->image) == AFENCE_OK;
}

static struct af_image_section *find_section(struct af_image_header *header, uint32_t type)
{
	for (uint32_t i = 0; i < header->section_count; i++)
		if (header->section[i].type == type)
			return &header->section[i];
	return NULL;
}

/* Images begin at a multiple of 8 and end at one, so an origin fits behind the last section. */
static void add_origin(struct af_stored *copy)
{
	struct af_image_header *header = (void *)copy->bytes;
	struct af_image_section *section = find_section(header, AFENCE_SECTION_ORIGIN);

	if (section == NULL && header->section_count < AFENCE_IMAGE_SECTIONS)
		section = &header->section[header->section_count++];
	if (section == NULL || section->count > 0)
		return;
	*section = (struct af_image_section){
		AFENCE_SECTION_ORIGIN, sizeof(struct af_image_origin), copy->length, 1};
	copy->length += sizeof(struct af_image_origin);
	header->length = copy->length;
}

void af_revise_copy(const struct af_stored *from, struct af_stored *out)
{
	memset(out, 0, sizeof(*out));
	out->length = from->length;
	out->bytes = af_new(from->length + sizeof(struct af_image_origin), 1);
	memcpy(out->bytes, from->bytes, from->length);
	add_origin(out);
}

/* NULL: the section is empty. */
static void *section_of(struct af_stored *copy, uint32_t type, size_t *count)
{
	const struct af_image_section *section = find_section((void *)copy->bytes, type);

	*count = section != NULL ? (size_t)section->count : 0;
	return *count > 0 ? copy->bytes + section->offset : NULL;
}

struct af_image_settings *af_revise_settings(struct af_stored *copy)
{
	size_t count;

	return section_of(copy, AFENCE_SECTION_SETTINGS, &count);
}

static const uint8_t promoted[AFENCE_LIVES] = {
	[AFENCE_LIFE_FULL] = AFENCE_LIFE_FULL,
	[AFENCE_LIFE_TRIAL] = AFENCE_LIFE_FULL,
	[AFENCE_LIFE_REPLACED] = AFENCE_LIFE_OVER,
	[AFENCE_LIFE_OVER] = AFENCE_LIFE_OVER,
};

size_t af_revise_promote(struct af_stored *copy)
{
	size_t rules, clauses, trials = 0;
	struct af_image_rule *rule = section_of(copy, AFENCE_SECTION_RULES, &rules);
	struct af_image_clause *clause = section_of(copy, AFENCE_SECTION_CLAUSES, &clauses);
	uint8_t on_trial = 0;

	for (size_t i = 0; i < rules; i++) {
		trials += rule[i].life == AFENCE_LIFE_TRIAL;
		rule[i].life = promoted[rule[i].life];
		on_trial |= rule[i].life != AFENCE_LIFE_FULL;
	}
	for (size_t i = 0; i < clauses; i++) {
		trials += clause[i].life == AFENCE_LIFE_TRIAL;
		clause[i].life = promoted[clause[i].life];
		on_trial |= clause[i].life != AFENCE_LIFE_FULL;
	}
	af_revise_settings(copy)->on_trial = on_trial;
	return trials;
}

bool af_revise_finish(struct af_stored *copy, const struct af_stamp *stamp)
{
	af_compile_stamp(copy->bytes, copy->length, stamp);
	return af_image_open(copy->bytes, copy->length, &copy->image) == AFENCE_OK;
}

bool af_revise_same(const struct af_stored *a, const struct af_stored *b)
{
	const struct af_image_origin nobody = {0};
	const struct af_stamp none = {.origin = &nobody};
	struct af_stored left, right;
	bool same;

	af_revise_copy(a, &left);
	af_revise_copy(b, &right);
	af_compile_stamp(left.bytes, left.length, &none);
	af_compile_stamp(right.bytes, right.length, &none);
	same = left.length == right.length && memcmp(left.bytes, right.bytes, left.length) == 0;
	af_stored_free(&left);
	af_stored_free(&right);
	return same;
}
