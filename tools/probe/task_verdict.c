/* SPDX-License-Identifier: MIT */
/* How a check goes on when something is answered, and what it ends with. */
#include "task_parts.h"

#include <arpa/nameser.h>
#include <stdarg.h>
#include <stdlib.h>

#include "../names.h"
#include "judge.h"

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

void af_task_end(struct af_task *task, enum af_probe_result result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end(task, result, af_format_list(format, arguments));
	va_end(arguments);
}

void af_task_find(struct af_task *task, enum af_probe_level level, const char *what)
{
	task->check->level = level;
	af_task_end(task, AFENCE_PROBE_FINDING, "%s", what);
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
		af_task_end(task, AFENCE_PROBE_INCONCLUSIVE,
			"no answer before the deadline of %u s", task->engine->plan->deadline_s);
	else
		task->then(task);
}

void af_task_told(void *context, const struct af_dns_answer *answer)
{
	answered(context, answer->ms);
}

/* Answers that are known come before the return: THEN must not run before all are asked. */
void af_task_ask_addresses(
	struct af_task *task, const struct af_names *hosts, void (*then)(struct af_task *task))
{
	const struct af_policy *policy = task->engine->plan->policy;

	task->then = then;
	task->waiting = 1;
	for (size_t i = 0; i < hosts->count; i++) {
		if (!af_judge_needs_addresses(policy, hosts->name[i]))
			continue;
		task->waiting += 2;
		af_probe_dns_ask(task->engine->dns, hosts->name[i], ns_t_a, af_task_told, task);
		af_probe_dns_ask(task->engine->dns, hosts->name[i], ns_t_aaaa, af_task_told, task);
	}
	answered(task, 0);
}

/* Where nobody can rightly name a server it does not matter where one that is named stands. */
size_t af_task_count_outside(struct af_task *task)
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

void af_task_take_hosts(struct af_task *task)
{
	task->check->hosts = task->reading.hosts;
	task->reading.hosts = (struct af_names){0};
}

/* How bad it is that a server outside is named. */
static enum af_probe_level level_of(const struct af_task *task)
{
	enum af_probe_level level = task->item->mechanism->level;

	if (task->reading.moved)
		return AFENCE_LEVEL_F2;
	return level != AFENCE_LEVEL_NONE ? level : AFENCE_LEVEL_F1;
}

/* The hosts that are named are known as well as they can be. */
void af_task_judge(struct af_task *task)
{
	enum af_probe_level level = level_of(task);
	size_t outside = af_task_count_outside(task);
	size_t count = task->reading.hosts.count;
	bool certain = task->reading.certain, strict = task->item->subject->strict;
	bool moved = task->reading.moved;

	af_task_take_hosts(task);
	if (task->reading.mixed)
		af_task_find(task, AFENCE_LEVEL_F3, "a null MX beside others (RFC 7505 s3)");
	else if (outside > 0 || certain)
		af_task_find(task, level,
			moved         ? "sends clients on to another address"
			: outside > 0 ? "names a server outside"
				      : "says that there is an account");
	else if (strict)
		af_task_find(task, AFENCE_LEVEL_F2,
			count > 0 ? "names a server where none can be"
				  : "is there where nothing can be");
	else
		af_task_end(
			task, AFENCE_PROBE_HONEST, "names none but internal or reserved servers");
}

static void judge_control(struct af_task *task)
{
	task->check->answered = task->reading.certain || task->reading.hosts.count > 0;
	af_task_take_hosts(task);
	af_task_end(task, task->check->answered ? AFENCE_PROBE_HONEST : AFENCE_PROBE_INCONCLUSIVE,
		task->check->answered ? "answered" : "names no server");
}

/* An answer has been read. */
void af_task_conclude(struct af_task *task)
{
	bool positive = task->item->role == AFENCE_ROLE_POSITIVE;

	if (task->reading.kind == AFENCE_READ_STRANGE && !positive) {
		af_task_find(task, AFENCE_LEVEL_F3,
			"a body that is no answer, though the status says yes");
	} else if (task->reading.kind == AFENCE_READ_SETTINGS) {
		if (positive)
			judge_control(task);
		else
			af_task_ask_addresses(task, &task->reading.hosts, af_task_judge);
	} else {
		task->check->answered = positive && task->item->mechanism->lenient &&
					task->reading.kind == AFENCE_READ_NOTHING &&
					!task->reading.unheard;
		af_task_end(task,
			positive && !task->check->answered ? AFENCE_PROBE_INCONCLUSIVE
							   : AFENCE_PROBE_HONEST,
			"%s",
			task->reading.kind == AFENCE_READ_STRANGE ? "no answer of this service"
								  : "nothing is known of it");
	}
}
