/* SPDX-License-Identifier: MIT */
/*
 * Relies on openat2(2) to keep links below the root (Linux 5.6).  An older kernel, or a filter
 * that does not know the call, can look below "/" only.
 */
#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

static void close_quietly(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

bool af_root_open(const char *path, struct af_root *out)
{
	struct stat st, system;

	out->prefix = path;
	out->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (out->fd < 0)
		return false;
	if (fstat(out->fd, &st) != 0 || stat("/", &system) != 0) {
		close_quietly(out->fd);
		return false;
	}
	if (st.st_dev == system.st_dev && st.st_ino == system.st_ino)
		out->prefix = "";
	out->owner = st.st_uid;
	return true;
}

void af_root_close(struct af_root *root)
{
	close(root->fd);
}

int af_root_file(const struct af_root *root, const char *path, int flags)
{
	struct open_how how = {.resolve = RESOLVE_IN_ROOT};
	int fd;

	flags |= O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NONBLOCK | O_NOCTTY);
	how.flags = (unsigned)flags;
	fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM) && *root->prefix == '\0')
		fd = open(path, flags);
	return fd;
}

/* What was made is there for good before anything is put into it. */
static bool make_below(int parent, const char *name)
{
	mode_t usual = umask(022);
	bool made = mkdirat(parent, name, 0755) == 0;

	umask(usual);
	return made ? fsync(parent) == 0 || errno == EINVAL : errno == EEXIST;
}

int af_root_make_folder(const struct af_root *root, const char *path)
{
	int fd = af_root_file(root, path, O_RDONLY | O_DIRECTORY), parent;
	const char *name = strrchr(path, '/') + 1;
	char *above;
	bool made;

	if (fd >= 0 || errno != ENOENT)
		return fd;
	above = af_format("%.*s", (int)(name - path - 1), path);
	parent = *above == '\0' ? af_root_file(root, "/", O_RDONLY | O_DIRECTORY)
				: af_root_make_folder(root, above);
	free(above);
	if (parent < 0)
		return -1;
	made = make_below(parent, name);
	close_quietly(parent);
	return made ? af_root_file(root, path, O_RDONLY | O_DIRECTORY) : -1;
}

bool af_root_stat(const struct af_root *root, const char *path, struct stat *out)
{
	int fd = af_root_file(root, path, O_PATH);
	bool done = fd >= 0 && fstat(fd, out) == 0;

	if (fd >= 0)
		close_quietly(fd);
	return done;
}

static enum af_status read_text(int fd, char **out)
{
	char *text = af_new(AFENCE_TEXT_MAX + 2, 1);
	size_t used = 0;
	ssize_t got;

	do {
		got = read(fd, text + used, AFENCE_TEXT_MAX + 1 - used);
		if (got > 0)
			used += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got == 0 && used <= AFENCE_TEXT_MAX) {
		*out = text;
		return AFENCE_OK;
	}
	free(text);
	return got == 0 ? AFENCE_ERR_LIMIT : AFENCE_ERR_SYSTEM;
}

enum af_status af_root_read(const struct af_root *root, const char *path, char **out)
{
	int fd = af_root_file(root, path, O_RDONLY);
	enum af_status status = AFENCE_ERR_SYSTEM;
	struct stat st;

	*out = NULL;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? AFENCE_ERR_ABSENT : AFENCE_ERR_SYSTEM;
	if (fstat(fd, &st) == 0)
		status = S_ISREG(st.st_mode) ? read_text(fd, out) : AFENCE_ERR_UNTRUSTED;
	close_quietly(fd);
	return status;
}

char *af_root_fault(const struct af_root *root, const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != root->owner)
		return af_format("belongs to uid %u, not to root", (unsigned)st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return af_format(
			"is writable by others (mode %04o)", (unsigned)(st->st_mode & 07777));
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool af_root_list(const struct af_root *root, const char *folder, struct af_names *out)
{
	int fd = af_root_file(root, folder, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	memset(out, 0, sizeof(*out));
	if (dir == NULL) {
		if (fd >= 0)
			close_quietly(fd);
		return false;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			af_names_add(out, af_format("%s", entry->d_name));
	closedir(dir);
	if (out->count > 0)
		qsort(out->name, out->count, sizeof(*out->name), compare_names);
	return true;
}

static bool is_listed(const struct af_libraries *libraries, const struct stat *st)
{
	for (size_t i = 0; i < libraries->count; i++)
		if (libraries->list[i].device == st->st_dev &&
			libraries->list[i].inode == st->st_ino)
			return true;
	return false;
}

void af_libraries_add(
	const struct af_root *root, const char *folder, const char *file, struct af_libraries *out)
{
	char *path = af_format("%s/%s", folder, file);
	struct stat st;

	if (af_root_stat(root, path, &st) && S_ISREG(st.st_mode) && !is_listed(out, &st)) {
		out->list = af_grow(out->list, out->count, 1, &out->room, sizeof(*out->list));
		out->list[out->count++] = (struct af_library){
			af_format("%s", folder), af_format("%s", file), st.st_dev, st.st_ino};
	}
	free(path);
}

/* Debian keeps those of each machine type in a folder of its own, x86_64-linux-gnu. */
static void find_in(
	const struct af_root *root, const char *base, const char *file, struct af_libraries *out)
{
	struct af_names names;

	af_libraries_add(root, base, file, out);
	af_root_list(root, base, &names);
	for (size_t i = 0; i < names.count; i++) {
		char *folder = af_format("%s/%s", base, names.name[i]);

		if (strstr(names.name[i], "-linux-") != NULL)
			af_libraries_add(root, folder, file, out);
		free(folder);
	}
	af_names_free(&names);
}

void af_libraries_find(const struct af_root *root, const char *file, struct af_libraries *out)
{
	static const char *const base[] = {
		"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/local/lib64"};

	for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		find_in(root, base[i], file, out);
}

void af_libraries_free(struct af_libraries *libraries)
{
	for (size_t i = 0; i < libraries->count; i++) {
		free(libraries->list[i].folder);
		free(libraries->list[i].file);
	}
	free(libraries->list);
	memset(libraries, 0, sizeof(*libraries));
}
