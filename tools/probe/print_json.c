/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <string.h>

#include "../output/clause.h"
#include "../output/json.h"
#include "mechanisms.h"

static json_t *json_text(const char *text)
{
	return af_json_text(text, strlen(text));
}

static json_t *json_hosts(const struct af_names *hosts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < hosts->count; i++)
		if (json_array_append_new(list, json_text(hosts->name[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *json_check(const struct af_probe_run *run, const struct af_probe_check *check)
{
	bool finding = check->result == AFENCE_PROBE_FINDING;
	json_t *object = json_pack("{s:o,s:s,s:o,s:s,s:s?,s:o,s:o,s:I}", "domain",
		json_text(check->domain), "service", check->name, "question",
		json_text(check->question), "result", af_probe_result_string(check->result),
		"level", finding ? af_probe_level_string(check->level) : NULL, "hosts",
		json_hosts(&check->hosts), "detail", json_text(check->detail), "ms",
		(json_int_t)check->ms);

	if (object != NULL && check->role == AFENCE_ROLE_NEGATIVE)
		json_object_set_new(object, "control", json_string("negative"));
	if (object != NULL && run->compared && finding)
		json_object_set_new(object, "change",
			json_string(check->change == AFENCE_CHANGE_NEW ? "new" : "known"));
	return object;
}

static json_t *json_control(const struct af_probe_check *check)
{
	return json_pack("{s:s,s:o,s:o,s:b,s:o,s:I}", "service",
		af_probe_service_string(check->mechanism->service), "domain",
		json_text(check->domain), "question", json_text(check->question), "answered",
		check->answered, "detail", json_text(check->detail), "ms", (json_int_t)check->ms);
}

static json_int_t count_level(const struct af_probe_run *run, enum af_probe_level level)
{
	json_int_t count = 0;

	for (size_t i = 0; i < run->count; i++)
		count += run->check[i].role != AFENCE_ROLE_POSITIVE &&
			 run->check[i].result == AFENCE_PROBE_FINDING &&
			 run->check[i].level == level;
	return count;
}

static json_t *json_summary(const struct af_probe_run *run)
{
	size_t honest = af_probe_count(run, AFENCE_PROBE_HONEST);
	size_t findings = af_probe_count(run, AFENCE_PROBE_FINDING);
	size_t inconclusive = af_probe_count(run, AFENCE_PROBE_INCONCLUSIVE);
	size_t checks = honest + findings + inconclusive;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "checks", (json_int_t)checks,
		"findings", (json_int_t)findings, "inconclusive", (json_int_t)inconclusive,
		"left_out", (json_int_t)run->left_out, "F1", count_level(run, AFENCE_LEVEL_F1),
		"F2", count_level(run, AFENCE_LEVEL_F2), "F3", count_level(run, AFENCE_LEVEL_F3),
		"ms", (json_int_t)run->ms);
}

static json_t *json_started(const struct af_probe_run *run)
{
	char text[AFENCE_TIME_MAX];

	return json_string(af_format_time(run->started, text));
}

/* The lists of checks and of controls. */
static bool fill_lists(const struct af_probe_run *run, json_t *checks, json_t *controls)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct af_probe_check *check = &run->check[i];
		int failed = check->role == AFENCE_ROLE_POSITIVE
				     ? json_array_append_new(controls, json_control(check))
				     : json_array_append_new(checks, json_check(run, check));

		if (failed != 0)
			return false;
	}
	return true;
}

bool af_probe_print_json(const struct af_probe_run *run)
{
	json_t *checks = json_array(), *controls = json_array();
	bool filled = fill_lists(run, checks, controls);
	json_t *object = json_pack("{s:o,s:o}", "checks", checks, "controls", controls);

	if (object != NULL && run->compared)
		filled &= json_object_set_new(object, "gone", json_hosts(&run->gone)) == 0;
	if (object != NULL)
		filled &= json_object_set_new(object, "started", json_started(run)) == 0 &&
			  json_object_set_new(object, "summary", json_summary(run)) == 0;
	if (!filled) {
		json_decref(object);
		return false;
	}
	return af_json_print(object) && fflush(stdout) == 0;
}

/* One line; takes the reference. */
static bool print_line(const char *type, json_t *object)
{
	json_t *line = json_pack("{s:s}", "type", type);

	if (line == NULL || object == NULL || json_object_update(line, object) != 0) {
		json_decref(line);
		line = NULL;
	}
	json_decref(object);
	return af_json_print(line);
}

static bool print_all(const struct af_probe_run *run)
{
	bool done = true;

	for (size_t i = 0; i < run->count && done; i++)
		done = run->check[i].role == AFENCE_ROLE_POSITIVE
			       ? print_line("control", json_control(&run->check[i]))
			       : print_line("check", json_check(run, &run->check[i]));
	for (size_t i = 0; i < run->gone.count && done && run->compared; i++)
		done = print_line(
			"gone", json_pack("{s:o}", "finding", json_text(run->gone.name[i])));
	return done;
}

bool af_probe_print_lines(const struct af_probe_run *run)
{
	json_t *summary;

	if (!print_all(run))
		return false;
	summary = json_summary(run);
	if (summary != NULL)
		json_object_set_new(summary, "started", json_started(run));
	return print_line("summary", summary) && fflush(stdout) == 0;
}
