/* SPDX-License-Identifier: MIT */
/*
 * The functions that stand behind the hooks.
 *
 * libc's are found once: by the constructor, or by the first hook that is called before it has run.
 * Those of other libraries are found from the place that called the hook, because a library that
 * was loaded RTLD_LOCAL (OpenSSL under Python) is visible from there only, and a process can have
 * two of a kind.
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* X(type, name, parameters, arguments, what a call gives if libc does not have it) */
#define AFENCE_REAL_FUNCTIONS(X)                                                                  \
	X(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len), -1)          \
	X(int, close, (int fd), (fd), -1)                                                         \
	X(ssize_t, writev, (int fd, const struct iovec *part, int count), (fd, part, count), -1)  \
	X(ssize_t, send, (int fd, const void *bytes, size_t len, int flags),                      \
		(fd, bytes, len, flags), -1)                                                      \
	X(ssize_t, sendto,                                                                        \
		(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to,     \
			socklen_t to_len),                                                        \
		(fd, bytes, len, flags, to, to_len), -1)                                          \
	X(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),                    \
		(fd, message, flags), -1)                                                         \
	X(int, sendmmsg, (int fd, struct mmsghdr *message, unsigned count, int flags),            \
		(fd, message, count, flags), -1)                                                  \
	X(int, connect, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len), -1)    \
	X(int, dup, (int fd), (fd), -1)                                                           \
	X(int, dup2, (int from, int to), (from, to), -1)                                          \
	X(int, dup3, (int from, int to, int flags), (from, to, flags), -1)                        \
	X(int, fcntl, (int fd, int command, void *argument), (fd, command, argument), -1)         \
	X(int, fcntl64, (int fd, int command, void *argument), (fd, command, argument), -1)       \
	X(int, close_range, (unsigned first, unsigned last, int flags), (first, last, flags), -1) \
	X(FILE *, fdopen, (int fd, const char *mode), (fd, mode), NULL)                           \
	X(int, vdprintf, (int fd, const char *format, va_list values), (fd, format, values), -1)  \
	X(int, __vdprintf_chk, (int fd, int level, const char *format, va_list values),           \
		(fd, level, format, values), -1)                                                  \
	X(int, getaddrinfo,                                                                       \
		(const char *node, const char *service, const struct addrinfo *hints,             \
			struct addrinfo **out),                                                   \
		(node, service, hints, out), EAI_SYSTEM)                                          \
	X(struct hostent *, gethostbyname, (const char *name), (name), NULL)                      \
	X(struct hostent *, gethostbyname2, (const char *name, int family), (name, family), NULL) \
	X(int, gethostbyname_r,                                                                   \
		(const char *name, struct hostent *entry, char *room, size_t size,                \
			struct hostent **out, int *error),                                        \
		(name, entry, room, size, out, error), -1)                                        \
	X(int, gethostbyname2_r,                                                                  \
		(const char *name, int family, struct hostent *entry, char *room, size_t size,    \
			struct hostent **out, int *error),                                        \
		(name, family, entry, room, size, out, error), -1)

struct af_real {
#define AFENCE_REAL_FIELD(type, name, parameters, arguments, failed) type(*name) parameters;
	AFENCE_REAL_FUNCTIONS(AFENCE_REAL_FIELD)
#undef AFENCE_REAL_FIELD
};

/* Callable at any time. */
extern struct af_real af_real;

/* Finds what stands behind libc's hooks.  Thread safe; not for signal handlers. */
void af_real_find(void);

/*
 * The function SYMBOL of the library that is called from SITE, or NULL.  SYMBOL is a literal: its
 * address is what it is remembered by.  What SITE belongs to stays loaded from now on.  Thread safe.
 */
void *af_real_of(const char *symbol, const void *site);

/* Inside the hook FUNCTION itself. */
#define AFENCE_NEXT(function) \
	((__typeof__(&(function)))af_real_of(#function, __builtin_return_address(0)))

#endif
