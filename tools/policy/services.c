/* SPDX-License-Identifier: MIT */
/*
 * `service NAME { ... }`: settings that replace the global ones.
 */
#include <string.h>

#include "check.h"
#include "reading.h"

/* The row of the canonical NAME, made if it is not there; its index. */
static size_t find_service(struct af_rules *rules, const char *name)
{
	size_t index = 0;
	struct af_service_row *row;

	while (index < rules->service.count &&
		strcmp(af_rules_string(rules, rules->service.row[index].name), name) != 0)
		index++;
	if (index < rules->service.count)
		return index;
	row = AFENCE_PUSH(&rules->service);
	memset(row, 0, sizeof(*row));
	row->name = af_rules_add_string(rules, name, strlen(name));
	memset(row->value, AFENCE_UNSET, sizeof(row->value));
	return index;
}

void af_read_service_block(const struct af_reading *reading)
{
	char name[AFENCE_SERVICE_MAX + 1];

	reading->block->service = SIZE_MAX;
	if (af_has_name(reading, "a service such as imap") &&
		af_read_service(reading->rules->diagnostics, af_token_at(reading, 0), name))
		reading->block->service = find_service(reading->rules, name);
}

static bool make_setting(const struct af_reading *reading)
{
	struct af_rules *rules = reading->rules;
	const struct af_keyword *keyword = reading->node->keyword;
	struct af_service_row *row = rules->service.row;

	if (reading->block->service == SIZE_MAX)
		return false;
	row += reading->block->service;
	return af_rules_make_once(
		rules, row->made[keyword->field], keyword->word, &reading->node->name.at);
}

static void read_setting(const struct af_reading *reading)
{
	uint8_t value;

	if (af_read_choice(reading, &value) && reading->taken)
		reading->rules->service.row[reading->block->service]
			.value[reading->node->keyword->field] = value;
}

#define SETTING(NAME) .read = read_setting, .make = make_setting, .field = AFENCE_SERVICE_##NAME

static const char *const unknowns[] = {"block", "allow", NULL};
static const char *const resolves[] = {"off", "on", NULL};

const struct af_keyword af_service_fields[] = {
	{.word = "mode", SETTING(MODE), .choice = af_mode_words},
	{.word = "on-block", SETTING(ON_BLOCK), .choice = af_on_block_words},
	{.word = "unknown", SETTING(UNKNOWN), .choice = unknowns},
	{.word = "resolve", SETTING(RESOLVE), .choice = resolves},
	{.word = NULL},
};
