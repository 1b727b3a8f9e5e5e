/* SPDX-License-Identifier: MIT */
/*
 * Lays out exceptions, protects and what services set.  The members of all clauses on one domain
 * share its string.
 */
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "af_image_parts.h"
#include "compile_parts.h"

struct named {
	const char *name;
	const struct af_service_row *row;
};

static int compare_names(const void *left, const void *right)
{
	return strcmp(((const struct named *)left)->name, ((const struct named *)right)->name);
}

void af_layout_services(struct af_layout *layout)
{
	size_t count = layout->from->service.count;
	struct named *sorted = af_new(count, sizeof(*sorted));

	for (size_t i = 0; i < count; i++) {
		const struct af_service_row *row = &layout->from->service.row[i];

		sorted[i] = (struct named){af_rules_string(layout->from, row->name), row};
	}
	qsort(sorted, count, sizeof(*sorted), compare_names);
	for (size_t i = 0; i < count; i++) {
		const struct af_service_row *row = sorted[i].row;
		struct af_image_service *service =
			af_layout_append(layout, AFENCE_SECTION_SERVICES, 1);

		*service = (struct af_image_service){.name = af_layout_string(layout, row->name),
			.mode = row->value[AFENCE_SERVICE_MODE],
			.on_block = row->value[AFENCE_SERVICE_ON_BLOCK],
			.unknown = row->value[AFENCE_SERVICE_UNKNOWN],
			.resolve = row->value[AFENCE_SERVICE_RESOLVE]};
	}
	free(sorted);
}

static uint32_t add_optional(struct af_layout *layout, uint32_t name)
{
	return name == AFENCE_IMAGE_NONE ? AFENCE_IMAGE_NONE : af_layout_string(layout, name);
}

/* Where COUNT elements that are about to be appended to a section will lie. */
static struct af_image_range next_range(
	const struct af_layout *layout, unsigned section, uint32_t count)
{
	return (struct af_image_range){count == 0 ? 0 : (uint32_t)layout->count[section], count};
}

/* The domain stays in the pool of names until the members are linked. */
static struct af_image_range add_members(
	struct af_layout *layout, uint32_t clause, const struct af_image_range *from)
{
	struct af_image_range range = next_range(layout, AFENCE_SECTION_MEMBERS, from->count);
	struct af_image_member *member =
		af_layout_append(layout, AFENCE_SECTION_MEMBERS, from->count);

	for (uint32_t i = 0; i < from->count; i++) {
		const struct af_member_row *row = &layout->from->member.row[from->first + i];

		member[i] = (struct af_image_member){.clause = clause,
			.domain = row->domain,
			.local = add_optional(layout, row->local),
			.next = AFENCE_IMAGE_NONE,
			.reach = row->reach};
	}
	return range;
}

static struct af_image_range add_places(struct af_layout *layout, const struct af_image_range *from)
{
	struct af_image_range range = next_range(layout, AFENCE_SECTION_PLACES, from->count);
	struct af_image_place *place = af_layout_append(layout, AFENCE_SECTION_PLACES, from->count);

	for (uint32_t i = 0; i < from->count; i++) {
		const struct af_target_row *row = &layout->from->target.row[from->first + i];

		place[i] = (struct af_image_place){.reach = row->reach, .name = AFENCE_IMAGE_NONE};
		if (row->reach != 0) {
			place[i].name = af_layout_string(layout, row->name);
			continue;
		}
		place[i].prefix = row->prefix;
		memcpy(place[i].address, row->address.byte, sizeof(place[i].address));
	}
	return range;
}

static struct af_image_range add_ports(struct af_layout *layout, const struct af_image_range *from)
{
	struct af_image_range range = next_range(layout, AFENCE_SECTION_VALUES, from->count);
	uint32_t *value = af_layout_append(layout, AFENCE_SECTION_VALUES, from->count);

	for (uint32_t i = 0; i < from->count; i++)
		value[i] = layout->from->value.row[from->first + i];
	return range;
}

static struct af_image_range add_services(
	struct af_layout *layout, const struct af_image_range *from)
{
	struct af_image_range range = next_range(layout, AFENCE_SECTION_VALUES, from->count);
	uint32_t *value = af_layout_append(layout, AFENCE_SECTION_VALUES, from->count);

	for (uint32_t i = 0; i < from->count; i++)
		value[i] = af_layout_string(layout, layout->from->value.row[from->first + i]);
	return range;
}

static void add_clause(struct af_layout *layout, const struct af_clause_row *row)
{
	uint32_t index = (uint32_t)layout->count[AFENCE_SECTION_CLAUSES];
	struct af_image_clause *clause = af_layout_append(layout, AFENCE_SECTION_CLAUSES, 1);

	*clause = (struct af_image_clause){.kind = row->kind,
		.life = row->life,
		.name = af_layout_string(layout, row->name),
		.file = row->file,
		.line = row->line,
		.expires = row->expires};
	clause->reason = af_layout_string(layout, row->reason);
	clause->owner = af_layout_string(layout, row->owner);
	clause->ticket = add_optional(layout, row->ticket);
	clause->members = add_members(layout, index, &row->members);
	clause->places = add_places(layout, &row->places);
	clause->ports = add_ports(layout, &row->ports);
	clause->services = add_services(layout, &row->services);
	layout->out->clauses[row->kind]++;
}

static void make_tables(struct af_layout *layout)
{
	size_t members[AFENCE_CLAUSE_KINDS] = {0};

	for (size_t i = 0; i < layout->from->clause.count; i++) {
		const struct af_clause_row *row = &layout->from->clause.row[i];

		members[row->kind] += row->members.count;
	}
	for (unsigned kind = 0; kind < AFENCE_CLAUSE_KINDS; kind++)
		af_layout_table(layout, af_image_table_of(kind), members[kind]);
}

/* From the last to the first, so that each finds those behind it. */
static void link_member(struct af_layout *layout, uint32_t index)
{
	struct af_image_member *member = layout->data[AFENCE_SECTION_MEMBERS];
	const struct af_image_clause *clause = layout->data[AFENCE_SECTION_CLAUSES];
	struct af_image_name *slot = af_layout_slot(
		layout, af_image_table_of(clause[member[index].clause].kind), member[index].domain);

	if (slot->rule == AFENCE_IMAGE_NONE)
		member[index].domain = af_layout_string(layout, member[index].domain);
	else
		member[index].domain = member[slot->rule].domain;
	member[index].next = slot->rule;
	slot->rule = index;
}

static void name_slots(struct af_layout *layout, unsigned table)
{
	const struct af_image_member *member = layout->data[AFENCE_SECTION_MEMBERS];
	struct af_image_name *slot = layout->data[table];

	for (size_t i = 0; i < layout->count[table]; i++)
		if (slot[i].name != AFENCE_IMAGE_NONE)
			slot[i].name = member[slot[i].rule].domain;
}

void af_layout_clauses(struct af_layout *layout)
{
	make_tables(layout);
	for (size_t i = 0; i < layout->from->clause.count; i++)
		add_clause(layout, &layout->from->clause.row[i]);
	for (size_t i = layout->count[AFENCE_SECTION_MEMBERS]; i > 0; i--)
		link_member(layout, (uint32_t)(i - 1));
	name_slots(layout, AFENCE_SECTION_EXCEPTED);
	name_slots(layout, AFENCE_SECTION_PROTECTED);
}
