/* SPDX-License-Identifier: MIT */
/*
 * Lays out the image that common/af_image.c reads: its sections one after the other.
 */
#include "compile.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "af_hash.h"
#include "af_image_parts.h"
#include "compile_parts.h"
#include "parser.h"
#include "review.h"
#include "statements.h"

void af_compile_read(struct af_source *sources, size_t count, struct af_rules *rules)
{
	struct af_tree tree;

	for (size_t i = 0; i < count; i++) {
		if (sources[i].text == NULL)
			continue;
		af_parse(&sources[i], rules->diagnostics, &tree);
		af_rules_enter_file(rules, sources[i].path + sources[i].root);
		af_statements_read(&tree, rules);
		af_tree_free(&tree);
	}
	af_rules_review(rules);
}

void *af_layout_append(struct af_layout *layout, unsigned section, size_t more)
{
	size_t size = af_image_element_size[section], used = layout->count[section];

	layout->data[section] =
		af_grow(layout->data[section], used, more, &layout->room[section], size);
	layout->count[section] = used + more;
	/* Nothing may be added to no address, not even nothing. */
	return used == 0 ? layout->data[section] : (char *)layout->data[section] + used * size;
}

uint32_t af_layout_string(struct af_layout *layout, uint32_t name)
{
	uint32_t offset = (uint32_t)layout->count[AFENCE_SECTION_STRINGS];
	const char *text = af_rules_string(layout->from, name);
	size_t room = strlen(text) + 1;

	memcpy(af_layout_append(layout, AFENCE_SECTION_STRINGS, room), text, room);
	return offset;
}

/* A power of two of which at most half is taken. */
void af_layout_table(struct af_layout *layout, unsigned table, size_t names)
{
	size_t count = 2;

	if (names == 0)
		return;
	while (count < 2 * names)
		count *= 2;
	memset(af_layout_append(layout, table, count), 0xff, count * sizeof(struct af_image_name));
}

struct af_image_name *af_layout_slot(struct af_layout *layout, unsigned table, uint32_t name)
{
	const char *text = af_rules_string(layout->from, name);
	uint32_t hash = af_hash_bytes(text, strlen(text));
	size_t mask = layout->count[table] - 1, i = hash & mask;
	struct af_image_name *slot = layout->data[table];

	while (slot[i].name != AFENCE_IMAGE_NONE &&
		(slot[i].hash != hash ||
			strcmp(af_rules_string(layout->from, slot[i].name), text) != 0))
		i = (i + 1) & mask;
	if (slot[i].name == AFENCE_IMAGE_NONE)
		slot[i] = (struct af_image_name){hash, name, AFENCE_IMAGE_NONE};
	return &slot[i];
}

static bool has_trial(const struct af_rules *rules)
{
	for (size_t i = 0; i < rules->row_count; i++)
		if (rules->row[i].life != AFENCE_LIFE_FULL)
			return true;
	for (size_t i = 0; i < rules->clause.count; i++)
		if (rules->clause.row[i].life != AFENCE_LIFE_FULL)
			return true;
	return false;
}

static void add_single(struct af_layout *layout, const struct af_stamp *stamp)
{
	struct af_image_settings *settings = af_layout_append(layout, AFENCE_SECTION_SETTINGS, 1);

	*settings = layout->from->settings;
	settings->on_trial = has_trial(layout->from);
	if (stamp->origin != NULL)
		*(struct af_image_origin *)af_layout_append(layout, AFENCE_SECTION_ORIGIN, 1) =
			*stamp->origin;
}

/* The strings begin with the files, whose offsets stay what they are. */
static void lay_out(struct af_layout *layout, const struct af_stamp *stamp)
{
	const struct af_pool *files = &layout->from->files;

	layout->data[AFENCE_SECTION_STRINGS] = af_grow(NULL, 0,
		files->used + layout->from->names.used, &layout->room[AFENCE_SECTION_STRINGS], 1);
	if (files->used > 0)
		memcpy(af_layout_append(layout, AFENCE_SECTION_STRINGS, files->used), files->bytes,
			files->used);
	add_single(layout, stamp);
	af_layout_rules(layout);
	af_layout_services(layout);
	af_layout_clauses(layout);
	af_layout_modules(layout);
}

/* Everything begins at a multiple of 8, the end included. */
static uint64_t align(uint64_t length)
{
	return (length + 7) / 8 * 8;
}

static void place(const struct af_layout *layout, struct af_image_header *header)
{
	header->length = sizeof(*header);
	for (uint32_t type = 1; type < AFENCE_SECTION_TYPES_END; type++) {
		uint32_t size = af_image_element_size[type];

		header->section[header->section_count++] =
			(struct af_image_section){type, size, header->length, layout->count[type]};
		header->length = align(header->length + size * layout->count[type]);
	}
}

/* The checksum covers the header without it. */
static void seal(uint8_t *bytes, struct af_image_header *header)
{
	memcpy(bytes, header, sizeof(*header));
	header->checksum = af_image_checksum(bytes, (size_t)header->length);
	memcpy(bytes, header, sizeof(*header));
}

static enum af_status assemble(
	const struct af_layout *layout, struct af_image_header *header, struct af_compiled *out)
{
	place(layout, header);
	if (header->length > AFENCE_IMAGE_MAX)
		return AFENCE_ERR_LIMIT;
	out->length = (size_t)header->length;
	out->bytes = af_new(out->length, 1);
	for (uint32_t type = 1; type < AFENCE_SECTION_TYPES_END; type++)
		if (layout->count[type] > 0)
			memcpy(out->bytes + header->section[type - 1].offset, layout->data[type],
				layout->count[type] * af_image_element_size[type]);
	seal(out->bytes, header);
	return AFENCE_OK;
}

enum af_status af_compile_write(
	const struct af_rules *rules, const struct af_stamp *stamp, struct af_compiled *out)
{
	struct af_layout layout = {.from = rules, .out = out};
	struct af_image_header header = {.magic = AFENCE_IMAGE_MAGIC,
		.format = AFENCE_IMAGE_FORMAT,
		.min_reader = AFENCE_IMAGE_FORMAT,
		.generation = stamp->generation,
		.created = stamp->created};
	enum af_status status;

	memset(out, 0, sizeof(*out));
	if (rules->names.used + rules->files.used > AFENCE_IMAGE_MAX)
		return AFENCE_ERR_LIMIT;
	lay_out(&layout, stamp);
	status = assemble(&layout, &header, out);
	for (unsigned type = 0; type < AFENCE_SECTION_TYPES_END; type++)
		free(layout.data[type]);
	return status;
}

void af_compile_stamp(uint8_t *bytes, size_t length, const struct af_stamp *stamp)
{
	struct af_image_header header;

	(void)length;
	memcpy(&header, bytes, sizeof(header));
	header.generation = stamp->generation;
	header.created = stamp->created;
	for (uint32_t i = 0; i < header.section_count; i++)
		if (header.section[i].type == AFENCE_SECTION_ORIGIN &&
			header.section[i].count > 0 && stamp->origin != NULL)
			memcpy(bytes + header.section[i].offset, stamp->origin,
				sizeof(*stamp->origin));
	header.checksum = 0;
	seal(bytes, &header);
}
