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
#include "options.h"

/* One login on its way through the module. */
struct login {
	pam_handle_t *pamh;
	int flags;
	struct af_pam_options options;
	struct af_hold hold;
	struct af_request request;
	struct af_decision decision;
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

/* A name that carries no domain and no place for one. */
static bool is_bare(const char *user)
{
	return strpbrk(user, "@\\") == NULL;
}

static void add_login(struct af_request *request, const char *text, enum af_form form)
{
	request->login[request->login_count++] = (struct af_login){text, strlen(text), form};
}

/*
 * The name as it is, and as it will be sent with the domain behind it, which the caller frees as
 * *full.  Where there is no memory for that, the domain says enough.
 */
static void name_identity(struct login *login, const char *user, char **full)
{
	const char *domain = login->options.domain;

	*full = NULL;
	add_login(&login->request, user, AFENCE_FORM_AUTO);
	if (domain == NULL || !is_bare(user))
		return;
	if (asprintf(full, "%s@%s", user, domain) >= 0) {
		add_login(&login->request, *full, AFENCE_FORM_AUTO);
	} else {
		*full = NULL;
		add_login(&login->request, domain, AFENCE_FORM_DOMAIN);
	}
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
	request->no_forwarder = login->options.target_count == 0 && !login->options.misread;
	request->has_mode = login->options.observe;
	request->mode = AFENCE_MODE_OBSERVE;
	request->has_unknown = login->options.has_unknown;
	request->unknown_allow = login->options.unknown_allow;
}

/* Without any target, the first is an empty one. */
static void ask(struct login *login, size_t index)
{
	const struct af_pam_target *target = &login->options.target[index];

	login->request.host = *target->host != '\0' ? target->host : NULL;
	login->request.port = target->port;
	af_decide(login->hold.policy, &login->request, &login->decision);
}

/* R4: the worst verdict wins, and since all are asked in one mode nothing is worse than the first
 * that is no plain yes. */
static void judge(struct login *login)
{
	size_t index = 0;

	do {
		ask(login, index++);
	} while (login->decision.verdict == AFENCE_ALLOW && index < login->options.target_count);
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

	if (level < 0 || (level != LOG_DEBUG && !pass_line(decision->rule.name, &suppressed)))
		return;
	pam_syslog(login->pamh, level, "%s",
		af_report_line(&login->request, decision, -1, suppressed, line));
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

int af_pam_guard(pam_handle_t *pamh, int flags, int count, const char **word)
{
	struct login login = {.pamh = pamh, .flags = flags};
	const char *user = NULL;
	char *full;
	int code = get_name(pamh, &user);

	if (code != PAM_SUCCESS)
		return code;
	af_pam_options_read(pamh, count, word, &login.options);
	choose_policy(&login);
	name_identity(&login, user, &full);
	fill_request(&login);
	judge(&login);
	code = answer(&login);
	free(full);
	af_policy_release(&login.hold);
	return code;
}
