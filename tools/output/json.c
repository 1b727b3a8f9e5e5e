/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "af_report.h"
#include "af_utf8.h"
#include "clause.h"
#include "psl.h"

static bool is_utf8(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t taken = af_utf8_sequence(text + i, len - i);

		if (taken == 0)
			return false;
		i += taken;
	}
	return true;
}

json_t *af_json_text(const char *text, size_t len)
{
	size_t room = 4 * len + 8;
	char *escaped;
	json_t *string;

	if (is_utf8(text, len))
		return json_stringn(text, len);
	escaped = malloc(room);
	if (escaped == NULL)
		return NULL;
	string = json_string(af_escape(text, len, escaped, room));
	free(escaped);
	return string;
}

static json_t *json_rule(const struct af_rule *rule)
{
	return json_pack("{s:s?,s:s?,s:o}", "name", rule->name, "file", rule->file, "line",
		rule->line > 0 ? json_integer((json_int_t)rule->line) : json_null());
}

/* Adds what an exception or protect says of itself. */
static void add_clause(
	json_t *object, const struct af_policy *policy, const struct af_image_clause *clause)
{
	char day[AFENCE_TIME_MAX];
	json_t *more = json_pack("{s:s?,s:s?,s:s?,s:s?}", "reason",
		af_clause_text(policy, clause->reason), "owner",
		af_clause_text(policy, clause->owner), "ticket",
		af_clause_text(policy, clause->ticket), "expires",
		clause->expires != AFENCE_NEVER ? af_format_day(clause->expires, day) : NULL);

	json_object_update(object, more);
	json_decref(more);
}

/* The rule that decided. */
static json_t *json_deciding_rule(const struct af_decision *decision)
{
	const struct af_image_clause *clause = af_clause_of_rule(decision->policy, &decision->rule);
	json_t *object = json_rule(&decision->rule);

	if (object != NULL && clause != NULL)
		add_clause(object, decision->policy, clause);
	if (object != NULL && af_report_is_trial(decision))
		json_object_set_new(object, "trial", json_true());
	return object;
}

static json_t *json_expired(const struct af_policy *policy, const struct af_image_clause *clause)
{
	struct af_rule rule = af_policy_clause_rule(policy, clause);
	json_t *object = json_rule(&rule);

	if (object != NULL)
		add_clause(object, policy, clause);
	return object;
}

static json_t *json_identity(const struct af_request *request, const struct af_decision *decision)
{
	const struct af_login *login = &request->login[decision->login];
	const struct af_registry_row *row = decision->domain.len > 0 ? decision->fact.known : NULL;

	return json_pack("{s:o,s:s?,s:s,s:s?,s:s?,s:b}", "input",
		af_json_text(login->text, login->len), "domain",
		decision->domain.len > 0 ? decision->domain.name : NULL, "class",
		af_name_class_string(row != NULL ? row->class : AFENCE_NAME_NONE), "source",
		row != NULL ? row->source : NULL, "registrable", af_registrable(&decision->domain),
		"malformed", decision->malformed);
}

static json_t *json_address(const struct af_policy *policy, const struct af_address *address)
{
	const struct af_address_block *block;
	char text[AFENCE_ADDRESS_TEXT_MAX];
	struct af_rule rule;
	enum af_row row;
	enum af_target_class class = af_policy_address_class(policy, address, &row, &rule, &block);

	return json_pack("{s:s,s:s,s:s?}", "address", af_address_format(address, text), "class",
		af_target_class_string(class), "block", block != NULL ? block->cidr : NULL);
}

/* The addresses of the name or the literal. */
static json_t *json_addresses(
	const struct af_policy *policy, const struct af_target *target, const char *host)
{
	json_t *list = json_array();
	struct af_address literal;

	if (host != NULL && af_address_parse(host, strlen(host), &literal))
		json_array_append_new(list, json_address(policy, &literal));
	for (size_t i = 0; target->resolved && i < target->resolution.address_count; i++)
		json_array_append_new(list, json_address(policy, &target->resolution.address[i]));
	return list;
}

static json_t *json_cnames(const struct af_target *target)
{
	json_t *list = json_array();

	for (size_t i = 0; target->resolved && i < target->resolution.cname_count; i++)
		json_array_append_new(list, json_string(target->resolution.cname[i].name));
	return list;
}

static json_t *json_host(const struct af_request *request, const struct af_target *target)
{
	if (target->has_name)
		return json_string(target->name.name);
	return request->host != NULL ? af_json_text(request->host, strlen(request->host))
				     : json_null();
}

static json_t *json_target(
	const struct af_request *request, const struct af_decision *decision, const char *input)
{
	const struct af_target *target = &decision->target;
	json_t *object = json_pack("{s:o,s:o,s:o,s:s,s:s?,s:o,s:o,s:o}", "input",
		af_json_text(input, strlen(input)), "host", json_host(request, target), "port",
		target->port > 0 ? json_integer(target->port) : json_null(), "class",
		af_target_class_string(target->class), "registrable",
		target->has_name ? af_registrable(&target->name) : NULL, "addresses",
		json_addresses(decision->policy, target, request->host), "cnames",
		json_cnames(target), "rule", json_rule(&target->rule));

	if (object != NULL && target->resolved)
		json_object_set_new(object, "complete", json_boolean(target->resolution.complete));
	if (object != NULL && request->has_peer)
		json_object_set_new(
			object, "peer", json_address(decision->policy, &request->peer.address));
	return object;
}

static json_t *json_policy(const struct af_request *request, const struct af_policy *policy)
{
	int64_t until = af_mode_until(policy, request->now);
	json_t *object = json_pack("{s:s,s:I}", "source", af_policy_source(policy), "generation",
		(json_int_t)af_policy_generation(policy));
	char text[AFENCE_TIME_MAX];

	if (object != NULL && until != 0)
		json_object_set_new(object, "mode_until", json_string(af_format_time(until, text)));
	return object;
}

json_t *af_json_decision(
	const struct af_request *request, const struct af_decision *decision, const char *target)
{
	const struct af_image_clause *expired = af_clause_expired(request, decision);
	json_t *object = json_pack("{s:s,s:s,s:s,s:s?,s:o,s:o,s:o,s:o}", "verdict",
		af_verdict_string(decision->verdict), "reason", af_reason_string(decision->reason),
		"mode", af_mode_string(decision->mode), "service", decision->service, "identity",
		json_identity(request, decision), "target", json_target(request, decision, target),
		"rule", json_deciding_rule(decision), "policy",
		json_policy(request, decision->policy));

	if (object != NULL && expired != NULL)
		json_object_set_new(object, "expired", json_expired(decision->policy, expired));
	return object;
}

bool af_json_print(json_t *object)
{
	/* ASCII only: an identity can neither turn the reading direction nor steer a terminal. */
	int failed = object == NULL || json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);

	json_decref(object);
	return failed == 0 && fputc('\n', stdout) != EOF;
}
