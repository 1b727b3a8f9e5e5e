/* SPDX-License-Identifier: MIT */
/*
 * The order of steps is the point of this file: a power cut between any two of them leaves the
 * old image or the new one under the name, never a part.
 */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "af_image.h"
#include "../memory.h"
#include "../names.h"

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

bool af_output_read(int fd, uint8_t *bytes, size_t length)
{
	size_t used = 0;

	while (used < length) {
		ssize_t got = pread(fd, bytes + used, length - used, (off_t)used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = 0;
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
		if (af_output_read(fd, bytes, (size_t)st.st_size) &&
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

	same = af_output_read(fd, again, length) && memcmp(bytes, again, length) == 0 &&
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

/* After the rename the file is in force; only its survival of a power cut is still open. */
static enum af_status move(
	int folder, const char *from, const char *to, struct af_output_fault *fault)
{
	fault->step = "replace";
	if (renameat(folder, from, folder, to) != 0)
		return AFENCE_ERR_SYSTEM;
	fault->replaced = true;
	fault->step = "sync the folder of";
	return fsync(folder) == 0 || errno == EINVAL ? AFENCE_OK : AFENCE_ERR_SYSTEM;
}

enum af_status af_output_replace(int folder, const char *temporary, const char *name,
	const uint8_t *bytes, size_t length, struct af_output_fault *out)
{
	enum af_status status;
	int fd, saved;

	/* A file size limit is an error to report, not a death that leaves the file behind. */
	signal(SIGXFSZ, SIG_IGN);
	*out = (struct af_output_fault){.step = "make a file beside"};
	fd = openat(folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return AFENCE_ERR_SYSTEM;
	status = fill(fd, bytes, length, &out->step);
	saved = errno;
	close(fd);
	errno = saved;
	if (status == AFENCE_OK)
		status = move(folder, temporary, name, out);
	saved = errno;
	if (!out->replaced)
		unlinkat(folder, temporary, 0);
	errno = saved;
	return status;
}

/* Nobody can foresee the name and keep a file of it ready. */
static char *name_beside(const char *name)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return NULL;
	return af_format("%s.%016" PRIx64, name, random);
}

static enum af_status write_beside(
	int folder, const char *name, const uint8_t *bytes, size_t length, const char **step)
{
	struct af_output_fault fault;
	enum af_status status;
	char *temporary = name_beside(name);

	if (temporary == NULL)
		return AFENCE_ERR_SYSTEM;
	status = af_output_replace(folder, temporary, name, bytes, length, &fault);
	free(temporary);
	*step = fault.step;
	return status;
}

enum af_status af_output_write(
	const char *path, const uint8_t *bytes, size_t length, const char **step)
{
	const char *slash = strrchr(path, '/');
	char *parent =
		slash == NULL ? af_format(".") : af_format("%.*s", (int)(slash - path + 1), path);
	int folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC), saved;
	enum af_status status = AFENCE_ERR_SYSTEM;

	*step = "make a file beside";
	free(parent);
	if (folder < 0)
		return status;
	status = write_beside(folder, slash == NULL ? path : slash + 1, bytes, length, step);
	saved = errno;
	close(folder);
	errno = saved;
	return status;
}
