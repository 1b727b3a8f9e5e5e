/* SPDX-License-Identifier: MIT */
/*
 * `exception` and `protect`.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "reading.h"

#define EXPIRY_DAYS_MAX  400
#define EXPIRY_DAYS_SOON 14
#define DAY_TEXT_MAX     16

static const char *const clause_word[AFENCE_CLAUSE_KINDS] = {
	[AFENCE_CLAUSE_EXCEPTION] = "exception",
	[AFENCE_CLAUSE_PROTECT] = "protect",
};

static uint32_t add_text(struct af_rules *rules, const char *text)
{
	return af_rules_add_string(rules, text, strlen(text));
}

/* The node's first value names it; without a name it is read for its errors. */
static void open_clause(const struct af_reading *reading, enum af_clause_kind kind)
{
	const struct af_token *token = af_token_at(reading, 0);
	struct af_block *block = reading->block;
	char name[AFENCE_LABEL_TEXT_MAX + 1] = "", full[sizeof(name) + 16];

	memset(block, 0, sizeof(*block));
	if (af_has_name(reading, "a name") &&
		af_read_label(reading->rules->diagnostics, token, name))
		block->clause.at = token->at;
	snprintf(full, sizeof(full), "%s:%s", clause_word[kind], name);
	block->clause.kind = (uint8_t)kind;
	block->clause.name = add_text(reading->rules, full);
	block->clause.reason = add_text(reading->rules, "");
	block->clause.owner = add_text(reading->rules, "");
	block->clause.ticket = AFENCE_IMAGE_NONE;
	block->clause.file = reading->rules->file;
	block->clause.line = reading->node->name.at.line;
	block->clause.expires = AFENCE_NEVER;
}

void af_read_exception(const struct af_reading *reading)
{
	open_clause(reading, AFENCE_CLAUSE_EXCEPTION);
}

void af_read_protect(const struct af_reading *reading)
{
	open_clause(reading, AFENCE_CLAUSE_PROTECT);
}

static const char *label_of(const struct af_reading *reading)
{
	return strchr(af_rules_string(reading->rules, reading->block->clause.name), ':') + 1;
}

void af_close_clause(const struct af_reading *reading)
{
	struct af_rules *rules = reading->rules;
	const struct af_keyword *keyword = reading->node->keyword;
	const struct af_block *block = reading->block;

	for (const struct af_keyword *row = keyword->fields; row->word != NULL; row++)
		if (row->needed != NULL && block->field[row->field].source == NULL &&
			block->clause.at.source != NULL)
			af_diagnose(rules->diagnostics, AFENCE_ERROR, &block->clause.at,
				"seen no \"%s\" in %s \"%s\", expected %s", row->word,
				keyword->word, label_of(reading), row->needed);
	*AFENCE_PUSH(&rules->clause) = block->clause;
}

static bool make_field(const struct af_reading *reading)
{
	const struct af_keyword *keyword = reading->node->keyword;
	struct af_place *made = &reading->block->field[keyword->field];
	const struct af_token *name = &reading->node->name;

	if (made->source == NULL) {
		*made = name->at;
		return true;
	}
	af_diagnose(reading->rules->diagnostics, AFENCE_ERROR, &name->at,
		"seen \"%s\" again, expected it once in a block", keyword->word);
	af_diagnose(reading->rules->diagnostics, AFENCE_NOTE, made, "\"%s\" stands here first",
		keyword->word);
	return false;
}

/* identity "*@example.com", ...; */
static void read_identities(const struct af_reading *reading)
{
	struct af_rules *rules = reading->rules;
	struct af_image_range *range = &reading->block->clause.members;
	const struct af_token *token;
	struct af_person person;

	af_has_value(reading, 0, "an identity");
	for (size_t i = 0; (token = af_list_at(reading, i)) != NULL; i++) {
		if (!af_read_person(rules->diagnostics, token, &person) || !reading->taken)
			continue;
		if (range->count++ == 0)
			range->first = (uint32_t)rules->member.count;
		*AFENCE_PUSH(&rules->member) = (struct af_member_row){
			.clause = (uint32_t)rules->clause.count,
			.domain = add_text(rules, person.where.domain.name),
			.local = person.any ? AFENCE_IMAGE_NONE : add_text(rules, person.local),
			.reach = person.where.reach,
			.at = token->at};
	}
}

/* target "imap.staging.example.net", 10.1.0.0/16, ...; */
static void read_targets(const struct af_reading *reading)
{
	struct af_rules *rules = reading->rules;
	struct af_image_range *range = &reading->block->clause.places;
	const struct af_token *token;
	struct af_pattern pattern;

	af_has_value(reading, 0, "a target");
	for (size_t i = 0; (token = af_list_at(reading, i)) != NULL; i++) {
		if (!af_read_pattern(rules->diagnostics, token, AFENCE_RULE_INTERNAL, &pattern) ||
			!reading->taken)
			continue;
		if (range->count++ == 0)
			range->first = (uint32_t)rules->target.count;
		*AFENCE_PUSH(&rules->target) = (struct af_target_row){.reach = pattern.reach,
			.prefix = pattern.prefix,
			.address = pattern.address,
			.name = pattern.reach != 0 ? add_text(rules, pattern.domain.name)
						   : AFENCE_IMAGE_NONE};
	}
}

static void add_value(
	const struct af_reading *reading, uint32_t value, struct af_image_range *range)
{
	struct af_rules *rules = reading->rules;

	if (range->count++ == 0)
		range->first = (uint32_t)rules->value.count;
	*AFENCE_PUSH(&rules->value) = value;
}

