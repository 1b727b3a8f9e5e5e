/* SPDX-License-Identifier: MIT */
#include "task.h"

#include <arpa/nameser.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../names.h"
#include "../output/psl.h"
#include "connect.h"
#include "judge.h"

static const struct af_mechanism *mechanism_of(const struct af_task *task)
{
	return task->item->mechanism;
}

/* The check's last word; DETAIL is taken.  What the reader had to say stands behind it. */
static void end(struct af_task *task, enum af_probe_result result, char *detail)
{
	struct af_probe_check *check = task->check;

	check->result = result;
	check->detail = detail;
	if (result == AFENCE_PROBE_HONEST && task->doubt != NULL) {
		check->result = AFENCE_PROBE_INCONCLUSIVE;
		free(detail);
		check->detail = detail = af_format("%s", task->doubt);
	}
	if (task->reading.detail != NULL) {
		check->detail = af_format(
			"%s%s%s", detail, *detail != '\0' ? "; " : "", task->reading.detail);
		free(detail);
	}
	task->engine->ended++;
	if (result == AFENCE_PROBE_FINDING)
		task->engine->findings++;
}

static void end_as(struct af_task *task, enum af_probe_result result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void end_as(struct af_task *task, enum af_probe_result result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end(task, result, af_format_list(format, arguments));
	va_end(arguments);
}

static void find(struct af_task *task, enum af_probe_level level, const char *what)
{
	task->check->level = level;
	end_as(task, AFENCE_PROBE_FINDING, "%s", what);
}

/* One answer of the stage less; the longest of them counts. */
static void answered(struct af_task *task, unsigned ms)
{
	if (ms > task->stage_ms)
		task->stage_ms = ms;
	if (--task->waiting > 0)
		return;
	task->check->ms += task->stage_ms;
	task->stage_ms = 0;
	if (task->engine->stopped)
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "no answer before the deadline of %u s",
			task->engine->plan->deadline_s);
	else
		task->then(task);
}

static void on_dns(void *context, const struct af_dns_answer *answer)
{
	answered(context, answer->ms);
}

static const struct af_dns_answer *known(const struct af_task *task, const char *name, int type)
{
	return af_probe_dns_known(task->engine->dns, name, (unsigned)type);
}

/* Answers that are known come before the return: THEN must not run before all are asked. */
static void ask_addresses(
	struct af_task *task, const struct af_names *hosts, void (*then)(struct af_task *task))
{
	const struct af_policy *policy = task->engine->plan->policy;

	task->then = then;
	task->waiting = 1;
	for (size_t i = 0; i < hosts->count; i++) {
		if (!af_judge_needs_addresses(policy, hosts->name[i]))
			continue;
		task->waiting += 2;
		af_probe_dns_ask(task->engine->dns, hosts->name[i], ns_t_a, on_dns, task);
		af_probe_dns_ask(task->engine->dns, hosts->name[i], ns_t_aaaa, on_dns, task);
	}
	answered(task, 0);
}

/* Verdict. */

/* Where nobody can rightly name a server it does not matter where one that is named stands. */
static size_t count_outside(struct af_task *task)
{
	const struct af_probe_engine *engine = task->engine;
	size_t outside = 0;

	for (size_t i = 0; i < task->reading.hosts.count; i++) {
		enum af_place place = af_judge_place(
			engine->plan->policy, engine->dns, task->reading.hosts.name[i]);
		bool unknown = place == AFENCE_PLACE_UNKNOWN;

		outside +=
			place == AFENCE_PLACE_OUTSIDE || (unknown && task->item->subject->strict);
		if (unknown)
			task->doubt = "the DNS did not say where a server that was named is";
	}
	return outside;
}

static void take_hosts(struct af_task *task)
{
	task->check->hosts = task->reading.hosts;
	task->reading.hosts = (struct af_names){0};
}

/* How bad it is that a server outside is named. */
static enum af_probe_level level_of(const struct af_task *task)
{
	enum af_probe_level level = mechanism_of(task)->level;

	if (task->reading.moved)
		return AFENCE_LEVEL_F2;
	return level != AFENCE_LEVEL_NONE ? level : AFENCE_LEVEL_F1;
}

