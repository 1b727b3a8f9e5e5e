/* SPDX-License-Identifier: MIT */
/*
 * PAM's words to requests, the worst answer back to a code of PAM.
 *
 * Never resolves a name (su and sudo run with borrowed rights), never asks for or looks at a
 * password, and asks for nothing but the user's name.
 */
#include "guard.h"

#include <security/pam_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "af_decide.h"
#include "af_limit.h"
#include "af_policy.h"
#include "af_report.h"
#include "discover.h"
#include "options.h"

#define IDENTITIES_MAX 2 /* beside the name: with the domain of the line, and of a module */

/* One login on its way through the module. */
struct login {
	pam_handle_t *pamh;
	enum af_pam_facility facility;
	int flags, own_count;
	const char **own; /* arguments */
	const char *user;
	struct af_pam_options options;
	struct af_hold hold;
	char *full[IDENTITIES_MAX]; /* names with their domain, or NULL */
	struct af_request request;
	struct af_decision decision;
	bool logged; /* the decision was */
	struct af_pam_stack stack;
	struct af_pam_discovery *found; /* NULL: nothing was looked for */
};

/* Where the password would go. */
struct place {
	const char *host; /* "": not known */
	uint16_t port;
	const char *domain; /* what is put behind a bare name; "": nothing */
	const char *module; /* that would send it there; NULL: not known */
	const char *why;    /* why the host is not known, or NULL */
};

/* Lines of all handles of the process: saslauthd and Dovecot serve many logins in one. */
static struct af_limit limit;

static bool pass_line(const char *rule, unsigned *suppressed)
{
	return af_limit_pass(&limit, rule, af_limit_now(), suppressed);
}

/* The host may do without a policy file; a line that names one must have meant it. */
static void choose_policy(struct login *login)
{
	const char *named = login->options.policy;
	const char *path = named != NULL ? named : AFENCE_POLICY_PATH;
	struct af_policy_trouble trouble;
	char text[AFENCE_TROUBLE_MAX];
	unsigned suppressed;

	af_policy_acquire(path, named != NULL, &login->hold, &trouble);
	af_policy_describe_trouble(path, &trouble, named != NULL, login->hold.policy, text);
	if (*text != '\0' && pass_line(path, &suppressed))
		pam_syslog(login->pamh, LOG_ERR, "%s", text);
}

/* A name that carries no domain and no place for one.  libkrb5 puts a realm behind "al\@ice", too. */
static bool is_bare(const char *user)
{
	return strpbrk(user, "@\\") == NULL ||
	       (strstr(user, "\\@") != NULL && af_pam_find_at(user) == NULL);
}

static void add_login(struct af_request *request, const char *text, enum af_form form)
{
	request->login[request->login_count++] = (struct af_login){text, strlen(text), form};
}

/* The name as it will be sent with DOMAIN behind it.  Where there is no memory for that, the domain
 * says enough. */
static void add_full(struct login *login, const char *domain, char **full)
{
	if (asprintf(full, "%s@%s", login->user, domain) >= 0) {
		add_login(&login->request, *full, AFENCE_FORM_AUTO);
	} else {
		*full = NULL;
		add_login(&login->request, domain, AFENCE_FORM_DOMAIN);
	}
}

static void forget_identities(struct login *login)
{
	login->request.login_count = 0;
	for (size_t i = 0; i < IDENTITIES_MAX; i++) {
		free(login->full[i]);
		login->full[i] = NULL;
	}
}

static void set_identities(struct login *login, const char *domain)
{
	forget_identities(login);
	add_login(&login->request, login->user, AFENCE_FORM_AUTO);
	if (!is_bare(login->user))
		return;
	if (login->options.domain != NULL)
		add_full(login, login->options.domain, &login->full[0]);
	if (*domain != '\0')
		add_full(login, domain, &login->full[1]);
}

