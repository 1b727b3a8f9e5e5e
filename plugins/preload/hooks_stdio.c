/* SPDX-License-Identifier: MIT */
/*
 * Streams of libc write by a function of their own, not by write().  So a stream over a watched
 * descriptor is one whose functions are ours.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real.h"
#include "watch.h"

static int fd_of(void *cookie)
{
	return (int)(intptr_t)cookie;
}

static ssize_t read_cookie(void *cookie, char *bytes, size_t len)
{
	return read(fd_of(cookie), bytes, len);
}

/* libc takes 0 for an error, and a short count for one as well. */
static ssize_t write_cookie(void *cookie, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t count = write(fd_of(cookie), bytes + done, len - done);

		if (count < 0)
			break;
		done += (size_t)count;
	}
	return (ssize_t)done;
}

/* ESPIPE, and no other error, is what libc expects of a socket between reading and writing. */
static int seek_cookie(void *cookie, off64_t *offset, int whence)
{
	(void)cookie;
	(void)offset;
	(void)whence;
	errno = ESPIPE;
	return -1;
}

static int close_cookie(void *cookie)
{
	return close(fd_of(cookie));
}

static FILE *open_guarded(int fd, const char *mode)
{
	static const cookie_io_functions_t functions = {
		read_cookie, write_cookie, seek_cookie, close_cookie};
	FILE *file = fopencookie((void *)(intptr_t)fd, mode, functions);

	if (file != NULL)
		file->_fileno = fd; /* for fileno(); libc's own functions do not look at it */
	return file;
}

/* A socket that is still to be connected. */
static bool is_unconnected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int saved = errno;
	int domain, type;
	bool is =
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof(type)}) == 0 &&
		getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &(socklen_t){sizeof(domain)}) == 0 &&
		type == SOCK_STREAM && (domain == AF_INET || domain == AF_INET6) &&
		getpeername(fd, (struct sockaddr *)&peer, &len) != 0 && errno == ENOTCONN;

	errno = saved;
	return is;
}

FILE *fdopen(int fd, const char *mode)
{
	return af_watch_has(fd) || (af_watch_awake() && is_unconnected(fd))
		       ? open_guarded(fd, mode)
		       : af_real.fdopen(fd, mode);
}

#undef vdprintf /* with _FORTIFY_SOURCE some compilers get them as macros */
#undef dprintf

int vdprintf(int fd, const char *format, va_list values)
{
	char *text;
	int len, done, saved;

	if (!af_watch_has(fd))
		return af_real.vdprintf(fd, format, values);
	len = vasprintf(&text, format, values);
	if (len < 0)
		return -1;
	done = (int)write_cookie((void *)(intptr_t)fd, text, (size_t)len);
	saved = errno;
	free(text);
	errno = saved;
	return done == len ? len : -1;
}

int dprintf(int fd, const char *format, ...)
{
	va_list values;
	int result;

	va_start(values, format);
	result = vdprintf(fd, format, values);
	va_end(values);
	return result;
}

/* What programs built with _FORTIFY_SOURCE call. */
__attribute__((format(printf, 3, 0))) int __vdprintf_chk(
	int fd, int level, const char *format, va_list values);
__attribute__((format(printf, 3, 4))) int __dprintf_chk(int fd, int level, const char *format, ...);

int __vdprintf_chk(int fd, int level, const char *format, va_list values)
{
	if (af_watch_has(fd))
		return vdprintf(fd, format, values);
	return af_real.__vdprintf_chk(fd, level, format, values);
}

int __dprintf_chk(int fd, int level, const char *format, ...)
{
	va_list values;
	int result;

	va_start(values, format);
	result = __vdprintf_chk(fd, level, format, values);
	va_end(values);
	return result;
}
