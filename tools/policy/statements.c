/* SPDX-License-Identifier: MIT */
/*
 * The language as tables: a keyword, the function that reads its values, the fields of its block.
 * A reader reports what it can not take and goes on, so that one run shows all errors.
 */
#include "statements.h"

#include <stddef.h>
#include <string.h>

#include "check.h"

#define LANGUAGE_VERSION "1"
#define DNS_PORT         53
#define PORT_MAX         65535
#define KEYWORDS_MAX     32

struct reading {
	struct af_rules *rules;
	const struct af_tree *tree;
	const struct af_node *node;
	size_t count; /* of the node's values */
};

struct af_keyword {
	const char *word;
	void (*read)(const struct reading *reading); /* NULL: not in this version */
	bool list;                                   /* its values stand with commas between them */
	enum af_setting setting;
	const struct af_keyword *fields; /* of a block, up to a row without word; NULL: no block */
	const char *const *choice;       /* of read_choice(): the words, up to a NULL */
	size_t field;                    /* their index goes to this offset of the settings */
};

static void complain(
	const struct reading *reading, const struct af_token *token, const char *expected)
{
	char shown[AFENCE_SHOWN_MAX];

	if (token->kind != AFENCE_TOKEN_BAD)
		af_diagnose(reading->rules->diagnostics, AFENCE_ERROR, &token->at,
			"seen %s, expected %s", af_token_show(token, shown), expected);
}

static bool is_word(const struct af_token *token, const char *word)
{
	size_t len;
	const char *text = af_token_text(token, &len);

	return token->kind == AFENCE_TOKEN_WORD && strlen(word) == len &&
	       memcmp(text, word, len) == 0;
}

static const struct af_value *value_at(const struct reading *reading, size_t index)
{
	return &reading->tree->value[reading->node->first + index];
}

/* The token that stands where value INDEX should. */
static const struct af_token *token_at(const struct reading *reading, size_t index)
{
	return index < reading->count ? &value_at(reading, index)->token : &reading->node->end;
}

/* True if the values from INDEX on are none, as behind a complete statement. */
static bool ends_at(const struct reading *reading, size_t index)
{
	if (index < reading->count)
		complain(reading, token_at(reading, index),
			reading->node->keyword->fields != NULL ? "\"{\"" : "\";\"");
	return index >= reading->count;
}

/* True if there is a value INDEX. */
static bool has_value(const struct reading *reading, size_t index, const char *expected)
{
	if (index >= reading->count)
		complain(reading, &reading->node->end, expected);
	return index < reading->count;
}

/* policy 1; */
static void read_policy(const struct reading *reading)
{
	if (reading->node != reading->tree->node)
		complain(
			reading, &reading->node->name, "it once in a file, as the first statement");
	if (!has_value(reading, 0, "the version " LANGUAGE_VERSION))
		return;
	if (!is_word(token_at(reading, 0), LANGUAGE_VERSION))
		complain(reading, token_at(reading, 0), "the version " LANGUAGE_VERSION);
	ends_at(reading, 1);
}

/* One word out of a few: mode, on-block, identity. */
static void read_choice(const struct reading *reading)
{
	const struct af_keyword *keyword = reading->node->keyword;
	char choice[AFENCE_CHOICE_MAX], hint[AFENCE_HINT_MAX], expected[512];
	const struct af_token *token = token_at(reading, 0);
	uint8_t *field = (uint8_t *)&reading->rules->settings + keyword->field;
	const char *text;
	size_t len;

	ends_at(reading, 1);
	for (uint8_t i = 0; keyword->choice[i] != NULL; i++)
		if (reading->count > 0 && is_word(token, keyword->choice[i])) {
			*field = i;
			return;
		}
	text = af_token_text(token, &len);
	snprintf(expected, sizeof(expected), "%s%s", af_join(keyword->choice, choice),
		token->kind == AFENCE_TOKEN_STRING ? " without quotes"
						   : af_hint(text, len, keyword->choice, hint));
	complain(reading, token, expected);
}

