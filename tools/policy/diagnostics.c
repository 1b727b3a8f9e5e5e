/* SPDX-License-Identifier: MIT */
/*
 * Diagnostics as compilers print them: FILE:LINE:COLUMN, the sentence, the source line, a caret.
 * The column counts bytes, as editors' jump commands take it; the caret goes by what a terminal
 * shows.
 */
#include "diagnostics.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "af_report.h"
#include "af_utf8.h"
#include "../memory.h"
#include "../suggest.h"

#define DIAGNOSTICS_MAX 10000 /* kept; a binary file has one on every line */
#define TEXT_MAX        512
#define LINE_SHOWN      200 /* bytes of a source line that are printed */
#define LINE_BEFORE     100 /* of them before the caret, if the line is longer */

const char *const af_severity_word[] = {
	[AFENCE_ERROR] = "error",
	[AFENCE_WARNING] = "warning",
	[AFENCE_NOTE] = "note",
};

static void add(struct af_diagnostics *all, enum af_severity severity, const struct af_place *place,
	const char *text)
{
	struct af_diagnostic *item;

	all->item = af_grow(all->item, all->count, 1, &all->room, sizeof(*all->item));
	item = &all->item[all->count];
	*item = (struct af_diagnostic){severity, *place, *place, all->count, strdup(text)};
	if (place->source->from.source != NULL)
		item->key = place->source->from;
	if (severity == AFENCE_NOTE && all->count > 0)
		item->key = item[-1].key;
	if (item->text != NULL)
		all->count++;
}

void af_diagnose(struct af_diagnostics *all, enum af_severity severity,
	const struct af_place *place, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list values;

	all->errors += severity == AFENCE_ERROR;
	all->warnings += severity == AFENCE_WARNING;
	if (all->count >= DIAGNOSTICS_MAX)
		return;
	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	add(all, severity, place, text);
}

/* Sources stand in one array, so their addresses order them. */
static int compare(const void *left, const void *right)
{
	const struct af_diagnostic *a = left, *b = right;

	if (a->key.source != b->key.source)
		return (uintptr_t)a->key.source < (uintptr_t)b->key.source ? -1 : 1;
	if (a->key.start != b->key.start)
		return a->key.start < b->key.start ? -1 : 1;
	return a->serial < b->serial ? -1 : 1;
}

/* Code points that take no cell of a terminal, or two. */
static const struct {
	uint32_t first, last;
	unsigned cells;
} odd_width[] = {
	{0x0300, 0x036f, 0},
	{0x1100, 0x115f, 2},
	{0x200b, 0x200d, 0},
	{0x2e80, 0xa4cf, 2},
	{0xac00, 0xd7a3, 2},
	{0xf900, 0xfaff, 2},
	{0xfe30, 0xfe6f, 2},
	{0xff00, 0xff60, 2},
	{0xffe0, 0xffe6, 2},
	{0x1f300, 0x1f64f, 2},
	{0x20000, 0x3fffd, 2},
};

/* The cells that the character of LEN bytes at TEXT takes. */
static unsigned width(const char *text, size_t len)
{
	static const uint8_t lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (uint8_t)text[0] & lead[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((uint8_t)text[i] & 0x3f);
	for (size_t i = 0; i < sizeof(odd_width) / sizeof(odd_width[0]); i++)
		if (c >= odd_width[i].first && c <= odd_width[i].last)
			return odd_width[i].cells;
	return 1;
}

/* Prints FROM to TO, or as many blanks; a tab stays a tab, what is not text is a "?". */
static void print_line(const char *from, const char *to, bool blank, FILE *out)
{
	while (from < to) {
		size_t len = af_utf8_printable(from, (size_t)(to - from));

		if (*from == '\t')
			fputc('\t', out);
		else if (blank)
			fprintf(out, "%*s", len > 0 ? (int)width(from, len) : 1, "");
		else if (len > 0)
			fwrite(from, 1, len, out);
		else
			fputc('?', out);
		from += len > 0 ? len : 1;
	}
}

/* The part of a long line around the caret; it begins and ends between characters. */
static void print_source(const struct af_place *place, FILE *out)
{
	const char *text = place->source->text, *caret = text + place->start;
	const char *first = caret - (place->column - 1), *last;

	last = first + strcspn(first, "\r\n");
	if (last - first > LINE_SHOWN && caret - first > LINE_BEFORE)
		first = caret - LINE_BEFORE;
	if (last - first > LINE_SHOWN)
		last = first + LINE_SHOWN;
	while (first < caret && ((uint8_t)*first & 0xc0) == 0x80)
		first++;
	while (last > caret && ((uint8_t)*last & 0xc0) == 0x80)
		last--;
	print_line(first, last, false, out);
	fputc('\n', out);
	print_line(first, caret, true, out);
	fputs("^\n", out);
}

static void print_one(const struct af_diagnostic *item, FILE *out)
{
	char path[PATH_MAX];

	fputs(af_escape(item->place.source->path, strlen(item->place.source->path), path,
		      sizeof(path)),
		out);
	if (item->place.line > 0)
		fprintf(out, ":%u:%u", item->place.line, item->place.column);
	fprintf(out, ": %s: %s\n", af_severity_word[item->severity], item->text);
	if (item->place.line > 0)
		print_source(&item->place, out);
}

void af_diagnostics_sort(const struct af_diagnostics *all)
{
	if (all->count > 0)
		qsort(all->item, all->count, sizeof(all->item[0]), compare);
}

void af_diagnostics_print(const struct af_diagnostics *all, FILE *out)
{
	af_diagnostics_sort(all);
	for (size_t i = 0; i < all->count; i++)
		print_one(&all->item[i], out);
	if (all->count >= DIAGNOSTICS_MAX)
		fprintf(out, "only %d messages are shown, there are %zu errors\n", DIAGNOSTICS_MAX,
			all->errors);
}

void af_diagnostics_free(struct af_diagnostics *all)
{
	for (size_t i = 0; i < all->count; i++)
		free(all->item[i].text);
	free(all->item);
	memset(all, 0, sizeof(*all));
}

char *af_hint(const char *text, size_t len, const char *const *words, char hint[AFENCE_HINT_MAX])
{
	char word[AFENCE_HINT_MAX];
	const char *nearest = NULL;
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	if (len < sizeof(word)) {
		memcpy(word, text, len);
		word[len] = '\0';
		nearest = af_suggest(word, words, count);
	}
	hint[0] = '\0';
	if (nearest != NULL)
		snprintf(hint, AFENCE_HINT_MAX, " (did you mean \"%s\"?)", nearest);
	return hint;
}

char *af_join(const char *const *words, char choice[AFENCE_CHOICE_MAX])
{
	size_t used = 0;

	choice[0] = '\0';
	for (size_t i = 0; words[i] != NULL && used < AFENCE_CHOICE_MAX; i++) {
		const char *between = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";

		used += (size_t)snprintf(
			choice + used, AFENCE_CHOICE_MAX - used, "%s%s", between, words[i]);
	}
	return choice;
}
