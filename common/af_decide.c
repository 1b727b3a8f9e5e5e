/* SPDX-License-Identifier: MIT */
/*
 * The rules in their order, for each identity by itself: is it restricted at all?  That answers
 * nearly every authentication on earth and touches neither lock nor heap nor file.  Only for a
 * restricted one the target is judged, once, and exceptions, reserve and protect are weighed.
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

const char *af_service_canonical(const char *service, char text[AFENCE_SERVICE_MAX + 1])
{
	size_t len = 0;

	if (service == NULL || *service == '\0')
		return NULL;
	for (; service[len] != '\0' && len < AFENCE_SERVICE_MAX; len++) {
		char c = service[len];

		text[len] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	text[len] = '\0';
	for (size_t i = 0; i < sizeof(service_alias) / sizeof(service_alias[0]); i++) {
		const char *alias = service_alias[i].alias;

		if (*alias == *text && strcmp(text, alias) == 0)
			return service_alias[i].service;
	}
	return text;
}

/* What was found of an identity, in the order in which one outweighs another (R4).  An exception
 * that was needed is to be seen, so it outweighs what is allowed without one. */
enum rank {
	RANK_NONE,
	RANK_BARE,
	RANK_ORDINARY,
	RANK_MALFORMED,
	RANK_ALLOWED,
	RANK_EXCEPTED,
	RANK_BLOCKED,
};

/* One identity of a login. */
struct subject {
	size_t login; /* index into the request */
	bool malformed;
	const struct af_domain *domain; /* NULL: none */
	const char *local;              /* NULL: not known */
	size_t local_len;
	struct af_domain_fact fact; /* set only if there is a domain */
};

struct outcome {
	enum rank rank;
	enum af_reason reason;
	struct af_rule rule;
};

/* One request under one view of the policy. */
struct hearing {
	const struct af_policy *policy;
	const struct af_request *request;
	struct af_settings settings;
	struct af_decision *out;
	enum rank highest;
	bool judged; /* the target; only then is the scene set */
	struct af_scene scene;
};

static const struct af_rule no_rule = {NULL, NULL, 0};

/* Takes over what was found of an identity if it outweighs what was found before. */
static void take(
	struct hearing *hearing, const struct subject *subject, const struct outcome *outcome)
{
	struct af_decision *out = hearing->out;

	if (outcome->rank <= hearing->highest)
		return;
	hearing->highest = outcome->rank;
	out->verdict = outcome->rank == RANK_BLOCKED ? AFENCE_BLOCK : AFENCE_ALLOW;
	out->reason = outcome->reason;
	out->rule = outcome->rule;
	out->login = subject->login;
	out->malformed = subject->malformed;
	out->domain.len = 0;
	if (subject->domain != NULL) {
		out->domain.len = subject->domain->len;
		memcpy(out->domain.name, subject->domain->name, (size_t)subject->domain->len + 1);
		out->fact = subject->fact;
	}
}

/* An identity that no rule restricts (R1, R5). */
static void take_free(struct hearing *hearing, const struct subject *subject, enum rank rank)
{
	static const enum af_reason by_rank[] = {
		[RANK_BARE] = AFENCE_REASON_NO_DOMAIN,
		[RANK_ORDINARY] = AFENCE_REASON_ORDINARY_IDENTITY,
		[RANK_MALFORMED] = AFENCE_REASON_MALFORMED_IDENTITY,
	};

	take(hearing, subject, &(struct outcome){rank, by_rank[rank], no_rule});
}

static struct af_clause_walk walk_of(const struct subject *subject)
{
	return (struct af_clause_walk){
		.domain = subject->domain,
		.local = subject->local,
		.local_len = subject->local_len,
	};
}

/* True if a protect speaks of the identity itself, not only of its domain. */
static bool is_protected(const struct hearing *hearing, const struct subject *subject)
{
	struct af_clause_walk walk = walk_of(subject);

	return subject->fact.protected &&
	       af_policy_next_clause(hearing->policy, AFENCE_CLAUSE_PROTECT, &walk) != NULL;
}

static bool is_at(struct hearing *hearing, const struct af_image_clause *clause)
{
	const struct af_image *image = af_policy_image(hearing->policy);

	return af_target_in_places(
		&hearing->scene, af_image_places(image, &clause->places), clause->places.count);
}

/* A port that is not known is none of those that a clause names. */
static bool has_port(const struct hearing *hearing, const struct af_image_clause *clause)
{
	const uint32_t *port = af_image_values(af_policy_image(hearing->policy), &clause->ports);

	return clause->ports.count == 0 ||
	       af_target_has_port(&hearing->scene, port, clause->ports.count);
}

