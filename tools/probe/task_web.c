/* SPDX-License-Identifier: MIT */
/* A request, the redirects that may be followed, and what its status means. */
#include "task_parts.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "../output/psl.h"
#include "connect.h"

static void fetch(struct af_task *task);

/* A redirect may be followed to the same host, within its registrable domain, and below the domain
 * that is asked about: nobody else is asked for us. */
static bool is_same_site(const struct af_task *task, const char *host)
{
	const char *domain = task->check->domain, *near, *far;
	size_t len = strlen(host), below = strlen(domain);
	struct af_address literal;
	struct af_domain from, to;

	if (strcmp(host, task->url.host) == 0)
		return true;
	if (af_address_parse(host, len, &literal))
		return false;
	if (len > below && host[len - below - 1] == '.' && strcmp(host + len - below, domain) == 0)
		return true;
	if (af_domain_parse(task->url.host, strlen(task->url.host), &from) != AFENCE_OK ||
		af_domain_parse(host, len, &to) != AFENCE_OK)
		return false;
	near = af_registrable(&from);
	far = af_registrable(&to);
	return near != NULL && far != NULL && strcmp(near, far) == 0;
}

static void follow(struct af_task *task)
{
	if (task->redirects++ == AFENCE_REDIRECTS_MOST) {
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE, "more than %d redirects",
			AFENCE_REDIRECTS_MOST);
		return;
	}
	af_reading_free(&task->reading);
	af_url_free(&task->url);
	task->url = task->next;
	task->next = (struct af_url){0};
	fetch(task);
}

/* Where a redirect leads to is known as well as it can be. */
static void judge_redirect(struct af_task *task)
{
	enum af_redirect redirect = task->item->mechanism->redirect;
	/* Nobody can rightly send us inside for a strict subject, so nobody is let. */
	bool leave = af_task_count_outside(task) > 0 || task->item->subject->strict;
	bool names = redirect == AFENCE_REDIRECT_NAMES || redirect == AFENCE_REDIRECT_ANY;

	if (names && leave) {
		af_task_take_hosts(task);
		af_task_find(task, AFENCE_LEVEL_F2, "redirects, which names a server");
	} else if (leave) {
		af_task_take_hosts(task);
		af_task_find(task, AFENCE_LEVEL_F3, "redirects to somebody else's domain");
	} else {
		follow(task);
	}
}

static bool is_same_host(const struct af_task *task)
{
	return strcmp(task->next.host, task->url.host) == 0;
}

/* Exchange counts redirects in the query of the one by which it says no; any other leads somewhere. */
static bool is_refusal(const struct af_task *task)
{
	return task->item->mechanism->redirect == AFENCE_REDIRECT_NO && is_same_host(task) &&
	       strcasestr(task->next.text, "RedirectCount=") != NULL;
}

/* True if the place that the redirect leads to is the answer. */
static bool is_answer(const struct af_task *task)
{
	enum af_redirect redirect = task->item->mechanism->redirect;

	return redirect == AFENCE_REDIRECT_ANY ||
	       (redirect == AFENCE_REDIRECT_NAMES && !is_same_host(task)) ||
	       !is_same_site(task, task->next.host);
}

static void redirect(struct af_task *task, const struct af_web_answer *answer)
{
	bool positive = task->item->role == AFENCE_ROLE_POSITIVE;
	char *location = af_web_header(answer->headers, "Location");
	bool read = location != NULL && af_url_read(location, task->url.text, &task->next);

	free(location);
	if (!read) {
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE, "status %ld without a place to go to",
			answer->status);
	} else if (is_refusal(task)) {
		task->check->answered = positive;
		af_task_end(
			task, AFENCE_PROBE_HONEST, "redirects to itself: nothing is known of it");
	} else if (!is_answer(task)) {
		follow(task);
	} else if (positive) {
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE, "redirects to %s", task->next.host);
	} else {
		task->reading.kind = AFENCE_READ_SETTINGS;
		af_reading_add_host(&task->reading, task->next.host, strlen(task->next.host));
		af_task_ask_addresses(task, &task->reading.hosts, judge_redirect);
	}
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Statuses below 500 that tell nothing of whether something is known. */
static bool is_evasive(long status)
{
	static const short evasive[] = {401, 403, 407, 408, 421, 425, 429, 451};

	for (size_t i = 0; i < sizeof(evasive) / sizeof(evasive[0]); i++)
		if (status == evasive[i])
			return true;
	return status < 200 || status >= 500 || (status >= 300 && status < 400);
}

