/* SPDX-License-Identifier: MIT */
/*
 * Policies that lines of service files name for themselves.  To read and check one costs as much
 * as the rest of a login, so each is kept as long as its file stays the same.
 *
 * Thread safe, and safe across fork(): there is no lock, and nothing kept is ever freed.
 */
#ifndef KEPT_H
#define KEPT_H

#include <stdbool.h>

#include "af_policy.h"

/* Files and states of files; what comes later is read at each login. */
#define AFENCE_PAM_KEPT 16

/*
 * As af_policy_open() with a file of the process's own user, and with its *trouble.  *owned: the
 * caller frees the policy with af_policy_free(); else it lives as long as the process.
 */
const struct af_policy *af_pam_policy_open(
	const char *path, struct af_policy_trouble *trouble, bool *owned);

#endif