/* The hosts that are named are known as well as they can be. */
static void judge(struct af_task *task)
{
	enum af_probe_level level = level_of(task);
	size_t outside = count_outside(task);
	size_t count = task->reading.hosts.count;
	bool certain = task->reading.certain, strict = task->item->subject->strict;
	bool moved = task->reading.moved;

	take_hosts(task);
	if (task->reading.mixed)
		find(task, AFENCE_LEVEL_F3, "a null MX beside others (RFC 7505 s3)");
	else if (outside > 0 || certain)
		find(task, level,
			moved         ? "sends clients on to another address"
			: outside > 0 ? "names a server outside"
				      : "says that there is an account");
	else if (strict)
		find(task, AFENCE_LEVEL_F2,
			count > 0 ? "names a server where none can be"
				  : "is there where nothing can be");
	else
		end_as(task, AFENCE_PROBE_HONEST, "names none but internal or reserved servers");
}

static void judge_control(struct af_task *task)
{
	task->check->answered = task->reading.certain || task->reading.hosts.count > 0;
	take_hosts(task);
	end_as(task, task->check->answered ? AFENCE_PROBE_HONEST : AFENCE_PROBE_INCONCLUSIVE,
		task->check->answered ? "answered" : "names no server");
}

/* An answer has been read. */
static void conclude(struct af_task *task)
{
	bool positive = task->item->role == AFENCE_ROLE_POSITIVE;

	if (task->reading.kind == AFENCE_READ_STRANGE && !positive) {
		find(task, AFENCE_LEVEL_F3, "status 200 with a body that is no answer");
	} else if (task->reading.kind == AFENCE_READ_SETTINGS) {
		if (positive)
			judge_control(task);
		else
			ask_addresses(task, &task->reading.hosts, judge);
	} else {
		task->check->answered = positive && mechanism_of(task)->lenient &&
					task->reading.kind == AFENCE_READ_NOTHING;
		end_as(task,
			positive && !task->check->answered ? AFENCE_PROBE_INCONCLUSIVE
							   : AFENCE_PROBE_HONEST,
			"%s",
			task->reading.kind == AFENCE_READ_STRANGE ? "no answer of this service"
								  : "nothing is known of it");
	}
}

/* The request. */

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
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "more than %d redirects",
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
	enum af_redirect redirect = mechanism_of(task)->redirect;
	/* Nobody can rightly send us inside for a strict subject, so nobody is let. */
	bool leave = count_outside(task) > 0 || task->item->subject->strict;
	bool names = redirect == AFENCE_REDIRECT_NAMES || redirect == AFENCE_REDIRECT_ANY;

	if (names && leave) {
		take_hosts(task);
		find(task, AFENCE_LEVEL_F2, "redirects, which names a server");
	} else if (leave) {
		take_hosts(task);
		find(task, AFENCE_LEVEL_F3, "redirects to somebody else's domain");
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
	return mechanism_of(task)->redirect == AFENCE_REDIRECT_NO && is_same_host(task) &&
	       strcasestr(task->next.text, "RedirectCount=") != NULL;
}

/* True if the place that the redirect leads to is the answer. */
static bool is_answer(const struct af_task *task)
{
	enum af_redirect redirect = mechanism_of(task)->redirect;

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
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "status %ld without a place to go to",
			answer->status);
	} else if (is_refusal(task)) {
		task->check->answered = positive;
		end_as(task, AFENCE_PROBE_HONEST, "redirects to itself: nothing is known of it");
	} else if (!is_answer(task)) {
		follow(task);
	} else if (positive) {
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "redirects to %s", task->next.host);
	} else {
		task->reading.kind = AFENCE_READ_SETTINGS;
		af_reading_add_host(&task->reading, task->next.host, strlen(task->next.host));
		ask_addresses(task, &task->reading.hosts, judge_redirect);
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

	mechanism_of(task)->read(&body, &task->reading);
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
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "status %ld", answer->status);
	} else if (no && !(positive && mechanism_of(task)->lenient)) {
		end_as(task, positive ? AFENCE_PROBE_INCONCLUSIVE : AFENCE_PROBE_HONEST,
			"status %ld", answer->status);
	} else if (answer->end == AFENCE_WEB_CUT) {
		if (positive)
			end_as(task, AFENCE_PROBE_INCONCLUSIVE, "a body of over %d KiB",
				AFENCE_WEB_BODY / 1024);
		else
			find(task, AFENCE_LEVEL_F3, "status 200 with a body of over 256 KiB");
	} else {
		if (!empty || mechanism_of(task)->headers)
			read_body(task, answer);
		conclude(task);
	}
}

