/* SPDX-License-Identifier: MIT */
/*
 * Readers of answers: bytes of a stranger to what they name.  A reader decides nothing about hosts;
 * it says whether the answer names any, and which.
 *
 * Pure but for memory; running out of it ends the program (status 3).  XML with a document type
 * declaration is refused, so there are no entities.  What lands in `detail` is escaped by the
 * printers, not here, but is short (a reader cuts what it quotes to AFENCE_QUOTE_MAX bytes).
 */
#ifndef PROBE_READING_H
#define PROBE_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "../names.h"
#include "dns.h"

#define AFENCE_QUOTE_MAX 120 /* bytes quoted of an answer */
#define AFENCE_HOSTS_MAX 64  /* hosts taken of one answer; more make it certain, `detail` says so */

enum af_reading_kind {
	AFENCE_READ_NOTHING,  /* the answer says: nothing is known of that name */
	AFENCE_READ_SETTINGS, /* it names servers, or says that there are some */
	AFENCE_READ_STRANGE,  /* status 200, and no answer of this service */
};

struct af_reading {
	enum af_reading_kind kind;
	/* SETTINGS: each once, lower case where that is possible, in order; host names, literals, or
	 * whatever stands where one is expected.  May be empty. */
	struct af_names hosts;
	bool certain; /* SETTINGS that are a finding whatever the hosts are (a provider is named) */
	bool unheard; /* NOTHING, since the service does not know the question: no control's answer */
	bool mixed;   /* MX: a null MX beside others (RFC 7505 s3 forbids it) */
	bool moved;  /* SETTINGS that name nothing but the domain of another address to ask about */
	size_t more; /* hosts that were not taken */
	char *detail; /* one line for people, owned; NULL: nothing to add */
};

void af_reading_free(struct af_reading *reading);

/* Adds a host (LEN bytes), "*." and a final dot taken off, unless it is there or there are too many. */
void af_reading_add_host(struct af_reading *reading, const char *host, size_t len);

/* Adds the host of URL; a relative reference has none, what cannot be read is added as it stands. */
void af_reading_add_url(struct af_reading *reading, const char *url, size_t len);

/* A body with status 2xx (not 204, and not empty unless the reader says so) and the headers it came
 * with; DOMAIN is the reserved domain that was asked about.  *out starts zeroed. */
struct af_body {
	const char *domain;
	const char *text; /* NUL terminated */
	size_t len;
	const char *headers;
	long status;
};
typedef void af_body_reader(const struct af_body *body, struct af_reading *out);

/*
 * Microsoft autodetect: JSON object with "services" and "protocols"; a host is
 * protocols[].hostname, a service makes the reading certain.  Called for status 204, too: hosts
 * that the decoded x-debug-support header names as those of the service's record (db.provider,
 * db.domain: Protocols[].Hostname) count as named, and a provider without a host makes SETTINGS.
 * What that header tells of the record (provider, created, updated, crowdsourced) goes into detail;
 * a header that cannot be decoded is only said to be so.
 */
af_body_reader af_read_autodetect;

/* Exchange autodiscover, plain old XML (MS-OXDSCLI): Server, *Url, RedirectUrl and RedirectAddr in
 * Autodiscover/Response; RedirectAddr alone is `moved`; Error: nothing is known. */
af_body_reader af_read_pox;

/* Exchange autodiscover v2: JSON object with "Url"; "ErrorCode" (any status): nothing is known. */
af_body_reader af_read_autodiscover_json;

/* Thunderbird autoconfig (draft-ietf-mailmaint-autoconfig): root element clientConfig; every
 * hostname, url, authURL, tokenURL, issuer, serverURL element and the url of a webmail's login page;
 * %EMAILDOMAIN% stands for the domain, %EMAILLOCALPART% and %EMAILADDRESS% for a user in it. */
af_body_reader af_read_autoconfig;

/* The same from a provider's data base: a <domain> that is DOMAIN or a parent of it makes
 * the reading certain. */
af_body_reader af_read_ispdb;

/* PACC (draft-ietf-mailmaint-pacc): protocols.*.host, protocols.*.url,
 * authentication.oauth-public.issuer. */
af_body_reader af_read_pacc;

/* JMAP session object (RFC 8620 s2): apiUrl, downloadUrl, uploadUrl, eventSourceUrl; URI templates. */
af_body_reader af_read_jmap;

/* MTA-STS policy (RFC 8461 s3.2): "version: STSv1" and its mx lines. */
af_body_reader af_read_mta_sts;

/* Where any answer is strange: CalDAV and CardDAV want a login (RFC 6764 s5). */
af_body_reader af_read_any;

/* Records of one answer to NAME's question; not called unless there is at least one. */
typedef void af_record_reader(
	const struct af_dns_answer *answer, const char *domain, struct af_reading *out);

/* MX: a lone "." is NOTHING (RFC 7505), one beside others is mixed. */
af_record_reader af_read_mx;
/* SRV: a target "." means decidedly absent (RFC 2782). */
af_record_reader af_read_srv;
/* A, AAAA: the addresses are the hosts; a second call adds to the first. */
af_record_reader af_read_addresses;
/* TXT "mailconf=URL". */
af_record_reader af_read_mailconf;
/* TXT "v=UAAC1; ...": SETTINGS without a host. */
af_record_reader af_read_pacc_txt;
/* TXT "v=STSv1; ...": SETTINGS without a host. */
af_record_reader af_read_mta_sts_txt;
/* TXT of _kerberos: the realm, in lower case, is the host. */
af_record_reader af_read_realm;

#endif