static void read_body(struct af_task *task, const struct af_web_answer *answer)
{
	struct af_body body = {
		task->check->domain, answer->body, answer->len, answer->headers, answer->status};

	task->item->mechanism->read(&body, &task->reading);
}

static void read_status(struct af_task *task, const struct af_web_answer *answer)
{
	bool positive = task->item->role == AFENCE_ROLE_POSITIVE;
	bool no = answer->status >= 400;
	bool empty = answer->status == 204 || answer->status == 205;

	task->seen = true;
	if (is_redirect(answer->status)) {
		redirect(task, answer);
	} else if (is_evasive(answer->status)) {
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE, "status %ld", answer->status);
	} else if (no && !(positive && task->item->mechanism->lenient)) {
		af_task_end(task, positive ? AFENCE_PROBE_INCONCLUSIVE : AFENCE_PROBE_HONEST,
			"status %ld", answer->status);
	} else if (answer->end == AFENCE_WEB_CUT) {
		if (positive)
			af_task_end(task, AFENCE_PROBE_INCONCLUSIVE, "a body of over %d KiB",
				AFENCE_WEB_BODY / 1024);
		else
			af_task_find(task, AFENCE_LEVEL_F3,
				"a body of over 256 KiB, and the status says yes");
	} else {
		if (!empty || task->item->mechanism->headers)
			read_body(task, answer);
		af_task_conclude(task);
	}
}

static void on_web(void *context, const struct af_web_answer *answer)
{
	struct af_task *task = context;

	task->check->ms += answer->ms;
	if (task->engine->stopped)
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE,
			"no answer before the deadline of %u s", task->engine->plan->deadline_s);
	else if (answer->end == AFENCE_WEB_ANSWERED || answer->end == AFENCE_WEB_CUT)
		read_status(task, answer);
	else
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE, "%s: %s", task->url.host, answer->why);
}

#define HEADERS_MOST (sizeof(((struct af_mechanism *)0)->header) / sizeof(char *))

static void request(struct af_task *task, const struct af_resolution *resolution)
{
	const struct af_mechanism *mechanism = task->item->mechanism;
	char *header[HEADERS_MOST + 1] = {NULL}, *body = NULL;
	struct af_web_request web = {
		.post = mechanism->body != NULL,
		.url = task->url.text,
		.header = (const char *const *)header,
		.address = resolution->address,
		.address_count = resolution->address_count,
	};

	for (size_t i = 0; i < HEADERS_MOST && mechanism->header[i] != NULL; i++)
		header[i] = af_expand(mechanism->header[i], &task->words, false);
	if (web.post)
		web.body = body = af_expand(mechanism->body, &task->words, false);
	af_probe_web_send(task->engine->web, &web, on_web, task);
	for (size_t i = 0; i < HEADERS_MOST; i++)
		free(header[i]);
	free(body);
}

/* The addresses of the URL's host are there, or will not come. */
static void connect_host(struct af_task *task)
{
	struct af_resolution resolution;
	bool service = task->item->mechanism->service != AFENCE_SERVICE_DNS;

	af_probe_dns_resolution(task->engine->dns, task->url.host, &resolution);
	if (resolution.address_count > 0)
		request(task, &resolution);
	else if (!resolution.complete || service)
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE, "%s: %s", task->url.host,
			resolution.complete ? "there is no such host" : "the DNS gave no answer");
	else
		af_task_end(task, AFENCE_PROBE_HONEST, "%s: there is no such host", task->url.host);
}

/* Asks for the URL of the task. */
static void fetch(struct af_task *task)
{
	const struct af_probe_plan *plan = task->engine->plan;
	struct af_resolution none = {0};
	struct af_address literal;
	bool service = task->item->mechanism->service != AFENCE_SERVICE_DNS;

	if (af_address_parse(task->url.host, strlen(task->url.host), &literal) ||
		af_connect_covers(plan->connect_to, plan->connect_count, &task->url, service)) {
		request(task, &none);
		return;
	}
	task->then = connect_host;
	task->waiting = 2;
	af_probe_dns_ask(task->engine->dns, task->url.host, ns_t_a, af_task_told, task);
	af_probe_dns_ask(task->engine->dns, task->url.host, ns_t_aaaa, af_task_told, task);
}

void af_task_request(struct af_task *task)
{
	char *text = af_probe_url(task->engine->plan, task->item->mechanism, task->check->domain,
		task->item->role, &task->words);

	if (af_url_read(text, NULL, &task->url))
		fetch(task);
	else
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE, "\"%s\" cannot be asked", text);
	free(text);
}
