/* SPDX-License-Identifier: MIT */
/*
 * What the checks of single values share.
 */
#ifndef AF_POLICY_CHECK_PARTS_H
#define AF_POLICY_CHECK_PARTS_H

#include "check.h"

struct af_check {
	struct af_diagnostics *diagnostics; /* NULL: nothing is reported */
	const struct af_token *token;
	bool quoted; /* as names must be */
	const char *text;
	size_t len;
};

/* False: the token was reported before. */
bool af_check_start(
	struct af_check *check, struct af_diagnostics *diagnostics, const struct af_token *token);

/* Reports "seen TOKEN, expected ...".  Always false, so that a check can end with it. */
bool af_check_refuse(const struct af_check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The end of the value from AT on as a domain; EXPECTED is what it can be without quotes. */
bool af_check_domain(
	const struct af_check *check, size_t at, const char *expected, struct af_domain *out);

/* The mark of a pattern, "*." or ".", at TEXT: its length, and what it reaches. */
size_t af_check_mark(const char *text, size_t len, uint8_t *reach);

/* Refuses a name of OUT that covers a public suffix. */
bool af_check_name_width(const struct af_check *check, const struct af_pattern *pattern);

#endif
