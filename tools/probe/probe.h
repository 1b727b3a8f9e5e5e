/* SPDX-License-Identifier: MIT */
/*
 * What `authfence probe` is made of: a mechanism (one row of a table) asked about a subject (a
 * domain where no account can exist) is a check.
 *
 * Levels of a finding:
 *   F1  a server that is neither under a reserved name nor internal is named for the domain;
 *   F2  something is there where nothing can be: the name resolves, or has an MX, a service record
 *       or a redirect;
 *   F3  status 200 with a body that is no answer, a redirect to somebody else's domain, or a null MX
 *       beside others.
 * A time-out, a failed handshake, a status that says neither yes nor no, and an answer of nobody
 * whose control failed are inconclusive, never honest.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "../names.h"
#include "af_domain.h"
#include "af_policy.h"
#include "reading.h"

enum af_probe_result { AFENCE_PROBE_HONEST, AFENCE_PROBE_FINDING, AFENCE_PROBE_INCONCLUSIVE };
enum af_probe_level { AFENCE_LEVEL_NONE, AFENCE_LEVEL_F1, AFENCE_LEVEL_F2, AFENCE_LEVEL_F3 };

const char *af_probe_result_string(enum af_probe_result result); /* "honest", ... */
const char *af_probe_level_string(enum af_probe_level level);    /* "F1" ..., NULL for NONE */

/* Somebody who answers for many domains; "dns" is the name server. */
enum af_probe_service {
	AFENCE_SERVICE_DNS,
	AFENCE_SERVICE_AUTODETECT,
	AFENCE_SERVICE_OFFICE365,
	AFENCE_SERVICE_ISPDB,
	AFENCE_PROBE_SERVICES
};
const char *af_probe_service_string(enum af_probe_service service);

struct af_mechanism; /* mechanisms.h */

/* A domain to ask about. */
struct af_subject {
	struct af_domain domain;
	bool strict; /* documentation or testing by the registry: nothing can be there at all */
	bool zone;   /* the name itself is a public zone with a web server (example.com) */
};

enum af_probe_role {
	AFENCE_ROLE_SUBJECT,
	AFENCE_ROLE_NEGATIVE, /* control: a random label below a subject, must not be answered */
	AFENCE_ROLE_POSITIVE, /* control: a well-known provider, must be answered */
};

enum af_probe_change { AFENCE_CHANGE_NONE, AFENCE_CHANGE_NEW, AFENCE_CHANGE_KNOWN };

/* One check, ended. */
struct af_probe_check {
	const struct af_mechanism *mechanism;
	const char *name;   /* of the mechanism, constant: "autodetect", "srv-imaps" */
	const char *domain; /* canonical; borrowed from its subject */
	enum af_probe_role role;
	char *question; /* "SRV _imaps._tcp.example.com", "GET https://..." */
	enum af_probe_result result;
	enum af_probe_level level; /* NONE unless FINDING */
	bool answered;             /* POSITIVE: it was */
	struct af_names hosts;     /* that were named, raw */
	char *detail;              /* one line, raw; never NULL */
	unsigned ms;
	enum af_probe_change change; /* set by af_probe_compare() for findings */
};

/* A whole run. */
struct af_probe_run {
	struct af_probe_check *check; /* in the order of domains, then of mechanisms */
	size_t count;
	struct af_probe_item *item; /* the engine's */
	time_t started;             /* seconds since 1970 */
	unsigned ms;
	const struct af_policy *policy;
	size_t left_out;      /* domains that should have been asked about */
	bool compared;        /* a state file was given: `change` and `gone` count */
	struct af_names gone; /* "DOMAIN MECHANISM LEVEL" of findings that are there no more */
};

/* Positive controls are not counted. */
size_t af_probe_count(const struct af_probe_run *run, enum af_probe_result result);

#endif
