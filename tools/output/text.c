/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "af_report.h"
#include "clause.h"
#include "psl.h"

#define TEXT_MAX 512 /* bytes of an escaped identity or host on a line */

/* What a reason means, in the words of somebody who has never read the rules. */
static const char *const meaning[AFENCE_REASONS] = {
	[AFENCE_REASON_NO_DOMAIN] = "the identity names no domain",
	[AFENCE_REASON_ORDINARY_IDENTITY] = "the domain is neither reserved nor protected",
	[AFENCE_REASON_MALFORMED_IDENTITY] = "malformed, but no reserved name stands in it",
	[AFENCE_REASON_TARGET_LOCAL] = "a reserved identity, but the server is this machine",
	[AFENCE_REASON_TARGET_INTERNAL] = "a reserved identity, but the server is internal",
	[AFENCE_REASON_TARGET_UNKNOWN] = "the server is unknown, and policy lets such targets pass",
	[AFENCE_REASON_NO_FORWARDER] = "nothing sends the password out",
	[AFENCE_REASON_EXCEPTION] = "an exception of the policy covers it",
	[AFENCE_REASON_TARGET_PROTECTED] = "the policy lists this server for the identity",
	[AFENCE_REASON_RESERVED_EXTERNAL] =
		"no account can exist in a reserved domain, and the server is a stranger",
	[AFENCE_REASON_RESERVED_UNKNOWN] =
		"no account can exist in a reserved domain, and nobody knows whose server it is",
	[AFENCE_REASON_PROTECTED_OTHER] = "the policy does not list this server for the identity",
	[AFENCE_REASON_MODE_OFF] = "the policy switches the fence off",
};

static const char *const verdict_colour[] = {
	[AFENCE_ALLOW] = "\033[1;32m",
	[AFENCE_OBSERVE] = "\033[1;33m",
	[AFENCE_BLOCK] = "\033[1;31m",
};

bool af_text_is_coloured(void)
{
	return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
}

/* The start of a line: key and value in their columns. */
static void print_pair(const char *key, const char *value)
{
	printf("  %-10s %s", key, value);
}

static void print_registrable(const struct af_domain *name)
{
	const char *registrable = af_registrable(name);

	if (registrable != NULL && strcmp(registrable, name->name) != 0)
		printf(", registered as %s", registrable);
}

static void print_identity(const struct af_decision *decision)
{
	const struct af_registry_row *row = decision->domain.len > 0 ? decision->fact.known : NULL;

	if (decision->domain.len == 0) {
		print_pair("domain", decision->malformed ? "none (malformed identity)" : "none");
	} else {
		print_pair("domain", decision->domain.name);
		if (row != NULL)
			printf(", class %s (%s)", af_name_class_string(row->class), row->source);
		print_registrable(&decision->domain);
		if (decision->malformed)
			printf(", malformed identity");
	}
	putchar('\n');
}

static void print_address(
	const char *key, const struct af_policy *policy, const struct af_address *address)
{
	const struct af_address_block *block;
	char text[AFENCE_ADDRESS_TEXT_MAX];
	struct af_rule rule;
	enum af_row row;
	enum af_target_class class = af_policy_address_class(policy, address, &row, &rule, &block);

	print_pair(key, af_address_format(address, text));
	printf(", %s", af_target_class_string(class));
	if (row != AFENCE_ROW_NONE)
		printf(" (%s, %s:%u)", rule.name, rule.file, (unsigned)rule.line);
	else if (block != NULL)
		printf(" (%s %s, %s)", block->cidr, block->name, block->source);
	putchar('\n');
}

static void print_resolution(const struct af_decision *decision)
{
	const struct af_resolution *found = &decision->target.resolution;

	if (!decision->target.resolved)
		return;
	for (size_t i = 0; i < found->cname_count; i++) {
		print_pair("alias", found->cname[i].name);
		putchar('\n');
	}
	for (size_t i = 0; i < found->address_count; i++)
		print_address("address", decision->policy, &found->address[i]);
	if (!found->complete)
		puts("             the name servers gave no full answer for A and AAAA");
	else if (found->address_count == 0)
		puts("             the name has no address");
}

