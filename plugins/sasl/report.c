/* SPDX-License-Identifier: MIT */
/*
 * libsasl2's log() and seterror() have a printf of their own that crashes on what it does not
 * know, so each gets a finished text and "%s".  seterror() logs as well unless told not to.
 * SASL_LOG_ERR, because the default log callback of a client drops what is less.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "af_domain.h"
#include "af_report.h"

#define WINDOW_S 60

static _Atomic uint64_t *find_slot(struct af_sasl_limit *limit, const char *rule)
{
	uint32_t hash = af_hash_name(rule, strlen(rule));
	uint32_t owner;

	hash += hash == 0;
	for (uint32_t i = 0; i < AFENCE_LIMITED_RULES; i++) {
		uint32_t at = (hash + i) % AFENCE_LIMITED_RULES;

		owner = 0;
		if (atomic_compare_exchange_strong(&limit->slot[at].rule, &owner, hash) ||
			owner == hash)
			return &limit->slot[at].state;
	}
	return &limit->slot[hash % AFENCE_LIMITED_RULES].state;
}

bool af_sasl_limit_pass(
	struct af_sasl_limit *limit, const char *rule, uint32_t now, unsigned *suppressed)
{
	_Atomic uint64_t *slot = find_slot(limit, rule);
	uint64_t old = atomic_load(slot);
	uint64_t new;
	uint32_t lines;

	do {
		lines = (uint32_t)old;
		*suppressed = 0;
		if (old == 0 || now - (uint32_t)(old >> 32) >= WINDOW_S) {
			*suppressed =
				lines > AFENCE_LINES_A_MINUTE ? lines - AFENCE_LINES_A_MINUTE : 0;
			lines = 0;
			new = (uint64_t)now << 32 | 1;
		} else {
			new = lines == UINT32_MAX ? old : old + 1;
		}
	} while (!atomic_compare_exchange_weak(slot, &old, new));
	return lines < AFENCE_LINES_A_MINUTE;
}

/* Seconds of a clock that nobody sets. */
static uint32_t steady_seconds(void)
{
	struct timespec now = {0, 0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_sec + 1;
}

void af_sasl_log(struct af_sasl_limit *limit, const sasl_utils_t *utils,
	const struct af_request *request, const struct af_decision *decision, int cut)
{
	static const char program[] = "authfence: ";
	char text[sizeof(program) - 1 + AFENCE_LINE_MAX];
	const char *rule = decision->rule.name != NULL ? decision->rule.name : "";
	unsigned suppressed;

	if (!af_sasl_limit_pass(limit, rule, steady_seconds(), &suppressed))
		return;
	memcpy(text, program, sizeof(program) - 1);
	af_report_line(request, decision, cut, suppressed, text + sizeof(program) - 1);
	utils->log(utils->conn, SASL_LOG_ERR, "%s", text);
}

void af_sasl_explain(const sasl_utils_t *utils, const struct af_request *request,
	const struct af_decision *decision)
{
	char text[512];

	af_report_sentence(request, decision, text, sizeof(text));
	utils->seterror(utils->conn, SASL_NOLOG, "%s", text);
}
