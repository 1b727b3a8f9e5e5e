/* SPDX-License-Identifier: MIT */
/*
 * From an identity that was seen to what happens with its connection.  The same core, the same
 * rules, the same log line as in the other guards (stack=preload).
 */
#ifndef PRELOAD_GUARD_H
#define PRELOAD_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "stream.h"

/* What is known of the connection beside what the client said. */
struct af_place {
	int fd;           /* its socket, -1: not known, all of the process's are evidence (R6b) */
	const char *name; /* "" or NULL: not known */
	uint16_t port;
};

/*
 * True if the login may go on.  False: it was blocked; the connection is cut if it is known for
 * sure and the policy says so, one line is logged, and one shown where standard error is a terminal.
 * errno is left alone.  *cut, if not NULL, says whether it was.
 */
bool af_guard_allows(const struct af_seen *seen, const struct af_place *place, bool *cut);

/*
 * Feeds LEN bytes that are about to be sent on what WATCH watches, and decides on what comes up.
 * False: they must not be sent.  *over: nothing more is to be expected.
 */
struct af_watch;
bool af_guard_feed(struct af_watch *watch, const unsigned char *bytes, size_t len, bool *over);

/* Reads policy and environment, once, when the library is loaded.  False: it stays asleep (secure
 * execution, AUTHFENCE_PRELOAD=off). */
bool af_guard_wake(void);

#endif
