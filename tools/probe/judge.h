/* SPDX-License-Identifier: MIT */
/* Where does a host that an answer names stand? */
#ifndef PROBE_JUDGE_H
#define PROBE_JUDGE_H

#include <stdbool.h>

#include "af_policy.h"
#include "dns.h"

/* True if the addresses of HOST are needed to tell. */
bool af_judge_needs_addresses(const struct af_policy *policy, const char *host);

/*
 * True if a credential may go to HOST: it is under a documentation or testing name or one that the
 * policy reserves, or it is local or internal by the policy's rows and its addresses, as far as DNS knows
 * them.  What is no host, has no address or cannot be looked up is outside.
 */
bool af_judge_harmless(
	const struct af_policy *policy, const struct af_probe_dns *dns, const char *host);

#endif