static void on_web(void *context, const struct af_web_answer *answer)
{
	struct af_task *task = context;

	task->check->ms += answer->ms;
	if (task->engine->stopped)
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "no answer before the deadline of %u s",
			task->engine->plan->deadline_s);
	else if (answer->end == AFENCE_WEB_ANSWERED || answer->end == AFENCE_WEB_CUT)
		read_status(task, answer);
	else
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "%s: %s", task->url.host, answer->why);
}

#define HEADERS_MOST (sizeof(((struct af_mechanism *)0)->header) / sizeof(char *))

static void request(struct af_task *task, const struct af_resolution *resolution)
{
	const struct af_mechanism *mechanism = mechanism_of(task);
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
	bool service = mechanism_of(task)->service != AFENCE_SERVICE_DNS;

	af_probe_dns_resolution(task->engine->dns, task->url.host, &resolution);
	if (resolution.address_count > 0)
		request(task, &resolution);
	else if (!resolution.complete || service)
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "%s: %s", task->url.host,
			resolution.complete ? "there is no such host" : "the DNS gave no answer");
	else
		end_as(task, AFENCE_PROBE_HONEST, "%s: there is no such host", task->url.host);
}

/* Asks for the URL of the task. */
static void fetch(struct af_task *task)
{
	const struct af_probe_plan *plan = task->engine->plan;
	struct af_resolution none = {0};
	struct af_address literal;
	bool service = mechanism_of(task)->service != AFENCE_SERVICE_DNS;

	if (af_address_parse(task->url.host, strlen(task->url.host), &literal) ||
		af_connect_covers(plan->connect_to, plan->connect_count, &task->url, service)) {
		request(task, &none);
		return;
	}
	task->then = connect_host;
	task->waiting = 2;
	af_probe_dns_ask(task->engine->dns, task->url.host, ns_t_a, on_dns, task);
	af_probe_dns_ask(task->engine->dns, task->url.host, ns_t_aaaa, on_dns, task);
}

static void start_request(struct af_task *task)
{
	char *text = af_probe_url(task->engine->plan, mechanism_of(task), task->check->domain,
		task->item->role, &task->words);

	if (af_url_read(text, NULL, &task->url))
		fetch(task);
	else
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "\"%s\" cannot be asked", text);
	free(text);
}

/* The first question. */

static char *first_name(const struct af_task *task)
{
	return af_expand(mechanism_of(task)->dns, &task->words, false);
}

/* True if the answer holds records; else the check has ended. */
static bool has_records(struct af_task *task, const struct af_dns_answer *answer)
{
	if (answer->end == AFENCE_DNS_FOUND)
		return true;
	if (answer->end == AFENCE_DNS_FAILED || task->item->role == AFENCE_ROLE_POSITIVE)
		end_as(task, AFENCE_PROBE_INCONCLUSIVE, "%s",
			answer->end == AFENCE_DNS_FAILED ? answer->why : "no such record");
	else
		end_as(task, AFENCE_PROBE_HONEST, "%s",
			answer->end == AFENCE_DNS_NXDOMAIN ? "no such name" : "no such record");
	return false;
}

static void read_records(struct af_task *task)
{
	char *name = first_name(task);
	const struct af_dns_answer *answer = known(task, name, mechanism_of(task)->type);

	free(name);
	if (!has_records(task, answer))
		return;
	mechanism_of(task)->records(answer, task->check->domain, &task->reading);
	conclude(task);
}

/* A and AAAA of one name, each of which may have failed. */
static void read_addresses(struct af_task *task)
{
	char *name = first_name(task);
	const struct af_dns_answer *a = known(task, name, ns_t_a);
	const struct af_dns_answer *aaaa = known(task, name, ns_t_aaaa);
	const struct af_dns_answer *worse = a->end == AFENCE_DNS_FAILED ? a : aaaa;

	free(name);
	if (a->end != AFENCE_DNS_FOUND && aaaa->end != AFENCE_DNS_FOUND &&
		!has_records(task, worse))
		return;
	task->doubt = worse->why;
	if (a->end == AFENCE_DNS_FOUND)
		mechanism_of(task)->records(a, task->check->domain, &task->reading);
	if (aaaa->end == AFENCE_DNS_FOUND)
		mechanism_of(task)->records(aaaa, task->check->domain, &task->reading);
	conclude(task);
}

