/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OPTIONS_MAX 16
#define FIRST_CODE  256 /* of getopt_long(), above all letters */

#define CLOCK_MAX INT64_C(253402300799) /* the end of 9999, the last year that is printed */

/* All options of a sub-verb, in the order of their codes. */
struct table {
	const char *verb;
	struct af_policy_option row[OPTIONS_MAX];
	bool seen[OPTIONS_MAX];
	size_t count;
};

static void add_options(struct table *table, const struct af_policy_option *row)
{
	for (; row != NULL && row->name != NULL && table->count < OPTIONS_MAX; row++) {
		table->row[table->count++] = *row;
		if (row->value != NULL)
			*row->value = NULL;
		if (row->given != NULL)
			*row->given = false;
	}
}

/* In getopt's words: a code above all letters leads back to the row. */
static void describe(const struct table *table, struct option *option, char *letters)
{
	*letters++ = ':';
	for (size_t i = 0; i < table->count; i++) {
		const struct af_policy_option *row = &table->row[i];

		option[i] = (struct option){row->name,
			row->value != NULL ? required_argument : no_argument, NULL,
			FIRST_CODE + (int)i};
		if (row->letter != 0)
			*letters++ = (char)row->letter;
		if (row->letter != 0 && row->value != NULL)
			*letters++ = ':';
	}
	option[table->count] = (struct option){0};
	*letters = '\0';
}

static size_t index_of(const struct table *table, int code)
{
	size_t i = 0;

	if (code >= FIRST_CODE)
		return (size_t)(code - FIRST_CODE);
	while (i < table->count && table->row[i].letter != code)
		i++;
	return i;
}

static bool take(struct table *table, int code, char **argv)
{
	size_t i = index_of(table, code);

	if (i >= table->count) {
		af_usage_option(table->verb, code, argv);
		return false;
	}
	if (table->seen[i]) {
		af_usage_error(
			table->verb, "--%s stands twice, expected it once", table->row[i].name);
		return false;
	}
	table->seen[i] = true;
	if (table->row[i].value != NULL)
		*table->row[i].value = optarg;
	if (table->row[i].given != NULL)
		*table->row[i].given = true;
	return true;
}

/* The day of a reproducible build is not that of its clock. */
static bool read_clock(const char *verb, int64_t *out)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;

	if (text == NULL || *text == '\0') {
		*out = time(NULL);
		return true;
	}
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno == 0 && *end == '\0' && *text >= '0' && *text <= '9' && *out <= CLOCK_MAX)
		return true;
	af_usage_error(verb,
		"SOURCE_DATE_EPOCH is \"%s\", expected seconds from 1970 to the year 9999", text);
	return false;
}

static bool read_format(const char *verb, const char *word, enum af_format *out)
{
	static const char *const formats[] = {
		[AFENCE_FORMAT_TEXT] = "text", [AFENCE_FORMAT_JSON] = "json"};
	int index = AFENCE_FORMAT_TEXT;

	if (word != NULL && !af_argument_choice(verb, "format", word, formats,
				    sizeof(formats) / sizeof(formats[0]), &index))
		return false;
	*out = (enum af_format)index;
	return true;
}

static bool open_root(const char *verb, const char *path, struct af_root *out)
{
	if (af_root_open(path != NULL ? path : "/", out))
		return true;
	af_usage_error(
		verb, "--root: cannot open \"%s\": %s, expected a folder", path, strerror(errno));
	return false;
}

static bool read_options(int argc, char **argv, struct table *table)
{
	struct option option[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 2];
	int code;

	describe(table, option, letters);
	optind = 0;
	while ((code = getopt_long(argc, argv, letters, option, NULL)) != -1)
		if (!take(table, code, argv))
			return false;
	return true;
}

bool af_request_read(int argc, char **argv, const struct af_policy_usage *usage,
	struct af_policy_request *out, int *status)
{
	const char *root, *format;
	bool help;
	const struct af_policy_option shared[] = {
		{"root", &root, NULL, 0},
		{"format", &format, NULL, 0},
		{"help", NULL, &help, 'h'},
		{NULL, NULL, NULL, 0},
	};
	struct table table = {.verb = usage->verb};

	*out = (struct af_policy_request){.verb = usage->verb};
	*status = AFENCE_EXIT_USAGE;
	add_options(&table, shared);
	add_options(&table, usage->option);
	if (!read_options(argc, argv, &table))
		return false;
	if (help) {
		fputs(usage->help, stdout);
		*status = AFENCE_EXIT_CLEAN;
		return false;
	}
	out->path = argv + optind;
	out->count = (size_t)(argc - optind);
	return read_format(usage->verb, format, &out->format) &&
	       read_clock(usage->verb, &out->now) && open_root(usage->verb, root, &out->root);
}

void af_request_close(struct af_policy_request *request)
{
	af_root_close(&request->root);
}