static bool has_service(const struct hearing *hearing, const struct af_image_clause *clause)
{
	const struct af_image *image = af_policy_image(hearing->policy);
	const uint32_t *name = af_image_values(image, &clause->services);
	const char *service = hearing->out->service;

	for (uint32_t i = 0; i < clause->services.count && service != NULL; i++)
		if (strcmp(af_image_string(image, name[i]), service) == 0)
			return true;
	return clause->services.count == 0;
}

static bool is_over(const struct hearing *hearing, const struct af_image_clause *clause)
{
	time_t now = hearing->request->now;

	if (clause->expires == AFENCE_NEVER)
		return false;
	return (now != 0 ? now : af_policy_now(hearing->policy)) > clause->expires;
}

/* R7; the place comes last, since it may cost a look-up. */
static bool judge_exceptions(
	struct hearing *hearing, const struct subject *subject, struct outcome *out)
{
	struct af_clause_walk walk = walk_of(subject);
	const struct af_image_clause *clause;

	while ((clause = af_policy_next_clause(hearing->policy, AFENCE_CLAUSE_EXCEPTION, &walk)) !=
		NULL) {
		if (!has_service(hearing, clause) || !has_port(hearing, clause) ||
			is_over(hearing, clause) || !is_at(hearing, clause))
			continue;
		*out = (struct outcome){RANK_EXCEPTED, AFENCE_REASON_EXCEPTION,
			af_policy_clause_rule(hearing->policy, clause)};
		return true;
	}
	return false;
}

/* R2 */
static void judge_reserved(
	const struct hearing *hearing, const struct subject *subject, struct outcome *out)
{
	static const struct {
		enum rank rank;
		enum af_reason reason;
	} by_class[] = {
		[AFENCE_TARGET_LOCAL] = {RANK_ALLOWED, AFENCE_REASON_TARGET_LOCAL},
		[AFENCE_TARGET_INTERNAL] = {RANK_ALLOWED, AFENCE_REASON_TARGET_INTERNAL},
		[AFENCE_TARGET_UNKNOWN] = {RANK_BLOCKED, AFENCE_REASON_RESERVED_UNKNOWN},
		[AFENCE_TARGET_EXTERNAL] = {RANK_BLOCKED, AFENCE_REASON_RESERVED_EXTERNAL},
	};
	const struct af_target *target = &hearing->out->target;

	out->rank = by_class[target->class].rank;
	out->reason = by_class[target->class].reason;
	if (target->class == AFENCE_TARGET_UNKNOWN && hearing->settings.unknown_allow) {
		out->rank = RANK_ALLOWED;
		out->reason = AFENCE_REASON_TARGET_UNKNOWN;
	}
	out->rule = out->rank == RANK_BLOCKED ? subject->fact.rule : target->rule;
}

/* R8; false if no protect speaks of the identity.  The first that refuses is named, else the first. */
static bool judge_protected(
	struct hearing *hearing, const struct subject *subject, struct outcome *out)
{
	struct af_clause_walk walk = walk_of(subject);
	const struct af_image_clause *clause;

	out->rank = RANK_NONE;
	while (subject->fact.protected && out->rank != RANK_BLOCKED &&
		(clause = af_policy_next_clause(hearing->policy, AFENCE_CLAUSE_PROTECT, &walk)) !=
			NULL) {
		if (!is_at(hearing, clause))
			*out = (struct outcome){RANK_BLOCKED, AFENCE_REASON_PROTECTED_OTHER,
				af_policy_clause_rule(hearing->policy, clause)};
		else if (out->rank == RANK_NONE)
			*out = (struct outcome){RANK_ALLOWED, AFENCE_REASON_TARGET_PROTECTED,
				af_policy_clause_rule(hearing->policy, clause)};
	}
	return out->rank != RANK_NONE;
}

static void judge_target(struct hearing *hearing)
{
	if (!hearing->judged)
		af_target_judge(hearing->policy, hearing->request, hearing->out->service,
			&hearing->settings, &hearing->scene, &hearing->out->target);
	hearing->judged = true;
}

/* R7, then R2 and R8 apart: the worse wins. */
static void judge_restricted(
	struct hearing *hearing, const struct subject *subject, struct outcome *out)
{
	struct outcome other;

	judge_target(hearing);
	if (judge_exceptions(hearing, subject, out))
		return;
	out->rank = RANK_NONE;
	if (subject->fact.reserved)
		judge_reserved(hearing, subject, out);
	if (out->rank != RANK_BLOCKED && judge_protected(hearing, subject, &other))
		*out = other;
}

