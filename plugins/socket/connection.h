/* SPDX-License-Identifier: MIT */
/*
 * The process's own connections.  libsasl2 seldom learns which socket an exchange runs over, so
 * the sockets of the process are the evidence (R6b) and the thing to cut.
 *
 * Thread safe: a descriptor that another thread closes meanwhile is passed over.  Own
 * descriptors are close-on-exec, above 2, and closed before a function returns.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "af_decide.h"

/* Both ends of a connection. */
struct af_link {
	struct af_address peer;
	uint16_t peer_port;
	bool has_own; /* always true for a socket, not for what a host hands over */
	struct af_address own;
	uint16_t own_port;
};

/* True if FD is a connected IPv4 or IPv6 stream socket; else *link is undefined. */
bool af_link_read(int fd, struct af_link *link);

/* Connected IPv4 and IPv6 stream sockets, one an inode. */
struct af_connections {
	size_t count; /* over AFENCE_PEERS_MAX: there are more than are listed */
	ino_t inode[AFENCE_PEERS_MAX];
};

/*
 * Lists the connections, or those equal to ONLY if it is not NULL.  PEERS, if not NULL, has room
 * for AFENCE_PEERS_MAX and gets the far ends in the same order.
 */
void af_connections_find(
	const struct af_link *only, struct af_peer *peers, struct af_connections *out);

/*
 * Calls VISIT for each open descriptor of the process until it returns false: those that
 * /proc/self/fd lists or, where it cannot be read (chroot, hardened process), 0 to 4095 whether
 * open or not.  VISIT may replace and close descriptors.
 */
void af_descriptors_walk(bool (*visit)(void *context, int fd), void *context);

#endif
