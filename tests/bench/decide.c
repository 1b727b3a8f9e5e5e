/* SPDX-License-Identifier: MIT */
/*
 * What one decision costs: rounds of many decisions, the median round, nanoseconds a decision.
 * Beside it the cheapest thing that could look at the same login: a copy of it in lower case.
 *
 * usage: decide [COMPILED-POLICY]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "af_decide.h"
#include "median.h"

#define ROUNDS  41
#define A_ROUND 20000

static volatile unsigned sink;

static void decide_once(const struct af_policy *policy, const struct af_request *request)
{
	static struct af_decision decision;

	af_decide(policy, request, &decision);
	sink += (unsigned)decision.verdict;
}

static void copy_once(const struct af_policy *policy, const struct af_request *request)
{
	const struct af_login *login = &request->login[0];
	char lower[256];

	(void)policy;
	for (size_t i = 0; i < login->len; i++)
		lower[i] = (char)(login->text[i] | ((login->text[i] >= 'A') << 5));
	lower[login->len] = '\0';
	sink += (unsigned)lower[login->len / 2];
}

/* What REQUEST comes to, so that its cost is not taken for that of another way. */
static const char *reason_of(const struct af_policy *policy, const struct af_request *request)
{
	static struct af_decision decision;

	af_decide(policy, request, &decision);
	return af_reason_string(decision.reason);
}

static double median_ns(void (*once)(const struct af_policy *, const struct af_request *),
	const struct af_policy *policy, const struct af_request *request)
{
	double round[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double start = now_ns(CLOCK_PROCESS_CPUTIME_ID);

		for (int j = 0; j < A_ROUND; j++)
			once(policy, request);
		round[i] = (now_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / A_ROUND;
	}
	return median(round, ROUNDS);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *identity, *host;
	} rows[] = {
		{"ordinary identity", "alice.smith@mail.corp.net", "imap.corp.net"},
		{"identity without a domain", "alice", "imap.corp.net"},
		{"reserved identity, literal target", "alice@example.com", "192.88.99.7"},
		{"reserved, excepted by clauses", "lab@example.org", "192.88.99.7"},
		{"protected by clauses", "alice@pay.corp.net", "10.1.2.3"},
	};
	struct af_policy *loaded = NULL;
	const struct af_policy *policy = af_policy_builtin();
	struct af_request request = {.stack = AFENCE_STACK_SASL, .service = "imap"};

	if (argc > 1 && af_policy_load(argv[1], true, &loaded) != AFENCE_OK) {
		fprintf(stderr, "decide: %s cannot be loaded\n", argv[1]);
		return 2;
	}
	policy = loaded != NULL ? loaded : policy;
	printf("policy: %s\n", af_policy_source(policy));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request.login[0] = (struct af_login){
			rows[i].identity, strlen(rows[i].identity), AFENCE_FORM_AUTO};
		request.login_count = 1;
		request.host = rows[i].host;
		printf("  %-36s %7.1f ns   (lower-case copy %.1f ns)  %s\n", rows[i].name,
			median_ns(decide_once, policy, &request),
			median_ns(copy_once, policy, &request), reason_of(policy, &request));
	}
	af_policy_free(loaded);
	return 0;
}