/* "a", 10.0.0.0/8, ... */
static void read_patterns(const struct reading *reading, enum af_rule_kind kind)
{
	struct af_pattern pattern;

	has_value(reading, 0, "a value");
	for (size_t i = 0; i < reading->count; i++) {
		const struct af_token *token = token_at(reading, i);

		if (i > 0 && !value_at(reading, i)->comma) {
			complain(reading, token, "\",\" or \";\"");
			return;
		}
		if (af_read_pattern(reading->rules->diagnostics, token, kind, &pattern))
			af_rules_add(reading->rules, &pattern, &token->at);
	}
}

static void read_reserve(const struct reading *reading)
{
	if (reading->count > 0 && is_word(token_at(reading, 0), "file"))
		complain(reading, token_at(reading, 0),
			"domains in quotes: this version does not know \"reserve file\"");
	else
		read_patterns(reading, AFENCE_RULE_RESERVE);
}

static void read_internal(const struct reading *reading)
{
	read_patterns(reading, AFENCE_RULE_INTERNAL);
}

static void read_external(const struct reading *reading)
{
	read_patterns(reading, AFENCE_RULE_EXTERNAL);
}

/* A block without values before it. */
static void read_block(const struct reading *reading)
{
	ends_at(reading, 0);
}

/* server ADDRESS [port N]; */
static void read_server(const struct reading *reading)
{
	struct af_image_settings *settings = &reading->rules->settings;
	struct af_diagnostics *diagnostics = reading->rules->diagnostics;
	struct af_address address;
	unsigned port = DNS_PORT;

	if (!has_value(reading, 0, "the address of a name server") ||
		!af_read_address(diagnostics, token_at(reading, 0), &address))
		return;
	if (reading->count > 1 && !is_word(token_at(reading, 1), "port")) {
		complain(reading, token_at(reading, 1), "\"port\" or \";\"");
		return;
	}
	if (reading->count > 1 &&
		(!has_value(reading, 2, "the number of a port") ||
			!af_read_number(diagnostics, token_at(reading, 2), 1, PORT_MAX, &port)))
		return;
	if (!ends_at(reading, 3))
		return;
	settings->has_server = 1;
	settings->server_port = (uint16_t)port;
	memcpy(settings->server, address.byte, sizeof(settings->server));
}

/* within 300ms; */
static void read_within(const struct reading *reading)
{
	unsigned ms;

	if (has_value(reading, 0, "a duration such as 300ms or 1s") &&
		af_read_duration(reading->rules->diagnostics, token_at(reading, 0),
			AFENCE_WITHIN_MS_MAX, &ms) &&
		ends_at(reading, 1))
		reading->rules->settings.within_ms = ms;
}

#define SETTING(field) offsetof(struct af_image_settings, field)

static const char *const modes[] = {[AFENCE_MODE_ENFORCE] = "enforce",
	[AFENCE_MODE_OBSERVE] = "observe",
	[AFENCE_MODE_OFF] = "off",
	NULL};
static const char *const on_blocks[] = {
	[AFENCE_ON_BLOCK_CUT] = "cut", [AFENCE_ON_BLOCK_REFUSE] = "refuse", NULL};
static const char *const identities[] = {[AFENCE_LOG_FULL] = "full",
	[AFENCE_LOG_DOMAIN] = "domain",
	[AFENCE_LOG_NONE] = "none",
	NULL};

static const struct af_keyword resolver_fields[] = {
	{.word = "server", .read = read_server, .setting = AFENCE_SETTING_SERVER},
	{.word = "within", .read = read_within, .setting = AFENCE_SETTING_WITHIN},
	{.word = NULL},
};

static const struct af_keyword log_fields[] = {
	{.word = "identity",
		.read = read_choice,
		.setting = AFENCE_SETTING_IDENTITY,
		.choice = identities,
		.field = SETTING(log_identity)},
	{.word = NULL},
};

static const struct af_keyword statements[] = {
	{.word = "policy", .read = read_policy},
	{.word = "mode",
		.read = read_choice,
		.setting = AFENCE_SETTING_MODE,
		.choice = modes,
		.field = SETTING(mode)},
	{.word = "reserve", .read = read_reserve, .list = true},
	{.word = "internal", .read = read_internal, .list = true},
	{.word = "external", .read = read_external, .list = true},
	{.word = "resolver", .read = read_block, .fields = resolver_fields},
	{.word = "on-block",
		.read = read_choice,
		.setting = AFENCE_SETTING_ON_BLOCK,
		.choice = on_blocks,
		.field = SETTING(on_block)},
	{.word = "log", .read = read_block, .fields = log_fields},
	{.word = "exception"},
	{.word = "protect"},
	{.word = "service"},
	{.word = "expect"},
	{.word = "pam-module"},
	{.word = NULL},
};

