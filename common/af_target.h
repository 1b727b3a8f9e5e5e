/* SPDX-License-Identifier: MIT */
/*
 * Where would the credential go?  R6, R6a and R6b of af_decide.h: the evidence is the peer that
 * the host handed over, or the process's connections, and the name or literal it was given.
 */
#ifndef AF_TARGET_H
#define AF_TARGET_H

#include "af_decide.h"

/*
 * Fills *out with all evidence.  SERVICE is canonical or NULL.  Waits at most
 * settings->within_ms, for one look-up.
 */
void af_target_judge(const struct af_policy *policy, const struct af_request *request,
	const char *service, const struct af_settings *settings, struct af_target *out);

#endif
