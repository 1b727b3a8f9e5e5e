/* SPDX-License-Identifier: MIT */
/*
 * Opens a compiled policy.  Everything is asked of the open descriptor, never again of the path,
 * so nobody can exchange the file between check and use.  Who may write the file may switch the
 * fence off: root always, the process's own user where the caller says so, nobody else.
 */
#include "af_policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "af_descriptor.h"
#include "af_image.h"
#include "af_siphash.h"

#define COPY_MAX      (1024 * 1024) /* larger files are mapped (P2) */
#define IDENTITY_MAP  "0 0 4294967295"
#define OVERFLOW_UID  65534
#define PROC_TEXT_MAX 128
#define PROC_FD_PATH  "/proc/self/fd/"
#define REST_S        2 /* coarser than the clock of any file system */

/* O_NONBLOCK: a FIFO in the place of the file must not hang the host. */
static enum af_status open_path(const char *path, int *out)
{
	int fd;

	*out = -1;
	if (path[0] != '/')
		return AFENCE_ERR_UNTRUSTED;
	fd = af_descriptor_raise(
		open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	*out = fd;
	if (fd >= 0)
		return AFENCE_OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return AFENCE_ERR_ABSENT;
	return errno == ELOOP || errno == ENXIO ? AFENCE_ERR_UNTRUSTED : AFENCE_ERR_SYSTEM;
}

/* The first line of a small file of /proc with single blanks between its words. */
static bool read_words(const char *path, char text[PROC_TEXT_MAX])
{
	char raw[PROC_TEXT_MAX];
	size_t used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, raw, sizeof(raw));
	close(fd);
	for (ssize_t i = 0; i < got && raw[i] != '\n' && used < PROC_TEXT_MAX - 1; i++)
		if (raw[i] != ' ' || (used > 0 && text[used - 1] != ' '))
			text[used++] = raw[i];
	text[used] = '\0';
	return got >= 0;
}

static bool is_in_user_namespace(void)
{
	char map[PROC_TEXT_MAX];

	return read_words("/proc/self/uid_map", map) && strcmp(map, IDENTITY_MAP) != 0;
}

/* The uid that stands for every user who does not exist in this namespace, root among them. */
static uid_t overflow_uid(void)
{
	char text[PROC_TEXT_MAX], *end;
	unsigned long uid;

	if (!read_words("/proc/sys/kernel/overflowuid", text))
		return OVERFLOW_UID;
	uid = strtoul(text, &end, 10);
	return end == text || *end != '\0' || uid >= UINT32_MAX ? OVERFLOW_UID : (uid_t)uid;
}

/* Any other failure than a refusal leaves it open, which counts as writable. */
static bool is_writable(const char *path)
{
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ||
	       (errno != EACCES && errno != EROFS);
}

/* The real path is read off the descriptor: no symlink on the way hides a folder. */
static bool is_out_of_reach(int fd)
{
	char link[sizeof(PROC_FD_PATH) + 12], path[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), PROC_FD_PATH "%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0 || path[0] != '/')
		return false;
	path[len] = '\0';
	if (is_writable(path))
		return false;
	for (char *slash = strrchr(path, '/'); slash != path; slash = strrchr(path, '/')) {
		*slash = '\0';
		if (is_writable(path))
			return false;
	}
	return !is_writable("/");
}

