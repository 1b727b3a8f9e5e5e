/* SPDX-License-Identifier: MIT */
/*
 * The rules in their order: mode off, then the identity, then the target.  The first two answer
 * nearly every authentication on earth and touch neither lock nor heap nor file.
 */
#include "af_decide.h"

#include <string.h>

#include "af_target.h"

static const char *const stack_name[] = {"sasl", "pam", "preload"};
static const char *const verdict_name[] = {"allow", "observe", "block"};
static const char *const mode_name[] = {"enforce", "observe", "off"};

static const char *const reason_name[AFENCE_REASONS] = {
	[AFENCE_REASON_NO_DOMAIN] = "no-domain",
	[AFENCE_REASON_ORDINARY_IDENTITY] = "ordinary-identity",
	[AFENCE_REASON_MALFORMED_IDENTITY] = "malformed-identity",
	[AFENCE_REASON_TARGET_LOCAL] = "target-local",
	[AFENCE_REASON_TARGET_INTERNAL] = "target-internal",
	[AFENCE_REASON_TARGET_UNKNOWN] = "target-unknown",
	[AFENCE_REASON_NO_FORWARDER] = "no-forwarder",
	[AFENCE_REASON_EXCEPTION] = "exception",
	[AFENCE_REASON_TARGET_PROTECTED] = "protected-target",
	[AFENCE_REASON_RESERVED_EXTERNAL] = "reserved-identity-external-target",
	[AFENCE_REASON_RESERVED_UNKNOWN] = "reserved-identity-unknown-target",
	[AFENCE_REASON_PROTECTED_OTHER] = "protected-identity-other-target",
	[AFENCE_REASON_MODE_OFF] = "mode-off",
};

/* Two names for one service. */
static const struct {
	const char *alias;
	const char *service;
} service_alias[] = {{"pop3", "pop"}, {"submission", "smtp"}};

const char *af_stack_string(enum af_stack stack)
{
	return stack_name[stack];
}

const char *af_verdict_string(enum af_verdict verdict)
{
	return verdict_name[verdict];
}

const char *af_reason_string(enum af_reason reason)
{
	return reason_name[reason];
}

const char *af_mode_string(enum af_mode mode)
{
	return mode_name[mode];
}

