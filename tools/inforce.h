/* SPDX-License-Identifier: MIT */
/* The policy that a verb works with. */
#ifndef INFORCE_H
#define INFORCE_H

#include "af_policy.h"

/*
 * FILE, if one is named: it must be usable.  Else the active policy of the root folder ROOT (NULL:
 * AUTHFENCE_POLICY or this system's), with the fallbacks of a plugin (R9).  What is wrong is said on
 * standard error in the name of VERB.  Freed with af_policy_free(); NULL: the verb ends with AFENCE_EXIT_USAGE.
 */
const struct af_policy *af_policy_in_force(const char *verb, const char *file, const char *root);

#endif
