/* SPDX-License-Identifier: MIT */
/*
 * Lays out reserves, internals and externals.  Rules and strings lie in the order in which the
 * reader's tables lead to them, so that it walks through memory and does not jump.  Of two rules
 * that say the same the first stays.
 */
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "compile_parts.h"

/* Until their rules are laid out, a slot's and a network's `rule` is the first of their rows. */
struct chains {
	struct af_layout *layout;
	uint32_t *next; /* by row: the next one on the same name or network */
};

/* Chains stay short: there are only so many kinds, reaches and lives. */
static void chain_row(struct chains *chains, uint32_t first, uint32_t added)
{
	const struct af_rule_row *row = chains->layout->from->row;
	uint32_t last = first;

	for (uint32_t i = first; i != AFENCE_IMAGE_NONE; i = chains->next[i]) {
		if (row[i].kind == row[added].kind && row[i].reach == row[added].reach &&
			row[i].life == row[added].life)
			return;
		last = i;
	}
	chains->next[last] = added;
}

static bool is_network(const struct af_rule_row *row)
{
	return row->reach == 0;
}

static unsigned table_of(const struct af_rule_row *row)
{
	return row->kind == AFENCE_RULE_RESERVE ? AFENCE_SECTION_IDENTITIES
						: AFENCE_SECTION_TARGETS;
}

static void add_name(struct chains *chains, unsigned table, uint32_t index)
{
	uint32_t domain = chains->layout->from->row[index].domain;
	struct af_image_name *slot = af_layout_slot(chains->layout, table, domain);

	if (slot->rule == AFENCE_IMAGE_NONE)
		slot->rule = index;
	else
		chain_row(chains, slot->rule, index);
}

static void add_names(struct chains *chains, unsigned table)
{
	const struct af_rules *from = chains->layout->from;
	size_t names = 0;

	for (size_t i = 0; i < from->row_count; i++)
		names += !is_network(&from->row[i]) && table_of(&from->row[i]) == table;
	af_layout_table(chains->layout, table, names);
	for (uint32_t i = 0; i < from->row_count; i++)
		if (!is_network(&from->row[i]) && table_of(&from->row[i]) == table)
			add_name(chains, table, i);
}

/* Rows lie in one array in the order of the text: their addresses break a tie. */
static int compare_rows(const void *left, const void *right)
{
	const struct af_rule_row *a = *(const struct af_rule_row *const *)left;
	const struct af_rule_row *b = *(const struct af_rule_row *const *)right;
	int order = memcmp(a->address.byte, b->address.byte, sizeof(a->address.byte));

	if (order == 0)
		order = (a->prefix > b->prefix) - (a->prefix < b->prefix);
	return order != 0 ? order : (a > b) - (a < b);
}

static bool is_same_network(const struct af_image_network *network, const struct af_rule_row *row)
{
	return network->prefix == row->prefix &&
	       memcmp(network->address, row->address.byte, sizeof(network->address)) == 0;
}

/* In sorted order the networks around one are its predecessor or the predecessor's parents. */
static uint32_t find_parent(const struct af_layout *layout, const struct af_rule_row *row)
{
	const struct af_image_network *network = layout->data[AFENCE_SECTION_NETWORKS];
	uint32_t parent = (uint32_t)layout->count[AFENCE_SECTION_NETWORKS] - 1;
	struct af_address around;

	while (parent != AFENCE_IMAGE_NONE) {
		memcpy(around.byte, network[parent].address, sizeof(around.byte));
		if (af_address_in(&row->address, &around, network[parent].prefix))
			break;
		parent = network[parent].parent;
	}
	return parent;
}

static void add_network(struct chains *chains, const struct af_rule_row *row)
{
	struct af_layout *layout = chains->layout;
	size_t count = layout->count[AFENCE_SECTION_NETWORKS];
	struct af_image_network *network = layout->data[AFENCE_SECTION_NETWORKS];
	uint32_t index = (uint32_t)(row - layout->from->row), parent;

	if (count > 0 && is_same_network(&network[count - 1], row)) {
		chain_row(chains, network[count - 1].rule, index);
		return;
	}
	parent = find_parent(layout, row);
	network = af_layout_append(layout, AFENCE_SECTION_NETWORKS, 1);
	*network =
		(struct af_image_network){.prefix = row->prefix, .rule = index, .parent = parent};
	memcpy(network->address, row->address.byte, sizeof(network->address));
}

static void add_networks(struct chains *chains)
{
	size_t count = 0, rows = chains->layout->from->row_count;
	const struct af_rule_row **sorted = af_new(rows, sizeof(*sorted));

	for (size_t i = 0; i < rows; i++)
		if (is_network(&chains->layout->from->row[i]))
			sorted[count++] = &chains->layout->from->row[i];
	qsort(sorted, count, sizeof(*sorted), compare_rows);
	for (size_t i = 0; i < count; i++)
		add_network(chains, sorted[i]);
	free(sorted);
}

/* The rules of a chain of rows follow each other. */
static uint32_t add_rules(struct chains *chains, uint32_t first)
{
	struct af_layout *layout = chains->layout;
	uint32_t start = (uint32_t)layout->count[AFENCE_SECTION_RULES], index = start;

	for (uint32_t i = first; i != AFENCE_IMAGE_NONE; i = chains->next[i]) {
		const struct af_rule_row *row = &layout->from->row[i];
		struct af_image_rule *rule = af_layout_append(layout, AFENCE_SECTION_RULES, 1);

		index++;
		*rule = (struct af_image_rule){.kind = row->kind,
			.reach = row->reach,
			.life = row->life,
			.name = af_layout_string(layout, row->name),
			.file = row->file,
			.line = row->line,
			.next = chains->next[i] == AFENCE_IMAGE_NONE ? AFENCE_IMAGE_NONE : index};
		layout->out->count[row->kind]++;
	}
	return start;
}

static void lay_out_names(struct chains *chains, unsigned table)
{
	struct af_image_name *slot = chains->layout->data[table];

	for (size_t i = 0; i < chains->layout->count[table]; i++) {
		const struct af_image_rule *rule;
		const struct af_rule_row *row;

		if (slot[i].name == AFENCE_IMAGE_NONE)
			continue;
		row = &chains->layout->from->row[slot[i].rule];
		slot[i].rule = add_rules(chains, slot[i].rule);
		rule = chains->layout->data[AFENCE_SECTION_RULES];
		slot[i].name = rule[slot[i].rule].name + row->domain - row->name;
	}
}

void af_layout_rules(struct af_layout *layout)
{
	size_t rows = layout->from->row_count;
	struct chains chains = {layout, af_new(rows, sizeof(uint32_t))};
	struct af_image_network *network;

	memset(chains.next, 0xff, rows * sizeof(*chains.next));
	add_names(&chains, AFENCE_SECTION_IDENTITIES);
	add_names(&chains, AFENCE_SECTION_TARGETS);
	add_networks(&chains);
	lay_out_names(&chains, AFENCE_SECTION_IDENTITIES);
	lay_out_names(&chains, AFENCE_SECTION_TARGETS);
	network = layout->data[AFENCE_SECTION_NETWORKS];
	for (size_t i = 0; i < layout->count[AFENCE_SECTION_NETWORKS]; i++)
		network[i].rule = add_rules(&chains, network[i].rule);
	free(chains.next);
}
