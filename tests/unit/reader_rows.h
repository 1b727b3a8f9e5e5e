/* SPDX-License-Identifier: MIT */
/*
 * A row for each thing that a reader must find: a line of a stack, the files, and what comes of
 * them as one string: "host:port" or "host", "+domain" behind it if there is one, a blank between
 * two, and in the end "?why" if the module is unknown.
 */
#ifndef READER_ROWS_H
#define READER_ROWS_H

#include <stdio.h>
#include <string.h>

#include "../../plugins/pam/reader.h"
#include "harness.h"
#include "memory_files.h"

#define READER_FILES 4

struct reader_row {
	const char *name;
	const char *line;                      /* "pam_ldap.so debug" */
	struct memory_file file[READER_FILES]; /* up to one without a path */
	const char *want;
	const char *user; /* NULL: "alice" */
};

struct reader_line {
	struct af_pam_entry entry;
	char *word[64];
	char text[4096];
};

static inline void reader_line_split(const char *text, struct reader_line *out)
{
	char *next = out->text, *word;

	memset(out, 0, sizeof(*out));
	snprintf(out->text, sizeof(out->text), "%s", text);
	out->entry.module = strsep(&next, " ");
	out->entry.argument = out->word;
	while (out->entry.count < 63 && (word = strsep(&next, " ")) != NULL)
		out->word[out->entry.count++] = word;
}

/* Returns OUT. */
static inline char *reader_say(const struct af_pam_discovery *found, char *out, size_t room)
{
	size_t len = 0;

	*out = '\0';
	for (size_t i = 0; i < found->count && len < room; i++) {
		const struct af_pam_found *one = &found->found[i];

		len += (size_t)snprintf(out + len, room - len, "%s%s", len > 0 ? " " : "",
			*one->host != '\0' ? one->host : "(unknown)");
		if (one->port != 0 && len < room)
			len += (size_t)snprintf(out + len, room - len, ":%u", one->port);
		if (*one->domain != '\0' && len < room)
			len += (size_t)snprintf(out + len, room - len, "+%s", one->domain);
	}
	if (found->unknown && len < room)
		snprintf(out + len, room - len, "%s?%s", len > 0 ? " " : "", found->why);
	return out;
}

static struct reader_line reader_split; /* what is found points to it */

static inline void reader_run(const struct af_pam_files *files, af_pam_reader *read,
	const char *line, const char *user, struct af_pam_discovery *out)
{
	struct af_pam_question question = {files, &reader_split.entry, user, NULL, 0};

	memset(out, 0, sizeof(*out));
	reader_line_split(line, &reader_split);
	read(&question, out);
}

/* Lines that are not the one that was asked about. */
static inline size_t count_strangers(const struct af_pam_discovery *found)
{
	size_t count = found->unknown && found->at != &reader_split.entry;

	for (size_t i = 0; i < found->count; i++)
		count += found->found[i].entry != &reader_split.entry;
	return count;
}

static inline void reader_rows_check(
	af_pam_reader *read, const struct reader_row *rows, size_t count)
{
	struct af_pam_discovery found;
	char said[8192];

	for (size_t i = 0; i < count; i++) {
		const struct reader_row *row = &rows[i];
		struct memory_files memory = {.file = row->file};
		const struct af_pam_files files = MEMORY_FILES(&memory);

		while (memory.count < READER_FILES && row->file[memory.count].path != NULL)
			memory.count++;
		reader_run(
			&files, read, row->line, row->user != NULL ? row->user : "alice", &found);
		CHECK_STRING(row->name, reader_say(&found, said, sizeof(said)), row->want);
		CHECK_NUMBER(row->name, count_strangers(&found), 0);
	}
}

#endif
