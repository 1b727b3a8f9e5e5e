/* SPDX-License-Identifier: MIT */
/* Where does a host that an answer names stand? */
#ifndef PROBE_JUDGE_H
#define PROBE_JUDGE_H

#include <stdbool.h>

#include "af_policy.h"
#include "dns.h"

/* True if the addresses of HOST are needed to tell. */
bool af_judge_needs_addresses(const struct af_policy *policy, const char *host);

enum af_place {
	/* A credential may go there: it is under a documentation or testing name or one that the
	 * policy reserves, or local or internal by the policy's rows and its addresses. */
	AFENCE_PLACE_HARMLESS,
	AFENCE_PLACE_OUTSIDE, /* also what is no host, or has no address */
	AFENCE_PLACE_UNKNOWN, /* the DNS did not answer, and what it answered is not outside */
};

/* Where HOST stands, as far as DNS knows its addresses. */
enum af_place af_judge_place(
	const struct af_policy *policy, const struct af_probe_dns *dns, const char *host);

#endif
