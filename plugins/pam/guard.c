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
#include <time.h>

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
	const struct af_policy *policy;
	struct af_request request;
	struct af_decision decision; /* the worst so far */
};

/* Lines of all handles of the process: saslauthd and Dovecot serve many logins in one. */
static struct af_limit limit;

static bool is_fault(enum af_status status)
{
	return status != AFENCE_OK && status != AFENCE_ERR_ABSENT;
}

static void choose_policy(struct login *login)
{
	const char *path = login->options.policy;
	struct af_policy_trouble trouble;

	if (path != NULL) {
		login->policy = af_policy_open(path, true, &trouble);
	} else {
		path = AFENCE_POLICY_PATH;
		login->policy = af_policy_enter(path, false, &trouble);
	}
	if (is_fault(trouble.file) || is_fault(trouble.previous))
		pam_syslog(login->pamh, LOG_ERR, "%s: %s; %s.prev: %s; policy in force: %s", path,
			af_strerror(trouble.file), path, af_strerror(trouble.previous),
			af_policy_source(login->policy));
}

/* A name that carries no domain and no place for one. */
static bool is_bare(const char *user)
{
	return strpbrk(user, "@\\") == NULL;
}

/* The identity that will be sent; *full is freed by the caller. */
static bool name_identity(struct login *login, const char *user, char **full)
{
	const struct af_pam_options *options = &login->options;

	*full = NULL;
	if (options->domain != NULL && is_bare(user)) {
		if (asprintf(full, "%s@%s", user, options->domain) < 0) {
			*full = NULL;
			return false;
		}
		user = *full;
	}
	login->request.login[0] = (struct af_login){user, strlen(user), AFENCE_FORM_AUTO};
	login->request.login_count = 1;
	return true;
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
	request->now = time(NULL);
	request->no_forwarder = login->options.target_count == 0;
	request->has_mode = login->options.observe;
	request->mode = AFENCE_MODE_OBSERVE;
	request->has_unknown = login->options.has_unknown;
	request->unknown_allow = login->options.unknown_allow;
}

static void ask(struct login *login, size_t index, struct af_decision *out)
{
	const struct af_pam_target *target = &login->options.target[index];

	login->request.host = index < login->options.target_count ? target->host : NULL;
	login->request.port = target->port;
	af_decide(login->policy, &login->request, out);
}

/* R4: all targets are judged, the worst verdict wins. */
static void judge(struct login *login)
{
	struct af_decision decision;
	size_t worst = 0;

	ask(login, 0, &login->decision);
	for (size_t i = 1; i < login->options.target_count; i++) {
		ask(login, i, &decision);
		if (decision.verdict > login->decision.verdict)
			worst = i;
		if (worst == i)
			login->decision = decision;
	}
	login->request.host = login->options.target[worst].host;
	login->request.port = login->options.target[worst].port;
}

static void log_decision(struct login *login)
{
	const struct af_decision *decision = &login->decision;
	bool allowed = decision->verdict == AFENCE_ALLOW;
	char line[AFENCE_LINE_MAX];
	unsigned suppressed = 0;

	if (allowed && !login->options.debug)
		return;
	if (!allowed && !af_limit_pass(&limit, decision->rule.name, af_limit_now(), &suppressed))
		return;
	pam_syslog(login->pamh, allowed ? LOG_DEBUG : LOG_WARNING, "%s",
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

int af_pam_guard(pam_handle_t *pamh, int flags, int count, const char **word)
{
	struct login login = {.pamh = pamh, .flags = flags};
	const char *user = NULL;
	char *full;
	int code = pam_get_user(pamh, &user, NULL);

	if (code != PAM_SUCCESS)
		return code == PAM_CONV_AGAIN ? PAM_INCOMPLETE : code;
	if (user == NULL)
		return PAM_IGNORE;
	af_pam_options_read(pamh, count, word, &login.options);
	choose_policy(&login);
	if (!name_identity(&login, user, &full))
		return PAM_BUF_ERR;
	fill_request(&login);
	judge(&login);
	code = answer(&login);
	free(full);
	if (login.options.policy != NULL)
		af_policy_free(login.policy);
	return code;
}
