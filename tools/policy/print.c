/* SPDX-License-Identifier: MIT */
/*
 * Policy text out of an image, each rule a statement of its own, in the order of the sources: the
 * tables of an image have another one, which changes with every name.
 */
#include "print.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "af_decide.h"
#include "af_report.h"
#include "../memory.h"
#include "../names.h"
#include "rules.h"

#define COLUMNS_MAX 100
#define VALUE_AT    13 /* of the fields of an exception or protect */

const char *const af_word_on_block[] = {
	[AFENCE_ON_BLOCK_CUT] = "cut", [AFENCE_ON_BLOCK_REFUSE] = "refuse", NULL};
const char *const af_word_log[] = {[AFENCE_LOG_FULL] = "full",
	[AFENCE_LOG_DOMAIN] = "domain",
	[AFENCE_LOG_NONE] = "none",
	NULL};
const char *const af_word_unknown[] = {"block", "allow", NULL};
const char *const af_word_resolve[] = {"off", "on", NULL};
const char *const af_word_life[] = {[AFENCE_LIFE_FULL] = "full",
	[AFENCE_LIFE_TRIAL] = "trial",
	[AFENCE_LIFE_REPLACED] = "replaced",
	[AFENCE_LIFE_OVER] = "over",
	NULL};

static const char *const reach_mark[] = {
	[AFENCE_REACH_EXACT] = "", [AFENCE_REACH_BELOW] = "*.", [AFENCE_REACH_BOTH] = "."};

static const char *const clause_word[] = {
	[AFENCE_CLAUSE_EXCEPTION] = "exception", [AFENCE_CLAUSE_PROTECT] = "protect"};

