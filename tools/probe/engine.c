/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../memory.h"
#include "../names.h"
#include "af_resolver_parts.h"
#include "output.h"
#include "task.h"

/* What is asked. */

static const char *service_of(const struct af_probe_plan *plan, enum af_probe_service service)
{
	return plan->service[service] != NULL ? plan->service[service] : af_services[service].host;
}

static bool is_asked(
	const struct af_probe_plan *plan, size_t mechanism, const struct af_subject *subject)
{
	const struct af_mechanism *row = &af_mechanisms[mechanism];
	const char *host = service_of(plan, row->service);

	return plan->wanted[mechanism] && (host == NULL || *host != '\0') &&
	       !(row->not_zone && subject->zone);
}

bool af_probe_asks(const struct af_probe_plan *plan)
{
	for (size_t s = 0; s < plan->subject_count; s++)
		for (size_t m = 0; m < af_mechanism_count; m++)
			if (is_asked(plan, m, &plan->subject[s]))
				return true;
	return false;
}

static void add_item(struct af_probe_item **items, size_t *count, size_t *room,
	const struct af_mechanism *mechanism, const struct af_subject *subject,
	enum af_probe_role role, char *domain)
{
	*items = af_grow(*items, *count, 1, room, sizeof(**items));
	(*items)[(*count)++] = (struct af_probe_item){mechanism, subject, role, domain};
}

/* True if a mechanism that is asked wants to know how SERVICE fares. */
static bool needs_control(const struct af_probe_plan *plan, enum af_probe_service service)
{
	const char *host = service_of(plan, service);

	if (host != NULL && *host == '\0')
		return false;
	for (size_t i = 0; i < af_mechanism_count; i++)
		if (plan->wanted[i] &&
			(service == AFENCE_SERVICE_DNS || af_mechanisms[i].service == service))
			return true;
	return false;
}

static const struct af_mechanism *control_of(enum af_probe_service service)
{
	size_t i = 0;

	while (i + 1 < af_mechanism_count &&
		strcmp(af_mechanisms[i].name, af_services[service].control) != 0)
		i++;
	return &af_mechanisms[i];
}

struct af_probe_item *af_probe_items(const struct af_probe_plan *plan, size_t *count)
{
	struct af_probe_item *item = NULL;
	size_t room = 0;

	*count = 0;
	for (size_t s = 0; s < plan->subject_count; s++)
		for (size_t m = 0; m < af_mechanism_count; m++)
			if (is_asked(plan, m, &plan->subject[s]))
				add_item(&item, count, &room, &af_mechanisms[m], &plan->subject[s],
					AFENCE_ROLE_SUBJECT,
					af_format("%s", plan->subject[s].domain.name));
	for (int service = 0; service < AFENCE_PROBE_SERVICES && plan->subject_count > 0;
		service++) {
		if (!needs_control(plan, (enum af_probe_service)service))
			continue;
		/* The DNS has one for each domain: the mechanism "wildcard". */
		if (service != AFENCE_SERVICE_DNS)
			add_item(&item, count, &room, control_of((enum af_probe_service)service),
				&plan->subject[0], AFENCE_ROLE_NEGATIVE,
				af_format("%s.%s", plan->random, plan->subject[0].domain.name));
		for (size_t i = 0; i < plan->control_count; i++)
			add_item(&item, count, &room, control_of((enum af_probe_service)service),
				&plan->control[i], AFENCE_ROLE_POSITIVE,
				af_format("%s", plan->control[i].domain.name));
	}
	return item;
}

void af_probe_items_free(struct af_probe_item *item, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(item[i].domain);
	free(item);
}

char *af_probe_url(const struct af_probe_plan *plan, const struct af_mechanism *mechanism,
	const char *domain, enum af_probe_role role, const struct af_words *known)
{
	const char *place = service_of(plan, mechanism->service);
	struct af_words words = *known;
	char *template, *url;

	if (mechanism->url == NULL)
		return NULL;
	words.domain = domain;
	if (role == AFENCE_ROLE_POSITIVE)
		words.local = AFENCE_CONTROL_LOCAL;
	if (*mechanism->url != '\0')
		return af_expand(mechanism->url, &words, true);
	/* Settings of the provider that an MX belongs to are asked for by its domain. */
	if (mechanism->dns != NULL)
		words.domain = words.mx != NULL ? words.mx : "<MX>";
	template = af_format("https://%s%s", place,
		strchr(place, '/') != NULL ? "" : af_services[mechanism->service].path);
	url = af_expand(template, &words, true);
	free(template);
	return url;
}

static const char *type_of(const struct af_mechanism *mechanism)
{
	switch (mechanism->type) {
	case ns_t_a:
		return "A/AAAA ";
	case ns_t_mx:
		return "MX ";
	case ns_t_srv:
		return "SRV ";
	case ns_t_txt:
		return "TXT ";
	default:
		return "";
	}
}

/* The question of a check in words. */
char *af_probe_question(const struct af_probe_plan *plan, const struct af_probe_item *item)
{
	const struct af_mechanism *mechanism = item->mechanism;
	struct af_words words = {
		.domain = item->domain, .local = AFENCE_PROBE_LOCAL, .random = plan->random};
	char *url = af_probe_url(plan, mechanism, item->domain, item->role, &words);
	char *name = NULL, *question;

	if (mechanism->dns != NULL)
		name = af_expand(mechanism->dns, &words, false);
	question = af_format("%s%s%s%s%s", type_of(mechanism), name != NULL ? name : "",
		name != NULL && url != NULL ? ", then " : "",
		url == NULL               ? ""
		: mechanism->body != NULL ? "POST "
					  : "GET ",
		url != NULL ? url : "");
	free(url);
	free(name);
	return question;
}

