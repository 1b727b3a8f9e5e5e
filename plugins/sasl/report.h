/* SPDX-License-Identifier: MIT */
/*
 * How a refusal is told: one line to the host's log, one sentence to the user.
 */
#ifndef REPORT_H
#define REPORT_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "af_decide.h"

#define AFENCE_LINES_A_MINUTE 10
#define AFENCE_LIMITED_RULES  32 /* rules counted apart; further ones share */

/*
 * Ten lines a minute and rule.  All zero at first.  Lock free: a lock that another thread holds
 * during fork() stays locked in the child.
 */
struct af_sasl_limit {
	struct {
		_Atomic uint32_t rule; /* hash of the rule's name, 0: free */
		_Atomic uint64_t
			state; /* second of the first line, then lines since (32 bits each) */
	} slot[AFENCE_LIMITED_RULES];
};

/* Counts a line of RULE at second NOW (any steady clock, never 0).  True: log it, and say that
 * *suppressed lines were held back before it. */
bool af_sasl_limit_pass(
	struct af_sasl_limit *limit, const char *rule, uint32_t now, unsigned *suppressed);

/* Logs a block or an observed one, within the limit.  CUT as in af_report_line(). */
void af_sasl_log(struct af_sasl_limit *limit, const sasl_utils_t *utils,
	const struct af_request *request, const struct af_decision *decision, int cut);

/* Makes the sentence that sasl_errdetail() gives to the client. */
void af_sasl_explain(const sasl_utils_t *utils, const struct af_request *request,
	const struct af_decision *decision);

#endif
