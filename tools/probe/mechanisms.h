/* SPDX-License-Identifier: MIT */
/* The table of mechanisms: by which questions does a client find the server of a domain? */
#ifndef PROBE_MECHANISMS_H
#define PROBE_MECHANISMS_H

#include <stdbool.h>
#include <stddef.h>

#include "probe.h"

/* What a redirect means to those who use a mechanism. */
enum af_redirect {
	AFENCE_REDIRECT_FOLLOW, /* within the registrable domain; elsewhere it is F3 */
	AFENCE_REDIRECT_NAMES,  /* to another host it names a server: F2 */
	AFENCE_REDIRECT_ANY,    /* to any host, the same one too */
	AFENCE_REDIRECT_NO, /* as FOLLOW, but within the same host and counted: not known here */
};

/*
 * A question is a template: %D the domain, %A an address in it that nobody has, %R a random label,
 * %S target and port of the SRV record that was asked for first, %B the registrable domain of the
 * best MX, %F that MX without its first label; values are percent-encoded in a URL where they need
 * it.
 */
struct af_mechanism {
	const char *name;
	enum af_probe_service service; /* whose controls count */
	/* The DNS question: the whole check where there is no URL, else what comes first (SRV for %S,
	 * MX for %B and %F).  type 0: none; ns_t_a stands for A and AAAA. */
	int type;
	const char *dns;
	af_record_reader *records;
	/* The request.  NULL: none; "" a service's, whose URL is configured. */
	const char *url;
	const char *body;      /* a POST with this body, or NULL: GET */
	const char *header[3]; /* templates, too */
	af_body_reader *read;
	enum af_redirect redirect;
	enum af_probe_level level; /* of a server outside that is named; NONE: F1 */
	const char *source;        /* "RFC 6186 s3" */
	bool not_zone;             /* not asked of the public zones example.com ... themselves */
	bool headers; /* an answer without a body may still say something in its headers */
	bool lenient; /* a positive control is answered by any answer of the service's own form */
};

extern const struct af_mechanism af_mechanisms[];
extern const size_t af_mechanism_count;

/* A service: the host that is asked unless the configuration names another, and the path that is
 * added to a host alone. */
struct af_probe_service_row {
	const char *name;
	const char *host;    /* NULL: dns */
	const char *path;    /* a template */
	const char *control; /* the mechanism whose questions its controls are */
};
extern const struct af_probe_service_row af_services[AFENCE_PROBE_SERVICES];

#endif
