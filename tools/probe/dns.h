/* SPDX-License-Identifier: MIT */
/*
 * Many questions to the DNS at once, over c-ares, that a loop of the caller drives.
 *
 * Each (name, type) is asked once and its answer kept until the end, so that what one check has
 * judged is what a later one contacts.  A question without an answer, or with one that is FAILED, is
 * sent AFENCE_DNS_TRIES times in all, after a pause that grows and is partly random, to the next
 * name server if there are several.  /etc/hosts has no say: the question is what the DNS answers.
 *
 * Of one thread.  Running out of memory ends the program (status 3).
 */
#ifndef PROBE_DNS_H
#define PROBE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "af_resolver.h"

#define AFENCE_DNS_TRIES 3

enum af_dns_end {
	AFENCE_DNS_FOUND, /* there is at least one record of the type asked for */
	AFENCE_DNS_NODATA, /* the name may exist; honest as NXDOMAIN (RFC 9824 answers so for both) */
	AFENCE_DNS_NXDOMAIN, /* RFC 8020: no such name */
	AFENCE_DNS_FAILED,   /* time-out, SERVFAIL, REFUSED, an answer that cannot be read ... */
};

struct af_dns_record {
	struct af_address address; /* A, AAAA */
	char *text;      /* MX, SRV: host as the library writes it, "" is the root; TXT: all strings
	                    * of the record, NUL terminated; else NULL */
	size_t text_len; /* TXT may hold NUL bytes */
	uint16_t priority;     /* MX: preference; SRV */
	uint16_t weight, port; /* SRV */
};

struct af_dns_answer {
	enum af_dns_end end;
	const char *why;              /* constant: what went wrong where FAILED, else NULL */
	struct af_dns_record *record; /* MX, SRV: by priority */
	size_t count;
	unsigned ms; /* from the first sending to the end */
};

struct af_probe_dns;

/* What is told an asker, once; ANSWER lives as long as the struct af_probe_dns. */
typedef void af_dns_told(void *context, const struct af_dns_answer *answer);

/* How many questions and requests, DNS and web together, may be under way. */
struct af_probe_limit {
	unsigned now, most;
};

/* CONFIG says which name server, as for af_resolver_new(); LIMIT is shared and borrowed.  NULL: the
 * library could not start; *why (constant) says why. */
struct af_probe_dns *af_probe_dns_new(
	const struct af_resolver_config *config, struct af_probe_limit *limit, const char **why);
void af_probe_dns_free(struct af_probe_dns *dns);

/*
 * Asks for records of TYPE (ns_t_a, ns_t_aaaa, ns_t_mx, ns_t_srv or ns_t_txt) at NAME (presentation
 * form, no final dot; case does not matter).  TOLD is called from af_probe_dns_run(), or before the
 * return if the answer is there already; from there more may be asked.  A name that cannot be asked
 * (a label too long) ends FAILED, one below onion NXDOMAIN (RFC 7686); no query is made for them.
 */
void af_probe_dns_ask(struct af_probe_dns *dns, const char *name, unsigned type, af_dns_told *told,
	void *context);

/* The answer if there is one already, else NULL. */
const struct af_dns_answer *af_probe_dns_known(
	const struct af_probe_dns *dns, const char *name, unsigned type);

/*
 * A and AAAA of NAME as the policy core wants them, out of what is known; complete only if both
 * ended in an answer, NODATA or NXDOMAIN.
 */
void af_probe_dns_resolution(
	const struct af_probe_dns *dns, const char *name, struct af_resolution *out);

/* The descriptors to wait for, at most ROOM of them at FD, and in how many milliseconds at the latest
 * af_probe_dns_run() has something to do (at most *ms, which is lowered). */
size_t af_probe_dns_wait(struct af_probe_dns *dns, struct curl_waitfd *fd, size_t room, int *ms);

/* Sends what may be sent, reads what is there (FD, COUNT as filled by _wait() and then by
 * curl_multi_poll()), gives up what has timed out. */
void af_probe_dns_run(struct af_probe_dns *dns, const struct curl_waitfd *fd, size_t count);

/* Ends all questions that have no answer as FAILED with WHY (constant), and tells everybody.  What is
 * asked for the first time from then on ends so at once.  May be called from within an answer. */
void af_probe_dns_stop(struct af_probe_dns *dns, const char *why);

#endif
