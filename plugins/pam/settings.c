/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

void af_pam_trim(const char **text, size_t *len)
{
	while (*len > 0 && is_blank(**text)) {
		++*text;
		--*len;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		--*len;
}

static enum af_status make_room(struct af_pam_settings *settings)
{
	size_t room = settings->room == 0 ? 32 : 2 * settings->room;
	struct af_pam_setting *grown;

	if (settings->count < settings->room)
		return AFENCE_OK;
	if (settings->count >= AFENCE_PAM_SETTINGS_MAX)
		return AFENCE_ERR_LIMIT;
	grown = realloc(settings->row, room * sizeof(*grown));
	if (grown == NULL)
		return AFENCE_ERR_MEMORY;
	settings->row = grown;
	settings->room = room;
	return AFENCE_OK;
}

enum af_status af_pam_settings_add(struct af_pam_settings *settings, const char *section,
	const char *key, size_t key_len, const char *value, size_t value_len)
{
	size_t section_len = strlen(section);
	struct af_pam_setting row = {.size = section_len + key_len + value_len + 3};
	enum af_status status = make_room(settings);

	if (status != AFENCE_OK)
		return status;
	if (section_len >= AFENCE_PAM_SECTION_MAX)
		return AFENCE_ERR_LIMIT;
	row.section = calloc(1, row.size);
	if (row.section == NULL)
		return AFENCE_ERR_MEMORY;
	row.key = row.section + section_len + 1;
	row.value = row.key + key_len + 1;
	memcpy(row.section, section, section_len);
	memcpy(row.key, key, key_len);
	memcpy(row.value, value, value_len);
	settings->row[settings->count++] = row;
	return AFENCE_OK;
}

const char *af_pam_settings_next(
	const struct af_pam_settings *settings, const char *section, const char *key, size_t *pos)
{
	int (*compare)(const char *, const char *) = settings->exact ? strcmp : strcasecmp;

	while (*pos < settings->count) {
		const struct af_pam_setting *row = &settings->row[(*pos)++];

		if (compare(row->key, key) == 0 && compare(row->section, section) == 0)
			return row->value;
	}
	return NULL;
}

const char *af_pam_settings_last(
	const struct af_pam_settings *settings, const char *section, const char *key)
{
	const char *last = NULL, *next;
	size_t pos = 0;

	while ((next = af_pam_settings_next(settings, section, key, &pos)) != NULL)
		last = next;
	return last;
}

void af_pam_settings_free(struct af_pam_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		explicit_bzero(settings->row[i].section, settings->row[i].size);
		free(settings->row[i].section);
	}
	free(settings->row);
	*settings = (struct af_pam_settings){.exact = settings->exact};
}

/* "[name]", blanks already dropped, is copied to SECTION. */
static enum af_status take_section(
	const char *line, size_t len, char *section, struct af_pam_settings *settings)
{
	const char *name = line + 1;

	if (line[len - 1] != ']')
		return AFENCE_ERR_SYNTAX;
	len -= 2;
	af_pam_trim(&name, &len);
	if (len >= AFENCE_PAM_SECTION_MAX)
		return AFENCE_ERR_LIMIT;
	memcpy(section, name, len);
	section[len] = '\0';
	return af_pam_settings_add(settings, section, "", 0, "", 0);
}

static enum af_status take_pair(
	const char *line, size_t len, const char *section, struct af_pam_settings *settings)
{
	const char *equals = memchr(line, '=', len), *value;
	char key[64];
	size_t used = 0, value_len;

	if (equals == NULL || equals == line || line[len - 1] == '\\')
		return AFENCE_ERR_SYNTAX;
	for (const char *p = line; p < equals; p++) {
		if (is_blank(*p))
			continue;
		if (used == sizeof(key))
			return AFENCE_ERR_LIMIT;
		key[used++] = *p;
	}
	value = equals + 1;
	value_len = len - (size_t)(value - line);
	af_pam_trim(&value, &value_len);
	return af_pam_settings_add(settings, section, key, used, value, value_len);
}

enum af_status af_pam_ini_read(const struct af_pam_text *text, struct af_pam_settings *settings)
{
	char section[AFENCE_PAM_SECTION_MAX] = "";
	enum af_status status = AFENCE_OK;
	const char *line;
	size_t pos = 0, len;

	while (status == AFENCE_OK && af_pam_next_line(text, &pos, &line, &len)) {
		af_pam_trim(&line, &len);
		if (len == 0 || *line == '#' || *line == ';')
			continue;
		if (*line == '[')
			status = take_section(line, len, section, settings);
		else
			status = take_pair(line, len, section, settings);
	}
	return status;
}
