/* SPDX-License-Identifier: MIT */
/*
 * Lays out the image that common/af_image.c reads.  Rules and strings lie in the order in which
 * the reader's tables lead to them, so that it walks through memory and does not jump.  Of two
 * rules that say the same the first stays.
 */
#include "compile.h"

#include <stdlib.h>
#include <string.h>

#include "af_hash.h"
#include "../memory.h"
#include "parser.h"
#include "review.h"
#include "statements.h"

/* Until their rules are laid out, a slot's and a network's `rule` is the first of their rows, and
 * a slot's `name` an offset in the pool of names. */
struct build {
	const struct af_rules *from;
	struct af_compiled *out;
	uint32_t *next; /* by row: the next one on the same name or network */
	char *strings;
	struct af_image_rule *rule;
	struct af_image_name *slot[AFENCE_SECTION_TYPES_END]; /* of identities and targets */
	struct af_image_network *network;
	size_t count[AFENCE_SECTION_TYPES_END];
};

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

/* Chains stay short: there are only so many kinds and reaches. */
static void chain_row(struct build *build, uint32_t first, uint32_t added)
{
	const struct af_rule_row *row = build->from->row;
	uint32_t last = first;

	for (uint32_t i = first; i != AFENCE_IMAGE_NONE; i = build->next[i]) {
		if (row[i].kind == row[added].kind && row[i].reach == row[added].reach)
			return;
		last = i;
	}
	build->next[last] = added;
}

