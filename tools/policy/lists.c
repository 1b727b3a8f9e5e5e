/* SPDX-License-Identifier: MIT */
/*
 * `reserve file "names.txt";`: a domain a line, blanks and comments left out.  A list may be long,
 * so what is wrong with it is told of its first lines only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "af_utf8.h"
#include "check.h"
#include "reading.h"

#define COMPLAINTS_MAX 20 /* of one list */
#define BOM            "\xef\xbb\xbf"

struct list {
	struct af_rules *rules;
	const struct af_source *source;
	size_t bad;           /* lines */
	struct af_place more; /* the first of them that is not told of */
};

/* NAME, below the folder of the policy file at POLICY unless it is absolute; the caller's. */
static char *join(const char *policy, const char *name)
{
	const char *slash = *name != '/' ? strrchr(policy, '/') : NULL;
	size_t folder = slash != NULL ? (size_t)(slash - policy) + 1 : 0;
	char *path = af_new(folder + strlen(name) + 1, 1);

	memcpy(path, policy, folder);
	strcpy(path + folder, name);
	return path;
}

static void complain_unread(
	const struct af_reading *reading, const struct af_token *token, enum af_status status)
{
	int error = errno;

	if (status == AFENCE_ERR_LIMIT)
		af_diagnose(reading->rules->diagnostics, AFENCE_ERROR, &token->at,
			"seen more than %u MiB in the file, expected a list of domains",
			AFENCE_SOURCE_MAX >> 20);
	else
		af_diagnose(reading->rules->diagnostics, AFENCE_ERROR, &token->at,
			"the file cannot be read: %s, expected a list of domains",
			status == AFENCE_ERR_SYSTEM ? strerror(error) : af_strerror(status));
}

/* What the rules own from here on; NULL: reported. */
static const struct af_source *load(
	const struct af_reading *reading, const struct af_token *token, const char *name)
{
	struct af_rules *rules = reading->rules;
	struct af_source *source = af_new(1, sizeof(*source));
	char *path = join(token->at.source->path + token->at.source->root, name);
	enum af_status status = rules->load != NULL ? rules->load(rules->load_context, path, source)
						    : af_source_load(path, source);

	if (status != AFENCE_OK)
		complain_unread(reading, token, status);
	free(path);
	source->layer = token->at.source->layer;
	source->from = token->at;
	*AFENCE_PUSH(&rules->list) = source;
	return status == AFENCE_OK ? source : NULL;
}

/* The first byte of a line that is no text, or its length. */
static size_t find_no_text(const char *text, size_t len)
{
	size_t i = 0, step;

	while (i < len) {
		step = (text[i] >= ' ' && text[i] <= '~') || text[i] == '\t'
			       ? 1
			       : af_utf8_printable(text + i, len - i);
		if (step == 0)
			return i;
		i += step;
	}
	return i;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* From the first to the last byte that is neither a blank nor in a comment. */
static struct af_token trim(struct af_place place, const char *text, size_t len)
{
	const char *comment = memchr(text, '#', len);
	size_t start = 0, end = comment != NULL ? (size_t)(comment - text) : len;

	while (start < end && is_blank(text[start]))
		start++;
	while (end > start && is_blank(text[end - 1]))
		end--;
	place.start += (uint32_t)start;
	place.column += (uint32_t)start;
	return (struct af_token){AFENCE_TOKEN_WORD, (uint32_t)(end - start), place};
}

/* False: the line is wrong. */
static bool read_line(const struct list *list, const struct af_place *place, size_t len,
	struct af_diagnostics *diagnostics)
{
	const char *text = list->source->text + place->start;
	struct af_token token = {AFENCE_TOKEN_WORD, 1, *place};
	struct af_pattern pattern;
	size_t no_text = find_no_text(text, len);
	char shown[AFENCE_SHOWN_MAX];

	if (no_text < len) {
		token.at.start += (uint32_t)no_text;
		token.at.column += (uint32_t)no_text;
		if (diagnostics != NULL)
			af_diagnose(diagnostics, AFENCE_ERROR, &token.at,
				"seen %s, expected UTF-8 text without control characters",
				af_token_show(&token, shown));
		return false;
	}
	token = trim(*place, text, len);
	if (token.length == 0)
		return true;
	if (!af_read_listed(diagnostics, &token, &pattern))
		return false;
	af_rules_add(list->rules, &pattern, &token.at);
	return true;
}

static void take_line(struct list *list, const struct af_place *place, size_t len)
{
	struct af_diagnostics *diagnostics =
		list->bad < COMPLAINTS_MAX ? list->rules->diagnostics : NULL;

	if (read_line(list, place, len, diagnostics))
		return;
	if (list->bad++ == COMPLAINTS_MAX)
		list->more = *place;
}

static void read_lines(struct list *list)
{
	const struct af_source *source = list->source;
	struct af_place place = {.source = source, .line = 1, .column = 1};

	if (strncmp(source->text, BOM, strlen(BOM)) == 0)
		memset(source->text, ' ', strlen(BOM));
	while (place.start < source->length) {
		const char *text = source->text + place.start;
		const char *end = memchr(text, '\n', source->length - place.start);
		size_t len = end != NULL ? (size_t)(end - text) : source->length - place.start;
		bool crlf = end > text && end[-1] == '\r';

		take_line(list, &place, len - crlf);
		place.start += (uint32_t)len + 1;
		place.line++;
	}
}

void af_read_list(const struct af_reading *reading)
{
	struct list list = {.rules = reading->rules};
	const struct af_token *token = af_token_at(reading, 1);
	uint32_t file = reading->rules->file;
	char name[AFENCE_PROSE_MAX + 1];

	if (af_has_comma(reading, 1)) {
		af_complain(reading, token, "no \",\" before it");
		return;
	}
	if (!af_has_value(reading, 1, "the name of a file in quotes") ||
		!af_read_prose(reading->rules->diagnostics, token, false, name) ||
		!af_ends_at(reading, 2))
		return;
	list.source = load(reading, token, name);
	if (list.source == NULL)
		return;
	af_rules_enter_file(reading->rules, list.source->path + list.source->root);
	read_lines(&list);
	reading->rules->file = file;
	if (list.bad > COMPLAINTS_MAX)
		af_diagnose(reading->rules->diagnostics, AFENCE_ERROR, &list.more,
			"and %zu more lines that are no domains, from here on",
			list.bad - COMPLAINTS_MAX);
}
