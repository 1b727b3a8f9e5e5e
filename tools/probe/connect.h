/* SPDX-License-Identifier: MIT */
/* --connect-to HOST:PORT:ADDRESS:PORT, as curl's: requests for the one go to the other; an empty
 * HOST or PORT stands for all. */
#ifndef PROBE_CONNECT_H
#define PROBE_CONNECT_H

#include <stdbool.h>
#include <stddef.h>

#include "expand.h"

/* NULL, or what is wrong with WORD (a constant). */
const char *af_connect_check(const char *word);

/*
 * True if one of the COUNT words at CONNECT_TO says where requests for URL go, so that no addresses
 * of its host are needed.  For a host that is a domain's own (SERVICE false) only a word that
 * names it counts: with one that stands for all, the DNS still says whether the host exists.
 */
bool af_connect_covers(
	const char *const *connect_to, size_t count, const struct af_url *url, bool service);

#endif
