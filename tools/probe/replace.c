/* SPDX-License-Identifier: MIT */
/*
 * Files that outlive a run.  They may lie in a folder that others write to, and the run may be
 * root's: nothing is written through a link, and no device is renamed away.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../memory.h"
#include "../names.h"
#include "output_parts.h"

const char *af_probe_file_fault(int error)
{
	if (error == ELOOP)
		return "it is a symbolic link, expected a regular file";
	return error == EINVAL ? "it is no regular file" : strerror(error);
}

static bool read_all(int fd, char *text, size_t len)
{
	while (len > 0) {
		ssize_t got = read(fd, text, len);

		if (got == 0)
			errno = EIO; /* it has been cut meanwhile */
		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		if (got > 0) {
			text += got;
			len -= (size_t)got;
		}
	}
	return true;
}

static bool read_open(int fd, char **out, size_t *len)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode) || st.st_size > AFENCE_STATE_MAX) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return false;
	}
	*len = (size_t)st.st_size;
	*out = af_new(*len + 1, 1);
	if (read_all(fd, *out, *len))
		return true;
	free(*out);
	*out = NULL;
	return false;
}

bool af_probe_read_file(const char *path, char **out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), saved;
	bool done;

	*out = NULL;
	*len = 0;
	if (fd < 0)
		return false;
	done = read_open(fd, out, len);
	saved = errno;
	close(fd);
	errno = saved;
	return done;
}

static bool fill(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, text, len);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0) {
			text += put;
			len -= (size_t)put;
		}
	}
	return fchmod(fd, 0644) == 0 && fsync(fd) == 0;
}

static bool may_replace(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT;
	errno = S_ISLNK(st.st_mode) ? ELOOP : EINVAL;
	return S_ISREG(st.st_mode);
}

/* The rename is done; that it lasts is worth a try on file systems that can. */
static void sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash != NULL ? af_format("%.*s", (int)(slash - path) + 1, path)
				     : af_format("%s", ".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(folder);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static bool put_beside(const char *path, const char *temporary, const char *text, size_t len)
{
	/* One that is there was left by a process that was killed, or laid there by a stranger. */
	int fd = unlink(temporary) == 0 || errno == ENOENT
			 ? open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				   0600)
			 : -1;
	bool done = fd >= 0 && fill(fd, text, len);
	int saved = errno;

	if (fd < 0)
		return false;
	if (close(fd) != 0 && done) {
		saved = errno;
		done = false;
	}
	if (done && rename(temporary, path) == 0)
		return true;
	saved = done ? errno : saved;
	unlink(temporary);
	errno = saved;
	return false;
}

bool af_probe_replace_file(const char *path, const char *text, size_t len)
{
	char *temporary;
	bool done;
	int saved;

	if (!may_replace(path))
		return false;
	temporary = af_format("%s.tmp.%ld", path, (long)getpid());
	done = put_beside(path, temporary, text, len);
	saved = errno;
	if (done)
		sync_folder(path);
	free(temporary);
	errno = saved;
	return done;
}