/* "host:port" of the first target that was named. */
static char *best_target(const struct af_task *task)
{
	char *name = first_name(task);
	const struct af_dns_answer *answer = known(task, name, ns_t_srv);
	size_t i = 0;

	free(name);
	while (i + 1 < answer->count && *answer->record[i].text == '\0')
		i++;
	return af_format("%s:%u", task->reading.hosts.name[0], answer->record[i].port);
}

/* The SRV record has a target that is no finding by itself: it is asked for what a client asks
 * there. */
static void judge_srv(struct af_task *task)
{
	if (count_outside(task) > 0 || task->item->subject->strict ||
		task->reading.hosts.count == 0) {
		judge(task);
		return;
	}
	task->owned[0] = best_target(task);
	task->words.target = task->owned[0];
	af_reading_free(&task->reading);
	start_request(task);
}

static void srv_answered(struct af_task *task)
{
	char *name = first_name(task);
	const struct af_dns_answer *answer = known(task, name, ns_t_srv);

	free(name);
	if (!has_records(task, answer))
		return;
	af_read_srv(answer, task->check->domain, &task->reading);
	if (task->reading.kind == AFENCE_READ_SETTINGS)
		ask_addresses(task, &task->reading.hosts, judge_srv);
	else
		conclude(task);
}

/* Domains of the best MX that a client asks for settings, too; the MX itself is judged by another
 * mechanism. */
static bool take_mx(struct af_task *task)
{
	const struct af_names *hosts = &task->reading.hosts;
	struct af_domain host;
	const char *base, *parent;

	if (hosts->count == 0 ||
		af_domain_parse(hosts->name[0], strlen(hosts->name[0]), &host) != AFENCE_OK)
		return false;
	base = af_registrable(&host);
	parent = strchr(host.name, '.');
	if (base == NULL || parent == NULL)
		return false;
	task->words.mx = task->owned[1] = af_format("%s", base);
	task->words.parent = task->owned[2] = af_format("%s", parent + 1);
	return true;
}

static void mx_answered(struct af_task *task)
{
	const struct af_mechanism *mechanism = mechanism_of(task);
	char *name = first_name(task);
	const struct af_dns_answer *answer = known(task, name, ns_t_mx);
	bool named;

	free(name);
	if (!has_records(task, answer))
		return;
	af_read_mx(answer, task->check->domain, &task->reading);
	named = take_mx(task);
	af_reading_free(&task->reading);
	if (!named)
		end_as(task, AFENCE_PROBE_HONEST, "no MX to go by");
	else if (strstr(mechanism->url, "%F") != NULL &&
		 (strcmp(task->words.mx, task->words.parent) == 0 ||
			 strlen(task->words.parent) < strlen(task->words.mx)))
		end_as(task, AFENCE_PROBE_HONEST,
			"the MX stands right below its registrable domain");
	else
		start_request(task);
}

static void ask_first(struct af_task *task)
{
	const struct af_mechanism *mechanism = mechanism_of(task);
	char *name = first_name(task);
	bool addresses = mechanism->type == ns_t_a;

	task->then = addresses ? read_addresses : read_records;
	if (mechanism->url != NULL)
		task->then = mechanism->type == ns_t_mx ? mx_answered : srv_answered;
	task->waiting = addresses ? 2 : 1;
	af_probe_dns_ask(task->engine->dns, name, (unsigned)mechanism->type, on_dns, task);
	if (addresses)
		af_probe_dns_ask(task->engine->dns, name, ns_t_aaaa, on_dns, task);
	free(name);
}

void af_task_start(struct af_task *task)
{
	bool positive = task->item->role == AFENCE_ROLE_POSITIVE;

	task->words = (struct af_words){
		.domain = task->check->domain,
		.local = positive ? AFENCE_CONTROL_LOCAL : AFENCE_PROBE_LOCAL,
		.random = task->engine->plan->random,
	};
	if (mechanism_of(task)->type != 0)
		ask_first(task);
	else
		start_request(task);
}

void af_task_clear(struct af_task *task)
{
	for (size_t i = 0; i < sizeof(task->owned) / sizeof(task->owned[0]); i++)
		free(task->owned[i]);
	af_reading_free(&task->reading);
	af_url_free(&task->url);
	af_url_free(&task->next);
}
