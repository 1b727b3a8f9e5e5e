/* SPDX-License-Identifier: MIT */
#include "review.h"

#include <stdlib.h>
#include <string.h>

#include "af_identity.h"
#include "../memory.h"

/* An `expect`, read so that it can be compared with many clauses. */
struct trial {
	struct af_identity who;
	bool has_name, has_address[2]; /* of the host; of "at" */
	struct af_domain name;
	struct af_address address[2];
};

struct named {
	const char *name;
	const struct af_clause_row *clause;
};

static int compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : (a->clause > b->clause) - (a->clause < b->clause);
}

static void complain_again(const struct af_rules *rules, const struct named *named)
{
	const char *label = strchr(named->name, ':') + 1;
	int kind_len = (int)(label - named->name) - 1;

	af_diagnose(rules->diagnostics, AFENCE_ERROR, &named[1].clause->at,
		"seen %.*s \"%s\" again, expected each name once in all files", kind_len,
		named->name, label);
	af_diagnose(rules->diagnostics, AFENCE_NOTE, &named->clause->at, "%.*s \"%s\" stands here",
		kind_len, named->name, label);
}

static void review_names(const struct af_rules *rules)
{
	struct named *named = af_new(rules->clause.count, sizeof(*named));
	size_t count = 0;

	for (size_t i = 0; i < rules->clause.count; i++) {
		const struct af_clause_row *clause = &rules->clause.row[i];

		if (clause->at.source != NULL)
			named[count++] =
				(struct named){af_rules_string(rules, clause->name), clause};
	}
	qsort(named, count, sizeof(*named), compare_named);
	for (size_t i = 1; i < count; i++)
		if (strcmp(named[i - 1].name, named[i].name) == 0)
			complain_again(rules, &named[i - 1]);
	free(named);
}

static void read_trial(
	const struct af_rules *rules, const struct af_expect_row *row, struct trial *out)
{
	const char *identity = af_rules_string(rules, row->identity);
	const char *host = af_rules_string(rules, row->host);

	af_identity_parse(identity, strlen(identity), AFENCE_FORM_AUTO, &out->who);
	out->has_address[0] = af_address_parse(host, strlen(host), &out->address[0]);
	out->has_address[1] = row->has_address;
	out->address[1] = row->address;
	out->has_name = !out->has_address[0] &&
			af_domain_parse(host, strlen(host), &out->name) == AFENCE_OK;
}

static bool is_in(const struct af_domain *domain, const char *name, uint8_t reach)
{
	size_t len = strlen(name);
	const char *tail = domain->name + domain->len - len;

	if (len > domain->len || memcmp(tail, name, len) != 0)
		return false;
	if (len == domain->len)
		return (reach & AFENCE_REACH_EXACT) != 0;
	return tail[-1] == '.' && (reach & AFENCE_REACH_BELOW) != 0;
}

static bool is_person(const struct af_rules *rules, const struct af_member_row *member,
	const struct af_principal *principal)
{
	const char *local;

	if (principal->local == NULL ||
		!is_in(&principal->domain, af_rules_string(rules, member->domain), member->reach))
		return false;
	if (member->local == AFENCE_IMAGE_NONE)
		return true;
	local = af_rules_string(rules, member->local);
	return strlen(local) == principal->local_len &&
	       memcmp(local, principal->local, principal->local_len) == 0;
}

static bool names_identity(const struct af_rules *rules, const struct af_clause_row *clause,
	const struct af_identity *who)
{
	const struct af_member_row *member = rules->member.row + clause->members.first;

	for (uint32_t i = 0; i < clause->members.count; i++)
		for (size_t k = 0; !who->malformed && k < who->count; k++)
			if (is_person(rules, &member[i], &who->principal[k]))
				return true;
	return false;
}

static bool names_target(
	const struct af_rules *rules, const struct af_clause_row *clause, const struct trial *trial)
{
	const struct af_target_row *target = rules->target.row + clause->places.first;

	for (uint32_t i = 0; i < clause->places.count; i++) {
		if (target[i].reach != 0 && trial->has_name &&
			is_in(&trial->name, af_rules_string(rules, target[i].name),
				target[i].reach))
			return true;
		for (size_t k = 0; target[i].reach == 0 && k < 2; k++)
			if (trial->has_address[k] && af_address_in(&trial->address[k],
							     &target[i].address, target[i].prefix))
				return true;
	}
	return false;
}

static void review_exception(
	const struct af_rules *rules, const struct af_clause_row *clause, const struct trial *trial)
{
	for (size_t i = 0; i < rules->expect.count; i++)
		if (names_identity(rules, clause, &trial[i].who) &&
			names_target(rules, clause, &trial[i]))
			return;
	af_diagnose(rules->diagnostics, AFENCE_WARNING, &clause->at,
		"no \"expect\" tries exception \"%s\": none has an identity and a host that it "
		"names",
		strchr(af_rules_string(rules, clause->name), ':') + 1);
}

static void review_exceptions(const struct af_rules *rules)
{
	struct trial *trial = af_new(rules->expect.count, sizeof(*trial));

	for (size_t i = 0; i < rules->expect.count; i++)
		read_trial(rules, &rules->expect.row[i], &trial[i]);
	for (size_t i = 0; i < rules->clause.count; i++) {
		const struct af_clause_row *clause = &rules->clause.row[i];

		if (clause->kind == AFENCE_CLAUSE_EXCEPTION && clause->at.source != NULL &&
			clause->expires >= rules->now)
			review_exception(rules, clause, trial);
	}
	free(trial);
}

void af_rules_review(struct af_rules *rules)
{
	review_names(rules);
	if (rules->diagnostics->errors > 0)
		return;
	af_review_rows(rules);
	review_exceptions(rules);
}
