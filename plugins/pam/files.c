/* SPDX-License-Identifier: MIT */
/*
 * Files of the running system.  The open descriptor is looked at, not the path; O_NONBLOCK, since a
 * FIFO in the place of a file must not hang a login.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum af_status status_of_errno(void)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return AFENCE_ERR_ABSENT;
	return errno == ELOOP || errno == ENXIO ? AFENCE_ERR_UNTRUSTED : AFENCE_ERR_SYSTEM;
}

static bool is_roots(const struct stat *st)
{
	return st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static enum af_status open_path(const char *path, int flags, int *out)
{
	*out = open(path, flags | O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return *out >= 0 ? AFENCE_OK : status_of_errno();
}

void af_pam_text_free(struct af_pam_text *text)
{
	if (text->bytes != NULL)
		explicit_bzero(text->bytes, text->len);
	free(text->bytes);
	*text = (struct af_pam_text){NULL, 0};
}

/* Up to ROOM bytes; a file that grew meanwhile is cut. */
static bool fill(int fd, struct af_pam_text *text, size_t room)
{
	while (text->len < room) {
		ssize_t got = read(fd, text->bytes + text->len, room - text->len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		text->len += (size_t)got;
	}
	return true;
}

enum af_status af_pam_text_take(int fd, struct af_pam_text *out)
{
	enum af_status status = AFENCE_OK;
	struct stat st;

	*out = (struct af_pam_text){NULL, 0};
	if (fstat(fd, &st) != 0)
		return AFENCE_ERR_SYSTEM;
	if (!S_ISREG(st.st_mode))
		return AFENCE_ERR_UNTRUSTED;
	if (st.st_size > AFENCE_PAM_TEXT_MAX)
		return AFENCE_ERR_LIMIT;
	out->bytes = calloc(1, (size_t)st.st_size + 1);
	if (out->bytes == NULL)
		return AFENCE_ERR_MEMORY;
	if (!fill(fd, out, (size_t)st.st_size))
		status = AFENCE_ERR_SYSTEM;
	else if (memchr(out->bytes, '\0', out->len) != NULL)
		status = AFENCE_ERR_SYNTAX;
	if (status != AFENCE_OK)
		af_pam_text_free(out);
	return status;
}

static enum af_status read_file(
	void *context, const char *path, enum af_pam_trust trust, struct af_pam_text *out)
{
	enum af_status status;
	struct stat st;
	int fd;

	(void)context;
	*out = (struct af_pam_text){NULL, 0};
	status = open_path(path, trust == AFENCE_PAM_CONFIG ? O_NOFOLLOW : 0, &fd);
	if (status != AFENCE_OK)
		return status;
	if (fstat(fd, &st) != 0)
		status = AFENCE_ERR_SYSTEM;
	else if (!is_roots(&st))
		status = AFENCE_ERR_UNTRUSTED;
	else
		status = af_pam_text_take(fd, out);
	close(fd);
	return status;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void af_pam_list_free(struct af_pam_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->name[i]);
	free(list->name);
	*list = (struct af_pam_list){NULL, 0};
}

static enum af_status take_names(DIR *folder, struct af_pam_list *out)
{
	const struct dirent *entry;

	out->name = calloc(AFENCE_PAM_LIST_MAX, sizeof(*out->name));
	if (out->name == NULL)
		return AFENCE_ERR_MEMORY;
	errno = 0;
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (out->count == AFENCE_PAM_LIST_MAX)
			return AFENCE_ERR_LIMIT;
		out->name[out->count] = strdup(entry->d_name);
		if (out->name[out->count] == NULL)
			return AFENCE_ERR_MEMORY;
		out->count++;
	}
	if (errno != 0)
		return AFENCE_ERR_SYSTEM;
	qsort(out->name, out->count, sizeof(*out->name), compare_names);
	return AFENCE_OK;
}

static enum af_status list_folder(void *context, const char *path, struct af_pam_list *out)
{
	enum af_status status;
	struct stat st;
	DIR *folder;
	int fd;

	(void)context;
	*out = (struct af_pam_list){NULL, 0};
	status = open_path(path, O_DIRECTORY, &fd);
	if (status != AFENCE_OK)
		return status;
	folder = fstat(fd, &st) == 0 && is_roots(&st) ? fdopendir(fd) : NULL;
	if (folder == NULL) {
		close(fd);
		return AFENCE_ERR_UNTRUSTED;
	}
	status = take_names(folder, out);
	closedir(folder);
	if (status != AFENCE_OK)
		af_pam_list_free(out);
	return status;
}

const struct af_pam_files af_pam_system_files = {read_file, list_folder, NULL};

bool af_pam_next_line(const struct af_pam_text *text, size_t *pos, const char **line, size_t *len)
{
	const char *end;

	if (*pos >= text->len)
		return false;
	*line = text->bytes + *pos;
	end = memchr(*line, '\n', text->len - *pos);
	*len = end != NULL ? (size_t)(end - *line) : text->len - *pos;
	*pos += *len + 1;
	return true;
}
