/* SPDX-License-Identifier: MIT */
/*
 * Reads policy files.  A file need not deserve trust here: who may run the compiler may write
 * what it reads.  It is only bounded.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../memory.h"

#define CHUNK 65536

static enum af_status read_all(int fd, struct af_source *out)
{
	size_t room = 0, used = 0;
	ssize_t got;

	do {
		out->text = af_grow(out->text, used, CHUNK, &room, 1);
		got = read(fd, out->text + used, CHUNK - 1);
		if (got > 0)
			used += (size_t)got;
		if (used > AFENCE_SOURCE_MAX)
			return AFENCE_ERR_LIMIT;
	} while (got > 0 || (got < 0 && errno == EINTR));
	out->text[used] = '\0';
	out->length = (uint32_t)used;
	return got == 0 ? AFENCE_OK : AFENCE_ERR_SYSTEM;
}

/* O_NONBLOCK for the opening only: a FIFO that nobody writes reads as empty, a pipe is awaited. */
static int open_source(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && fcntl(fd, F_SETFL, O_RDONLY) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static char *copy_path(const char *path)
{
	return strcpy(af_new(strlen(path) + 1, 1), path);
}

enum af_status af_source_load_fd(int fd, const char *path, struct af_source *out)
{
	enum af_status status = AFENCE_ERR_SYSTEM;
	int saved = errno;

	*out = (struct af_source){.path = copy_path(path)};
	if (fd >= 0) {
		status = read_all(fd, out);
		saved = errno;
		close(fd);
	}
	if (status != AFENCE_OK) {
		free(out->text);
		out->text = NULL;
	}
	errno = saved;
	return status;
}

enum af_status af_source_load(const char *path, struct af_source *out)
{
	return af_source_load_fd(open_source(path), path, out);
}

void af_source_copy(const char *path, const char *text, size_t length, struct af_source *out)
{
	*out = (struct af_source){.path = copy_path(path),
		.text = af_new(length + 1, 1),
		.length = (uint32_t)length,
		.layer = AFENCE_LAYER_SITE};
	memcpy(out->text, text, length);
}

void af_source_free(struct af_source *source)
{
	free(source->path);
	free(source->text);
	memset(source, 0, sizeof(*source));
}