static void add_name(struct build *build, unsigned table, uint32_t index)
{
	const char *names = build->from->names.bytes;
	uint32_t domain = build->from->row[index].domain;
	uint32_t hash = af_hash_bytes(names + domain, strlen(names + domain));
	size_t mask = build->count[table] - 1, i = hash & mask;
	struct af_image_name *slot = build->slot[table];

	while (slot[i].name != AFENCE_IMAGE_NONE &&
		(slot[i].hash != hash || strcmp(names + slot[i].name, names + domain) != 0))
		i = (i + 1) & mask;
	if (slot[i].name == AFENCE_IMAGE_NONE)
		slot[i] = (struct af_image_name){hash, domain, index};
	else
		chain_row(build, slot[i].rule, index);
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

/* A power of two of which at most half is taken. */
static void make_table(struct build *build, unsigned table)
{
	size_t names = 0, count = 2;

	for (size_t i = 0; i < build->from->row_count; i++)
		names += !is_network(&build->from->row[i]) &&
			 table_of(&build->from->row[i]) == table;
	while (count < 2 * names)
		count *= 2;
	build->count[table] = names > 0 ? count : 0;
	build->slot[table] = af_new(build->count[table], sizeof(struct af_image_name));
	memset(build->slot[table], 0xff, build->count[table] * sizeof(struct af_image_name));
}

static void add_names(struct build *build)
{
	make_table(build, AFENCE_SECTION_IDENTITIES);
	make_table(build, AFENCE_SECTION_TARGETS);
	for (uint32_t i = 0; i < build->from->row_count; i++)
		if (!is_network(&build->from->row[i]))
			add_name(build, table_of(&build->from->row[i]), i);
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
static uint32_t find_parent(const struct build *build, const struct af_rule_row *row)
{
	uint32_t parent = (uint32_t)build->count[AFENCE_SECTION_NETWORKS] - 1;
	struct af_address around;

	while (parent != AFENCE_IMAGE_NONE) {
		memcpy(around.byte, build->network[parent].address, sizeof(around.byte));
		if (af_address_in(&row->address, &around, build->network[parent].prefix))
			break;
		parent = build->network[parent].parent;
	}
	return parent;
}

static void add_network(struct build *build, const struct af_rule_row *row)
{
	size_t *count = &build->count[AFENCE_SECTION_NETWORKS];
	struct af_image_network *network = &build->network[*count];
	uint32_t index = (uint32_t)(row - build->from->row);

	if (*count > 0 && is_same_network(network - 1, row)) {
		chain_row(build, network[-1].rule, index);
		return;
	}
	memcpy(network->address, row->address.byte, sizeof(network->address));
	network->prefix = row->prefix;
	network->parent = find_parent(build, row);
	network->rule = index;
	(*count)++;
}

static void add_networks(struct build *build)
{
	size_t count = 0, rows = build->from->row_count;
	const struct af_rule_row **sorted = af_new(rows, sizeof(*sorted));

	for (size_t i = 0; i < rows; i++)
		if (is_network(&build->from->row[i]))
			sorted[count++] = &build->from->row[i];
	qsort(sorted, count, sizeof(*sorted), compare_rows);
	build->network = af_new(count, sizeof(*build->network));
	for (size_t i = 0; i < count; i++)
		add_network(build, sorted[i]);
	free(sorted);
}

static uint32_t add_string(struct build *build, const char *text)
{
	uint32_t offset = (uint32_t)build->count[AFENCE_SECTION_STRINGS];

	strcpy(build->strings + offset, text);
	build->count[AFENCE_SECTION_STRINGS] += strlen(text) + 1;
	return offset;
}

/* The rules of a chain of rows follow each other. */
static uint32_t add_rules(struct build *build, uint32_t first)
{
	uint32_t start = (uint32_t)build->count[AFENCE_SECTION_RULES], index = start;

	for (uint32_t i = first; i != AFENCE_IMAGE_NONE; i = build->next[i]) {
		const struct af_rule_row *row = &build->from->row[i];

		build->rule[index] = (struct af_image_rule){.kind = row->kind,
			.reach = row->reach,
			.name = add_string(build, build->from->names.bytes + row->name),
			.file = row->file,
			.line = row->line,
			.next = index + 1};
		index++;
		build->out->count[row->kind]++;
	}
	build->rule[index - 1].next = AFENCE_IMAGE_NONE;
	build->count[AFENCE_SECTION_RULES] = index;
	return start;
}

static void lay_out_names(struct build *build, unsigned table)
{
	struct af_image_name *slot = build->slot[table];

	for (size_t i = 0; i < build->count[table]; i++) {
		const struct af_rule_row *row;

		if (slot[i].name == AFENCE_IMAGE_NONE)
			continue;
		row = &build->from->row[slot[i].rule];
		slot[i].rule = add_rules(build, slot[i].rule);
		slot[i].name = build->rule[slot[i].rule].name + row->domain - row->name;
	}
}

/* The strings begin with the files, whose offsets stay what they are. */
static void lay_out(struct build *build)
{
	const struct af_rules *from = build->from;

	build->strings = af_new(from->files.used + from->names.used, 1);
	build->rule = af_new(from->row_count, sizeof(*build->rule));
	if (from->files.used > 0)
		memcpy(build->strings, from->files.bytes, from->files.used);
	build->count[AFENCE_SECTION_STRINGS] = from->files.used;
	lay_out_names(build, AFENCE_SECTION_IDENTITIES);
	lay_out_names(build, AFENCE_SECTION_TARGETS);
	for (size_t i = 0; i < build->count[AFENCE_SECTION_NETWORKS]; i++)
		build->network[i].rule = add_rules(build, build->network[i].rule);
}

/* Everything begins at a multiple of 8, the end included. */
static uint64_t align(uint64_t length)
{
	return (length + 7) / 8 * 8;
}

struct part {
	const void *data;
	uint32_t size; /* of an element */
};

static void place(
	const struct build *build, const struct part *part, struct af_image_header *header)
{
	header->length = sizeof(*header);
	for (uint32_t type = 1; type < AFENCE_SECTION_TYPES_END; type++) {
		header->section[header->section_count++] = (struct af_image_section){
			type, part[type].size, header->length, build->count[type]};
		header->length = align(header->length + part[type].size * build->count[type]);
	}
}

/* The checksum covers the header without it. */
static void copy(const struct part *part, struct af_image_header *header, struct af_compiled *out)
{
	for (uint32_t type = 1; type < AFENCE_SECTION_TYPES_END; type++) {
		const struct af_image_section *section = &header->section[type - 1];

		memcpy(out->bytes + section->offset, part[type].data,
			(size_t)(section->size * section->count));
	}
	memcpy(out->bytes, header, sizeof(*header));
	header->checksum = af_image_checksum(out->bytes, out->length);
	memcpy(out->bytes, header, sizeof(*header));
}

static enum af_status assemble(
	const struct build *build, struct af_image_header *header, struct af_compiled *out)
{
	const struct part part[AFENCE_SECTION_TYPES_END] = {
		[AFENCE_SECTION_STRINGS] = {build->strings, 1},
		[AFENCE_SECTION_SETTINGS] = {&build->from->settings, sizeof(build->from->settings)},
		[AFENCE_SECTION_RULES] = {build->rule, sizeof(*build->rule)},
		[AFENCE_SECTION_IDENTITIES] = {build->slot[AFENCE_SECTION_IDENTITIES],
			sizeof(struct af_image_name)},
		[AFENCE_SECTION_TARGETS] = {build->slot[AFENCE_SECTION_TARGETS],
			sizeof(struct af_image_name)},
		[AFENCE_SECTION_NETWORKS] = {build->network, sizeof(*build->network)},
		[AFENCE_SECTION_SERVICES] = {"", sizeof(struct af_image_service)},
		[AFENCE_SECTION_CLAUSES] = {"", sizeof(struct af_image_clause)},
		[AFENCE_SECTION_EXCEPTED] = {"", sizeof(struct af_image_name)},
		[AFENCE_SECTION_PROTECTED] = {"", sizeof(struct af_image_name)},
		[AFENCE_SECTION_MEMBERS] = {"", sizeof(struct af_image_member)},
		[AFENCE_SECTION_PLACES] = {"", sizeof(struct af_image_place)},
		[AFENCE_SECTION_VALUES] = {"", sizeof(uint32_t)},
		[AFENCE_SECTION_ORIGIN] = {"", sizeof(struct af_image_origin)},
	};

	place(build, part, header);
	if (header->length > AFENCE_IMAGE_MAX)
		return AFENCE_ERR_LIMIT;
	out->length = (size_t)header->length;
	out->bytes = af_new(out->length, 1);
	copy(part, header, out);
	return AFENCE_OK;
}

enum af_status af_compile_write(
	const struct af_rules *rules, const struct af_stamp *stamp, struct af_compiled *out)
{
	struct build build = {.from = rules, .out = out};
	struct af_image_header header = {.magic = AFENCE_IMAGE_MAGIC,
		.format = AFENCE_IMAGE_FORMAT,
		.min_reader = AFENCE_IMAGE_FORMAT,
		.generation = stamp->generation,
		.created = stamp->created};
	enum af_status status;

	memset(out, 0, sizeof(*out));
	if (rules->names.used + rules->files.used > AFENCE_IMAGE_MAX)
		return AFENCE_ERR_LIMIT;
	build.next = af_new(rules->row_count, sizeof(*build.next));
	memset(build.next, 0xff, rules->row_count * sizeof(*build.next));
	build.count[AFENCE_SECTION_SETTINGS] = 1;
	add_names(&build);
	add_networks(&build);
	lay_out(&build);
	status = assemble(&build, &header, out);
	free(build.next);
	free(build.strings);
	free(build.rule);
	free(build.slot[AFENCE_SECTION_IDENTITIES]);
	free(build.slot[AFENCE_SECTION_TARGETS]);
	free(build.network);
	return status;
}
