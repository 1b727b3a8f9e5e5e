/* SPDX-License-Identifier: MIT */
/*
 * The order of steps is the point of this file: a power cut between any two of them leaves the
 * old image or the new one under the name, never a part.
 */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "af_image.h"
#include "../memory.h"

#define IMAGE_MODE 0644

enum af_output af_output_kind(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return AFENCE_OUTPUT_NONE;
	if (S_ISDIR(st.st_mode))
		return AFENCE_OUTPUT_FOLDER;
	return S_ISREG(st.st_mode) ? AFENCE_OUTPUT_FILE : AFENCE_OUTPUT_OTHER;
}

/* All LENGTH bytes from the start of the file. */
static bool read_back(int fd, uint8_t *bytes, size_t length)
{
	size_t used = 0;

	while (used < length) {
		ssize_t got = pread(fd, bytes + used, length - used, (off_t)used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		used += (size_t)got;
	}
	return true;
}

uint64_t af_output_generation(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct af_image image;
	uint64_t generation = 0;
	struct stat st;
	uint8_t *bytes;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
		(uint64_t)st.st_size <= AFENCE_IMAGE_MAX) {
		bytes = af_new((size_t)st.st_size, 1);
		if (read_back(fd, bytes, (size_t)st.st_size) &&
			af_image_open(bytes, (size_t)st.st_size, &image) == AFENCE_OK)
			generation = af_image_generation(&image);
		free(bytes);
	}
	close(fd);
	return generation;
}

static bool write_all(int fd, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t put = write(fd, bytes, length);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0) {
			bytes += put;
			length -= (size_t)put;
		}
	}
	return true;
}

static bool is_as_written(int fd, const uint8_t *bytes, size_t length)
{
	uint8_t *again = af_new(length, 1);
	struct af_image image;
	bool same;

	same = read_back(fd, again, length) && memcmp(bytes, again, length) == 0 &&
	       af_image_open(again, length, &image) == AFENCE_OK;
	free(again);
	return same;
}

static enum af_status fill(int fd, const uint8_t *bytes, size_t length, const char **step)
{
	*step = "set the mode of";
	if (fchmod(fd, IMAGE_MODE) != 0)
		return AFENCE_ERR_SYSTEM;
	*step = "write";
	if (!write_all(fd, bytes, length))
		return AFENCE_ERR_SYSTEM;
	*step = "sync";
	if (fsync(fd) != 0)
		return AFENCE_ERR_SYSTEM;
	*step = "verify";
	return is_as_written(fd, bytes, length) ? AFENCE_OK : AFENCE_ERR_DAMAGED;
}

/* The folder of PATH; the copy that dirname() alters is the caller's to free. */
static int open_folder(const char *path)
{
	char *copy = strdup(path);
	int fd;

	if (copy == NULL)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	return fd;
}

/* After the rename the file is in force; only its survival of a power cut is still open. */
static enum af_status move(const char *from, const char *to, const char **step)
{
	int folder = open_folder(to);
	enum af_status status = AFENCE_ERR_SYSTEM;
	int saved;

	*step = "open the folder of";
	if (folder < 0)
		return status;
	*step = "replace";
	if (rename(from, to) == 0) {
		*step = "sync the folder of";
		if (fsync(folder) == 0 || errno == EINVAL)
			status = AFENCE_OK;
	}
	saved = errno;
	close(folder);
	errno = saved;
	return status;
}

enum af_status af_output_write(
	const char *path, const uint8_t *bytes, size_t length, const char **step)
{
	size_t room = strlen(path) + sizeof(".XXXXXX");
	char *temporary = af_new(room, 1);
	enum af_status status = AFENCE_ERR_SYSTEM;
	int fd, saved;

	/* A file size limit is an error to report, not a death that leaves the file behind. */
	signal(SIGXFSZ, SIG_IGN);
	snprintf(temporary, room, "%s.XXXXXX", path);
	*step = "make a file beside";
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd >= 0) {
		status = fill(fd, bytes, length, step);
		saved = errno;
		close(fd);
		errno = saved;
		if (status == AFENCE_OK)
			status = move(temporary, path, step);
		saved = errno;
		if (status != AFENCE_OK)
			unlink(temporary); /* gone already if only the last step failed */
		errno = saved;
	}
	free(temporary);
	return status;
}
