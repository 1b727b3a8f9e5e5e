/* SPDX-License-Identifier: MIT */
/*
 * authfence policy diff: what making the sources active would change.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../output/json.h"
#include "../output/text.h"
#include "af_report.h"
#include "build.h"
#include "expect.h"
#include "facts.h"
#include "store.h"
#include "verbs.h"

#define DIFF        "policy diff"
#define VALUE_SHOWN 400

static const char diff_help[] =
	"usage: authfence policy diff [OPTION...] [SOURCE...]\n\n"
	"Tells what making the sources active would change: settings, rules and clauses, and the\n"
	"expect cases of the sources that the active policy judges otherwise.  A SOURCE is a policy\n"
	"file, or a folder whose *.policy files are taken; without any, those of\n" AFENCE_FOLDER_VENDOR
	" and " AFENCE_FOLDER_SITE " are.\n\n"
	"  --from GENERATION  compare with this one of the history, not with the active one\n"
	"  --root DIR         look for the policy and the two folders below DIR\n"
	"  --format FORMAT    text (default) or json\n"
	"  -h, --help         this text\n\n"
	"exit status: 0 no difference, 1 differences, 2 bad arguments or policy, 3 could not read\n";

/* Facts of one rule, clause or setting: LEFT are the active policy's, RIGHT the sources'. */
struct change {
	const struct af_fact *left, *right;
	size_t left_count, right_count;
};

struct diff {
	const struct af_policy_request *request;
	const struct af_build *build;
	const struct af_policy *active;
	json_t *changes, *cases;
	size_t found;
};

enum sign { SIGN_REMOVED, SIGN_ADDED, SIGN_CHANGED, SIGN_CASE };

static const struct {
	const char *mark, *word, *colour;
} signs[] = {
	[SIGN_REMOVED] = {"-", "removed", "\033[31m"},
	[SIGN_ADDED] = {"+", "added", "\033[32m"},
	[SIGN_CHANGED] = {"~", "changed", "\033[33m"},
	[SIGN_CASE] = {"!", "expect", "\033[1;33m"},
};

static void print_sign(enum sign sign, const char *indent)
{
	bool coloured = af_text_is_coloured();

	printf("%s%s%s%s ", indent, coloured ? signs[sign].colour : "", signs[sign].mark,
		coloured ? "\033[0m" : "");
}

static void print_text(const char *text)
{
	char shown[VALUE_SHOWN];

	fputs(af_escape(text, strlen(text), shown, sizeof(shown)), stdout);
}

static bool is_text(const struct diff *diff)
{
	return diff->request->format == AFENCE_FORMAT_TEXT;
}

/* One field with its old and new value, either of which may be NULL. */
static void tell_field(const struct diff *diff, json_t *fields, const char *field, const char *old,
	const char *new)
{
	enum sign sign = old == NULL ? SIGN_ADDED : new == NULL ? SIGN_REMOVED : SIGN_CHANGED;

	if (!is_text(diff)) {
		json_array_append_new(fields,
			json_pack("{s:s,s:o,s:o}", "field", field, "old",
				old != NULL ? af_json_text(old, strlen(old)) : json_null(), "new",
				new != NULL ? af_json_text(new, strlen(new)) : json_null()));
		return;
	}
	if (strcmp(field, AFENCE_FACT_VALUE) != 0) {
		print_sign(sign, "\n    ");
		fputs(field, stdout);
	}
	fputs(": ", stdout);
	if (old != NULL)
		print_text(old);
	if (sign == SIGN_CHANGED)
		fputs(" -> ", stdout);
	if (new != NULL)
		print_text(new);
}

/* How many of FACT from the first on have its field. */
static size_t run_of(const struct af_fact *fact, size_t count)
{
	size_t run = 0;

	while (run < count && strcmp(fact[run].field, fact[0].field) == 0)
		run++;
	return run;
}

/* Facts of one field, sorted by value; a single value that became another one is one line. */
static void tell_values(const struct diff *diff, json_t *fields, const struct change *field)
{
	size_t l = 0, r = 0;
	const char *name = field->left_count > 0 ? field->left->field : field->right->field;

	if (field->left_count == 1 && field->right_count == 1) {
		if (strcmp(field->left->value, field->right->value) != 0)
			tell_field(diff, fields, name, field->left->value, field->right->value);
		return;
	}
	while (l < field->left_count || r < field->right_count) {
		int order = l == field->left_count ? 1
			    : r == field->right_count
				    ? -1
				    : strcmp(field->left[l].value, field->right[r].value);

		if (order < 0)
			tell_field(diff, fields, name, field->left[l].value, NULL);
		if (order > 0)
			tell_field(diff, fields, name, NULL, field->right[r].value);
		l += order <= 0;
		r += order >= 0;
	}
}

