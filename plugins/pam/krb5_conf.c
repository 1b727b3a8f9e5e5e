/* SPDX-License-Identifier: MIT */
/*
 * What libkrb5 refuses is refused here: its module fails then, but it may be another version that
 * does not.  A line that does not fit into its buffer is read as two by it, hence refused too.
 */
#include "krb5_conf.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8    /* of files that include files */
#define FILES_MAX 256  /* in all */
#define LINE_ROOM 2046 /* of the library's buffer, newline and NUL not counted */

/* All files share the rows; each has a place of its own. */
struct reading {
	const struct af_pam_files *files;
	struct af_pam_settings *settings;
	unsigned opened;
	unsigned depth;
};

struct place {
	struct reading *reading;
	char section[AFENCE_PAM_SECTION_MAX];
	unsigned braces;
	bool begun;    /* a section has; all before the first is a comment */
	bool wants_in; /* "name =" stood alone: "{" is to follow */
};

static enum af_status read_path(struct reading *reading, const char *path);

static enum af_status enter(struct place *place, const char *name, size_t len)
{
	size_t used = strlen(place->section);
	const char *star = memchr(name, '*', len);

	if (star != NULL)
		len = (size_t)(star - name);
	if (used + len + 2 > sizeof(place->section))
		return AFENCE_ERR_LIMIT;
	if (used > 0)
		place->section[used++] = '\n';
	memcpy(place->section + used, name, len);
	place->section[used + len] = '\0';
	return AFENCE_OK;
}

static enum af_status take_section(struct place *place, const char *line, size_t len)
{
	const char *end = memchr(line, ']', len);
	size_t rest;

	if (end == NULL || place->braces > 0)
		return AFENCE_ERR_SYNTAX;
	rest = len - (size_t)(end - line) - 1;
	if (rest > 1 || (rest == 1 && end[1] != '*'))
		return AFENCE_ERR_SYNTAX;
	place->section[0] = '\0';
	place->begun = true;
	return enter(place, line + 1, (size_t)(end - line) - 1);
}

static enum af_status leave(struct place *place)
{
	char *last = strrchr(place->section, '\n');

	if (place->braces == 0 || last == NULL)
		return AFENCE_ERR_SYNTAX;
	place->braces--;
	*last = '\0';
	return AFENCE_OK;
}

/* A quoted value ends at the next quote; one with a "\" in it names no server and no realm. */
static enum af_status unquote(const char **value, size_t *len)
{
	const char *end;

	if (*len == 0 || **value != '"')
		return AFENCE_OK;
	++*value;
	--*len;
	if (memchr(*value, '\\', *len) != NULL)
		return AFENCE_ERR_SYNTAX;
	end = memchr(*value, '"', *len);
	if (end != NULL)
		*len = (size_t)(end - *value);
	return AFENCE_OK;
}

static enum af_status take_relation(struct place *place, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len), *value, *star;
	size_t key, rest;
	enum af_status status;

	if (equals == NULL || equals == line)
		return AFENCE_ERR_SYNTAX;
	key = (size_t)(equals - line);
	value = equals + 1;
	rest = len - key - 1;
	af_pam_trim(&line, &key);
	af_pam_trim(&value, &rest);
	for (size_t i = 0; i < key; i++)
		if (isspace((unsigned char)line[i]))
			return AFENCE_ERR_SYNTAX;
	if (rest == 0 || (rest == 1 && *value == '{')) {
		place->wants_in = rest == 0;
		place->braces++;
		return enter(place, line, key);
	}
	star = memchr(line, '*', key);
	status = unquote(&value, &rest);
	return status != AFENCE_OK
		       ? status
		       : af_pam_settings_add(place->reading->settings, place->section, line,
				 star != NULL ? (size_t)(star - line) : key, value, rest);
}

/* Names of letters, digits, "-" and "_", or with ".conf" at the end. */
static bool is_included(const char *name)
{
	size_t len = strlen(name);

	if (*name == '.')
		return false;
	if (len >= 5 && strcmp(name + len - 5, ".conf") == 0)
		return true;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
	       len;
}

static enum af_status read_folder(struct reading *reading, const char *folder)
{
	enum af_status status;
	struct af_pam_list list;
	char path[PATH_MAX];

	status = reading->files->list(reading->files->context, folder, &list);
	for (size_t i = 0; status == AFENCE_OK && i < list.count; i++) {
		if (!is_included(list.name[i]))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, list.name[i]) >=
			sizeof(path))
			status = AFENCE_ERR_LIMIT;
		else
			status = read_path(reading, path);
	}
	af_pam_list_free(&list);
	return status;
}

