/* SPDX-License-Identifier: MIT */
/*
 * One value of a statement to a checked domain, network, address, number or duration.  What is
 * wrong with it is reported; a BAD token is refused silently, since it was reported before.
 */
#ifndef AF_POLICY_CHECK_H
#define AF_POLICY_CHECK_H

#include "lexer.h"
#include "rules.h"

/* A domain, name pattern, address or network, as KIND takes it. */
bool af_read_pattern(struct af_diagnostics *diagnostics, const struct af_token *token,
	enum af_rule_kind kind, struct af_pattern *out);

/* An address in full form. */
bool af_read_address(
	struct af_diagnostics *diagnostics, const struct af_token *token, struct af_address *out);

/* A decimal number from LEAST to MOST. */
bool af_read_number(struct af_diagnostics *diagnostics, const struct af_token *token,
	unsigned least, unsigned most, unsigned *out);

/* A duration such as 300ms or 1s, in milliseconds from 1 to MOST. */
bool af_read_duration(struct af_diagnostics *diagnostics, const struct af_token *token,
	unsigned most, unsigned *out);

#endif