/* The loop. */

#define DESCRIPTORS_MOST 64

/* One turn: waits at most MS milliseconds for something to happen, and lets it happen. */
static void turn(struct af_probe_engine *engine, int64_t ms)
{
	struct curl_waitfd fd[DESCRIPTORS_MOST];
	int wait = ms < 200 ? (int)ms : 200; /* the progress line moves on */
	size_t count = af_probe_dns_wait(engine->dns, fd, DESCRIPTORS_MOST, &wait);

	af_probe_web_next(engine->web, &wait);
	af_probe_web_wait(engine->web, fd, count, wait);
	af_probe_web_run(engine->web);
	af_probe_dns_run(engine->dns, fd, count);
}

static void wait_for_all(struct af_probe_engine *engine, size_t count, int64_t deadline)
{
	int64_t left;

	while (engine->ended < count && (left = deadline - af_resolver_clock()) > 0) {
		turn(engine, left);
		af_probe_progress(engine->ended, count, engine->findings);
	}
	engine->stopped = true;
	af_probe_web_stop(engine->web);
	af_probe_dns_stop(engine->dns, "the deadline has passed");
	af_probe_progress_done();
}

static void prepare(struct af_probe_engine *engine, const struct af_probe_item *item,
	struct af_probe_check *check, struct af_task *task)
{
	*check = (struct af_probe_check){
		.mechanism = item->mechanism,
		.name = item->mechanism->name,
		.domain = item->domain,
		.role = item->role,
		.question = af_probe_question(engine->plan, item),
	};
	*task = (struct af_task){.engine = engine, .item = item, .check = check};
}

/* Long chains first: mechanism by mechanism, controls before. */
static void start_all(struct af_task *task, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (task[i].item->role != AFENCE_ROLE_SUBJECT)
			af_task_start(&task[i]);
	for (size_t m = 0; m < af_mechanism_count; m++)
		for (size_t i = 0; i < count; i++)
			if (task[i].item->role == AFENCE_ROLE_SUBJECT &&
				task[i].item->mechanism == &af_mechanisms[m])
				af_task_start(&task[i]);
}

/* Nobody is honest as long as it is not known that he answers at all. */
static void apply_controls(struct af_task *task, size_t count)
{
	bool answers[AFENCE_PROBE_SERVICES] = {false};

	for (size_t i = 0; i < count; i++)
		if (task[i].check->answered)
			for (int s = 0; s < AFENCE_PROBE_SERVICES; s++)
				answers[s] |= task[i].item->mechanism ==
					      control_of((enum af_probe_service)s);
	for (size_t i = 0; i < count; i++) {
		struct af_probe_check *check = task[i].check;
		enum af_probe_service service = task[i].item->mechanism->service;
		char *detail = check->detail;

		if (check->role == AFENCE_ROLE_POSITIVE || check->result != AFENCE_PROBE_HONEST ||
			answers[service] || (service == AFENCE_SERVICE_DNS && task[i].seen))
			continue;
		check->result = AFENCE_PROBE_INCONCLUSIVE;
		check->detail = af_format(
			"%s; but no control of %s was answered", detail, af_services[service].name);
		free(detail);
	}
}

static bool open_engine(
	const struct af_probe_plan *plan, struct af_probe_engine *engine, const char **why)
{
	/* Requests have places of their own: hundreds of questions must not keep them waiting. */
	*engine = (struct af_probe_engine){
		.plan = plan,
		.dns_limit = {0, AFENCE_PROBE_MOST - AFENCE_WEB_MOST},
		.web_limit = {0, AFENCE_WEB_MOST},
	};
	engine->dns = af_probe_dns_new(&plan->resolver, &engine->dns_limit, why);
	if (engine->dns == NULL)
		return false;
	engine->web = af_probe_web_new(
		plan->cacert, plan->connect_to, plan->connect_count, &engine->web_limit, why);
	if (engine->web != NULL)
		return true;
	af_probe_dns_free(engine->dns);
	return false;
}

bool af_probe_ask_all(const struct af_probe_plan *plan, struct af_probe_run *run, const char **why)
{
	struct af_probe_engine engine;
	int64_t start = af_resolver_clock();
	struct af_probe_check *check;
	struct af_task *task;

	*run = (struct af_probe_run){.policy = plan->policy, .started = time(NULL)};
	if (!open_engine(plan, &engine, why))
		return false;
	run->item = af_probe_items(plan, &run->count);
	run->check = check = af_new(run->count, sizeof(*check));
	task = af_new(run->count, sizeof(*task));
	for (size_t i = 0; i < run->count; i++)
		prepare(&engine, &run->item[i], &check[i], &task[i]);
	start_all(task, run->count);
	wait_for_all(&engine, run->count, start + (int64_t)plan->deadline_s * 1000);
	apply_controls(task, run->count);
	for (size_t i = 0; i < run->count; i++)
		af_task_clear(&task[i]);
	free(task);
	af_probe_web_free(engine.web);
	af_probe_dns_free(engine.dns);
	run->ms = (unsigned)(af_resolver_clock() - start);
	return true;
}

void af_probe_run_free(struct af_probe_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		free(run->check[i].question);
		free(run->check[i].detail);
		af_names_free(&run->check[i].hosts);
	}
	free(run->check);
	af_probe_items_free(run->item, run->count);
	af_names_free(&run->gone);
}
