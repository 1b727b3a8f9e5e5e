/* SPDX-License-Identifier: MIT */
/* What `check` and its batch share: the settings of the command line and one question. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

#include "af_decide.h"
#include "arguments.h"

struct af_check {
	const struct af_policy *policy;
	struct af_request request; /* stack, peer, resolver and now: the same for every question */
	enum af_form form;
	enum af_format format;
};

/*
 * Decides whether a credential of the LEN bytes at IDENTITY may go to HOST at PORT; AUTHZID may
 * be NULL.  *request gets the question as it was put, *out the answer.
 */
void af_check_ask(const struct af_check *check, const struct af_login *identity,
	const struct af_login *authzid, char *host, uint16_t port, const char *service,
	struct af_request *request, struct af_decision *out);

/* Answers the lines of standard input; returns the exit status. */
int af_check_batch(const struct af_check *check);

#endif
