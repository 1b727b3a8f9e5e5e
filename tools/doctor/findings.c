/* SPDX-License-Identifier: MIT */
/* The list of findings, and how people and programs get to see it. */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../output/json.h"
#include "../output/text.h"
#include "../memory.h"
#include "af_report.h"

static const struct {
	const char *word;   /* in JSON */
	const char *shown;  /* to people */
	const char *colour; /* of that on a terminal */
} results[AFENCE_RESULTS] = {
	[AFENCE_RESULT_OK] = {"ok", "ok", "\033[1;32m"},
	[AFENCE_RESULT_WARNING] = {"warning", "warning", "\033[1;33m"},
	[AFENCE_RESULT_FAILED] = {"failed", "FAILED", "\033[1;31m"},
	[AFENCE_RESULT_SKIPPED] = {"skipped", "skipped", "\033[2m"},
};

bool af_doctor_is_live(const struct af_doctor *doctor)
{
	return *doctor->root.prefix == '\0';
}

const char *af_doctor_root_option(struct af_doctor *doctor)
{
	if (doctor->root_option == NULL)
		doctor->root_option = af_doctor_is_live(doctor)
					      ? af_format("%s", "")
					      : af_format(" --root %s", doctor->root.prefix);
	return doctor->root_option;
}

void af_doctor_find(struct af_doctor *doctor, enum af_result result, const char *format, ...)
{
	bool is_trouble = result == AFENCE_RESULT_FAILED || result == AFENCE_RESULT_WARNING;
	struct af_finding *finding;
	va_list arguments;

	doctor->finding =
		af_grow(doctor->finding, doctor->count, 1, &doctor->room, sizeof(*doctor->finding));
	finding = &doctor->finding[doctor->count++];
	finding->check = doctor->check->name;
	finding->result = result;
	finding->remedy = is_trouble ? af_format("%s", doctor->check->remedy) : NULL;
	va_start(arguments, format);
	finding->detail = af_format_list(format, arguments);
	va_end(arguments);
}

void af_doctor_remedy(struct af_doctor *doctor, const char *format, ...)
{
	struct af_finding *finding = &doctor->finding[doctor->count - 1];
	va_list arguments;

	free(finding->remedy);
	va_start(arguments, format);
	finding->remedy = af_format_list(format, arguments);
	va_end(arguments);
}

void af_doctor_give_up(struct af_doctor *doctor, const char *path, const char *reason)
{
	doctor->unfinished = true;
	af_doctor_find(doctor, AFENCE_RESULT_FAILED, "%s%s cannot be looked at: %s",
		doctor->root.prefix, path, reason);
	af_doctor_remedy(doctor, "run authfence doctor as root");
}

size_t af_doctor_count(const struct af_doctor *doctor, enum af_result result)
{
	size_t count = 0;

	for (size_t i = 0; i < doctor->count; i++)
		count += doctor->finding[i].result == result;
	return count;
}

bool af_doctor_in_force(const struct af_doctor *doctor)
{
	return af_doctor_count(doctor, AFENCE_RESULT_FAILED) == 0 && !doctor->unfinished &&
	       (doctor->sasl_guarded || doctor->pam_guarded);
}

void af_doctor_guard(struct af_doctor *doctor)
{
	if (!doctor->sasl_guarded && !doctor->pam_guarded &&
		af_doctor_count(doctor, AFENCE_RESULT_FAILED) == 0)
		af_doctor_find(doctor, AFENCE_RESULT_FAILED,
			"nothing is guarded: there is neither a libsasl2 nor a PAM service that "
			"has the module");
}

/* Names of files and words of theirs stand in it: no byte may steer the terminal.  Quotes, which
 * cannot, stay as they are to be copied. */
static void print_escaped(const char *text)
{
	size_t room = 4 * strlen(text) + 8;
	char *escaped = af_new(room, 1);

	for (const char *p = af_escape(text, strlen(text), escaped, room); *p != '\0'; p++) {
		if (*p == '\\' && *++p != '"')
			putchar('\\');
		putchar(*p);
	}
	putchar('\n');
	free(escaped);
}

static void print_finding(const struct af_finding *finding)
{
	bool coloured = af_text_is_coloured();

	printf("%s%-7s%s  %-14s  ", coloured ? results[finding->result].colour : "",
		results[finding->result].shown, coloured ? "\033[0m" : "", finding->check);
	print_escaped(finding->detail);
	if (finding->remedy == NULL)
		return;
	printf("%-7s  %-14s  remedy: ", "", "");
	print_escaped(finding->remedy);
}

static void print_text(const struct af_doctor *doctor)
{
	bool in_force = af_doctor_in_force(doctor), coloured = af_text_is_coloured();
	enum af_result shown = in_force ? AFENCE_RESULT_OK : AFENCE_RESULT_FAILED;
	size_t warnings = af_doctor_count(doctor, AFENCE_RESULT_WARNING);

	for (size_t i = 0; i < doctor->count; i++)
		print_finding(&doctor->finding[i]);
	printf("\n%sauthfence is %s%s: %zu ok, %zu failed, %zu warning%s, %zu skipped%s\n",
		coloured ? results[shown].colour : "", in_force ? "in force" : "NOT in force",
		coloured ? "\033[0m" : "", af_doctor_count(doctor, AFENCE_RESULT_OK),
		af_doctor_count(doctor, AFENCE_RESULT_FAILED), warnings, warnings == 1 ? "" : "s",
		af_doctor_count(doctor, AFENCE_RESULT_SKIPPED),
		doctor->unfinished ? "; not everything could be looked at" : "");
}

static json_t *make_text(const char *text)
{
	return text != NULL ? af_json_text(text, strlen(text)) : json_null();
}

static bool print_json(const struct af_doctor *doctor)
{
	json_t *list = json_array();

	for (size_t i = 0; i < doctor->count; i++) {
		const struct af_finding *finding = &doctor->finding[i];

		json_array_append_new(list,
			json_pack("{s:s,s:s,s:o,s:o}", "name", finding->check, "result",
				results[finding->result].word, "detail", make_text(finding->detail),
				"remedy", make_text(finding->remedy)));
	}
	return af_json_print(json_pack("{s:o,s:{s:b,s:b,s:I,s:I,s:I,s:I,s:I}}", "checks", list,
		"summary", "in_force", af_doctor_in_force(doctor), "finished", !doctor->unfinished,
		"checks", (json_int_t)doctor->count, "ok",
		(json_int_t)af_doctor_count(doctor, AFENCE_RESULT_OK), "failed",
		(json_int_t)af_doctor_count(doctor, AFENCE_RESULT_FAILED), "warnings",
		(json_int_t)af_doctor_count(doctor, AFENCE_RESULT_WARNING), "skipped",
		(json_int_t)af_doctor_count(doctor, AFENCE_RESULT_SKIPPED)));
}

bool af_doctor_print(const struct af_doctor *doctor, enum af_format format)
{
	if (format == AFENCE_FORMAT_JSON)
		return print_json(doctor);
	print_text(doctor);
	return true;
}

void af_doctor_run(struct af_doctor *doctor, const struct af_doctor_check *check)
{
	doctor->check = check;
	check->run(doctor);
}

void af_doctor_free(struct af_doctor *doctor)
{
	for (size_t i = 0; i < doctor->count; i++) {
		free(doctor->finding[i].detail);
		free(doctor->finding[i].remedy);
	}
	free(doctor->finding);
	free(doctor->root_option);
	af_libraries_free(&doctor->sasl);
	af_policy_free(doctor->policy);
	af_root_close(&doctor->root);
	memset(doctor, 0, sizeof(*doctor));
}