const struct af_keyword af_language = {.word = "a policy", .fields = statements};

const struct af_keyword *af_keyword_find(
	const struct af_keyword *block, const struct af_token *token)
{
	const struct af_keyword *row = block != NULL ? block->fields : NULL;

	for (; row != NULL && row->word != NULL; row++)
		if (is_word(token, row->word))
			return row;
	return NULL;
}

/* The words of BLOCK that can be read, up to a NULL. */
static void list_words(const struct af_keyword *block, const char *words[KEYWORDS_MAX + 1])
{
	size_t count = 0;

	for (const struct af_keyword *row = block->fields; row->word != NULL; row++)
		if (row->read != NULL && count < KEYWORDS_MAX)
			words[count++] = row->word;
	words[count] = NULL;
}

static void complain_keyword(const struct reading *reading, const struct af_keyword *block)
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
	if (reading->node->keyword != NULL)
		af_diagnose(reading->rules->diagnostics, AFENCE_ERROR, &name->at,
			"seen %s, which this version does not know yet, expected %s", shown,
			choice);
	else
		af_diagnose(reading->rules->diagnostics, AFENCE_ERROR, &name->at,
			"unknown keyword %s, expected %s%s", shown, choice,
			af_hint(text, len, words, hint));
}

/* True if the node has a block where its keyword wants one, and only there. */
static bool has_its_block(const struct reading *reading)
{
	bool has_block = reading->node->end.kind == AFENCE_TOKEN_OPEN;
	bool wants_block = reading->node->keyword->fields != NULL;

	if (wants_block && !has_block && reading->count == 0)
		complain(reading, &reading->node->end, "\"{\"");
	if (!wants_block && has_block && reading->count > 0)
		complain(reading, &reading->node->end, "\";\"");
	return wants_block == has_block;
}

/* True if no comma stands where there is no list. */
static bool has_its_commas(const struct reading *reading)
{
	for (size_t i = 1; i < reading->count && !reading->node->keyword->list; i++)
		if (value_at(reading, i)->comma) {
			complain(reading, token_at(reading, i), "no \",\" before it");
			return false;
		}
	return true;
}

static void read_nodes(
	const struct reading *outer, size_t from, size_t to, const struct af_keyword *block);

static void read_node(const struct reading *reading, const struct af_keyword *block)
{
	const struct af_keyword *keyword = reading->node->keyword;
	size_t index = (size_t)(reading->node - reading->tree->node);

	if (keyword == NULL || keyword->read == NULL) {
		complain_keyword(reading, block);
		return;
	}
	af_rules_make(reading->rules, keyword->setting, keyword->word, &reading->node->name.at);
	if (has_its_commas(reading))
		keyword->read(reading);
	if (has_its_block(reading) && keyword->fields != NULL)
		read_nodes(reading, index + 1, reading->node->next, keyword);
}

static void read_nodes(
	const struct reading *outer, size_t from, size_t to, const struct af_keyword *block)
{
	struct reading reading = *outer;

	for (size_t i = from; i < to; i = reading.node->next) {
		reading.node = &reading.tree->node[i];
		reading.count = reading.node->count;
		read_node(&reading, block);
	}
}

void af_statements_read(const struct af_tree *tree, struct af_rules *rules)
{
	struct reading reading = {.rules = rules, .tree = tree};
	const struct af_node *first = tree->node;

	if (tree->node_count == 0)
		complain(&reading, &tree->end, "\"policy " LANGUAGE_VERSION ";\"");
	else if (first->keyword != NULL && first->keyword->read != read_policy)
		complain(&reading, &first->name,
			"\"policy " LANGUAGE_VERSION ";\" as the first statement");
	read_nodes(&reading, 0, tree->node_count, &af_language);
}