struct directive {
	const char *name;
	enum af_status (*read)(struct reading *reading, const char *path);
};

static const struct directive directives[] = {
	{"include", read_path}, {"includedir", read_folder}, {NULL, NULL}};

/* They begin in the first column, wherever in a file. */
static const struct directive *find_directive(const char *line, size_t len)
{
	for (const struct directive *row = directives; row->name != NULL; row++) {
		size_t name = strlen(row->name);

		if (len > name && memcmp(line, row->name, name) == 0 &&
			isspace((unsigned char)line[name]))
			return row;
	}
	return NULL;
}

static enum af_status follow(
	struct reading *reading, const struct directive *directive, const char *line, size_t len)
{
	size_t name = strlen(directive->name);
	char path[PATH_MAX];

	line += name;
	len -= name;
	af_pam_trim(&line, &len);
	if (len >= sizeof(path))
		return AFENCE_ERR_LIMIT;
	memcpy(path, line, len);
	path[len] = '\0';
	return *path == '/' ? directive->read(reading, path) : AFENCE_ERR_SYNTAX;
}

static enum af_status take_line(struct place *place, const char *line, size_t len)
{
	const struct directive *directive = find_directive(line, len);

	if (len > LINE_ROOM)
		return AFENCE_ERR_LIMIT;
	if (directive != NULL)
		return follow(place->reading, directive, line, len);
	if (!place->begun && (len == 0 || *line != '['))
		return len > 6 && memcmp(line, "module", 6) == 0 && isspace((unsigned char)line[6])
			       ? AFENCE_ERR_SYNTAX
			       : AFENCE_OK;
	af_pam_trim(&line, &len);
	if (place->wants_in) {
		place->wants_in = false;
		return len > 0 && *line == '{' ? AFENCE_OK : AFENCE_ERR_SYNTAX;
	}
	if (len == 0 || *line == '#' || *line == ';')
		return AFENCE_OK;
	if (*line == '[')
		return take_section(place, line, len);
	return *line == '}' ? leave(place) : take_relation(place, line, len);
}

static enum af_status read_path(struct reading *reading, const char *path)
{
	struct place place = {.reading = reading};
	struct af_pam_text text;
	enum af_status status;
	const char *line;
	size_t pos = 0, len;

	if (reading->depth == DEPTH_MAX || reading->opened == FILES_MAX)
		return AFENCE_ERR_LIMIT;
	reading->opened++;
	status = reading->files->read(reading->files->context, path, AFENCE_PAM_CONFIG, &text);
	reading->depth++;
	while (status == AFENCE_OK && af_pam_next_line(&text, &pos, &line, &len))
		status = take_line(&place, line, len);
	reading->depth--;
	af_pam_text_free(&text);
	/* Old versions of the library take a file that ends within braces; what it meant is open. */
	return status == AFENCE_OK && place.braces > 0 ? AFENCE_ERR_SYNTAX : status;
}

/* The next of the paths in *list, which have colons between them; false: none is left. */
static bool next_path(const char **list, char path[PATH_MAX])
{
	size_t len = strcspn(*list, ":");
	bool found = len > 0 && len < PATH_MAX;

	if (found) {
		memcpy(path, *list, len);
		path[len] = '\0';
	}
	*list += len + ((*list)[len] == ':');
	return found;
}

/* In its own process, libkrb5 may have been told of other files. */
static const char *find_files(const struct af_pam_files *files)
{
	const char *told = files == &af_pam_system_files ? secure_getenv("KRB5_CONFIG") : NULL;

	return told != NULL ? told : AFENCE_KRB5_CONF;
}

enum af_status af_krb5_conf_read(const struct af_pam_files *files, struct af_pam_settings *settings)
{
	struct reading reading = {.files = files, .settings = settings};
	enum af_status status = AFENCE_OK;
	const char *list = find_files(files);
	char path[PATH_MAX];

	*settings = (struct af_pam_settings){.exact = true};
	while (status == AFENCE_OK && *list != '\0') {
		unsigned opened = reading.opened + 1;

		status = next_path(&list, path) ? read_path(&reading, path) : AFENCE_ERR_LIMIT;
		if (status == AFENCE_ERR_ABSENT && reading.opened == opened)
			status = AFENCE_OK;
	}
	if (status != AFENCE_OK)
		af_pam_settings_free(settings);
	return status;
}