static bool is_trusted(int fd, const struct stat *st, bool own_user)
{
	if (!S_ISREG(st->st_mode) || (st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return false;
	if (st->st_uid == 0 || (own_user && st->st_uid == geteuid()))
		return true;
	return st->st_uid == overflow_uid() && is_in_user_namespace() && is_out_of_reach(fd);
}

/* A file that ends early has changed meanwhile. */
static enum af_status fill(int fd, uint8_t *bytes, size_t length)
{
	size_t used = 0;

	while (used < length) {
		ssize_t got = read(fd, bytes + used, length - used);

		if (got == 0)
			return AFENCE_ERR_DAMAGED;
		if (got < 0 && errno != EINTR)
			return AFENCE_ERR_SYSTEM;
		if (got > 0)
			used += (size_t)got;
	}
	return mprotect(bytes, length, PROT_READ) == 0 ? AFENCE_OK : AFENCE_ERR_SYSTEM;
}

static enum af_status take_bytes(int fd, size_t length, struct af_policy_file *out)
{
	bool copy = length <= COPY_MAX;
	enum af_status status = AFENCE_OK;
	void *bytes = copy ? mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				     -1, 0)
			   : mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);

	if (bytes == MAP_FAILED)
		return errno == ENOMEM ? AFENCE_ERR_MEMORY : AFENCE_ERR_SYSTEM;
	if (copy)
		status = fill(fd, bytes, length);
	if (status != AFENCE_OK) {
		munmap(bytes, length);
		return status;
	}
	out->bytes = bytes;
	out->length = length;
	return AFENCE_OK;
}

static bool rests(const struct stat *st)
{
	struct timespec now = {0, 0};

	clock_gettime(CLOCK_REALTIME, &now);
	return st->st_ctim.tv_sec + REST_S <= now.tv_sec;
}

/* The second lowest bit keeps every mark apart from AFENCE_MARK_NONE. */
static uint64_t mark_words(const uint64_t *word, size_t count)
{
	struct af_siphash state;

	af_siphash_start(&state, 0, 0);
	af_siphash_add(&state, word, count * sizeof(*word));
	return (af_siphash_finish(&state) | 2) & ~AFENCE_MARK_RESTS;
}

static uint64_t mark_file(const struct stat *st)
{
	const uint64_t word[] = {
		st->st_dev,
		st->st_ino,
		(uint64_t)st->st_size,
		(uint64_t)st->st_mtim.tv_sec,
		(uint64_t)st->st_mtim.tv_nsec,
		(uint64_t)st->st_ctim.tv_sec,
		(uint64_t)st->st_ctim.tv_nsec,
	};

	return mark_words(word, sizeof(word) / sizeof(word[0])) |
	       (rests(st) ? AFENCE_MARK_RESTS : 0);
}

uint64_t af_policy_file_mark(const char *path)
{
	struct stat st;
	uint64_t why;

	if (lstat(path, &st) == 0)
		return mark_file(&st);
	why = (uint64_t)errno;
	return mark_words(&why, 1) | AFENCE_MARK_RESTS;
}

/* What the open file at FD is; false: it can not be told. */
static bool identify(int fd, struct stat *st, struct af_policy_file *out)
{
	if (fstat(fd, st) != 0)
		return false;
	out->mark = mark_file(st);
	out->is_roots = st->st_uid == 0;
	return true;
}

enum af_status af_policy_file_open(const char *path, bool own_user, struct af_policy_file *out)
{
	struct stat st;
	enum af_status status;
	int fd, saved;

	memset(out, 0, sizeof(*out));
	status = open_path(path, &fd);
	if (status != AFENCE_OK)
		return status;
	if (!identify(fd, &st, out))
		status = AFENCE_ERR_SYSTEM;
	else if (!is_trusted(fd, &st, own_user))
		status = AFENCE_ERR_UNTRUSTED;
	else if (st.st_size < (off_t)sizeof(struct af_image_header))
		status = AFENCE_ERR_DAMAGED;
	else if ((uint64_t)st.st_size > AFENCE_IMAGE_MAX)
		status = AFENCE_ERR_LIMIT;
	else
		status = take_bytes(fd, (size_t)st.st_size, out);
	saved = errno;
	close(fd);
	errno = saved;
	return status;
}

void af_policy_file_close(const struct af_policy_file *file)
{
	if (file->bytes != NULL)
		munmap((void *)(uintptr_t)file->bytes, file->length);
}
