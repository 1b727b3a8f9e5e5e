/* SPDX-License-Identifier: MIT */
/*
 * The old form of a protect is taken over into the rules before it is compared, so that there is one
 * way to compare; if nothing has changed it is dropped again.
 */
#include "trial.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"

static bool is_in_force(uint8_t life)
{
	return life == AFENCE_LIFE_FULL || life == AFENCE_LIFE_REPLACED;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the rules in force, sorted; a name tells kind, reach and pattern. */
static const char **list_rules(const struct af_image *active, size_t *count)
{
	size_t all = 0;
	const struct af_image_rule *rule = active != NULL ? af_image_rules(active, &all) : NULL;
	const char **name = af_new(all, sizeof(*name));

	*count = 0;
	for (size_t i = 0; i < all; i++)
		if (is_in_force(rule[i].life))
			name[(*count)++] = af_image_string(active, rule[i].name);
	qsort(name, *count, sizeof(*name), compare_strings);
	return name;
}

static void mark_rows(struct af_rules *rules, const struct af_image *active)
{
	size_t count;
	const char **held = list_rules(active, &count);

	for (size_t i = 0; i < rules->row_count; i++) {
		struct af_rule_row *row = &rules->row[i];
		const char *name = af_rules_string(rules, row->name);

		if (row->kind != AFENCE_RULE_INTERNAL &&
			bsearch(&name, held, count, sizeof(*held), compare_strings) == NULL)
			row->life = AFENCE_LIFE_TRIAL;
	}
	free(held);
}

#define ADD_ROW(array)                                                                    \
	((array)->row = af_grow(                                                          \
		 (array)->row, (array)->count, 1, &(array)->room, sizeof(*(array)->row)), \
		&(array)->row[(array)->count++])

/* The string at OFFSET of the image, among the names. */
static uint32_t take_string(struct af_rules *rules, const struct af_image *image, uint32_t offset)
{
	const char *text;

	if (offset == AFENCE_IMAGE_NONE)
		return AFENCE_IMAGE_NONE;
	text = af_image_string(image, offset);
	return af_rules_add_string(rules, text, strlen(text));
}

static void take_members(struct af_rules *rules, const struct af_image *image,
	const struct af_image_range *range, struct af_clause_row *out)
{
	const struct af_image_member *member = af_image_members(image, range);

	out->members = (struct af_image_range){(uint32_t)rules->member.count, range->count};
	for (uint32_t i = 0; i < range->count; i++) {
		const struct af_member_row row = {.clause = (uint32_t)rules->clause.count,
			.domain = take_string(rules, image, member[i].domain),
			.local = take_string(rules, image, member[i].local),
			.reach = member[i].reach};

		*ADD_ROW(&rules->member) = row;
	}
}

static void take_places(struct af_rules *rules, const struct af_image *image,
	const struct af_image_range *range, struct af_clause_row *out)
{
	const struct af_image_place *place = af_image_places(image, range);

	out->places = (struct af_image_range){(uint32_t)rules->target.count, range->count};
	for (uint32_t i = 0; i < range->count; i++) {
		struct af_target_row row = {.reach = place[i].reach,
			.prefix = place[i].prefix,
			.name = take_string(rules, image, place[i].name)};

		memcpy(row.address.byte, place[i].address, sizeof(row.address.byte));
		*ADD_ROW(&rules->target) = row;
	}
}

static struct af_clause_row take_clause(
	struct af_rules *rules, const struct af_image *image, const struct af_image_clause *clause)
{
	uint32_t file = rules->file;
	struct af_clause_row row = {.kind = clause->kind,
		.life = AFENCE_LIFE_REPLACED,
		.name = take_string(rules, image, clause->name),
		.reason = take_string(rules, image, clause->reason),
		.owner = take_string(rules, image, clause->owner),
		.ticket = take_string(rules, image, clause->ticket),
		.line = clause->line,
		.expires = clause->expires};

	af_rules_enter_file(rules, af_image_string(image, clause->file));
	row.file = rules->file;
	rules->file = file;
	take_members(rules, image, &clause->members, &row);
	take_places(rules, image, &clause->places, &row);
	return row;
}

static bool is_same_string(const struct af_rules *rules, uint32_t a, uint32_t b)
{
	if (a == AFENCE_IMAGE_NONE || b == AFENCE_IMAGE_NONE)
		return a == b;
	return strcmp(af_rules_string(rules, a), af_rules_string(rules, b)) == 0;
}

static bool is_same_member(const struct af_rules *rules, uint32_t a, uint32_t b)
{
	const struct af_member_row *left = &rules->member.row[a], *right = &rules->member.row[b];

	return left->reach == right->reach && is_same_string(rules, left->domain, right->domain) &&
	       is_same_string(rules, left->local, right->local);
}

static bool is_same_place(const struct af_rules *rules, uint32_t a, uint32_t b)
{
	const struct af_target_row *left = &rules->target.row[a], *right = &rules->target.row[b];

	if (left->reach != right->reach)
		return false;
	if (left->reach != 0)
		return is_same_string(rules, left->name, right->name);
	return left->prefix == right->prefix &&
	       memcmp(left->address.byte, right->address.byte, sizeof(left->address.byte)) == 0;
}

typedef bool is_same(const struct af_rules *rules, uint32_t a, uint32_t b);

/* In any order; these are lists that somebody wrote by hand. */
static bool holds_all(const struct af_rules *rules, const struct af_image_range *all,
	const struct af_image_range *of, is_same *same)
{
	for (uint32_t i = 0; i < of->count; i++) {
		uint32_t k = 0;

		while (k < all->count && !same(rules, all->first + k, of->first + i))
			k++;
		if (k == all->count)
			return false;
	}
	return true;
}

static bool is_same_range(const struct af_rules *rules, const struct af_image_range *a,
	const struct af_image_range *b, is_same *same)
{
	return holds_all(rules, a, b, same) && holds_all(rules, b, a, same);
}

/* What matters for a decision; who owns it and why does not.  A protect has no ports, services or
 * end. */
static bool is_same_clause(
	const struct af_rules *rules, const struct af_clause_row *a, const struct af_clause_row *b)
{
	return is_same_range(rules, &a->members, &b->members, is_same_member) &&
	       is_same_range(rules, &a->places, &b->places, is_same_place);
}

/* A name stands for one clause in force at most. */
static const struct af_image_clause *find_clause(const struct af_image *active, const char *name)
{
	size_t count = 0;
	const struct af_image_clause *clause =
		active != NULL ? af_image_clauses(active, &count) : NULL;

	for (size_t i = 0; i < count; i++)
		if (clause[i].kind == AFENCE_CLAUSE_PROTECT && is_in_force(clause[i].life) &&
			strcmp(af_image_string(active, clause[i].name), name) == 0)
			return &clause[i];
	return NULL;
}

static void mark_clause(struct af_rules *rules, size_t index, const struct af_image *active)
{
	size_t members = rules->member.count, targets = rules->target.count;
	const struct af_image_clause *held =
		find_clause(active, af_rules_string(rules, rules->clause.row[index].name));
	struct af_clause_row old;

	if (held == NULL) {
		rules->clause.row[index].life = AFENCE_LIFE_TRIAL;
		return;
	}
	old = take_clause(rules, active, held);
	if (!is_same_clause(rules, &rules->clause.row[index], &old)) {
		rules->clause.row[index].life = AFENCE_LIFE_TRIAL;
		*ADD_ROW(&rules->clause) = old;
		return;
	}
	rules->member.count = members;
	rules->target.count = targets;
}

void af_trial_mark(struct af_rules *rules, const struct af_image *active)
{
	size_t count = rules->clause.count;

	mark_rows(rules, active);
	for (size_t i = 0; i < count; i++)
		if (rules->clause.row[i].kind == AFENCE_CLAUSE_PROTECT)
			mark_clause(rules, i, active);
}

void af_trial_names(const struct af_image *image, struct af_names *out)
{
	size_t rules, clauses;
	const struct af_image_rule *rule = af_image_rules(image, &rules);
	const struct af_image_clause *clause = af_image_clauses(image, &clauses);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < rules; i++)
		if (rule[i].life == AFENCE_LIFE_TRIAL)
			af_names_add(out, af_format("%s", af_image_string(image, rule[i].name)));
	for (size_t i = 0; i < clauses; i++)
		if (clause[i].life == AFENCE_LIFE_TRIAL)
			af_names_add(out, af_format("%s", af_image_string(image, clause[i].name)));
}