/* Files were named in the order in which they were read. */
static int compare_rules(const void *left, const void *right)
{
	const struct af_image_rule *a = *(const struct af_image_rule *const *)left;
	const struct af_image_rule *b = *(const struct af_image_rule *const *)right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

const struct af_image_rule **af_print_sort(
	const struct af_image *image, enum af_rule_kind kind, size_t *count)
{
	size_t all;
	const struct af_image_rule *rule = af_image_rules(image, &all), **sorted;

	*count = 0;
	sorted = af_new(all, sizeof(*sorted));
	for (size_t i = 0; i < all; i++)
		if (rule[i].kind == kind && rule[i].life != AFENCE_LIFE_OVER)
			sorted[(*count)++] = &rule[i];
	qsort(sorted, *count, sizeof(*sorted), compare_rules);
	return sorted;
}

enum af_mode af_print_mode(const struct af_print *print)
{
	const struct af_image_settings *settings = af_image_settings(print->image);
	bool over = settings->mode_until != 0 && print->now >= settings->mode_until;

	return over ? settings->mode_after : settings->mode;
}

const char *af_print_tail(const struct af_image *image, uint32_t name)
{
	const char *text = af_image_string(image, name);

	return text + strcspn(text, ":") + 1;
}

bool af_print_has_text(const struct af_image *image, uint32_t text)
{
	return text != AFENCE_IMAGE_NONE && *af_image_string(image, text) != '\0';
}

char *af_print_time(int64_t second, char text[AFENCE_TIME_TEXT_MAX])
{
	time_t clock = second;
	struct tm parts;

	if (gmtime_r(&clock, &parts) == NULL ||
		strftime(text, AFENCE_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		strcpy(text, "at no time");
	return text;
}

char *af_print_member(const struct af_image *image, const struct af_image_member *member)
{
	return af_format("%s@%s%s",
		member->local != AFENCE_IMAGE_NONE ? af_image_string(image, member->local) : "*",
		reach_mark[member->reach], af_image_string(image, member->domain));
}

char *af_print_place(const struct af_image *image, const struct af_image_place *place)
{
	char text[AFENCE_NETWORK_TEXT_MAX];
	struct af_address address;

	if (place->reach != 0)
		return af_format(
			"%s%s", reach_mark[place->reach], af_image_string(image, place->name));
	memcpy(address.byte, place->address, sizeof(address.byte));
	return af_format("%s", af_network_format(&address, place->prefix, text));
}

/* Comments can hold what file names should not. */
static void print_file(const struct af_image *image, uint32_t file, uint32_t line, FILE *out)
{
	const char *path = af_image_string(image, file);
	char shown[PATH_MAX];

	fprintf(out, "  # %s:%" PRIu32 "\n", af_escape(path, strlen(path), shown, sizeof(shown)),
		line);
}

/* TEXT in quotes, as the language has it; the result is its width. */
static size_t print_quoted(const char *text, FILE *out)
{
	size_t columns = 2;

	fputc('"', out);
	for (; *text != '\0'; text++, columns++) {
		if (*text == '"' || *text == '\\') {
			fputc('\\', out);
			columns++;
		}
		fputc(*text, out);
	}
	fputc('"', out);
	return columns;
}

static const char life_comment[] = "# on trial: only observes\n";

static void print_rules(const struct af_image *image, enum af_rule_kind kind, FILE *out)
{
	size_t count;
	const struct af_image_rule **rule = af_print_sort(image, kind, &count);

	if (count > 0)
		fputc('\n', out);
	for (size_t i = 0; i < count; i++) {
		const char *tail = af_print_tail(image, rule[i]->name);

		if (rule[i]->life == AFENCE_LIFE_TRIAL)
			fputs(life_comment, out);
		fprintf(out, "%s ", af_rule_word[kind]);
		if (rule[i]->reach != 0)
			print_quoted(tail, out);
		else
			fputs(tail, out);
		fputc(';', out);
		print_file(image, rule[i]->file, rule[i]->line, out);
	}
	free(rule);
}

/* A clause that the language can not hold beside its successor is told in comments. */
struct clause {
	const struct af_image *image;
	const struct af_image_clause *row;
	const char *start; /* of each line: "" or "# " */
	FILE *out;
};

/* Only what stands in quotes is wrapped: a bare word at the start of a line may be a keyword. */
static void print_list(
	const struct clause *clause, const char *word, bool quoted, struct af_names *text)
{
	size_t column = VALUE_AT;

	if (text->count > 0)
		fprintf(clause->out, "%s    %-*s", clause->start, VALUE_AT - 4, word);
	for (size_t i = 0; i < text->count; i++) {
		bool wrapped = quoted && i > 0 && column + strlen(text->name[i]) + 5 > COLUMNS_MAX;

		if (wrapped)
			fprintf(clause->out, ",\n%s%*s", clause->start, VALUE_AT, "");
		else if (i > 0)
			fputs(", ", clause->out);
		column = wrapped ? VALUE_AT : column + 2;
		if (quoted)
			column += print_quoted(text->name[i], clause->out);
		else
			fputs(text->name[i], clause->out);
	}
	if (text->count > 0)
		fputs(";\n", clause->out);
	af_names_free(text);
}

/* Networks may stand in quotes too. */
static void print_patterns(const struct clause *clause)
{
	const struct af_image *image = clause->image;
	const struct af_image_member *member = af_image_members(image, &clause->row->members);
	const struct af_image_place *place = af_image_places(image, &clause->row->places);
	struct af_names who = {0}, where = {0};

	for (uint32_t i = 0; i < clause->row->members.count; i++)
		af_names_add(&who, af_print_member(image, &member[i]));
	print_list(clause, "identity", true, &who);
	for (uint32_t i = 0; i < clause->row->places.count; i++)
		af_names_add(&where, af_print_place(image, &place[i]));
	print_list(clause, "target", true, &where);
}

static void print_values(const struct clause *clause)
{
	const struct af_image *image = clause->image;
	const uint32_t *port = af_image_values(image, &clause->row->ports);
	const uint32_t *service = af_image_values(image, &clause->row->services);
	struct af_names ports = {0}, services = {0};

	for (uint32_t i = 0; i < clause->row->ports.count; i++)
		af_names_add(&ports, af_format("%" PRIu32, port[i]));
	print_list(clause, "port", false, &ports);
	for (uint32_t i = 0; i < clause->row->services.count; i++)
		af_names_add(&services, af_format("%s", af_image_string(image, service[i])));
	print_list(clause, "service", false, &services);
}

static void print_text(const struct clause *clause, const char *word, uint32_t text)
{
	if (!af_print_has_text(clause->image, text))
		return;
	fprintf(clause->out, "%s    %-*s", clause->start, VALUE_AT - 4, word);
	print_quoted(af_image_string(clause->image, text), clause->out);
	fputs(";\n", clause->out);
}

static void print_clause(const struct clause *clause)
{
	const struct af_image_clause *row = clause->row;
	char day[AFENCE_TIME_TEXT_MAX];

	fprintf(clause->out, "%s%s %s {", clause->start, clause_word[row->kind],
		af_print_tail(clause->image, row->name));
	print_file(clause->image, row->file, row->line, clause->out);
	print_patterns(clause);
	print_values(clause);
	print_text(clause, "reason", row->reason);
	print_text(clause, "owner", row->owner);
	print_text(clause, "ticket", row->ticket);
	if (row->expires != AFENCE_NEVER)
		fprintf(clause->out, "%s    %-*s%.10s;\n", clause->start, VALUE_AT - 4, "expires",
			af_print_time(row->expires, day));
	fprintf(clause->out, "%s}\n", clause->start);
}

static void print_clauses(const struct af_image *image, enum af_clause_kind kind, FILE *out)
{
	size_t count;
	const struct af_image_clause *row = af_image_clauses(image, &count);

	for (size_t i = 0; i < count; i++) {
		struct clause clause = {image, &row[i], "", out};

		if (row[i].kind != kind || row[i].life == AFENCE_LIFE_OVER)
			continue;
		fputc('\n', out);
		if (row[i].life == AFENCE_LIFE_TRIAL)
			fputs(life_comment, out);
		if (row[i].life == AFENCE_LIFE_REPLACED) {
			fputs("# in force until promoted:\n", out);
			clause.start = "# ";
		}
		print_clause(&clause);
	}
}

static void print_modules(const struct af_image *image, FILE *out)
{
	size_t count;
	const struct af_image_module *row = af_image_modules(image, &count);

	if (count > 0)
		fputc('\n', out);
	for (size_t i = 0; i < count; i++) {
		fputs("pam-module ", out);
		print_quoted(af_image_string(image, row[i].name), out);
		if (row[i].host == AFENCE_IMAGE_NONE) {
			fputs(" local", out);
		} else {
			fputs(" target ", out);
			print_quoted(af_image_string(image, row[i].host), out);
		}
		fputc(';', out);
		print_file(image, row[i].file, row[i].line, out);
	}
}

static void print_settings(const struct af_print *print, FILE *out)
{
	const struct af_image_settings *settings = af_image_settings(print->image);
	char text[AFENCE_ADDRESS_TEXT_MAX];
	struct af_address server;

	fprintf(out, "\nmode %s;\non-block %s;\nresolver { ", af_mode_string(af_print_mode(print)),
		af_word_on_block[settings->on_block]);
	memcpy(server.byte, settings->server, sizeof(server.byte));
	if (settings->has_server)
		fprintf(out, "server %s port %u; ", af_address_format(&server, text),
			settings->server_port);
	fprintf(out, "within %" PRIu32 "ms; }\nlog { identity %s; }\n", settings->within_ms,
		af_word_log[settings->log_identity]);
}

static void print_word(const char *keyword, const char *const *word, uint8_t value, FILE *out)
{
	if (value != AFENCE_UNSET)
		fprintf(out, "    %-8s %s;\n", keyword, word[value]);
}

static void print_services(const struct af_image *image, FILE *out)
{
	static const char *const mode_word[] = {[AFENCE_MODE_ENFORCE] = "enforce",
		[AFENCE_MODE_OBSERVE] = "observe",
		[AFENCE_MODE_OFF] = "off"};
	size_t count;
	const struct af_image_service *service = af_image_services(image, &count);

	for (size_t i = 0; i < count; i++) {
		fprintf(out, "\nservice %s {\n", af_image_string(image, service[i].name));
		print_word("mode", mode_word, service[i].mode, out);
		print_word("on-block", af_word_on_block, service[i].on_block, out);
		print_word("unknown", af_word_unknown, service[i].unknown, out);
		print_word("resolve", af_word_resolve, service[i].resolve, out);
		fputs("}\n", out);
	}
}

static void print_escaped(const char *text, FILE *out)
{
	char shown[PATH_MAX];

	fputs(af_escape(text, strlen(text), shown, sizeof(shown)), out);
}

static void print_origin(const struct af_print *print, FILE *out)
{
	const struct af_image_origin *origin = af_image_origin(print->image);

	if (origin == NULL)
		return;
	fputs("# Made active by \"policy ", out);
	print_escaped(origin->action, out);
	fputs("\" of ", out);
	print_escaped(origin->who, out);
	if (origin->base != 0)
		fprintf(out, ", with the rules of generation %" PRIu64, origin->base);
	fputs(".\n", out);
}

static void print_head(const struct af_print *print, FILE *out)
{
	const struct af_image_settings *settings = af_image_settings(print->image);
	char time[AFENCE_TIME_TEXT_MAX];

	fprintf(out, "# Generation %" PRIu64 ", created %s, from ",
		af_image_generation(print->image),
		af_print_time(af_image_created(print->image), time));
	print_escaped(print->source, out);
	fputs(".\n", out);
	print_origin(print, out);
	if (settings->mode_until > print->now)
		fprintf(out, "# Mode %s is temporary: until %s, then %s.\n",
			af_mode_string(settings->mode), af_print_time(settings->mode_until, time),
			af_mode_string(settings->mode_after));
	if (settings->on_trial)
		fputs("# Rules are on trial: they only observe until \"policy promote\".\n", out);
}

void af_print_policy(const struct af_print *print, FILE *out)
{
	if (print->image == NULL) {
		fputs("# There is no compiled policy: the built-in rules hold, and nothing else.\n"
		      "policy 1;\n",
			out);
		return;
	}
	print_head(print, out);
	fputs("policy 1;\n", out);
	print_settings(print, out);
	print_services(print->image, out);
	for (unsigned kind = 0; kind < AFENCE_RULE_KINDS; kind++)
		print_rules(print->image, kind, out);
	for (unsigned kind = 0; kind < AFENCE_CLAUSE_KINDS; kind++)
		print_clauses(print->image, kind, out);
	print_modules(print->image, out);
}
