/* SPDX-License-Identifier: MIT */
/*
 * Cuts a connection off from the client that was refused.
 *
 * Some clients answer a refusal by sending the password another way (mutt: LOGIN after a refused
 * CRAM-MD5), and closing the socket under them would kill them by SIGPIPE or hand a later file
 * its number.  So every descriptor of the connection is put into the dark: reads give
 * end-of-file, what is written vanishes.
 */
#ifndef CUT_H
#define CUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Shuts the connection of socket INODE down and replaces all its descriptors.  False if nothing
 * was changed: it is gone, it is in an epoll set, or descriptors ran out.
 *
 * Each cut leaves one descriptor behind, close-on-exec; those whose connection the host has
 * closed since are closed here, by one thread at a time: REAPING is its lock, clear at first.
 */
bool af_cut(ino_t inode, atomic_flag *reaping);

#endif
