/* SPDX-License-Identifier: MIT */
/*
 * What time does to a policy: exceptions that end, rules that were never promoted, generations that
 * are not the newest.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../output/clause.h"
#include "../policy/store.h"
#include "doctor.h"

#define SOON        (14 * 24 * 60 * 60) /* seconds before its end in which an exception is named */
#define NAMES_SHOWN 8                   /* rules that a finding lists one by one */
#define FILE_PREFIX "policy."           /* of the files in the history */

static void report_exception(
	struct af_doctor *doctor, const struct af_image_clause *clause, bool is_over)
{
	struct af_rule rule = af_policy_clause_rule(doctor->policy, clause);
	const char *owner = af_clause_text(doctor->policy, clause->owner);
	char day[AFENCE_TIME_MAX];

	af_doctor_find(doctor, AFENCE_RESULT_WARNING, "%s of %s at %s:%" PRIu32 " %s %s%s",
		rule.name, owner, rule.file, rule.line, is_over ? "ended on" : "ends on",
		af_format_day(clause->expires, day), is_over ? " and lifts nothing any more" : "");
	af_doctor_remedy(doctor,
		is_over ? "take it out of %s, or ask %s whether it needs a new date; then: "
			  "authfence policy apply%s"
			: "in %s: ask %s whether it needs a new date; then: authfence policy apply%s",
		rule.file, owner, af_doctor_root_option(doctor));
}

/* Names exceptions that are over or soon will be; returns how many. */
static size_t look_at_exceptions(
	struct af_doctor *doctor, const struct af_image_clause *clause, size_t count)
{
	int64_t now = af_policy_now(doctor->policy);
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (clause[i].kind != AFENCE_CLAUSE_EXCEPTION || clause[i].expires > now + SOON)
			continue;
		report_exception(doctor, &clause[i], clause[i].expires < now);
		found++;
	}
	return found;
}

/* The names of rules on trial, up to NAMES_SHOWN of them. */
struct trials {
	size_t count;
	char *list; /* "a, b", owned */
};

static void add_trial(struct trials *trials, uint8_t life, const char *name)
{
	char *longer;

	if (life != AFENCE_LIFE_TRIAL)
		return;
	trials->count++;
	if (trials->count > NAMES_SHOWN)
		return;
	longer = af_format("%s%s%s", trials->list, trials->count > 1 ? ", " : "", name);
	free(trials->list);
	trials->list = longer;
}

static struct trials find_trials(const struct af_image *image)
{
	struct trials trials = {0, af_format("%s", "")};
	size_t count;
	const struct af_image_rule *rule = af_image_rules(image, &count);

	for (size_t i = 0; i < count; i++)
		add_trial(&trials, rule[i].life, af_image_string(image, rule[i].name));
	const struct af_image_clause *clause = af_image_clauses(image, &count);

	for (size_t i = 0; i < count; i++)
		add_trial(&trials, clause[i].life, af_image_string(image, clause[i].name));
	return trials;
}

/* Names rules that only observe; returns how many. */
static size_t look_at_trials(struct af_doctor *doctor, const struct af_image *image)
{
	struct trials trials = find_trials(image);
	char when[AFENCE_TIME_MAX];

	if (trials.count > 0) {
		af_doctor_find(doctor, AFENCE_RESULT_WARNING,
			"%zu rule%s on trial, which only observe%s, as of generation %" PRIu64
			" of %s: %s%s",
			trials.count, trials.count == 1 ? "" : "s", trials.count == 1 ? "s" : "",
			af_policy_generation(doctor->policy),
			af_format_time(af_policy_created(doctor->policy), when), trials.list,
			trials.count > NAMES_SHOWN ? " ..." : "");
		af_doctor_remedy(doctor,
			"look for trial=yes in the log, and then: authfence policy promote%s",
			af_doctor_root_option(doctor));
	}
	free(trials.list);
	return trials.count;
}

void af_doctor_policy_rules(struct af_doctor *doctor)
{
	const struct af_image *image = af_policy_image(doctor->policy);
	const struct af_image_clause *clause;
	size_t count, found;

	if (image == NULL) {
		af_doctor_find(doctor, AFENCE_RESULT_SKIPPED,
			"not applicable: the built-in policy has no rules that end");
		return;
	}
	clause = af_image_clauses(image, &count);
	found = look_at_exceptions(doctor, clause, count);
	found += look_at_trials(doctor, image);
	if (found == 0)
		af_doctor_find(doctor, AFENCE_RESULT_OK,
			"no exception has ended or will within 14 days, and no rule is on trial");
}

/* The greatest generation among the files of the history; 0: none. */
static uint64_t find_latest(const struct af_names *names)
{
	uint64_t latest = 0;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->name[i];
		uint64_t one;
		char *end;

		if (strncmp(name, FILE_PREFIX, strlen(FILE_PREFIX)) != 0)
			continue;
		name += strlen(FILE_PREFIX);
		one = strtoull(name, &end, 10);
		if (*name >= '0' && *name <= '9' && *end == '\0' && one > latest)
			latest = one;
	}
	return latest;
}

void af_doctor_policy_history(struct af_doctor *doctor)
{
	uint64_t active = af_policy_generation(doctor->policy), latest;
	struct af_names names;

	if (!af_root_list(&doctor->root, AFENCE_HISTORY, &names) && errno != ENOENT &&
		errno != ENOTDIR) {
		af_doctor_give_up(doctor, AFENCE_HISTORY, strerror(errno));
		return;
	}
	latest = find_latest(&names);
	af_names_free(&names);
	if (latest == 0) {
		af_doctor_find(doctor, AFENCE_RESULT_SKIPPED,
			"not applicable: there is no earlier generation in %s%s",
			doctor->root.prefix, AFENCE_HISTORY);
	} else if (latest > active) {
		af_doctor_find(doctor, AFENCE_RESULT_WARNING,
			"in force is generation %" PRIu64 ", but %s%s has generation %" PRIu64
			": an activation did not finish, or the newer file was lost",
			active, doctor->root.prefix, AFENCE_HISTORY, latest);
		af_doctor_remedy(doctor,
			"authfence policy apply%s, or to have that one: authfence policy rollback "
			"%" PRIu64 "%s",
			af_doctor_root_option(doctor), latest, af_doctor_root_option(doctor));
	} else {
		af_doctor_find(doctor, AFENCE_RESULT_OK,
			"generation %" PRIu64 " is the newest there is", active);
	}
}
