/* SPDX-License-Identifier: MIT */
/*
 * One check under way: a chain of questions, each asked when the one before is answered.
 *
 *     DNS question first -> host of the URL -> request, redirects -> hosts that were named -> verdict
 *
 * A mechanism without a URL goes from the first straight to the hosts; one without a first question
 * starts at the second.
 */
#ifndef PROBE_TASK_H
#define PROBE_TASK_H

#include "engine.h"
#include "expand.h"
#include "web.h"

/* What all tasks of a run share. */
struct af_probe_engine {
	const struct af_probe_plan *plan;
	struct af_probe_dns *dns;
	struct af_probe_web *web;
	struct af_probe_limit dns_limit, web_limit;
	size_t ended, findings;
	bool stopped; /* the deadline has passed: whatever is answered now, nothing new is asked */
};

struct af_task {
	struct af_probe_engine *engine;
	const struct af_probe_item *item;
	struct af_probe_check *check;
	struct af_reading reading; /* of the last answer */
	struct af_words words;
	char *owned[3];     /* what the words point to */
	struct af_url url;  /* of the request under way, or to come */
	struct af_url next; /* where a redirect leads */
	unsigned redirects;
	unsigned waiting;  /* answers of the stage that are to come */
	unsigned stage_ms; /* the longest of them */
	const char *doubt; /* constant: what of the answer is missing, so that none is honest */
	bool seen;         /* a web server has answered: no control of the DNS is needed */
	void (*then)(struct af_task *task); /* when they are all there */
};

/* Starts the check; it may have ended on return. */
void af_task_start(struct af_task *task);

/* Frees what belongs to the task, and not to its check. */
void af_task_clear(struct af_task *task);

#endif
