/* SPDX-License-Identifier: MIT */
/* The words of a run, and its sums. */
#include "mechanisms.h"
#include "probe.h"

const char *af_probe_result_string(enum af_probe_result result)
{
	static const char *const words[] = {
		[AFENCE_PROBE_HONEST] = "honest",
		[AFENCE_PROBE_FINDING] = "finding",
		[AFENCE_PROBE_INCONCLUSIVE] = "inconclusive",
	};

	return words[result];
}

const char *af_probe_level_string(enum af_probe_level level)
{
	static const char *const words[] = {
		[AFENCE_LEVEL_NONE] = NULL,
		[AFENCE_LEVEL_F1] = "F1",
		[AFENCE_LEVEL_F2] = "F2",
		[AFENCE_LEVEL_F3] = "F3",
	};

	return words[level];
}

const char *af_probe_service_string(enum af_probe_service service)
{
	return af_services[service].name;
}

size_t af_probe_count(const struct af_probe_run *run, enum af_probe_result result)
{
	size_t count = 0;

	for (size_t i = 0; i < run->count; i++)
		count += run->check[i].role != AFENCE_ROLE_POSITIVE &&
			 run->check[i].result == result;
	return count;
}
