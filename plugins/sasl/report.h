/* SPDX-License-Identifier: MIT */
/*
 * How a refusal is told: one line to the host's log, one sentence to the user.
 */
#ifndef REPORT_H
#define REPORT_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "af_decide.h"
#include "af_limit.h"

/* Logs a block, an observed one or an exception, within the limit.  CUT as in af_report_line(). */
void af_sasl_log(struct af_limit *limit, const sasl_utils_t *utils,
	const struct af_request *request, const struct af_decision *decision, int cut);

/* Makes the sentence that sasl_errdetail() gives to the client. */
void af_sasl_explain(const sasl_utils_t *utils, const struct af_request *request,
	const struct af_decision *decision);

#endif
