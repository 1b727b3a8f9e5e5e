/* SPDX-License-Identifier: MIT */
/*
 * What a policy is made of.  For the files of af_policy alone.
 */
#ifndef AF_POLICY_PARTS_H
#define AF_POLICY_PARTS_H

#include "af_policy.h"
#include "af_policy_file.h"

struct af_policy {
	const char *source;
	bool has_image;                       /* false: built in */
	bool has_clause[AFENCE_CLAUSE_KINDS]; /* the image has one of this kind at all */
	bool has_services;                    /* likewise */
	uint8_t lives;                        /* bit N: what has the life N holds in this view */
	const struct af_policy *trial;
	struct af_image image;
	struct af_policy_file file; /* empty in the view on trial, and if borrowed */
};

/* True if what has LIFE (enum af_life) holds in the view that POLICY is. */
static inline bool af_policy_holds(const struct af_policy *policy, uint8_t life)
{
	return (policy->lives >> life & 1) != 0;
}

#endif
