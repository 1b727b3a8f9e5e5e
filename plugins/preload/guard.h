/* SPDX-License-Identifier: MIT */
/*
 * From an identity that was seen to what happens with its connection.  The same core, the same
 * rules, the same log line as in the other guards (stack=preload).
 *
 * Thread safe; errno is left alone, but for what af_guard_may_send() says.
 */
#ifndef PRELOAD_GUARD_H
#define PRELOAD_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "stream.h"

/* What is known of the connection beside what the client said. */
struct af_place {
	int fd;           /* its socket, -1: not known, all of the process's are evidence (R6b) */
	const char *name; /* "" or NULL: not known */
	uint16_t port;    /* 0: not known */
};

/*
 * True if the login may go on.  False: it was blocked; the connection is cut if it is known for
 * sure and the policy says so, one line is logged, and one shown where standard error is a terminal.
 * *cut, if not NULL, says whether it was.
 */
bool af_guard_allows(const struct af_seen *seen, const struct af_place *place, bool *cut);

/*
 * Feeds LEN bytes that are about to be sent on what WATCH watches, and decides on what comes up.
 * False: they must not be sent.  *over: nothing more is to be expected; so it is where the
 * connection was cut, and there true, since what is written vanishes.
 */
struct af_watch;
bool af_guard_feed(struct af_watch *watch, const unsigned char *bytes, size_t len, bool *over);

/* The COUNT parts are about to leave on FD.  False: they must not, and errno is what the caller is
 * to be told. */
bool af_guard_may_send(int fd, const struct iovec *part, size_t count);

/* They were given to the socket, which took as many bytes as RESULT says, or none. */
void af_guard_sent(int fd, const struct iovec *part, size_t count, ssize_t result);

/* The same for a session of a TLS library over FD (-1: not known). */
bool af_guard_may_send_session(const void *session, int fd, const void *bytes, size_t len);

/* Reads policy and environment, once, when the library is loaded.  False: it stays asleep (secure
 * execution, AUTHFENCE_PRELOAD=off). */
bool af_guard_wake(void);

#endif
