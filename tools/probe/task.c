/* SPDX-License-Identifier: MIT */
/* The first question of a check, and what comes of its records. */
#include "task_parts.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "../names.h"
#include "../output/psl.h"

static const struct af_dns_answer *known(const struct af_task *task, const char *name, int type)
{
	return af_probe_dns_known(task->engine->dns, name, (unsigned)type);
}

static char *first_name(const struct af_task *task)
{
	return af_expand(task->item->mechanism->dns, &task->words, false);
}

/* True if the answer holds records; else the check has ended. */
static bool has_records(struct af_task *task, const struct af_dns_answer *answer)
{
	if (answer->end == AFENCE_DNS_FOUND)
		return true;
	if (answer->end == AFENCE_DNS_FAILED || task->item->role == AFENCE_ROLE_POSITIVE)
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE, "%s",
			answer->end == AFENCE_DNS_FAILED ? answer->why : "no such record");
	else
		af_task_end(task, AFENCE_PROBE_HONEST, "%s",
			answer->end == AFENCE_DNS_NXDOMAIN ? "no such name" : "no such record");
	return false;
}

static void read_records(struct af_task *task)
{
	char *name = first_name(task);
	const struct af_dns_answer *answer = known(task, name, task->item->mechanism->type);

	free(name);
	if (!has_records(task, answer))
		return;
	task->item->mechanism->records(answer, task->check->domain, &task->reading);
	af_task_conclude(task);
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
		task->item->mechanism->records(a, task->check->domain, &task->reading);
	if (aaaa->end == AFENCE_DNS_FOUND)
		task->item->mechanism->records(aaaa, task->check->domain, &task->reading);
	af_task_conclude(task);
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
	if (af_task_count_outside(task) > 0 || task->item->subject->strict ||
		task->reading.hosts.count == 0) {
		af_task_judge(task);
		return;
	}
	task->owned[0] = best_target(task);
	task->words.target = task->owned[0];
	af_reading_free(&task->reading);
	af_task_request(task);
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
		af_task_ask_addresses(task, &task->reading.hosts, judge_srv);
	else
		af_task_conclude(task);
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
	const struct af_mechanism *mechanism = task->item->mechanism;
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
		af_task_end(task, AFENCE_PROBE_HONEST, "no MX to go by");
	else if (strstr(mechanism->url, "%F") != NULL &&
		 (strcmp(task->words.mx, task->words.parent) == 0 ||
			 strlen(task->words.parent) < strlen(task->words.mx)))
		af_task_end(task, AFENCE_PROBE_HONEST,
			"the MX stands right below its registrable domain");
	else
		af_task_request(task);
}

static void ask_first(struct af_task *task)
{
	const struct af_mechanism *mechanism = task->item->mechanism;
	char *name = first_name(task);
	bool addresses = mechanism->type == ns_t_a;

	task->then = addresses ? read_addresses : read_records;
	if (mechanism->url != NULL)
		task->then = mechanism->type == ns_t_mx ? mx_answered : srv_answered;
	task->waiting = addresses ? 2 : 1;
	af_probe_dns_ask(task->engine->dns, name, (unsigned)mechanism->type, af_task_told, task);
	if (addresses)
		af_probe_dns_ask(task->engine->dns, name, ns_t_aaaa, af_task_told, task);
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
	if (task->item->mechanism->type != 0)
		ask_first(task);
	else
		af_task_request(task);
}

void af_task_clear(struct af_task *task)
{
	for (size_t i = 0; i < sizeof(task->owned) / sizeof(task->owned[0]); i++)
		free(task->owned[i]);
	af_reading_free(&task->reading);
	af_url_free(&task->url);
	af_url_free(&task->next);
}