static void fill_request(struct login *login)
{
	struct af_request *request = &login->request;
	const void *service = NULL;

	if (login->options.service != NULL)
		service = login->options.service;
	else
		pam_get_item(login->pamh, PAM_SERVICE, &service);
	request->stack = AFENCE_STACK_PAM;
	request->service = service;
	request->has_mode = login->options.observe;
	request->mode = AFENCE_MODE_OBSERVE;
	request->has_unknown = login->options.has_unknown;
	request->unknown_allow = login->options.unknown_allow;
}

/* What is logged of a decision, or -1: nothing.  An exception that opened a door is always told. */
static int choose_level(const struct login *login)
{
	if (login->decision.verdict != AFENCE_ALLOW)
		return LOG_WARNING;
	if (login->decision.reason == AFENCE_REASON_EXCEPTION)
		return LOG_NOTICE;
	return login->options.debug ? LOG_DEBUG : -1;
}

static void log_decision(struct login *login)
{
	const struct af_decision *decision = &login->decision;
	int level = choose_level(login);
	char line[AFENCE_LINE_MAX];
	unsigned suppressed = 0;
	bool logged = login->logged;

	login->logged = true;
	if (logged || level < 0 ||
		(level != LOG_DEBUG && !pass_line(decision->rule.name, &suppressed)))
		return;
	pam_syslog(login->pamh, level, "%s",
		af_report_line(&login->request, decision, -1, suppressed, line));
}

/* PLACE NULL: the password stays here.  An exception of one place, or a refusal on trial, is told of,
 * though another place may have the last word. */
static void ask(struct login *login, const struct place *place)
{
	struct af_request *request = &login->request;

	if (login->decision.reason == AFENCE_REASON_EXCEPTION ||
		login->decision.verdict == AFENCE_OBSERVE)
		log_decision(login);
	login->logged = false;
	request->no_forwarder = place == NULL;
	request->host = place != NULL && *place->host != '\0' ? place->host : NULL;
	request->port = place != NULL ? place->port : 0;
	request->module = place != NULL ? place->module : NULL;
	request->why = place != NULL ? place->why : NULL;
	set_identities(login, place != NULL ? place->domain : "");
	af_decide(login->hold.policy, request, &login->decision);
}

/* Does it matter where the password goes?  A rule on trial wants to know, too. */
static bool is_restricted(struct login *login)
{
	const struct af_policy *trial = af_policy_trial(login->hold.policy);
	struct af_decision would;

	if (login->decision.reason == AFENCE_REASON_NO_FORWARDER)
		return true;
	if (trial == NULL)
		return false;
	af_decide(trial, &login->request, &would);
	return would.reason == AFENCE_REASON_NO_FORWARDER;
}

/* A bare name of which only a module's configuration tells the domain. */
static bool may_get_domain(const struct login *login)
{
	return login->decision.mode != AFENCE_MODE_OFF && login->options.discover &&
	       login->options.domain == NULL && is_bare(login->user) && af_pam_appender_is_mapped();
}

static void log_misplaced(const struct login *login)
{
	const struct af_pam_entry *entry = login->found->before;
	unsigned suppressed;

	if (entry != NULL && pass_line("misplaced", &suppressed))
		pam_syslog(login->pamh, LOG_ERR,
			"misplaced: %s in %s line %u stands before pam_authfence.so and gets "
			"the password first",
			af_pam_entry_name(entry), entry->file, entry->line);
}

/* Without memory *found stays NULL, which is told apart by the options. */
static void discover(struct login *login)
{
	static const char *const no_words[] = {NULL};
	const void *service = NULL;
	struct af_pam_scope scope = {.files = &af_pam_system_files,
		.policy = login->hold.policy,
		.confdir = login->options.confdir,
		.facility = login->facility,
		.user = login->user,
		.own = login->own_count > 0 ? login->own : no_words,
		.own_count = (size_t)login->own_count,
		.mapped = true};

	pam_get_item(login->pamh, PAM_SERVICE, &service);
	scope.service = service;
	login->found = malloc(sizeof(*login->found));
	if (login->found == NULL)
		return;
	af_pam_discover(&scope, &login->stack, login->found);
	log_misplaced(login);
}