static void tell_fields(const struct diff *diff, json_t *fields, struct change rest)
{
	while (rest.left_count > 0 || rest.right_count > 0) {
		int order = rest.left_count == 0    ? 1
			    : rest.right_count == 0 ? -1
						    : strcmp(rest.left->field, rest.right->field);
		struct change field = rest;

		field.left_count = order <= 0 ? run_of(rest.left, rest.left_count) : 0;
		field.right_count = order >= 0 ? run_of(rest.right, rest.right_count) : 0;
		tell_values(diff, fields, &field);
		rest.left += field.left_count;
		rest.left_count -= field.left_count;
		rest.right += field.right_count;
		rest.right_count -= field.right_count;
	}
}

static bool is_same(const struct change *change)
{
	if (change->left_count != change->right_count)
		return false;
	for (size_t i = 0; i < change->left_count; i++)
		if (strcmp(change->left[i].field, change->right[i].field) != 0 ||
			strcmp(change->left[i].value, change->right[i].value) != 0)
			return false;
	return true;
}

/* A rule that came or went has nothing to tell but its name. */
static bool is_plain(const struct change *change)
{
	const struct af_fact *only = change->left_count > 0 ? change->left : change->right;

	return change->left_count + change->right_count == 1 && strcmp(only->value, "holds") == 0;
}

static void tell_change(struct diff *diff, const struct change *change)
{
	enum sign sign = change->left_count == 0    ? SIGN_ADDED
			 : change->right_count == 0 ? SIGN_REMOVED
						    : SIGN_CHANGED;
	const char *what = change->left_count > 0 ? change->left->what : change->right->what;
	json_t *fields;

	if (is_same(change))
		return;
	diff->found++;
	fields = is_text(diff) ? NULL : json_array();
	if (!is_text(diff))
		json_array_append_new(diff->changes,
			json_pack("{s:o,s:s,s:O}", "what", af_json_text(what, strlen(what)),
				"change", signs[sign].word, "fields", fields));
	else {
		print_sign(sign, "");
		print_text(what);
	}
	if (!is_plain(change))
		tell_fields(diff, fields, *change);
	if (is_text(diff))
		fputc('\n', stdout);
	json_decref(fields);
}

/* How many of FACT from the first on speak of the same. */
static size_t block_of(const struct af_fact *fact, size_t count)
{
	size_t block = 0;

	while (block < count && strcmp(fact[block].what, fact[0].what) == 0)
		block++;
	return block;
}

static void compare_facts(
	struct diff *diff, const struct af_facts *left, const struct af_facts *right)
{
	size_t l = 0, r = 0;

	while (l < left->count || r < right->count) {
		int order = l == left->count    ? 1
			    : r == right->count ? -1
						: strcmp(left->fact[l].what, right->fact[r].what);
		struct change change = {&left->fact[l], &right->fact[r],
			order <= 0 ? block_of(&left->fact[l], left->count - l) : 0,
			order >= 0 ? block_of(&right->fact[r], right->count - r) : 0};

		tell_change(diff, &change);
		l += change.left_count;
		r += change.right_count;
	}
}

static void tell_verdict(const struct af_decision *decision)
{
	printf("%s (%s", af_verdict_string(decision->verdict), af_reason_string(decision->reason));
	if (decision->rule.name != NULL) {
		fputs(", rule ", stdout);
		print_text(decision->rule.name);
	}
	fputc(')', stdout);
}

static json_t *json_verdict(const struct af_decision *decision)
{
	const char *rule = decision->rule.name;

	return json_pack("{s:s,s:s,s:o}", "verdict", af_verdict_string(decision->verdict), "reason",
		af_reason_string(decision->reason), "rule",
		rule != NULL ? af_json_text(rule, strlen(rule)) : json_null());
}

static void tell_case(struct diff *diff, const struct af_expect_row *row,
	const struct af_decision *old, const struct af_decision *new)
{
	char text[AFENCE_EXPECT_MAX];
	const char *path = row->at.source->path;

	diff->found++;
	af_expect_format(&diff->build->rules, row, text);
	if (!is_text(diff)) {
		json_array_append_new(diff->cases,
			json_pack("{s:o,s:o,s:i,s:o,s:o}", "case", af_json_text(text, strlen(text)),
				"file", af_json_text(path, strlen(path)), "line", (int)row->at.line,
				"old", json_verdict(old), "new", json_verdict(new)));
		return;
	}
	print_sign(SIGN_CASE, "");
	printf("%s: ", text);
	tell_verdict(old);
	fputs(" -> ", stdout);
	tell_verdict(new);
	fputc('\n', stdout);
}

