/* SPDX-License-Identifier: MIT */
/*
 * A rule knows its name and place only, so that a decision stays small; here its clause is found
 * again in the image.
 */
#include "clause.h"

#include <string.h>
#include <time.h>

static const struct af_image_clause *list_clauses(const struct af_policy *policy, size_t *count)
{
	const struct af_image *image = af_policy_image(policy);

	*count = 0;
	return image != NULL ? af_image_clauses(image, count) : NULL;
}

static bool is_same(const struct af_rule *a, const struct af_rule *b)
{
	return a->line == b->line && strcmp(a->name, b->name) == 0 && strcmp(a->file, b->file) == 0;
}

const struct af_image_clause *af_clause_of_rule(
	const struct af_policy *policy, const struct af_rule *rule)
{
	size_t count;
	const struct af_image_clause *clause = list_clauses(policy, &count);

	for (size_t i = 0; rule->name != NULL && rule->file != NULL && i < count; i++) {
		struct af_rule one = af_policy_clause_rule(policy, &clause[i]);

		if (is_same(&one, rule))
			return &clause[i];
	}
	return NULL;
}

const char *af_clause_text(const struct af_policy *policy, uint32_t offset)
{
	const char *text = "";

	if (offset != AFENCE_IMAGE_NONE)
		text = af_image_string(af_policy_image(policy), offset);
	return *text != '\0' ? text : NULL;
}

/* Asks again as of the last second of the exception, under the mode of today. */
static bool would_lift(const struct af_request *request, const struct af_decision *decision,
	const struct af_image_clause *clause)
{
	struct af_rule rule = af_policy_clause_rule(decision->policy, clause);
	struct af_request then = *request;
	struct af_decision answer;

	then.now = (time_t)clause->expires;
	then.has_mode = true;
	then.mode = decision->mode;
	af_decide(decision->policy, &then, &answer);
	return answer.reason == AFENCE_REASON_EXCEPTION && is_same(&answer.rule, &rule);
}

const struct af_image_clause *af_clause_expired(
	const struct af_request *request, const struct af_decision *decision)
{
	size_t count;
	const struct af_image_clause *clause = list_clauses(decision->policy, &count),
				     *found = NULL;
	time_t now = request->now != 0 ? request->now : af_policy_now(decision->policy);

	for (size_t i = 0; decision->verdict != AFENCE_ALLOW && i < count; i++)
		if (clause[i].kind == AFENCE_CLAUSE_EXCEPTION && clause[i].expires < now &&
			(found == NULL || clause[i].expires > found->expires) &&
			would_lift(request, decision, &clause[i]))
			found = &clause[i];
	return found;
}

int64_t af_mode_until(const struct af_policy *policy, time_t now)
{
	const struct af_image *image = af_policy_image(policy);
	int64_t until = image != NULL ? af_image_settings(image)->mode_until : 0;

	if (until == 0)
		return 0;
	return until > (now != 0 ? now : af_policy_now(policy)) ? until : 0;
}

/* The first LENGTH characters of RFC 3339's form. */
static char *format_second(int64_t second, size_t length, char text[AFENCE_TIME_MAX])
{
	time_t time = (time_t)second;
	struct tm parts;

	if (gmtime_r(&time, &parts) == NULL ||
		strftime(text, AFENCE_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		strcpy(text, "?");
	else
		text[length] = '\0';
	return text;
}

char *af_format_day(int64_t second, char text[AFENCE_TIME_MAX])
{
	return format_second(second, strlen("2027-03-31"), text);
}

char *af_format_time(int64_t second, char text[AFENCE_TIME_MAX])
{
	return format_second(second, strlen("2027-03-31T23:59:59Z"), text);
}
