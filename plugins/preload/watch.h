/* SPDX-License-Identifier: MIT */
/*
 * Which connections of the process are watched: descriptors that were connected, and sessions of TLS
 * libraries.
 *
 * T1  A descriptor that is not watched costs one load.  No lock, no allocation, no system call, on
 *     any path of af_watch_has(): the hooks run in signal handlers and after vfork().
 * T2  A slot belongs to one connection from af_watch_connected() or af_watch_enter_session() until it
 *     is over or closed; slots are taken and given back by compare-and-swap, and a slot is fed by one
 *     thread at a time (a second one that writes meanwhile passes unread).
 * T3  In the child of vfork(), which shares this memory, no descriptor is added, copied or closed
 *     (its owner is renewed by a handler of fork(), and noted in a page that the kernel empties in
 *     children with memory of their own, for those that call no handler).
 * T4  A number that was closed behind our back and used anew is recognised by its inode.
 * T5  A connection whose login was blocked, and not cut, stays blocked for the life of the
 *     descriptor or session.
 * T6  A session that is over is remembered as such until it is gone.
 *
 * errno is left alone.  What is not said to be otherwise is async-signal-safe.
 */
#ifndef PRELOAD_WATCH_H
#define PRELOAD_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "stream.h"

#define AFENCE_WATCH_FDS   65536 /* descriptors from here on are not watched */
#define AFENCE_WATCH_SLOTS 1024  /* connections at a time; one more is not watched */

struct af_watch {
	atomic_flag busy;
	_Atomic bool blocked;
	_Atomic bool over;
	_Atomic uint32_t users; /* descriptors or sessions that lead here; 0: free */
	/* Bytes at the head of the next write that were read before: of a write that a TLS library did
	 * not take whole, or of one that a wrapper passes on. */
	_Atomic size_t ahead;
	/* A socket that did not take a write may get other bytes instead: what the stream was before
	 * the last UNDO bytes.  Written by who holds the slot. */
	size_t undo;
	struct af_stream before;
	ino_t inode;                         /* of a socket; 0: a session without one */
	const void *session;                 /* of a TLS library, NULL: the socket itself */
	int fd;                              /* of the socket, -1: unknown */
	char name[AFENCE_SEEN_HOST_MAX + 1]; /* looked up or sent as SNI; "": unknown */
	struct af_stream stream;
};

/* For each descriptor its slot and one; 0: not watched.  Read only through af_watch_has(). */
extern _Atomic uint16_t af_watch_fd[AFENCE_WATCH_FDS];

static inline bool af_watch_has(int fd)
{
	return (unsigned)fd < AFENCE_WATCH_FDS &&
	       atomic_load_explicit(&af_watch_fd[fd], memory_order_relaxed) != 0;
}

/* Before all others, once; without it nothing is ever watched.  Not for signal handlers. */
void af_watch_start(void);
bool af_watch_awake(void); /* has it been called? */

/* The hooks' words for what happens.  PORT: of the far end; NAME: borrowed, may be NULL. */
void af_watch_connected(int fd, uint16_t port, const char *name);
void af_watch_closed(int fd);
void af_watch_copied(int from, int to); /* dup and the like: TO is FROM now */

/* The slot of a descriptor or session, taken for one write; NULL: not watched, or busy.  Given back
 * with af_watch_leave(), OVER: for good. */
struct af_watch *af_watch_enter(int fd);
struct af_watch *af_watch_enter_session(const void *session, bool make);
void af_watch_leave(struct af_watch *watch, bool over);

/* True if it is watched and blocked, busy or not. */
bool af_watch_blocks(int fd);

/* COUNT of the bytes that were fed have left. */
void af_watch_sent(int fd, size_t count);
void af_watch_sent_session(const void *session, size_t count);

/* The address SESSION belongs to none any more, or to a new one. */
void af_watch_session_gone(const void *session);

/* SESSION is none of a client. */
void af_watch_session_ignore(const void *session);

#endif
