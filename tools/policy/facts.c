/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../names.h"
#include "af_decide.h"
#include "print.h"

#define OBSERVES "only observes"

/* Takes VALUE. */
static void add(struct af_facts *facts, const char *what, const char *field, char *value)
{
	facts->fact = af_grow(facts->fact, facts->count, 1, &facts->room, sizeof(*facts->fact));
	facts->fact[facts->count++] =
		(struct af_fact){af_format("%s", what), af_format("%s", field), value};
}

static char *copy(const char *text)
{
	return af_format("%s", text);
}

static char *describe_mode(const struct af_image_settings *settings, int64_t now)
{
	char until[AFENCE_TIME_TEXT_MAX];
	const char *mode = af_mode_string((enum af_mode)settings->mode);
	const char *after = af_mode_string((enum af_mode)settings->mode_after);

	if (settings->mode_until == 0)
		return copy(mode);
	if (now >= settings->mode_until)
		return copy(after);
	return af_format(
		"%s until %s, then %s", mode, af_print_time(settings->mode_until, until), after);
}

static void add_settings(
	const struct af_image_settings *settings, int64_t now, struct af_facts *facts)
{
	char text[AFENCE_ADDRESS_TEXT_MAX];
	struct af_address server;

	memcpy(server.byte, settings->server, sizeof(server.byte));
	add(facts, "mode", AFENCE_FACT_VALUE, describe_mode(settings, now));
	add(facts, "on-block", AFENCE_FACT_VALUE, copy(af_word_on_block[settings->on_block]));
	add(facts, "log identity", AFENCE_FACT_VALUE, copy(af_word_log[settings->log_identity]));
	add(facts, "resolver within", AFENCE_FACT_VALUE, af_format("%ums", settings->within_ms));
	add(facts, "resolver server", AFENCE_FACT_VALUE,
		settings->has_server ? af_format("%s port %u", af_address_format(&server, text),
					       settings->server_port)
				     : copy("of the system"));
}

static void add_word(struct af_facts *facts, const char *what, const char *field,
	const char *const *word, uint8_t value)
{
	if (value != AFENCE_UNSET)
		add(facts, what, field, copy(word[value]));
}

static void add_services(const struct af_image *image, struct af_facts *facts)
{
	size_t count;
	const struct af_image_service *service = af_image_services(image, &count);

	for (size_t i = 0; i < count; i++) {
		char *what = af_format("service %s", af_image_string(image, service[i].name));

		if (service[i].mode != AFENCE_UNSET)
			add(facts, what, "mode",
				copy(af_mode_string((enum af_mode)service[i].mode)));
		add_word(facts, what, "on-block", af_word_on_block, service[i].on_block);
		add_word(facts, what, "unknown", af_word_unknown, service[i].unknown);
		add_word(facts, what, "resolve", af_word_resolve, service[i].resolve);
		free(what);
	}
}

/* The old form of a rule on trial stands beside the new one and has its name; one that is over is
 * as good as gone. */
static char *name_of(const struct af_image *image, uint32_t name, uint8_t life)
{
	return life == AFENCE_LIFE_OVER
		       ? NULL
		       : af_format("%s%s", af_image_string(image, name),
				 life == AFENCE_LIFE_REPLACED ? " (old form)" : "");
}

static void add_rules(const struct af_image *image, struct af_facts *facts)
{
	size_t count;
	const struct af_image_rule *rule = af_image_rules(image, &count);

	for (size_t i = 0; i < count; i++) {
		char *what = name_of(image, rule[i].name, rule[i].life);

		if (what != NULL)
			add(facts, what, "life",
				copy(rule[i].life == AFENCE_LIFE_TRIAL ? OBSERVES : "holds"));
		free(what);
	}
}

static void add_text(struct af_facts *facts, const char *what, const char *field,
	const struct af_image *image, uint32_t text)
{
	if (af_print_has_text(image, text))
		add(facts, what, field, copy(af_image_string(image, text)));
}

static void add_conditions(const struct af_image *image, const struct af_image_clause *clause,
	const char *what, struct af_facts *facts)
{
	const struct af_image_member *member = af_image_members(image, &clause->members);
	const struct af_image_place *place = af_image_places(image, &clause->places);
	const uint32_t *port = af_image_values(image, &clause->ports);
	const uint32_t *service = af_image_values(image, &clause->services);

	for (uint32_t i = 0; i < clause->members.count; i++)
		add(facts, what, "identity", af_print_member(image, &member[i]));
	for (uint32_t i = 0; i < clause->places.count; i++)
		add(facts, what, "target", af_print_place(image, &place[i]));
	for (uint32_t i = 0; i < clause->ports.count; i++)
		add(facts, what, "port", af_format("%u", port[i]));
	for (uint32_t i = 0; i < clause->services.count; i++)
		add(facts, what, "service", copy(af_image_string(image, service[i])));
}

static void add_clauses(const struct af_image *image, struct af_facts *facts)
{
	size_t count;
	const struct af_image_clause *clause = af_image_clauses(image, &count);
	char time[AFENCE_TIME_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		char *what = name_of(image, clause[i].name, clause[i].life);

		if (what == NULL)
			continue;
		add_conditions(image, &clause[i], what, facts);
		add_text(facts, what, "reason", image, clause[i].reason);
		add_text(facts, what, "owner", image, clause[i].owner);
		add_text(facts, what, "ticket", image, clause[i].ticket);
		if (clause[i].expires != AFENCE_NEVER)
			add(facts, what, "expires",
				af_format("%.10s", af_print_time(clause[i].expires, time)));
		if (clause[i].life == AFENCE_LIFE_TRIAL)
			add(facts, what, "life", copy(OBSERVES));
		free(what);
	}
}

static void add_modules(const struct af_image *image, struct af_facts *facts)
{
	size_t count;
	const struct af_image_module *row = af_image_modules(image, &count);

	for (size_t i = 0; i < count; i++) {
		char *what = af_format("pam-module %s", af_image_string(image, row[i].name));
		bool local = row[i].host == AFENCE_IMAGE_NONE;

		add(facts, what, "target",
			copy(local ? "local" : af_image_string(image, row[i].host)));
		free(what);
	}
}

static int compare(const void *left, const void *right)
{
	const struct af_fact *a = left, *b = right;
	int order = strcmp(a->what, b->what);

	if (order == 0)
		order = strcmp(a->field, b->field);
	return order != 0 ? order : strcmp(a->value, b->value);
}

void af_facts_collect(const struct af_image *image, int64_t now, struct af_facts *out)
{
	static const struct af_image_settings builtin = {
		.resolve = 1, .within_ms = AFENCE_WITHIN_MS_DEFAULT};

	memset(out, 0, sizeof(*out));
	add_settings(image != NULL ? af_image_settings(image) : &builtin, now, out);
	if (image != NULL) {
		add_services(image, out);
		add_rules(image, out);
		add_clauses(image, out);
		add_modules(image, out);
	}
	qsort(out->fact, out->count, sizeof(*out->fact), compare);
}

void af_facts_free(struct af_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		free(facts->fact[i].what);
		free(facts->fact[i].field);
		free(facts->fact[i].value);
	}
	free(facts->fact);
	memset(facts, 0, sizeof(*facts));
}
