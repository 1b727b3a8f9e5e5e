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

/* A line of a list of names to reserve, without quotes.  DIAGNOSTICS NULL: it is only checked. */
bool af_read_listed(
	struct af_diagnostics *diagnostics, const struct af_token *token, struct af_pattern *out);

#define AFENCE_LOCAL_MAX 64 /* RFC 5321 s4.5.3.1.1 */

/* Who: user@domain, *@domain, *@*.domain, *@.domain. */
struct af_person {
	bool any; /* "*": local is empty */
	char local[AFENCE_LOCAL_MAX + 1];
	struct af_pattern where; /* its domain and reach */
};

bool af_read_person(
	struct af_diagnostics *diagnostics, const struct af_token *token, struct af_person *out);

/* A service in its canonical form. */
bool af_read_service(struct af_diagnostics *diagnostics, const struct af_token *token,
	char out[AFENCE_SERVICE_MAX + 1]);

#define AFENCE_LABEL_TEXT_MAX 64

/* The name of an exception or protect. */
bool af_read_label(struct af_diagnostics *diagnostics, const struct af_token *token,
	char out[AFENCE_LABEL_TEXT_MAX + 1]);

#define AFENCE_PROSE_MAX 320

/*
 * Text in quotes, in which a backslash stands before a quote or a backslash; not blank, at most
 * AFENCE_PROSE_MAX bytes.  BARE: a word without quotes will do.
 */
bool af_read_prose(struct af_diagnostics *diagnostics, const struct af_token *token, bool bare,
	char out[AFENCE_PROSE_MAX + 1]);

/* A host as a client is given it: a name or an address, without a port.  PORTED: the statement has a
 * word of its own for that. */
bool af_read_host(struct af_diagnostics *diagnostics, const struct af_token *token, bool ported,
	char out[AFENCE_PROSE_MAX + 1]);

#define AFENCE_DAY_SECONDS 86400

/* A day of the calendar, YYYY-MM-DD; *out is its first second. */
bool af_read_day(struct af_diagnostics *diagnostics, const struct af_token *token, int64_t *out);

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
