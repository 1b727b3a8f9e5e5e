/* SPDX-License-Identifier: MIT */
/*
 * Rows that change nothing.  Of rows that say the same the first counts, and only that one is
 * compared with others, so chains of rows on one name or network stay short.
 */
#include <stdlib.h>
#include <string.h>

#include "af_hash.h"
#include "af_registry.h"
#include "review.h"
#include "../memory.h"

#define NONE AFENCE_IMAGE_NONE

struct network {
	uint32_t first;  /* row */
	uint32_t around; /* the next wider network, or NONE */
};

struct review {
	const struct af_rules *rules;
	uint32_t *by;   /* by row: the row that covers it; itself: a name of the registry does */
	uint32_t *next; /* by row: the next one on the same name or network */
	uint32_t *slot; /* a hash table of names: the first row */
	size_t mask;
	uint32_t *sorted; /* networks: their rows, and by row the network */
	uint32_t *home;
	struct network *network;
	size_t network_count;
};

static const struct af_rule_row *row_at(const struct review *review, uint32_t index)
{
	return &review->rules->row[index];
}

static bool is_network(const struct af_rule_row *row)
{
	return row->reach == 0;
}

/* Puts a row on the chain that begins at FIRST, unless one says the same. */
static void chain(struct review *review, uint32_t first, uint32_t index)
{
	const struct af_rule_row *row = row_at(review, index);
	uint32_t last = first;

	for (uint32_t i = first; i != NONE; i = review->next[i]) {
		if (row_at(review, i)->kind == row->kind &&
			row_at(review, i)->reach == row->reach) {
			review->by[index] = i;
			return;
		}
		last = i;
	}
	review->next[last] = index;
}

/* A row of the same kind as row SELF, but not itself, that reaches all of REACH; or NONE. */
static uint32_t find_cover(
	const struct review *review, uint32_t first, unsigned reach, uint32_t self)
{
	for (uint32_t i = first; i != NONE; i = review->next[i])
		if (i != self && row_at(review, i)->kind == row_at(review, self)->kind &&
			(row_at(review, i)->reach & reach) == reach)
			return i;
	return NONE;
}

/* Whether an internal row meets an external one in REACH, or the other way round; a reserve stands
 * against nothing. */
static bool is_contested(const struct review *review, uint32_t first, unsigned reach, uint32_t self)
{
	const unsigned sum = AFENCE_RULE_INTERNAL + AFENCE_RULE_EXTERNAL;

	for (uint32_t i = first; i != NONE; i = review->next[i]) {
		const struct af_rule_row *row = row_at(review, i);

		if (row->kind + row_at(review, self)->kind == sum &&
			row->kind != row_at(review, self)->kind &&
			(is_network(row) || (row->reach & reach) != 0))
			return true;
	}
	return false;
}

/* The slot of a name, or the free one for it. */
static uint32_t *find_name(const struct review *review, const char *text, size_t len, uint32_t hash)
{
	size_t i = hash & review->mask;

	for (; review->slot[i] != NONE; i = (i + 1) & review->mask) {
		const char *name =
			af_rules_string(review->rules, row_at(review, review->slot[i])->domain);

		if (strncmp(name, text, len) == 0 && name[len] == '\0')
			break;
	}
	return &review->slot[i];
}

static void add_name(struct review *review, uint32_t index)
{
	const char *text = af_rules_string(review->rules, row_at(review, index)->domain);
	size_t len = strlen(text);
	uint32_t *slot = find_name(review, text, len, af_hash_bytes(text, len));

	if (*slot == NONE)
		*slot = index;
	else
		chain(review, *slot, index);
}

static bool is_reserved(const struct af_suffix *suffix)
{
	const struct af_registry_row *row = af_registry_find(suffix);

	return row != NULL &&
	       (row->class == AFENCE_NAME_DOCUMENTATION || row->class == AFENCE_NAME_TESTING);
}

/* From the last label inwards: the longest name with a say on the row has the last word. */
static void review_name(struct review *review, uint32_t index)
{
	const struct af_rule_row *row = row_at(review, index);
	struct af_suffix suffix = {0};
	struct af_domain domain;

	strcpy(domain.name, af_rules_string(review->rules, row->domain));
	domain.len = (uint8_t)strlen(domain.name);
	while (af_suffix_next(&domain, &suffix)) {
		uint32_t first = *find_name(review, suffix.text, suffix.len, suffix.hash);
		unsigned reach = suffix.len < domain.len ? AFENCE_REACH_BELOW : row->reach;
		uint32_t cover = find_cover(review, first, reach, index);
		bool contested = is_contested(review, first, reach, index);

		if (contested || cover != NONE)
			review->by[index] = contested ? NONE : cover;
		if (row->kind == AFENCE_RULE_RESERVE && is_reserved(&suffix))
			review->by[index] = index;
	}
}

/* A later row can cover an earlier one, so all are there before the first is looked at. */
static void review_names(struct review *review)
{
	size_t count = review->rules->row_count, room = 2;

	while (room < 2 * count)
		room *= 2;
	review->mask = room - 1;
	review->slot = af_new(room, sizeof(*review->slot));
	memset(review->slot, 0xff, room * sizeof(*review->slot));
	for (uint32_t i = 0; i < count; i++)
		if (!is_network(row_at(review, i)))
			add_name(review, i);
	for (uint32_t i = 0; i < count; i++)
		if (!is_network(row_at(review, i)) && review->by[i] == NONE)
			review_name(review, i);
	free(review->slot);
}

