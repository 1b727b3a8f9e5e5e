/* SPDX-License-Identifier: MIT */
/* The text format of Prometheus, version 0.0.4: units are seconds, times are seconds since 1970. */
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "af_utf8.h"
#include "output_parts.h"

#define LAST_SUCCESS "authfence_probe_last_success_timestamp_seconds"
#define RESULTS      (AFENCE_PROBE_INCONCLUSIVE + 1)

/* What the checks of one mechanism came to. */
struct sum {
	const char *mechanism;
	size_t count[RESULTS];
	unsigned ms; /* of the longest */
};

struct sums {
	struct sum *sum;
	size_t count, room;
	size_t level[AFENCE_LEVEL_F3 + 1];
};

static struct sum *find_sum(struct sums *sums, const char *mechanism)
{
	for (size_t i = 0; i < sums->count; i++)
		if (strcmp(sums->sum[i].mechanism, mechanism) == 0)
			return &sums->sum[i];
	sums->sum = af_grow(sums->sum, sums->count, 1, &sums->room, sizeof(*sums->sum));
	sums->sum[sums->count] = (struct sum){.mechanism = mechanism};
	return &sums->sum[sums->count++];
}

static void add_up(const struct af_probe_run *run, struct sums *sums)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct af_probe_check *check = &run->check[i];
		struct sum *sum;

		if (check->role == AFENCE_ROLE_POSITIVE)
			continue;
		sum = find_sum(sums, check->name);
		sum->count[check->result]++;
		if (check->ms > sum->ms)
			sum->ms = check->ms;
		if (check->result == AFENCE_PROBE_FINDING)
			sums->level[check->level]++;
	}
}

static void put_head(FILE *out, const char *name, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* A label's value: three characters are escaped, and a reader wants UTF-8. */
static void put_value(FILE *out, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0, taken; i < len; i += taken) {
		taken = af_utf8_sequence(text + i, len - i);
		if (taken == 0) {
			taken = 1;
			fputc('?', out);
		} else if (text[i] == '\n') {
			fputs("\\n", out);
		} else {
			if (text[i] == '\\' || text[i] == '"')
				fputc('\\', out);
			fwrite(text + i, 1, taken, out);
		}
	}
}

static void put_checks(FILE *out, const struct sums *sums)
{
	put_head(out, "authfence_probe_checks", "Checks of the last run by mechanism and result.");
	for (size_t i = 0; i < sums->count; i++)
		for (int result = 0; result < RESULTS; result++) {
			fputs("authfence_probe_checks{mechanism=\"", out);
			put_value(out, sums->sum[i].mechanism);
			fprintf(out, "\",result=\"%s\"} %zu\n",
				af_probe_result_string((enum af_probe_result)result),
				sums->sum[i].count[result]);
		}
}

static void put_durations(FILE *out, const struct sums *sums)
{
	put_head(out, "authfence_probe_mechanism_duration_seconds",
		"Duration of the longest check of each mechanism in the last run.");
	for (size_t i = 0; i < sums->count; i++) {
		fputs("authfence_probe_mechanism_duration_seconds{mechanism=\"", out);
		put_value(out, sums->sum[i].mechanism);
		fprintf(out, "\"} %u.%03u\n", sums->sum[i].ms / 1000, sums->sum[i].ms % 1000);
	}
}

static void put_findings(FILE *out, const struct sums *sums)
{
	put_head(out, "authfence_probe_findings", "Findings of the last run by level.");
	for (int level = AFENCE_LEVEL_F1; level <= AFENCE_LEVEL_F3; level++)
		fprintf(out, "authfence_probe_findings{level=\"%s\"} %zu\n",
			af_probe_level_string((enum af_probe_level)level), sums->level[level]);
}

/* The time that the file which is there has, 0: none.  A time to come is that of a clock which was
 * wrong, and would hide that there is no success. */
static int64_t find_success(const char *path, int64_t now)
{
	char *text, *line, *rest = NULL;
	int64_t found = 0;
	size_t len;

	if (!af_probe_read_file(path, &text, &len))
		return 0;
	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		const char *value = line + strlen(LAST_SUCCESS " ");
		char *end;

		if (strncmp(line, LAST_SUCCESS " ", strlen(LAST_SUCCESS " ")) != 0)
			continue;
		found = strtoll(value, &end, 10);
		if (*value < '1' || *value > '9' || *end != '\0' || found > now)
			found = 0;
	}
	free(text);
	return found;
}

/* A run that asked nothing succeeded in nothing. */
static int64_t last_success(
	const struct af_probe_run *run, const struct sums *sums, const char *path)
{
	bool success = sums->count > 0 && run->left_out == 0 &&
		       af_probe_count(run, AFENCE_PROBE_INCONCLUSIVE) == 0;

	return success ? (int64_t)run->started : find_success(path, run->started);
}

/* NULL: no exception of the policy will end. */
static const struct af_image_clause *next_to_end(const struct af_policy *policy)
{
	const struct af_image *image = af_policy_image(policy);
	const struct af_image_clause *clause = NULL, *next = NULL;
	int64_t now = af_policy_now(policy);
	size_t count = 0;

	if (image != NULL)
		clause = af_image_clauses(image, &count);
	for (size_t i = 0; i < count; i++)
		if (clause[i].kind == AFENCE_CLAUSE_EXCEPTION &&
			clause[i].expires != AFENCE_NEVER && clause[i].expires >= now &&
			(next == NULL || clause[i].expires < next->expires))
			next = &clause[i];
	return next;
}

static void put_time(FILE *out, const char *name, const char *help, int64_t second)
{
	put_head(out, name, help);
	fprintf(out, "%s %" PRId64 "\n", name, second);
}

static void put_run(FILE *out, const struct af_probe_run *run, int64_t success)
{
	const struct af_image_clause *ends = next_to_end(run->policy);

	put_head(out, "authfence_probe_inconclusive",
		"Checks of the last run of which nobody can tell.");
	fprintf(out, "authfence_probe_inconclusive %zu\n",
		af_probe_count(run, AFENCE_PROBE_INCONCLUSIVE));
	put_head(out, "authfence_probe_duration_seconds", "Duration of the last run.");
	fprintf(out, "authfence_probe_duration_seconds %u.%03u\n", run->ms / 1000, run->ms % 1000);
	put_time(out, "authfence_probe_last_run_timestamp_seconds", "When the last run started.",
		run->started);
	if (success > 0)
		put_time(out, LAST_SUCCESS,
			"When the last run without an inconclusive check started.", success);
	if (ends != NULL)
		put_time(out, "authfence_probe_exception_end_timestamp_seconds",
			"When the next exception of the policy ends; days: (this - time()) / 86400.",
			ends->expires);
}

bool af_probe_write_metrics(const struct af_probe_run *run, const char *path, char **why)
{
	struct sums sums = {0};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool done = false;

	*why = NULL;
	if (out != NULL) {
		add_up(run, &sums);
		put_checks(out, &sums);
		put_findings(out, &sums);
		put_durations(out, &sums);
		put_run(out, run, last_success(run, &sums, path));
		done = fclose(out) == 0 && af_probe_replace_file(path, text, len);
	}
	if (!done)
		*why = af_format(
			"\"%s\": it cannot be written: %s", path, af_probe_file_fault(errno));
	free(text);
	free(sums.sum);
	return done;
}