/* Mode off and a stack that sends no password out come before all rules (R12). */
static void take_restricted(struct hearing *hearing, const struct subject *subject)
{
	struct outcome outcome = {RANK_ALLOWED, AFENCE_REASON_NO_FORWARDER, no_rule};

	if (hearing->settings.mode != AFENCE_MODE_OFF && !hearing->request->no_forwarder)
		judge_restricted(hearing, subject, &outcome);
	take(hearing, subject, &outcome);
}

/* A name that stands in a malformed identity counts only if it is reserved (R5). */
static void judge_subject(struct hearing *hearing, struct subject *subject)
{
	af_policy_judge_domain(hearing->policy, subject->domain, &subject->fact);
	if (subject->fact.reserved || (!subject->malformed && is_protected(hearing, subject)))
		take_restricted(hearing, subject);
	else if (!subject->malformed)
		take_free(hearing, subject, RANK_ORDINARY);
}

static void judge_malformed(
	struct hearing *hearing, const struct af_identity *identity, struct subject *subject)
{
	struct af_domain run;
	size_t pos = 0;

	subject->malformed = true;
	take_free(hearing, subject, RANK_MALFORMED);
	subject->domain = &run;
	while (af_identity_next_run(identity, &pos, &run))
		judge_subject(hearing, subject);
	subject->domain = NULL;
}

static void judge_login(struct hearing *hearing, const struct af_login *login, size_t index)
{
	struct subject subject;
	struct af_identity identity;

	af_identity_parse(login->text, login->len, login->form, &identity);
	subject.login = index;
	subject.malformed = false;
	subject.domain = NULL;
	subject.local = NULL;
	if (identity.malformed) {
		judge_malformed(hearing, &identity, &subject);
		return;
	}
	if (identity.count == 0)
		take_free(hearing, &subject, RANK_BARE);
	for (size_t i = 0; i < identity.count; i++) {
		subject.domain = &identity.principal[i].domain;
		subject.local = identity.principal[i].local;
		subject.local_len = identity.principal[i].local_len;
		judge_subject(hearing, &subject);
	}
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

/* As if there were no identity and no target. */
static void set_blank(
	const struct af_policy *policy, const struct af_request *request, struct af_decision *out)
{
	out->policy = policy;
	out->verdict = AFENCE_ALLOW;
	out->reason = AFENCE_REASON_NO_DOMAIN;
	out->rule = no_rule;
	out->login = 0;
	out->malformed = false;
	out->domain.len = 0;
	out->domain.name[0] = '\0';
	out->fact.reserved = false;
	out->fact.protected = false;
	out->fact.known = NULL;
	out->target.class = AFENCE_TARGET_UNKNOWN;
	out->target.has_name = false;
	out->target.has_address = false;
	out->target.resolved = false;
	out->target.port = request->port;
	out->target.rule = no_rule;
}

static void decide_view(
	const struct af_policy *policy, const struct af_request *request, struct af_decision *out)
{
	struct hearing hearing; /* the scene in it is left unset until it is needed */

	out->service = af_service_canonical(request->service, out->service_text);
	set_blank(policy, request, out);
	get_settings(policy, request, out->service, &hearing.settings);
	out->mode = hearing.settings.mode;
	hearing.policy = policy;
	hearing.request = request;
	hearing.out = out;
	hearing.highest = RANK_NONE;
	hearing.judged = false;
	for (size_t i = 0; i < request->login_count; i++)
		judge_login(&hearing, &request->login[i], i);
	if (out->mode == AFENCE_MODE_OFF)
		out->reason = AFENCE_REASON_MODE_OFF;
	else if (out->mode == AFENCE_MODE_OBSERVE && out->verdict == AFENCE_BLOCK)
		out->verdict = AFENCE_OBSERVE;
}

/* What rules on trial would refuse is seen, and goes. */
static void decide_trial(
	const struct af_policy *trial, const struct af_request *request, struct af_decision *out)
{
	const struct af_policy *policy = out->policy;
	const char *service = out->service;
	struct af_decision would;

	decide_view(trial, request, &would);
	if (would.verdict == AFENCE_ALLOW)
		return;
	*out = would;
	out->policy = policy;
	out->service = service;
	out->verdict = AFENCE_OBSERVE;
}

void af_decide(
	const struct af_policy *policy, const struct af_request *request, struct af_decision *out)
{
	const struct af_policy *trial = af_policy_trial(policy);

	decide_view(policy, request, out);
	if (trial != NULL && out->verdict == AFENCE_ALLOW)
		decide_trial(trial, request, out);
}
