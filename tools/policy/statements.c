/* SPDX-License-Identifier: MIT */
/*
 * The language as tables: a keyword, the function that reads its values, the fields of its block.
 */
#include "statements.h"

#include <stddef.h>
#include <string.h>

#include "check.h"
#include "reading.h"

#define LANGUAGE_VERSION "1"
#define DNS_PORT         53
#define KEYWORDS_MAX     32

/* policy 1; */
static void read_policy(const struct af_reading *reading)
{
	if (reading->node != reading->tree->node)
		af_complain(
			reading, &reading->node->name, "it once in a file, as the first statement");
	if (!af_has_value(reading, 0, "the version " LANGUAGE_VERSION))
		return;
	if (!af_is_word(af_token_at(reading, 0), LANGUAGE_VERSION))
		af_complain(reading, af_token_at(reading, 0), "the version " LANGUAGE_VERSION);
	af_ends_at(reading, 1);
}

static bool make_setting(const struct af_reading *reading)
{
	const struct af_keyword *keyword = reading->node->keyword;

	return af_rules_make(
		reading->rules, keyword->setting, keyword->word, &reading->node->name.at);
}

/* One word out of a few: mode, on-block, identity. */
static void read_choice(const struct af_reading *reading)
{
	uint8_t *field = (uint8_t *)&reading->rules->settings + reading->node->keyword->field;
	uint8_t value;

	if (af_read_choice(reading, &value) && reading->taken)
		*field = value;
}

/* "a", 10.0.0.0/8, ... */
static void read_patterns(const struct af_reading *reading, enum af_rule_kind kind)
{
	const struct af_token *token;
	struct af_pattern pattern;

	af_has_value(reading, 0, "a value");
	for (size_t i = 0; (token = af_list_at(reading, i)) != NULL; i++)
		if (af_read_pattern(reading->rules->diagnostics, token, kind, &pattern))
			af_rules_add(reading->rules, &pattern, &token->at);
}

/* "a.lan", ...  or  file "names.txt" */
static void read_reserve(const struct af_reading *reading)
{
	static const char *const words[] = {"file", NULL};
	const struct af_token *token = af_token_at(reading, 0);
	bool two = reading->count > 1 && !af_has_comma(reading, 1);

	if (reading->count > 0 && af_is_word(token, "file"))
		af_read_list(reading);
	else if (two && token->kind == AFENCE_TOKEN_WORD)
		af_complain_choice(reading, token, "domains in quotes, or \"file\"", words);
	else
		read_patterns(reading, AFENCE_RULE_RESERVE);
}

static void read_internal(const struct af_reading *reading)
{
	read_patterns(reading, AFENCE_RULE_INTERNAL);
}

static void read_external(const struct af_reading *reading)
{
	read_patterns(reading, AFENCE_RULE_EXTERNAL);
}

/* A block without values before it. */
static void read_block(const struct af_reading *reading)
{
	af_ends_at(reading, 0);
}

/* server ADDRESS [port N]; */
static void read_server(const struct af_reading *reading)
{
	static const char *const words[] = {"port", NULL};
	struct af_image_settings *settings = &reading->rules->settings;
	struct af_diagnostics *diagnostics = reading->rules->diagnostics;
	struct af_address address;
	unsigned port = DNS_PORT;

	if (!af_has_value(reading, 0, "the address of a name server") ||
		!af_read_address(diagnostics, af_token_at(reading, 0), &address))
		return;
	if (reading->count > 1 && af_word_index(af_token_at(reading, 1), words) < 0) {
		af_complain_choice(reading, af_token_at(reading, 1), "\"port\" or \";\"", words);
		return;
	}
	if (reading->count > 1 && (!af_has_value(reading, 2, "the number of a port") ||
					  !af_read_number(diagnostics, af_token_at(reading, 2), 1,
						  AFENCE_PORT_MAX, &port)))
		return;
	if (!af_ends_at(reading, 3) || !reading->taken)
		return;
	settings->has_server = 1;
	settings->server_port = (uint16_t)port;
	memcpy(settings->server, address.byte, sizeof(settings->server));
}

/* within 300ms; */
static void read_within(const struct af_reading *reading)
{
	unsigned ms;

	if (af_has_value(reading, 0, "a duration such as 300ms or 1s") &&
		af_read_duration(reading->rules->diagnostics, af_token_at(reading, 0),
			AFENCE_WITHIN_MS_MAX, &ms) &&
		af_ends_at(reading, 1) && reading->taken)
		reading->rules->settings.within_ms = ms;
}

#define SETTING(field) offsetof(struct af_image_settings, field)

const char *const af_mode_words[] = {[AFENCE_MODE_ENFORCE] = "enforce",
	[AFENCE_MODE_OBSERVE] = "observe",
	[AFENCE_MODE_OFF] = "off",
	NULL};
const char *const af_on_block_words[] = {
	[AFENCE_ON_BLOCK_CUT] = "cut", [AFENCE_ON_BLOCK_REFUSE] = "refuse", NULL};
static const char *const identities[] = {[AFENCE_LOG_FULL] = "full",
	[AFENCE_LOG_DOMAIN] = "domain",
	[AFENCE_LOG_NONE] = "none",
	NULL};

static const struct af_keyword resolver_fields[] = {
	{.word = "server",
		.read = read_server,
		.make = make_setting,
		.setting = AFENCE_SETTING_SERVER},
	{.word = "within",
		.read = read_within,
		.make = make_setting,
		.setting = AFENCE_SETTING_WITHIN},
	{.word = NULL},
};

static const struct af_keyword log_fields[] = {
	{.word = "identity",
		.read = read_choice,
		.make = make_setting,
		.setting = AFENCE_SETTING_IDENTITY,
		.choice = identities,
		.field = SETTING(log_identity)},
	{.word = NULL},
};

