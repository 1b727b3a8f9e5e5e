/* SPDX-License-Identifier: MIT */
/*
 * libsasl2's log() and seterror() have a printf of their own that crashes on what it does not
 * know, so each gets a finished text and "%s".  seterror() logs as well unless told not to.
 * SASL_LOG_ERR, for exceptions that were used too, because the default log callback of a client
 * drops what is less, as Postfix does with SASL_LOG_NOTE.
 */
#include "report.h"

#include <string.h>

#include "af_report.h"

void af_sasl_log(struct af_limit *limit, const sasl_utils_t *utils,
	const struct af_request *request, const struct af_decision *decision, int cut)
{
	static const char program[] = "authfence: ";
	char text[sizeof(program) - 1 + AFENCE_LINE_MAX];
	unsigned suppressed;

	if (!af_limit_pass(limit, decision->rule.name, af_limit_now(), &suppressed))
		return;
	memcpy(text, program, sizeof(program) - 1);
	af_report_line(request, decision, cut, suppressed, text + sizeof(program) - 1);
	utils->log(utils->conn, SASL_LOG_ERR, "%s", text);
}

void af_sasl_explain(const sasl_utils_t *utils, const struct af_request *request,
	const struct af_decision *decision)
{
	char text[AFENCE_SENTENCE_MAX];

	af_report_sentence(request, decision, text);
	utils->seterror(utils->conn, SASL_NOLOG, "%s", text);
}
