/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <stdlib.h>
#include <string.h>

#include "../output/json.h"
#include "af_decide.h"
#include "rules.h"

static json_t *text_of(const struct af_image *image, uint32_t string)
{
	const char *text;

	if (!af_print_has_text(image, string))
		return json_null();
	text = af_image_string(image, string);
	return af_json_text(text, strlen(text));
}

static json_t *time_of(int64_t second, bool is_set)
{
	char text[AFENCE_TIME_TEXT_MAX];

	return is_set ? json_string(af_print_time(second, text)) : json_null();
}

/* Takes the allocated TEXT. */
static void append(json_t *list, char *text)
{
	json_array_append_new(list, af_json_text(text, strlen(text)));
	free(text);
}

static json_t *list_rules(const struct af_image *image, enum af_rule_kind kind)
{
	json_t *list = json_array();
	size_t count;
	const struct af_image_rule **rule = af_print_sort(image, kind, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:o, s:I, s:s}", "pattern",
				af_print_tail(image, rule[i]->name), "file",
				text_of(image, rule[i]->file), "line", (json_int_t)rule[i]->line,
				"life", af_word_life[rule[i]->life]));
	free(rule);
	return list;
}

static json_t *list_members(const struct af_image *image, const struct af_image_range *range)
{
	const struct af_image_member *member = af_image_members(image, range);
	json_t *list = json_array();

	for (uint32_t i = 0; i < range->count; i++)
		append(list, af_print_member(image, &member[i]));
	return list;
}

static json_t *list_places(const struct af_image *image, const struct af_image_range *range)
{
	const struct af_image_place *place = af_image_places(image, range);
	json_t *list = json_array();

	for (uint32_t i = 0; i < range->count; i++)
		append(list, af_print_place(image, &place[i]));
	return list;
}

static json_t *list_values(
	const struct af_image *image, const struct af_image_range *range, bool strings)
{
	const uint32_t *value = af_image_values(image, range);
	json_t *list = json_array();

	for (uint32_t i = 0; i < range->count; i++)
		json_array_append_new(
			list, strings ? text_of(image, value[i]) : json_integer(value[i]));
	return list;
}

static json_t *json_clause(const struct af_image *image, const struct af_image_clause *row)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:s}", "name",
		af_print_tail(image, row->name), "identities", list_members(image, &row->members),
		"targets", list_places(image, &row->places), "ports",
		list_values(image, &row->ports, false), "services",
		list_values(image, &row->services, true), "reason", text_of(image, row->reason),
		"owner", text_of(image, row->owner), "ticket", text_of(image, row->ticket),
		"expires", time_of(row->expires, row->expires != AFENCE_NEVER), "file",
		text_of(image, row->file), "line", (json_int_t)row->line, "life",
		af_word_life[row->life]);
}

static json_t *list_clauses(const struct af_image *image, enum af_clause_kind kind)
{
	json_t *list = json_array();
	size_t count;
	const struct af_image_clause *row = af_image_clauses(image, &count);

	for (size_t i = 0; i < count; i++)
		if (row[i].kind == kind && row[i].life != AFENCE_LIFE_OVER)
			json_array_append_new(list, json_clause(image, &row[i]));
	return list;
}

/* A row for each server; "target" null: the module is local. */
static json_t *list_modules(const struct af_image *image)
{
	json_t *list = json_array();
	size_t count;
	const struct af_image_module *row = af_image_modules(image, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:o, s:I}", "module", text_of(image, row[i].name),
				"target", text_of(image, row[i].host), "file",
				text_of(image, row[i].file), "line", (json_int_t)row[i].line));
	return list;
}

static json_t *word_of(const char *const *word, uint8_t value)
{
	return value == AFENCE_UNSET ? json_null() : json_string(word[value]);
}

static json_t *mode_of(uint8_t value)
{
	return value == AFENCE_UNSET ? json_null() : json_string(af_mode_string(value));
}

static json_t *list_services(const struct af_image *image)
{
	json_t *list = json_array();
	size_t count;
	const struct af_image_service *row = af_image_services(image, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:o, s:o}", "name",
				      text_of(image, row[i].name), "mode", mode_of(row[i].mode),
				      "on_block", word_of(af_word_on_block, row[i].on_block),
				      "unknown", word_of(af_word_unknown, row[i].unknown),
				      "resolve", word_of(af_word_resolve, row[i].resolve)));
	return list;
}

static json_t *json_settings(const struct af_print *print)
{
	const struct af_image_settings *row = af_image_settings(print->image);
	char text[AFENCE_ADDRESS_TEXT_MAX];
	struct af_address server;
	bool ends = row->mode_until > print->now;

	memcpy(server.byte, row->server, sizeof(server.byte));
	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:s?, s:o, s:I, s:s, s:s, s:b}", "mode",
		af_mode_string(af_print_mode(print)), "mode_until", time_of(row->mode_until, ends),
		"mode_after", ends ? mode_of(row->mode_after) : json_null(), "on_block",
		af_word_on_block[row->on_block], "log_identity", af_word_log[row->log_identity],
		"server", row->has_server ? af_address_format(&server, text) : NULL, "server_port",
		row->has_server ? json_integer(row->server_port) : json_null(), "within_ms",
		(json_int_t)row->within_ms, "unknown", af_word_unknown[row->unknown], "resolve",
		af_word_resolve[row->resolve], "on_trial", row->on_trial);
}

static json_t *json_origin(const struct af_image *image)
{
	const struct af_image_origin *origin = af_image_origin(image);

	if (origin == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:I}", "action",
		af_json_text(origin->action, strlen(origin->action)), "who",
		af_json_text(origin->who, strlen(origin->who)), "base", (json_int_t)origin->base);
}

json_t *af_print_json(const struct af_print *print)
{
	const struct af_image *image = print->image;

	if (image == NULL)
		return json_pack(
			"{s:s, s:i, s:n, s:n, s:n, s:[], s:[], s:[], s:[], s:[], s:[], s:[]}",
			"source", "builtin", "generation", 0, "created", "origin", "settings",
			"services", "reserve", "internal", "external", "exceptions", "protects",
			"pam_modules");
	return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "source",

		af_json_text(print->source, strlen(print->source)), "generation",
		(json_int_t)af_image_generation(image), "created",
		time_of(af_image_created(image), true), "origin", json_origin(image), "settings",
		json_settings(print), "services", list_services(image), "reserve",
		list_rules(image, AFENCE_RULE_RESERVE), "internal",
		list_rules(image, AFENCE_RULE_INTERNAL), "external",
		list_rules(image, AFENCE_RULE_EXTERNAL), "exceptions",
		list_clauses(image, AFENCE_CLAUSE_EXCEPTION), "protects",
		list_clauses(image, AFENCE_CLAUSE_PROTECT), "pam_modules", list_modules(image));
}
