/* SPDX-License-Identifier: MIT */
/* The exception or protect behind a rule: what people want to know of it. */
#ifndef CLAUSE_H
#define CLAUSE_H

#include <stdint.h>

#include "af_decide.h"

/* The clause that RULE of POLICY is, or NULL. */
const struct af_image_clause *af_clause_of_rule(
	const struct af_policy *policy, const struct af_rule *rule);

/* The string of a clause at OFFSET, or NULL where it has none. */
const char *af_clause_text(const struct af_policy *policy, uint32_t offset);

/* The exception that would have lifted the refusal, had it not expired: of several the one that
 * ended last.  NULL: there is none, or nothing was refused. */
const struct af_image_clause *af_clause_expired(
	const struct af_request *request, const struct af_decision *decision);

/* The second at which the mode of POLICY ends, where it was set for a time; else 0.  NOW as in a
 * request. */
int64_t af_mode_until(const struct af_policy *policy, time_t now);

#define AFENCE_TIME_MAX 32

/* A second as its day ("2027-03-31") or as itself ("2027-03-31T23:59:59Z"), UTC; one of no calendar
 * becomes "?".  Return TEXT. */
char *af_format_day(int64_t second, char text[AFENCE_TIME_MAX]);
char *af_format_time(int64_t second, char text[AFENCE_TIME_MAX]);

#endif