static void print_rule(const char *key, const struct af_rule *rule)
{
	if (rule->name == NULL)
		return;
	print_pair(key, rule->name);
	if (rule->file != NULL)
		printf(" at %s:%u", rule->file, (unsigned)rule->line);
	putchar('\n');
}

/* TEXT may be NULL. */
static void print_escaped(const char *key, const char *text)
{
	char escaped[TEXT_MAX];

	if (text == NULL)
		return;
	print_pair(key, af_escape(text, strlen(text), escaped, sizeof(escaped)));
	putchar('\n');
}

/* Who is to be asked about an exception or protect, and why it is there. */
static void print_clause(const struct af_policy *policy, const struct af_image_clause *clause)
{
	char day[AFENCE_TIME_MAX];

	print_escaped("because", af_clause_text(policy, clause->reason));
	print_escaped("owner", af_clause_text(policy, clause->owner));
	print_escaped("ticket", af_clause_text(policy, clause->ticket));
	if (clause->expires != AFENCE_NEVER)
		print_escaped("expires", af_format_day(clause->expires, day));
}

static void print_deciding_rule(
	const struct af_request *request, const struct af_decision *decision)
{
	const struct af_image_clause *clause = af_clause_of_rule(decision->policy, &decision->rule);
	const struct af_image_clause *expired = af_clause_expired(request, decision);
	struct af_rule rule;

	print_rule("rule", &decision->rule);
	if (af_report_is_trial(decision))
		puts("             which is on trial, so it only observes");
	if (clause != NULL)
		print_clause(decision->policy, clause);
	if (expired == NULL)
		return;
	rule = af_policy_clause_rule(decision->policy, expired);
	print_rule("expired", &rule);
	puts("             which would have let it pass until it ended");
	print_clause(decision->policy, expired);
}

static void print_target(const struct af_request *request, const struct af_decision *decision)
{
	const struct af_target *target = &decision->target;
	struct af_address literal;

	print_pair("server", af_target_class_string(target->class));
	if (target->has_name)
		print_registrable(&target->name);
	putchar('\n');
	if (request->host != NULL &&
		af_address_parse(request->host, strlen(request->host), &literal))
		print_address("address", decision->policy, &literal);
	print_resolution(decision);
	if (request->has_peer)
		print_address("peer", decision->policy, &request->peer.address);
	print_rule("named by", &target->rule);
}

static void print_headline(
	const struct af_request *request, const struct af_decision *decision, const char *target)
{
	const struct af_login *login = &request->login[decision->login];
	const char *verdict = af_verdict_string(decision->verdict);
	char identity[TEXT_MAX], host[TEXT_MAX];

	printf("%s%s%s  %s -> %s\n", af_text_is_coloured() ? verdict_colour[decision->verdict] : "",
		verdict, af_text_is_coloured() ? "\033[0m" : "",
		af_escape(login->text, login->len, identity, sizeof(identity)),
		af_escape(target, strlen(target), host, sizeof(host)));
}

static void print_policy(const struct af_request *request, const struct af_decision *decision)
{
	int64_t until = af_mode_until(decision->policy, request->now);
	char text[AFENCE_TIME_MAX];

	print_pair("policy", af_policy_source(decision->policy));
	printf(", generation %llu, mode %s",
		(unsigned long long)af_policy_generation(decision->policy),
		af_mode_string(decision->mode));
	if (until != 0)
		printf(" until %s", af_format_time(until, text));
	putchar('\n');
}

void af_print_decision(
	const struct af_request *request, const struct af_decision *decision, const char *target)
{
	print_headline(request, decision, target);
	print_pair("reason", af_reason_string(decision->reason));
	printf(": %s\n", meaning[decision->reason]);
	print_identity(decision);
	print_target(request, decision);
	print_deciding_rule(request, decision);
	print_policy(request, decision);
}