static int compare_networks(const void *left, const void *right, void *rules)
{
	const struct af_rule_row *row = ((const struct af_rules *)rules)->row;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order = memcmp(&row[a].address, &row[b].address, sizeof(row[a].address));

	if (order == 0)
		order = (row[a].prefix > row[b].prefix) - (row[a].prefix < row[b].prefix);
	return order != 0 ? order : (a > b) - (a < b);
}

static bool holds(const struct af_rule_row *around, const struct af_rule_row *row)
{
	return around->prefix <= row->prefix &&
	       af_address_in(&row->address, &around->address, around->prefix);
}

/* In sorted order the networks around one are its predecessor or those around that. */
static void add_network(struct review *review, uint32_t index)
{
	const struct af_rule_row *row = row_at(review, index);
	uint32_t around = (uint32_t)review->network_count - 1;

	while (around != NONE && !holds(row_at(review, review->network[around].first), row))
		around = review->network[around].around;
	if (around != NONE &&
		row_at(review, review->network[around].first)->prefix == row->prefix) {
		review->home[index] = around;
		chain(review, review->network[around].first, index);
		return;
	}
	review->home[index] = (uint32_t)review->network_count;
	review->network[review->network_count++] = (struct network){index, around};
}

/* As decisions take it, an IPv4 address lies in networks of IPv4 only. */
static bool is_alike(const struct af_rule_row *a, const struct af_rule_row *b)
{
	return af_network_is_ipv4(&a->address, a->prefix) ==
	       af_network_is_ipv4(&b->address, b->prefix);
}

static void review_network(struct review *review, uint32_t index)
{
	const struct network *network = &review->network[review->home[index]];
	uint32_t first;

	if (review->by[index] != NONE || network->around == NONE ||
		is_contested(review, network->first, 0, index))
		return;
	first = review->network[network->around].first;
	if (is_alike(row_at(review, first), row_at(review, index)) &&
		!is_contested(review, first, 0, index))
		review->by[index] = find_cover(review, first, 0, index);
}

static void review_networks(struct review *review)
{
	size_t count = review->rules->row_count, networks = 0;

	review->sorted = af_new(count, sizeof(*review->sorted));
	review->home = af_new(count, sizeof(*review->home));
	for (uint32_t i = 0; i < count; i++)
		if (is_network(row_at(review, i)))
			review->sorted[networks++] = i;
	review->network = af_new(networks, sizeof(*review->network));
	qsort_r(review->sorted, networks, sizeof(*review->sorted), compare_networks,
		(void *)(uintptr_t)review->rules);
	for (size_t i = 0; i < networks; i++)
		add_network(review, review->sorted[i]);
	for (size_t i = 0; i < networks; i++)
		review_network(review, review->sorted[i]);
	free(review->sorted);
	free(review->home);
	free(review->network);
}

/* MORE: further lines of its list that change nothing either. */
static void warn(const struct review *review, uint32_t index, size_t more)
{
	const struct af_rules *rules = review->rules;
	const struct af_rule_row *row = row_at(review, index);
	const struct af_rule_row *by = row_at(review, review->by[index]);
	bool builtin = by == row;
	char tail[64] = "";

	if (more > 0)
		snprintf(tail, sizeof(tail), "; so do %zu more lines of this list", more);
	af_diagnose(rules->diagnostics, AFENCE_WARNING, &row->at,
		"\"%s\" changes nothing, for %s%s%s holds already%s",
		af_rules_string(rules, row->name), builtin ? "the built-in policy" : "\"",
		builtin ? "" : af_rules_string(rules, by->name), builtin ? "" : "\"", tail);
	if (!builtin && by->at.source != NULL)
		af_diagnose(rules->diagnostics, AFENCE_NOTE, &by->at, "\"%s\" stands here",
			af_rules_string(rules, by->name));
}

/* Rows of one list follow each other. */
static void warn_all(const struct review *review)
{
	size_t count = review->rules->row_count, covered;
	uint32_t first = 0;

	for (uint32_t i = 0; i < count; first = i) {
		const struct af_source *source = row_at(review, i)->at.source;

		covered = 0;
		do {
			if (review->by[i] != NONE && covered++ == 0)
				first = i;
			i++;
		} while (i < count && source != NULL && source->from.source != NULL &&
			 row_at(review, i)->at.source == source);
		if (covered > 0)
			warn(review, first, covered - 1);
	}
}

void af_review_rows(const struct af_rules *rules)
{
	struct review review = {.rules = rules};
	size_t size = rules->row_count * sizeof(uint32_t);

	review.by = af_new(rules->row_count, sizeof(*review.by));
	review.next = af_new(rules->row_count, sizeof(*review.next));
	memset(review.by, 0xff, size);
	memset(review.next, 0xff, size);
	review_names(&review);
	review_networks(&review);
	warn_all(&review);
	free(review.by);
	free(review.next);
}