/* port 993, 143; */
static void read_ports(const struct af_reading *reading)
{
	const struct af_token *token;
	unsigned port;

	af_has_value(reading, 0, "the number of a port");
	for (size_t i = 0; (token = af_list_at(reading, i)) != NULL; i++)
		if (af_read_number(reading->rules->diagnostics, token, 1, AFENCE_PORT_MAX, &port) &&
			reading->taken)
			add_value(reading, port, &reading->block->clause.ports);
}

/* service imap, pop; */
static void read_services(const struct af_reading *reading)
{
	char service[AFENCE_SERVICE_MAX + 1];
	const struct af_token *token;

	af_has_value(reading, 0, "a service such as imap");
	for (size_t i = 0; (token = af_list_at(reading, i)) != NULL; i++)
		if (af_read_service(reading->rules->diagnostics, token, service) && reading->taken)
			add_value(reading, add_text(reading->rules, service),
				&reading->block->clause.services);
}

static void read_text(const struct af_reading *reading, bool bare, uint32_t *out)
{
	char text[AFENCE_PROSE_MAX + 1];

	if (af_has_value(reading, 0, bare ? "a word, or text in quotes" : "text in quotes") &&
		af_read_prose(reading->rules->diagnostics, af_token_at(reading, 0), bare, text) &&
		af_ends_at(reading, 1) && reading->taken)
		*out = add_text(reading->rules, text);
}

static void read_reason(const struct af_reading *reading)
{
	read_text(reading, false, &reading->block->clause.reason);
}

static void read_owner(const struct af_reading *reading)
{
	read_text(reading, false, &reading->block->clause.owner);
}

static void read_ticket(const struct af_reading *reading)
{
	read_text(reading, true, &reading->block->clause.ticket);
}

static int64_t day_of(int64_t second)
{
	return second / AFENCE_DAY_SECONDS - (second % AFENCE_DAY_SECONDS < 0);
}

static char *format_day(int64_t day, char text[DAY_TEXT_MAX])
{
	time_t second = day * AFENCE_DAY_SECONDS;
	struct tm parts;

	gmtime_r(&second, &parts);
	snprintf(text, DAY_TEXT_MAX, "%04d-%02d-%02d", (parts.tm_year + 1900) % 10000,
		(parts.tm_mon + 1) % 100, parts.tm_mday % 100);
	return text;
}

/* Days from today to the last one. */
static void warn_of_expiry(
	const struct af_reading *reading, const struct af_token *token, int64_t days)
{
	char text[AFENCE_SHOWN_MAX], day[DAY_TEXT_MAX];
	const char *label = label_of(reading);

	format_day(day_of(reading->rules->now) + days, day);
	if (days < 0)
		snprintf(text, sizeof(text), "expired on %s: it no longer holds", day);
	else if (days == 0)
		snprintf(text, sizeof(text), "ends on %s, today", day);
	else if (days <= EXPIRY_DAYS_SOON)
		snprintf(text, sizeof(text), "ends on %s, in %" PRId64 " day%s", day, days,
			days == 1 ? "" : "s");
	else
		return;
	af_diagnose(reading->rules->diagnostics, AFENCE_WARNING, &token->at, "exception \"%s\" %s",
		label, text);
}

/* expires 2027-03-31; */
static void read_expires(const struct af_reading *reading)
{
	const struct af_token *token = af_token_at(reading, 0);
	char expected[AFENCE_SHOWN_MAX], last[DAY_TEXT_MAX];
	int64_t start, today = day_of(reading->rules->now), days;

	if (!af_has_value(reading, 0, "a day as YYYY-MM-DD") ||
		!af_read_day(reading->rules->diagnostics, token, &start) || !af_ends_at(reading, 1))
		return;
	days = day_of(start) - today;
	if (days > EXPIRY_DAYS_MAX) {
		snprintf(expected, sizeof(expected), "a day up to %s, %d days ahead",
			format_day(today + EXPIRY_DAYS_MAX, last), EXPIRY_DAYS_MAX);
		af_complain(reading, token, expected);
	} else if (reading->taken) {
		reading->block->clause.expires = start + AFENCE_DAY_SECONDS - 1;
		warn_of_expiry(reading, token, days);
	}
}

#define FIELD(NAME) .make = make_field, .field = AFENCE_FIELD_##NAME

const struct af_keyword af_exception_fields[] = {
	{.word = "identity",
		.read = read_identities,
		FIELD(IDENTITY),
		.list = true,
		.needed = "identity \"user@domain\""},
	{.word = "target",
		.read = read_targets,
		FIELD(TARGET),
		.list = true,
		.needed = "target \"host.name\""},
	{.word = "port", .read = read_ports, FIELD(PORT), .list = true},
	{.word = "service", .read = read_services, FIELD(SERVICE), .list = true},
	{.word = "reason", .read = read_reason, FIELD(REASON), .needed = "reason \"why\""},
	{.word = "owner", .read = read_owner, FIELD(OWNER), .needed = "owner \"who answers\""},
	{.word = "ticket", .read = read_ticket, FIELD(TICKET)},
	{.word = "expires", .read = read_expires, FIELD(EXPIRES), .needed = "expires YYYY-MM-DD"},
	{.word = NULL},
};

const struct af_keyword af_protect_fields[] = {
	{.word = "identity",
		.read = read_identities,
		FIELD(IDENTITY),
		.list = true,
		.needed = "identity \"*@domain\""},
	{.word = "target",
		.read = read_targets,
		FIELD(TARGET),
		.list = true,
		.needed = "target \"host.name\""},
	{.word = "reason", .read = read_reason, FIELD(REASON)},
	{.word = "owner", .read = read_owner, FIELD(OWNER)},
	{.word = "ticket", .read = read_ticket, FIELD(TICKET)},
	{.word = NULL},
};
