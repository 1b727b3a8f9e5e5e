/* SPDX-License-Identifier: MIT */
/*
 * `authfence check --batch`: IDENTITY<TAB>TARGET[<TAB>SERVICE] lines in, one JSON object a line
 * out.  A line that cannot be read gets an object of its own, and the batch goes on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "af_hostport.h"
#include "output/json.h"

#define LINE_FIELDS 3
#define LINE_LIMIT  (1 << 20) /* bytes; a login longer than this is nobody's */

/* A field of a line, unescaped in place: it may hold any byte. */
struct field {
	char *text;
	size_t len;
};

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* One escape at TEXT, which points behind the backslash; returns its length or 0. */
static size_t unescape_one(const char *text, size_t len, char *out)
{
	static const char letters[] = "\\tnr0", bytes[] = "\\\t\n\r";
	const char *found = len > 0 && *text != '\0' ? strchr(letters, *text) : NULL;
	int high, low;

	if (found != NULL) {
		*out = bytes[found - letters];
		return 1;
	}
	if (len < 3 || *text != 'x')
		return 0;
	high = hex_digit(text[1]);
	low = hex_digit(text[2]);
	*out = (char)(high * 16 + low);
	return high < 0 || low < 0 ? 0 : 3;
}

static bool unescape(struct field *field)
{
	size_t used = 0;

	for (size_t i = 0; i < field->len; i++) {
		char byte = field->text[i];

		if (byte == '\\') {
			size_t taken = unescape_one(field->text + i + 1, field->len - i - 1, &byte);

			if (taken == 0)
				return false;
			i += taken;
		}
		field->text[used++] = byte;
	}
	field->text[used] = '\0';
	field->len = used;
	return true;
}

/* Splits LINE at its tabs; returns the number of fields, LINE_FIELDS + 1 if there are more. */
static size_t split(char *line, size_t len, struct field field[LINE_FIELDS])
{
	char *end = line + len;
	size_t count = 0;

	for (char *start = line;; count++) {
		char *tab = memchr(start, '\t', (size_t)(end - start));

		if (count == LINE_FIELDS)
			return LINE_FIELDS + 1;
		field[count].text = start;
		field[count].len = (size_t)((tab != NULL ? tab : end) - start);
		if (tab == NULL)
			return count + 1;
		start = tab + 1;
	}
}

/* What is wrong with a line, or NULL. */
static const char *read_fields(char *line, size_t len, struct field field[LINE_FIELDS],
	size_t *count, char **host, uint16_t *port)
{
	*count = len > LINE_LIMIT ? 0 : split(line, len, field);
	if (*count == 0)
		return "line too long, expected at most 1048576 bytes";
	if (*count < 2)
		return "no tab, expected IDENTITY<TAB>TARGET[<TAB>SERVICE]";
	if (*count > LINE_FIELDS)
		return "more than three fields, expected IDENTITY<TAB>TARGET[<TAB>SERVICE]";
	for (size_t i = 0; i < *count; i++)
		if (!unescape(&field[i]))
			return "unknown escape, expected \\\\ \\t \\n \\r \\0 or \\xHH";
	for (size_t i = 1; i < *count; i++)
		if (strlen(field[i].text) != field[i].len)
			return "NUL byte in the target or the service";
	return af_hostport_split(field[1].text, host, port);
}

static bool print_error(const char *wrong, unsigned long number)
{
	return af_json_print(json_pack("{s:s,s:I}", "error", wrong, "line", (json_int_t)number));
}

/* Answers one line; returns the exit status that it alone would have. */
static int answer(const struct af_check *check, char *line, size_t len, unsigned long number)
{
	struct field field[LINE_FIELDS];
	struct af_decision decision;
	struct af_request request;
	struct af_login login;
	char *host, *target = NULL;
	const char *wrong;
	uint16_t port;
	size_t count;
	bool written;

	wrong = read_fields(line, len, field, &count, &host, &port);
	if (wrong != NULL)
		return print_error(wrong, number) ? AFENCE_EXIT_USAGE : AFENCE_EXIT_UNFINISHED;
	login = (struct af_login){field[0].text, field[0].len, check->form};
	if (port > 0 && asprintf(&target, "%s:%u", host, (unsigned)port) < 0)
		return AFENCE_EXIT_UNFINISHED;
	af_check_ask(check, &login, NULL, host, port, count == 3 ? field[2].text : NULL, &request,
		&decision);
	written = af_json_print(
		af_json_decision(&request, &decision, target != NULL ? target : host));
	free(target);
	if (!written)
		return AFENCE_EXIT_UNFINISHED;
	return decision.verdict == AFENCE_BLOCK ? AFENCE_EXIT_FOUND : AFENCE_EXIT_CLEAN;
}

int af_check_batch(const struct af_check *check)
{
	unsigned long number = 0;
	int status = AFENCE_EXIT_CLEAN;
	size_t room = 0;
	char *line = NULL;
	ssize_t len;

	while ((len = getline(&line, &room, stdin)) >= 0) {
		int one;

		if (len > 0 && line[len - 1] == '\n')
			line[--len] = '\0';
		one = answer(check, line, (size_t)len, ++number);
		status = one > status ? one : status;
		if (one == AFENCE_EXIT_UNFINISHED)
			break;
	}
	if (ferror(stdin)) {
		af_usage_error("check", "standard input: %s", strerror(errno));
		status = AFENCE_EXIT_UNFINISHED;
	}
	free(line);
	return status;
}