static const struct af_keyword statements[] = {
	{.word = "policy", .read = read_policy},
	{.word = "mode",
		.read = read_choice,
		.make = make_setting,
		.setting = AFENCE_SETTING_MODE,
		.choice = af_mode_words,
		.field = SETTING(mode)},
	{.word = "reserve", .read = read_reserve, .list = true},
	{.word = "internal", .read = read_internal, .list = true},
	{.word = "external", .read = read_external, .list = true},
	{.word = "resolver", .read = read_block, .fields = resolver_fields},
	{.word = "on-block",
		.read = read_choice,
		.make = make_setting,
		.setting = AFENCE_SETTING_ON_BLOCK,
		.choice = af_on_block_words,
		.field = SETTING(on_block)},
	{.word = "log", .read = read_block, .fields = log_fields},
	{.word = "exception",
		.read = af_read_exception,
		.fields = af_exception_fields,
		.close = af_close_clause},
	{.word = "protect",
		.read = af_read_protect,
		.fields = af_protect_fields,
		.close = af_close_clause},
	{.word = "service", .read = af_read_service_block, .fields = af_service_fields},
	{.word = "expect", .read = af_read_expect},
	{.word = "pam-module", .read = af_read_module, .list = true},
	{.word = NULL},
};

const struct af_keyword af_language = {.word = "a policy", .fields = statements};

const struct af_keyword *af_keyword_find(
	const struct af_keyword *block, const struct af_token *token)
{
	const struct af_keyword *row = block != NULL ? block->fields : NULL;

	for (; row != NULL && row->word != NULL; row++)
		if (af_is_word(token, row->word))
			return row;
	return NULL;
}

/* The words of BLOCK, up to a NULL. */
static void list_words(const struct af_keyword *block, const char *words[KEYWORDS_MAX + 1])
{
	size_t count = 0;

	for (const struct af_keyword *row = block->fields; row->word != NULL; row++)
		if (count < KEYWORDS_MAX)
			words[count++] = row->word;
	words[count] = NULL;
}

static void complain_keyword(const struct af_reading *reading, const struct af_keyword *block)
{
	const char *words[KEYWORDS_MAX + 1], *text;
	const struct af_token *name = &reading->node->name;
	char shown[AFENCE_SHOWN_MAX], choice[AFENCE_CHOICE_MAX], hint[AFENCE_HINT_MAX];
	size_t len;

	if (name->kind == AFENCE_TOKEN_BAD)
		return;
	list_words(block, words);
	af_join(words, choice);
	text = af_token_text(name, &len);
	af_token_show(name, shown);
	af_diagnose(reading->rules->diagnostics, AFENCE_ERROR, &name->at,
		"unknown keyword %s, expected %s%s", shown, choice,
		af_hint(text, len, words, hint));
}

/* True if the node has a block where its keyword wants one, and only there. */
static bool has_its_block(const struct af_reading *reading)
{
	bool has_block = reading->node->end.kind == AFENCE_TOKEN_OPEN;
	bool wants_block = reading->node->keyword->fields != NULL;

	if (wants_block && !has_block && reading->count == 0)
		af_complain(reading, &reading->node->end, "\"{\"");
	if (!wants_block && has_block && reading->count > 0)
		af_complain(reading, &reading->node->end, "\";\"");
	return wants_block == has_block;
}

/* True if no comma stands where there is no list.  A block is opened all the same, for the sake of its
 * fields: its reader tells of the second value. */
static bool has_its_commas(const struct af_reading *reading)
{
	const struct af_keyword *keyword = reading->node->keyword;
	bool any = keyword->list || keyword->fields != NULL;

	for (size_t i = 1; i < reading->count && !any; i++)
		if (af_has_comma(reading, i)) {
			af_complain(reading, af_token_at(reading, i), "no \",\" before it");
			return false;
		}
	return true;
}

static void read_nodes(
	const struct af_reading *outer, size_t from, size_t to, const struct af_keyword *block);

static void read_node(const struct af_reading *outer, const struct af_keyword *block)
{
	struct af_reading reading = *outer;
	const struct af_keyword *keyword = reading.node->keyword;
	size_t index = (size_t)(reading.node - reading.tree->node);

	if (keyword == NULL) {
		complain_keyword(&reading, block);
		return;
	}
	reading.count = reading.node->count;
	reading.taken = keyword->make == NULL || keyword->make(&reading);
	if (has_its_commas(&reading))
		keyword->read(&reading);
	if (!has_its_block(&reading) || keyword->fields == NULL)
		return;
	read_nodes(&reading, index + 1, reading.node->next, keyword);
	if (keyword->close != NULL)
		keyword->close(&reading);
}

static void read_nodes(
	const struct af_reading *outer, size_t from, size_t to, const struct af_keyword *block)
{
	struct af_reading reading = *outer;

	for (size_t i = from; i < to; i = reading.node->next) {
		reading.node = &reading.tree->node[i];
		read_node(&reading, block);
	}
}

void af_statements_read(const struct af_tree *tree, struct af_rules *rules)
{
	struct af_block open;
	struct af_reading reading = {.rules = rules, .tree = tree, .block = &open};
	const struct af_node *first = tree->node;

	if (tree->node_count == 0)
		af_complain(&reading, &tree->end, "\"policy " LANGUAGE_VERSION ";\"");
	else if (first->keyword != NULL && first->keyword->read != read_policy)
		af_complain(&reading, &first->name,
			"\"policy " LANGUAGE_VERSION ";\" as the first statement");
	read_nodes(&reading, 0, tree->node_count, &af_language);
}