/* Lower case, aliases folded.  A name too long to be one is kept cut: it matches nothing. */
static void set_service(const char *service, struct af_decision *out)
{
	size_t len = 0;

	out->service = NULL;
	if (service == NULL || *service == '\0')
		return;
	for (; service[len] != '\0' && len < sizeof(out->service_text) - 1; len++) {
		char c = service[len];

		out->service_text[len] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	out->service_text[len] = '\0';
	out->service = out->service_text;
	for (size_t i = 0; i < sizeof(service_alias) / sizeof(service_alias[0]); i++) {
		const char *alias = service_alias[i].alias;

		if (*alias == *out->service && strcmp(out->service, alias) == 0)
			out->service = service_alias[i].service;
	}
}

/* How much a login matters, in the order in which one outweighs another (R4). */
enum rank { RANK_NONE, RANK_BARE, RANK_ORDINARY, RANK_MALFORMED, RANK_RESERVED };

/* Takes over what was found of a login if it outweighs what was found before. */
static void take(struct af_decision *out, enum rank *highest, enum rank rank, size_t login,
	const struct af_domain *domain, const struct af_domain_fact *fact)
{
	if (rank <= *highest)
		return;
	*highest = rank;
	out->login = login;
	out->domain.len = 0;
	if (domain != NULL) {
		out->domain.len = domain->len;
		memcpy(out->domain.name, domain->name, (size_t)domain->len + 1);
		out->fact = *fact;
	}
}

static void judge_malformed(const struct af_policy *policy, const struct af_identity *identity,
	size_t login, enum rank *highest, struct af_decision *out)
{
	struct af_domain_fact fact;
	struct af_domain run;
	size_t pos = 0;

	take(out, highest, RANK_MALFORMED, login, NULL, NULL);
	while (af_identity_next_run(identity, &pos, &run)) {
		af_policy_judge_domain(policy, &run, &fact);
		if (fact.reserved)
			take(out, highest, RANK_RESERVED, login, &run, &fact);
	}
}

static void judge_login(const struct af_policy *policy, const struct af_login *login, size_t index,
	enum rank *highest, struct af_decision *out)
{
	struct af_identity identity;
	struct af_domain_fact fact;
	enum rank before = *highest;

	af_identity_parse(login->text, login->len, login->form, &identity);
	take(out, highest, RANK_BARE, index, NULL, NULL);
	for (size_t i = 0; i < identity.count; i++) {
		const struct af_domain *domain = &identity.principal[i].domain;

		af_policy_judge_domain(policy, domain, &fact);
		take(out, highest, fact.reserved ? RANK_RESERVED : RANK_ORDINARY, index, domain,
			&fact);
	}
	if (identity.malformed)
		judge_malformed(policy, &identity, index, highest, out);
	if (*highest != before)
		out->malformed = identity.malformed;
}

static enum rank judge_logins(
	const struct af_policy *policy, const struct af_request *request, struct af_decision *out)
{
	enum rank highest = RANK_NONE;

	out->login = 0;
	out->malformed = false;
	out->domain.len = 0;
	out->domain.name[0] = '\0';
	out->fact.reserved = false;
	out->fact.known = NULL;
	for (size_t i = 0; i < request->login_count; i++)
		judge_login(policy, &request->login[i], i, &highest, out);
	return highest;
}

static void set_verdict(struct af_decision *out, enum af_verdict verdict, enum af_reason reason)
{
	out->verdict = verdict;
	out->reason = reason;
}

/* R2 */
static void judge_reserved(const struct af_settings *settings, struct af_decision *out)
{
	static const struct {
		enum af_verdict verdict;
		enum af_reason reason;
	} by_class[] = {
		[AFENCE_TARGET_LOCAL] = {AFENCE_ALLOW, AFENCE_REASON_TARGET_LOCAL},
		[AFENCE_TARGET_INTERNAL] = {AFENCE_ALLOW, AFENCE_REASON_TARGET_INTERNAL},
		[AFENCE_TARGET_UNKNOWN] = {AFENCE_BLOCK, AFENCE_REASON_RESERVED_UNKNOWN},
		[AFENCE_TARGET_EXTERNAL] = {AFENCE_BLOCK, AFENCE_REASON_RESERVED_EXTERNAL},
	};
	enum af_target_class class = out->target.class;

	set_verdict(out, by_class[class].verdict, by_class[class].reason);
	if (class == AFENCE_TARGET_UNKNOWN && settings->unknown_allow)
		set_verdict(out, AFENCE_ALLOW, AFENCE_REASON_TARGET_UNKNOWN);
	out->rule = out->verdict == AFENCE_BLOCK ? out->fact.rule : out->target.rule;
}

/* The identity decides alone (R1, R5). */
static bool judge_ordinary(enum rank rank, struct af_decision *out)
{
	static const enum af_reason by_rank[] = {
		[RANK_NONE] = AFENCE_REASON_NO_DOMAIN,
		[RANK_BARE] = AFENCE_REASON_NO_DOMAIN,
		[RANK_ORDINARY] = AFENCE_REASON_ORDINARY_IDENTITY,
		[RANK_MALFORMED] = AFENCE_REASON_MALFORMED_IDENTITY,
	};

	if (rank == RANK_RESERVED)
		return false;
	set_verdict(out, AFENCE_ALLOW, by_rank[rank]);
	return true;
}

static void get_settings(const struct af_policy *policy, const struct af_request *request,
	const char *service, struct af_settings *out)
{
	af_policy_settings(policy, service, request->now, out);
	if (request->has_mode)
		out->mode = request->mode;
	if (request->has_unknown)
		out->unknown_allow = request->unknown_allow;
}

void af_decide(
	const struct af_policy *policy, const struct af_request *request, struct af_decision *out)
{
	struct af_settings settings;
	enum rank rank;

	set_service(request->service, out);
	get_settings(policy, request, out->service, &settings);
	out->policy = policy;
	out->mode = settings.mode;
	out->rule = (struct af_rule){NULL, NULL, 0};
	out->target.class = AFENCE_TARGET_UNKNOWN;
	out->target.has_name = false;
	out->target.has_address = false;
	out->target.resolved = false;
	out->target.port = request->port;
	out->target.rule = out->rule;
	rank = judge_logins(policy, request, out);
	if (settings.mode == AFENCE_MODE_OFF) {
		set_verdict(out, AFENCE_ALLOW, AFENCE_REASON_MODE_OFF);
		return;
	}
	if (judge_ordinary(rank, out))
		return;
	if (request->no_forwarder) {
		set_verdict(out, AFENCE_ALLOW, AFENCE_REASON_NO_FORWARDER);
		return;
	}
	af_target_judge(policy, request, out->service, &settings, &out->target);
	judge_reserved(&settings, out);
	if (settings.mode == AFENCE_MODE_OBSERVE && out->verdict == AFENCE_BLOCK)
		out->verdict = AFENCE_OBSERVE;
}
