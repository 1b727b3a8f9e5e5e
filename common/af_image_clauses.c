/* SPDX-License-Identifier: MIT */
/*
 * Verification of exceptions and protects.  Ranges are held to follow each other before one of them
 * is followed, since ranges which overlap could make this take for ever; chains lead to greater
 * indices.
 */
#include <string.h>

#include "af_image_parts.h"

static const struct af_image_clause *clause_at(const struct af_image *image, uint32_t index)
{
	const struct af_image_clause *clause = image->section[AFENCE_SECTION_CLAUSES].data;

	return &clause[index];
}

static const struct af_image_member *member_at(const struct af_image *image, uint32_t index)
{
	const struct af_image_member *member = image->section[AFENCE_SECTION_MEMBERS].data;

	return &member[index];
}

static bool is_range(const struct af_image *image, unsigned section,
	const struct af_image_range *range, uint64_t *sum)
{
	uint64_t first = range->count == 0 ? 0 : *sum;

	*sum += range->count;
	return range->first == first && *sum <= image->section[section].count;
}

/* Every element belongs to one clause. */
static bool check_ranges(const struct af_image *image)
{
	uint64_t members = 0, places = 0, values = 0;

	for (uint32_t i = 0; i < image->section[AFENCE_SECTION_CLAUSES].count; i++) {
		const struct af_image_clause *clause = clause_at(image, i);

		if (clause->members.count == 0 || clause->places.count == 0 ||
			!is_range(image, AFENCE_SECTION_MEMBERS, &clause->members, &members) ||
			!is_range(image, AFENCE_SECTION_PLACES, &clause->places, &places) ||
			!is_range(image, AFENCE_SECTION_VALUES, &clause->ports, &values) ||
			!is_range(image, AFENCE_SECTION_VALUES, &clause->services, &values))
			return false;
	}
	return members == image->section[AFENCE_SECTION_MEMBERS].count &&
	       places == image->section[AFENCE_SECTION_PLACES].count &&
	       values == image->section[AFENCE_SECTION_VALUES].count;
}

/* Only a protect is ever replaced, since an exception that is new allows nothing but what it says,
 * at once. */
static bool is_life(const struct af_image *image, const struct af_image_clause *clause)
{
	return clause->life == AFENCE_LIFE_FULL ||
	       (clause->kind == AFENCE_CLAUSE_PROTECT && clause->life < AFENCE_LIVES &&
		       af_image_settings(image)->on_trial == 1);
}

static bool is_clause(const struct af_image *image, const struct af_image_clause *clause)
{
	return clause->kind < AFENCE_CLAUSE_KINDS && is_life(image, clause) &&
	       clause->reserved == 0 && clause->padding == 0 && clause->line > 0 &&
	       af_image_is_string(image, clause->name) && af_image_is_string(image, clause->file) &&
	       af_image_is_string(image, clause->reason) &&
	       af_image_is_string(image, clause->owner) &&
	       (clause->ticket == AFENCE_IMAGE_NONE || af_image_is_string(image, clause->ticket));
}

static bool has_values(const struct af_image *image, const struct af_image_clause *clause)
{
	const uint32_t *port = af_image_values(image, &clause->ports);
	const uint32_t *service = af_image_values(image, &clause->services);

	for (uint32_t i = 0; i < clause->ports.count; i++)
		if (port[i] == 0 || port[i] > UINT16_MAX)
			return false;
	for (uint32_t i = 0; i < clause->services.count; i++)
		if (!af_image_is_service(image, service[i]))
			return false;
	return true;
}

static bool check_each_clause(const struct af_image *image)
{
	for (uint32_t i = 0; i < image->section[AFENCE_SECTION_CLAUSES].count; i++) {
		const struct af_image_clause *clause = clause_at(image, i);
		const struct af_image_member *member = af_image_members(image, &clause->members);

		if (!is_clause(image, clause) || !has_values(image, clause))
			return false;
		for (uint32_t m = 0; m < clause->members.count; m++)
			if (member[m].clause != i)
				return false;
	}
	return true;
}

