/* SPDX-License-Identifier: MIT */
/* What is behind dns.h: questions and answers as they go over the wire, and the pace of sending. */
#ifndef PROBE_DNS_PARTS_H
#define PROBE_DNS_PARTS_H

#include "../names.h"
#include "af_resolver_parts.h"
#include "dns.h"

#define AFENCE_QUERY_HEADER 12
#define AFENCE_QUERY_MAX    (AFENCE_QUERY_HEADER + 255 + 4)

/* What follows the header is name (in lower case), type and class, so equal for equal questions. */
struct af_dns_query {
	unsigned type;
	size_t len;
	uint8_t bytes[AFENCE_QUERY_MAX]; /* the id comes first and is 0 */
};

/* NAME: presentation form, \DDD is a byte and \X is X.  False: no name that can be asked. */
bool af_dns_query_write(const char *name, unsigned type, struct af_dns_query *out);

/* Whether QUERY is below onion, so not for the DNS (RFC 7686). */
bool af_dns_query_is_onion(const struct af_dns_query *query);

/* Why an answer is none that cannot even be taken apart. */
#define AFENCE_DNS_UNREADABLE "the answer cannot be read"

/*
 * Fills *out (but for its time) with what the LEN bytes of MESSAGE answer; names that CNAMEs lead to
 * are added to ALIASES.  A record counts if its owner is the name asked for or one of those; one of
 * anybody else spoils the answer.
 */
void af_dns_answer_read(const struct af_dns_query *query, const uint8_t *message, size_t len,
	struct af_dns_answer *out, struct af_names *aliases);
void af_dns_answer_clear(struct af_dns_answer *answer);

struct af_dns_pace {
	int timeout_ms;    /* of one sending */
	unsigned pause_ms; /* before the second one; doubled each time */
};

/* What af_probe_dns_new() makes; a test has its own servers and no time.  NULL: as there. */
struct af_probe_dns *af_probe_dns_open(const struct af_servers *servers,
	const struct af_dns_pace *pace, struct af_probe_limit *limit);

#endif
