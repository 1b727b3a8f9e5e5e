/* SPDX-License-Identifier: MIT */
/*
 * The `expect` cases of a policy: judged by the function that the plugins call, as if enforcing and
 * with rules on trial counted, without DNS.
 */
#ifndef AF_POLICY_EXPECT_H
#define AF_POLICY_EXPECT_H

#include "af_decide.h"
#include "rules.h"

/* What POLICY says to a case of RULES; *request and *out borrow from both.  NOW: the time of a case
 * that names no day. */
void af_expect_ask(const struct af_rules *rules, const struct af_expect_row *row,
	const struct af_policy *policy, int64_t now, struct af_request *request,
	struct af_decision *out);

/* Judges all cases of RULES on the LENGTH bytes of an image; one that fails becomes an error with
 * its place among the diagnostics of RULES (a warning if it names no day and fails only because an
 * exception has expired).  Returns how many passed. */
size_t af_expect_run(const struct af_rules *rules, const uint8_t *bytes, size_t length);

/* One case in the words of the language, "alice@example.com" to "host" ..., for messages. */
#define AFENCE_EXPECT_MAX 512
char *af_expect_format(const struct af_rules *rules, const struct af_expect_row *row,
	char text[AFENCE_EXPECT_MAX]);

#endif