/* What is compared with canonical names must be one. */
static bool is_name(const struct af_image *image, uint32_t offset)
{
	struct af_domain domain;
	const char *text;
	size_t len;

	if (!af_image_is_string(image, offset))
		return false;
	text = af_image_string(image, offset);
	len = strnlen(text, AFENCE_DOMAIN_MAX + 1);
	return len <= AFENCE_DOMAIN_MAX && af_domain_parse(text, len, &domain) == AFENCE_OK &&
	       strcmp(domain.name, text) == 0;
}

static bool is_reach(uint8_t reach)
{
	return reach >= AFENCE_REACH_EXACT && reach <= AFENCE_REACH_BOTH;
}

static bool check_members(const struct af_image *image)
{
	static const uint8_t zero[sizeof(((struct af_image_member *)0)->reserved)];

	for (uint32_t i = 0; i < image->section[AFENCE_SECTION_MEMBERS].count; i++) {
		const struct af_image_member *member = member_at(image, i);

		if (!is_reach(member->reach) || memcmp(member->reserved, zero, sizeof(zero)) != 0 ||
			!is_name(image, member->domain) ||
			(member->local != AFENCE_IMAGE_NONE &&
				!af_image_is_string(image, member->local)))
			return false;
	}
	return true;
}

/* As many members as the ranges of the clauses name, each of which names its clause: so a member
 * belongs to that one clause. */
static bool check_links(const struct af_image *image)
{
	for (uint32_t i = 0; i < image->section[AFENCE_SECTION_MEMBERS].count; i++) {
		const struct af_image_member *member = member_at(image, i);
		unsigned table = af_image_table_of(clause_at(image, member->clause)->kind);

		if (member->next != AFENCE_IMAGE_NONE &&
			(member->next <= i || !af_image_is_member_of(image, member->next, table,
						      af_image_string(image, member->domain))))
			return false;
	}
	return true;
}

static bool is_place(const struct af_image *image, const struct af_image_place *place)
{
	static const uint8_t nowhere[sizeof(place->address)];

	if (place->reserved != 0)
		return false;
	if (place->reach == 0)
		return place->name == AFENCE_IMAGE_NONE && place->prefix <= 128 &&
		       !af_image_has_host_bits(place->address, place->prefix);
	return is_reach(place->reach) && place->prefix == 0 && is_name(image, place->name) &&
	       memcmp(place->address, nowhere, sizeof(nowhere)) == 0;
}

static bool check_places(const struct af_image *image)
{
	const struct af_image_place *place = image->section[AFENCE_SECTION_PLACES].data;

	for (size_t i = 0; i < image->section[AFENCE_SECTION_PLACES].count; i++)
		if (!is_place(image, &place[i]))
			return false;
	return true;
}

bool af_image_check_clauses(const struct af_image *image)
{
	return check_ranges(image) && check_each_clause(image) && check_members(image) &&
	       check_links(image) && check_places(image);
}

bool af_image_is_member_of(
	const struct af_image *image, uint32_t index, unsigned table, const char *name)
{
	const struct af_image_member *member;

	if (index >= image->section[AFENCE_SECTION_MEMBERS].count)
		return false;
	member = member_at(image, index);
	return af_image_table_of(clause_at(image, member->clause)->kind) == table &&
	       strcmp(af_image_string(image, member->domain), name) == 0;
}

/* A name stands in a table once and a chain keeps to it: no member is counted twice.  One that
 * were in no chain would protect nothing. */
bool af_image_check_chains(const struct af_image *image)
{
	size_t found = 0;

	for (unsigned table = AFENCE_SECTION_EXCEPTED; table <= AFENCE_SECTION_PROTECTED; table++) {
		const struct af_image_name *slot = image->section[table].data;

		for (size_t i = 0; i < image->section[table].count; i++)
			for (uint32_t m = slot[i].name == AFENCE_IMAGE_NONE ? AFENCE_IMAGE_NONE
									    : slot[i].rule;
				m != AFENCE_IMAGE_NONE; m = member_at(image, m)->next)
				found++;
	}
	return found == image->section[AFENCE_SECTION_MEMBERS].count;
}