/* R4: the worst verdict wins, and since all are asked in one mode nothing is worse than the first
 * that is no plain yes; save where only rules on trial refuse: the next place may be refused by one
 * in force. */
static bool is_decided(const struct login *login)
{
	const struct af_decision *decision = &login->decision;

	return decision->verdict == AFENCE_BLOCK ||
	       (decision->verdict == AFENCE_OBSERVE && decision->mode == AFENCE_MODE_OBSERVE);
}

static void judge_targets(struct login *login)
{
	for (size_t i = 0; i < login->options.target_count && !is_decided(login); i++) {
		const struct af_pam_target *target = &login->options.target[i];

		ask(login,
			&(struct place){.host = target->host, .port = target->port, .domain = ""});
	}
}

static void judge_found(struct login *login)
{
	const struct af_pam_discovery *found = login->found;

	for (size_t i = 0; i < found->count && !is_decided(login); i++) {
		const struct af_pam_found *one = &found->found[i];

		ask(login, &(struct place){.host = one->host,
				   .port = one->port,
				   .domain = one->domain,
				   .module = af_pam_entry_name(one->entry),
				   .why = *one->host == '\0' ? found->why : NULL});
	}
	if (found->unknown && !is_decided(login))
		ask(login,
			&(struct place){.host = "",
				.domain = "",
				.module = found->at != NULL ? af_pam_entry_name(found->at) : NULL,
				.why = found->why});
}

/*
 * As if the password stayed here, first: what is allowed then for another reason than that needs no
 * file.  A word without meaning may have been a target; discovery would have found it, too.
 */
static void judge(struct login *login)
{
	const struct af_pam_options *options = &login->options;

	ask(login, NULL);
	if (!is_restricted(login) && !may_get_domain(login))
		return;
	if (options->discover)
		discover(login);
	judge_targets(login);
	if (login->found != NULL)
		judge_found(login);
	else if (!is_decided(login) &&
		 (options->discover || (options->misread && options->target_count == 0)))
		ask(login, &(struct place){.host = "", .domain = ""});
}

static void explain(struct login *login)
{
	char text[AFENCE_SENTENCE_MAX];

	if (login->options.quiet || (login->flags & (int)PAM_SILENT) != 0)
		return;
	af_report_sentence(&login->request, &login->decision, text);
	pam_error(login->pamh, "%s", text);
}

/* The one place where a verdict becomes a code of PAM. */
static int answer(struct login *login)
{
	log_decision(login);
	if (login->decision.verdict != AFENCE_BLOCK)
		return PAM_IGNORE;
	explain(login);
	return PAM_PERM_DENIED;
}

/* The name is had or nobody goes on: a later module that asks again might get it, unjudged. */
static int get_name(pam_handle_t *pamh, const char **user)
{
	int code = pam_get_user(pamh, user, NULL);

	if (code == PAM_CONV_AGAIN)
		return PAM_INCOMPLETE;
	if (code == PAM_SUCCESS && *user != NULL)
		return PAM_SUCCESS;
	pam_syslog(pamh, LOG_NOTICE, "no user name: %s", pam_strerror(pamh, code));
	return PAM_PERM_DENIED;
}

int af_pam_guard(
	pam_handle_t *pamh, enum af_pam_facility facility, int flags, int count, const char **word)
{
	struct login login = {.pamh = pamh,
		.facility = facility,
		.flags = flags,
		.own = word,
		.own_count = count};
	int code = get_name(pamh, &login.user);

	if (code != PAM_SUCCESS)
		return code;
	af_pam_options_read(pamh, count, word, &login.options);
	choose_policy(&login);
	fill_request(&login);
	judge(&login);
	code = answer(&login);
	forget_identities(&login);
	free(login.found);
	af_pam_stack_free(&login.stack);
	af_policy_release(&login.hold);
	return code;
}
