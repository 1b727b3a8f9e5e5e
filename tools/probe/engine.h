/* SPDX-License-Identifier: MIT */
/* From what is to be asked to checks that have ended: the state machine of each check, and one loop
 * around the DNS and the web. */
#ifndef PROBE_ENGINE_H
#define PROBE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "af_resolver.h"
#include "expand.h"
#include "mechanisms.h"
#include "probe.h"
#include "subjects.h"

#define AFENCE_PROBE_MOST     256 /* questions and requests under way */
#define AFENCE_REDIRECTS_MOST 10
#define AFENCE_CONTROLS_MOST  8

/* What is to be asked, and how; everything is borrowed. */
struct af_probe_plan {
	const struct af_policy *policy;
	const struct af_subject *subject;
	size_t subject_count;
	const bool *wanted; /* by mechanism */
	/* By service: host and path as a template ("" as the host: left out; NULL: the default). */
	const char *service[AFENCE_PROBE_SERVICES];
	struct af_subject control[AFENCE_CONTROLS_MOST];
	size_t control_count;
	char random[16]; /* a label that nobody has */
	struct af_resolver_config resolver;
	const char *const *connect_to; /* as CURLOPT_CONNECT_TO */
	size_t connect_count;
	const char *cacert; /* NULL: the system's */
	unsigned deadline_s;
};

/* One check to be; walked in the order of struct af_probe_run. */
struct af_probe_item {
	const struct af_mechanism *mechanism;
	const struct af_subject *subject;
	enum af_probe_role role;
	char *domain; /* what is asked about: the subject, or the random label below it; owned */
};

/* All that PLAN comes to, in memory the caller frees with af_probe_items_free(). */
struct af_probe_item *af_probe_items(const struct af_probe_plan *plan, size_t *count);
void af_probe_items_free(struct af_probe_item *item, size_t count);

/* True if there is anything to ask about a subject: all may be left out. */
bool af_probe_asks(const struct af_probe_plan *plan);

/* The URL that a mechanism asks about DOMAIN, or NULL; freed by the caller. */
char *af_probe_url(const struct af_probe_plan *plan, const struct af_mechanism *mechanism,
	const char *domain, enum af_probe_role role, const struct af_words *known);

/* The question of a check in words: "MX example.com", "GET https://..."; freed by the caller. */
char *af_probe_question(const struct af_probe_plan *plan, const struct af_probe_item *item);

/*
 * Asks everything and waits for it, at most as long as the deadline.  *run and its checks live
 * until af_probe_run_free(); run->policy is borrowed from the plan.  False: nothing could
 * be asked; *why (constant) says why.
 */
bool af_probe_ask_all(const struct af_probe_plan *plan, struct af_probe_run *run, const char **why);
void af_probe_run_free(struct af_probe_run *run);

/* Lists every request that af_probe_ask_all() may make on standard output: domain, mechanism,
 * question, one a line, or as JSON; the forms are those of --format.  False: a write error. */
enum af_probe_list_form { AFENCE_LIST_TEXT, AFENCE_LIST_JSON, AFENCE_LIST_LINES };
bool af_probe_list(const struct af_probe_plan *plan, enum af_probe_list_form form);

#endif
