/* SPDX-License-Identifier: MIT */
/*
 * A target as people write it in a command line or a PAM argument.  Pure function, thread safe.
 */
#ifndef AF_HOSTPORT_H
#define AF_HOSTPORT_H

#include <stdint.h>

/*
 * HOST, HOST:PORT, [HOST], [HOST]:PORT or a bare IPv6 address.  WORD is changed: *host points into
 * it, without the brackets; *port is 0 if none is named.  Returns NULL, or what is wrong with WORD
 * (a constant), which is then of no further use.
 */
const char *af_hostport_split(char *word, char **host, uint16_t *port);

#endif
