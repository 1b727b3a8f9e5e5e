/* SPDX-License-Identifier: MIT */
#include "expect.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "af_report.h"

#define NAME_SHOWN 100 /* bytes of a name in a message */

/* Knows one address, which every name has. */
struct one_address {
	struct af_resolver resolver;
	struct af_address address;
};

static void resolve(struct af_resolver *self, const struct af_domain *name, unsigned budget_ms,
	struct af_resolution *out)
{
	(void)name;
	(void)budget_ms;
	out->complete = true;
	out->address[0] = ((const struct one_address *)self)->address;
	out->address_count = 1;
	out->cname_count = 0;
}

static const char *service_of(const struct af_rules *rules, const struct af_expect_row *row)
{
	return row->service != AFENCE_IMAGE_NONE ? af_rules_string(rules, row->service) : NULL;
}

/* A request of second 0, which a reproducible build may ask for, would be one of today. */
static time_t time_of(const struct af_expect_row *row, int64_t now)
{
	int64_t time = row->on != INT64_MIN ? row->on : now;

	return time != 0 ? (time_t)time : 1;
}

void af_expect_ask(const struct af_rules *rules, const struct af_expect_row *row,
	const struct af_policy *policy, int64_t now, struct af_request *request,
	struct af_decision *out)
{
	const char *identity = af_rules_string(rules, row->identity);
	struct one_address known = {{resolve}, row->address};

	*request = (struct af_request){
		.stack = AFENCE_STACK_SASL,
		.service = service_of(rules, row),
		.login[0] = {identity, strlen(identity), AFENCE_FORM_AUTO},
		.login_count = 1,
		.host = af_rules_string(rules, row->host),
		.port = row->port,
		.has_peer = row->has_address,
		.peer = {.address = row->address, .port = row->port},
		.resolver = row->has_address ? &known.resolver : NULL,
		.has_mode = true,
		.mode = AFENCE_MODE_ENFORCE,
		.now = time_of(row, now),
	};
	af_decide(policy, request, out);
	request->resolver = NULL;
}

static bool is_met(const struct af_expect_row *row, const struct af_decision *decision)
{
	return row->allow == (decision->verdict != AFENCE_BLOCK);
}

/* The exception that let the case pass in its last second, or NULL. */
static const struct af_clause_row *find_expired(const struct af_rules *rules,
	const struct af_expect_row *row, const struct af_policy *policy)
{
	struct af_request request;
	struct af_decision decision;

	for (size_t i = 0; i < rules->clause.count; i++) {
		const struct af_clause_row *clause = &rules->clause.row[i];

		if (clause->kind != AFENCE_CLAUSE_EXCEPTION || clause->expires >= rules->now)
			continue;
		af_expect_ask(rules, row, policy, clause->expires, &request, &decision);
		if (is_met(row, &decision))
			return clause;
	}
	return NULL;
}

static void complain(const struct af_rules *rules, const struct af_expect_row *row,
	const struct af_decision *decision, const struct af_clause_row *expired)
{
	char text[AFENCE_EXPECT_MAX], rule[NAME_SHOWN] = "", day[16] = "";
	const char *name = decision->rule.name;
	time_t last = expired != NULL ? (time_t)expired->expires : 0;
	struct tm date;

	if (name != NULL)
		af_escape(name, strlen(name), rule, sizeof(rule));
	if (expired != NULL && gmtime_r(&last, &date) != NULL)
		strftime(day, sizeof(day), "%Y-%m-%d", &date);
	af_diagnose(rules->diagnostics, expired != NULL ? AFENCE_WARNING : AFENCE_ERROR, &row->at,
		"%s: seen %s (%s%s%s), expected %s%s%s%s%s", af_expect_format(rules, row, text),
		row->allow ? "block" : "allow", af_reason_string(decision->reason),
		name != NULL ? ", rule " : "", rule, row->allow ? "allow" : "block",
		expired != NULL ? "; " : "",
		expired != NULL ? af_rules_string(rules, expired->name) : "",
		expired != NULL ? " has expired on " : "", day);
}

static bool run_case(const struct af_rules *rules, const struct af_expect_row *row,
	const struct af_policy *policy)
{
	const struct af_clause_row *expired = NULL;
	struct af_request request;
	struct af_decision decision;

	af_expect_ask(rules, row, policy, rules->now, &request, &decision);
	if (is_met(row, &decision))
		return true;
	if (row->allow && row->on == INT64_MIN)
		expired = find_expired(rules, row, policy);
	complain(rules, row, &decision, expired);
	return false;
}

size_t af_expect_run(const struct af_rules *rules, const uint8_t *bytes, size_t length)
{
	const struct af_policy *judge;
	struct af_policy *policy;
	size_t passed = 0;
	enum af_status status;

	if (rules->expect.count == 0)
		return 0;
	status = af_policy_borrow("the new image", bytes, length, &policy);
	if (status != AFENCE_OK) {
		af_diagnose(rules->diagnostics, AFENCE_ERROR, &rules->expect.row[0].at,
			"the image can not be used: %s", af_strerror(status));
		return 0;
	}
	judge = af_policy_trial(policy);
	for (size_t i = 0; i < rules->expect.count; i++)
		passed += run_case(rules, &rules->expect.row[i], judge != NULL ? judge : policy);
	af_policy_free(policy);
	return passed;
}

char *af_expect_format(
	const struct af_rules *rules, const struct af_expect_row *row, char text[AFENCE_EXPECT_MAX])
{
	const char *identity = af_rules_string(rules, row->identity);
	const char *host = af_rules_string(rules, row->host), *service = service_of(rules, row);
	char who[NAME_SHOWN], where[NAME_SHOWN], address[AFENCE_ADDRESS_TEXT_MAX];
	time_t on = (time_t)row->on;
	struct tm day;
	size_t used;

	used = (size_t)snprintf(text, AFENCE_EXPECT_MAX, "\"%s\" to \"%s\"",
		af_escape(identity, strlen(identity), who, sizeof(who)),
		af_escape(host, strlen(host), where, sizeof(where)));
	if (row->has_address)
		used += (size_t)snprintf(text + used, AFENCE_EXPECT_MAX - used, " at %s",
			af_address_format(&row->address, address));
	if (row->port != 0)
		used += (size_t)snprintf(
			text + used, AFENCE_EXPECT_MAX - used, " port %u", row->port);
	if (service != NULL)
		used += (size_t)snprintf(text + used, AFENCE_EXPECT_MAX - used, " via %s", service);
	if (row->on != INT64_MIN && gmtime_r(&on, &day) != NULL)
		strftime(text + used, AFENCE_EXPECT_MAX - used, " on %Y-%m-%d", &day);
	return text;
}
