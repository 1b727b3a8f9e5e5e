/* SPDX-License-Identifier: MIT */
/*
 * Files that exist in memory only, for the suites and fuzzers of the stack parser and the readers.
 *
 *	struct memory_files memory = {.file = rows, .count = n};
 *	const struct af_pam_files files = MEMORY_FILES(&memory);
 */
#ifndef MEMORY_FILES_H
#define MEMORY_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/pam/files.h"

struct memory_file {
	const char *path;
	const char *text;      /* may be NULL: empty */
	size_t len;            /* 0: up to the NUL */
	enum af_status status; /* what reading or listing it ends in */
	bool link;             /* followed for a stack, refused for a configuration */
};

struct memory_files {
	const struct memory_file *file;
	size_t count;
	unsigned asked;    /* calls so far */
	char opened[2048]; /* the paths that were asked for, a blank before each */
};

#define MEMORY_FILES(memory)                                   \
	{                                                      \
		memory_files_read, memory_files_list, (memory) \
	}

static inline void memory_files_note(struct memory_files *memory, const char *path)
{
	size_t used = strlen(memory->opened);

	memory->asked++;
	snprintf(memory->opened + used, sizeof(memory->opened) - used, " %s", path);
}

static inline enum af_status memory_files_copy(
	const struct memory_file *file, struct af_pam_text *out)
{
	size_t len = file->len != 0 || file->text == NULL ? file->len : strlen(file->text);

	if (len > AFENCE_PAM_TEXT_MAX)
		return AFENCE_ERR_LIMIT;
	if (len > 0 && memchr(file->text, '\0', len) != NULL)
		return AFENCE_ERR_SYNTAX;
	out->bytes = calloc(1, len + 1);
	if (out->bytes == NULL)
		return AFENCE_ERR_MEMORY;
	if (len > 0)
		memcpy(out->bytes, file->text, len);
	out->len = len;
	return AFENCE_OK;
}

static inline enum af_status memory_files_read(
	void *context, const char *path, enum af_pam_trust trust, struct af_pam_text *out)
{
	struct memory_files *memory = context;

	*out = (struct af_pam_text){NULL, 0};
	memory_files_note(memory, path);
	for (size_t i = 0; i < memory->count; i++) {
		const struct memory_file *file = &memory->file[i];

		if (strcmp(file->path, path) != 0)
			continue;
		if (file->status != AFENCE_OK)
			return file->status;
		if (file->link && trust == AFENCE_PAM_CONFIG)
			return AFENCE_ERR_UNTRUSTED;
		return memory_files_copy(file, out);
	}
	return AFENCE_ERR_ABSENT;
}

/* The name of FILE in FOLDER, or NULL. */
static inline const char *memory_files_name(const struct memory_file *file, const char *folder)
{
	size_t len = strlen(folder);
	const char *name = file->path + len + 1;

	if (strncmp(file->path, folder, len) != 0 || file->path[len] != '/')
		return NULL;
	return *name != '\0' && *name != '.' && strchr(name, '/') == NULL ? name : NULL;
}

static inline int memory_files_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A folder exists if a file lies in it, or if it is a row itself: "FOLDER" or "FOLDER/". */
static inline enum af_status memory_files_list(
	void *context, const char *folder, struct af_pam_list *out)
{
	struct memory_files *memory = context;
	enum af_status status = AFENCE_ERR_ABSENT;
	size_t len = strlen(folder);

	*out = (struct af_pam_list){NULL, 0};
	memory_files_note(memory, folder);
	out->name = calloc(AFENCE_PAM_LIST_MAX, sizeof(*out->name));
	if (out->name == NULL)
		return AFENCE_ERR_MEMORY;
	for (size_t i = 0; i < memory->count; i++) {
		const struct memory_file *file = &memory->file[i];
		const char *name = memory_files_name(file, folder);
		bool itself = strncmp(file->path, folder, len) == 0 &&
			      (file->path[len] == '\0' || strcmp(file->path + len, "/") == 0);

		if (name == NULL && !itself)
			continue;
		status = itself ? file->status : AFENCE_OK;
		if (status == AFENCE_OK && name != NULL && out->count == AFENCE_PAM_LIST_MAX)
			status = AFENCE_ERR_LIMIT;
		if (status != AFENCE_OK)
			break;
		if (name != NULL)
			out->name[out->count++] = strdup(name);
	}
	if (status != AFENCE_OK)
		af_pam_list_free(out);
	else
		qsort(out->name, out->count, sizeof(*out->name), memory_files_compare);
	return status;
}

#endif
