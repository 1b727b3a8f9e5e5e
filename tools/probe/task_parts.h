/* SPDX-License-Identifier: MIT */
/* What the files of a task share. */
#ifndef PROBE_TASK_PARTS_H
#define PROBE_TASK_PARTS_H

#include "task.h"

/* The check's last word.  What the reader had to say stands behind it; a doubt outweighs that
 * nothing was found. */
void af_task_end(struct af_task *task, enum af_probe_result result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void af_task_find(struct af_task *task, enum af_probe_level level, const char *what);

/* An answer of the DNS that CONTEXT, a task, waits for. */
af_dns_told af_task_told;

/* Asks for the addresses of HOSTS as far as they matter, and then calls THEN. */
void af_task_ask_addresses(
	struct af_task *task, const struct af_names *hosts, void (*then)(struct af_task *task));

/* Hosts of the reading that are outside, or may be. */
size_t af_task_count_outside(struct af_task *task);

/* The hosts of the reading become the check's. */
void af_task_take_hosts(struct af_task *task);

/* The hosts that are named are known as well as they can be: the verdict. */
void af_task_judge(struct af_task *task);

/* An answer has been read. */
void af_task_conclude(struct af_task *task);

/* Makes the request of the mechanism. */
void af_task_request(struct af_task *task);

#endif