static void compare_cases(struct diff *diff, const struct af_policy *new)
{
	const struct af_rules *rules = &diff->build->rules;
	struct af_decision before, after;
	struct af_request first, second;

	for (size_t i = 0; i < rules->expect.count; i++) {
		const struct af_expect_row *row = &rules->expect.row[i];

		af_expect_ask(rules, row, diff->active, rules->now, &first, &before);
		af_expect_ask(rules, row, new, rules->now, &second, &after);
		if ((before.verdict == AFENCE_BLOCK) != (after.verdict == AFENCE_BLOCK))
			tell_case(diff, row, &before, &after);
	}
}

static int finish(const struct diff *diff)
{
	uint64_t generation = af_policy_generation(diff->active);
	json_t *object;

	if (is_text(diff)) {
		if (diff->found == 0)
			printf("no difference from generation %" PRIu64 "\n", generation);
	} else {
		object = af_build_json(diff->build);
		json_object_set_new(object, "from", json_integer((json_int_t)generation));
		json_object_set_new(object, "changes", diff->changes);
		json_object_set_new(object, "expect", diff->cases);
		af_json_print(object);
	}
	return diff->found > 0 ? AFENCE_EXIT_FOUND : AFENCE_EXIT_CLEAN;
}

static int compare_images(const struct af_policy_request *request, const struct af_build *build,
	const struct af_policy *active, const struct af_policy *new)
{
	bool json = request->format == AFENCE_FORMAT_JSON;
	struct diff diff = {.request = request,
		.build = build,
		.active = active,
		.changes = json ? json_array() : NULL,
		.cases = json ? json_array() : NULL};
	struct af_facts left, right;

	af_facts_collect(af_policy_image(active), request->now, &left);
	af_facts_collect(af_policy_image(new), request->now, &right);
	compare_facts(&diff, &left, &right);
	compare_cases(&diff, new);
	af_facts_free(&left);
	af_facts_free(&right);
	return finish(&diff);
}

/* STORED empty: nothing is active, so the built-in policy is in force. */
static int compare(const struct af_policy_request *request, const struct af_build *build,
	const struct af_stored *stored)
{
	struct af_policy *active = NULL, *new = NULL;
	int result = AFENCE_EXIT_UNFINISHED;
	enum af_status status = AFENCE_OK;

	if (stored->bytes != NULL)
		status = af_policy_borrow("active", stored->bytes, stored->length, &active);
	if (status == AFENCE_OK)
		status = af_policy_borrow("new", build->image.bytes, build->image.length, &new);
	if (status == AFENCE_OK)
		result = compare_images(
			request, build, active != NULL ? active : af_policy_builtin(), new);
	else
		af_usage_error(DIFF, "cannot compare: %s", af_strerror(status));
	af_policy_free(active);
	af_policy_free(new);
	return result;
}

/* FROM NULL: the active image, which need not be there. */
static int load(const struct af_policy_request *request, const char *from, struct af_stored *out)
{
	uint64_t generation = AFENCE_GENERATION_ACTIVE;
	enum af_status status;
	struct af_store *store;
	char *end;

	if (from != NULL) {
		errno = 0;
		generation = strtoull(from, &end, 10);
		if (errno != 0 || *end != '\0' || *from < '1' || *from > '9') {
			af_usage_error(
				DIFF, "--from: \"%s\" is no generation, expected a number", from);
			return AFENCE_EXIT_USAGE;
		}
	}
	if (!af_store_open(DIFF, &request->root, &store))
		return AFENCE_EXIT_UNFINISHED;
	status = af_store_load(store, generation, out);
	af_store_close(store);
	if (status == AFENCE_OK || (status == AFENCE_ERR_ABSENT && from == NULL))
		return AFENCE_EXIT_CLEAN;
	af_usage_error(DIFF, "cannot use %s%s: %s", from != NULL ? "generation " : "",
		from != NULL ? from : "the active policy",
		status == AFENCE_ERR_SYSTEM ? strerror(errno) : af_strerror(status));
	return status == AFENCE_ERR_ABSENT ? AFENCE_EXIT_USAGE : AFENCE_EXIT_UNFINISHED;
}

int af_policy_diff(int argc, char **argv)
{
	const char *from;
	const struct af_policy_option options[] = {{"from", &from, NULL, 0}, {NULL, NULL, NULL, 0}};
	const struct af_policy_usage usage = {DIFF, diff_help, options};
	const struct af_stamp stamp = {.generation = 1};
	struct af_policy_request request;
	struct af_stored stored = {0};
	struct af_build build;
	int result;

	if (!af_request_read(argc, argv, &usage, &request, &result))
		return result;
	af_build_read(&request, &build);
	result = load(&request, from, &stored);
	if (result == AFENCE_EXIT_CLEAN)
		result = af_build_finish(&request, &stamp, "", &build);
	if (result == AFENCE_EXIT_CLEAN)
		result = compare(&request, &build, &stored);
	af_build_free(&build);
	af_stored_free(&stored);
	af_request_close(&request);
	return result;
}
