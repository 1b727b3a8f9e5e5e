/* SPDX-License-Identifier: MIT */
/*
 * Controls of PAM lines.  What libpam 1.5 does is done here: names count as soon as they start the
 * rest of the text, a default fills what nothing was said of so far, and what cannot be read makes
 * every result bad.
 */
#include "control.h"

#include <string.h>
#include <strings.h>

#define UNSET 0

/* In the order of the codes in _pam_types.h. */
static const char *const code_names[AFENCE_PAM_CODES] = {"success", "open_err", "symbol_err",
	"service_err", "system_err", "buf_err", "perm_denied", "auth_err", "cred_insufficient",
	"authinfo_unavail", "user_unknown", "maxtries", "new_authtok_reqd", "acct_expired",
	"session_err", "cred_unavail", "cred_expired", "cred_err", "no_module_data", "conv_err",
	"authtok_err", "authtok_recover_err", "authtok_lock_busy", "authtok_disable_aging",
	"try_again", "ignore", "abort", "authtok_expired", "module_unknown", "bad_item",
	"conv_again", "incomplete"};

static const struct {
	const char *name;
	int action;
} actions[] = {
	{"ignore", AFENCE_PAM_IGNORE},
	{"die", AFENCE_PAM_DIE},
	{"ok", AFENCE_PAM_OTHER},
	{"done", AFENCE_PAM_OTHER},
	{"bad", AFENCE_PAM_OTHER},
	{"reset", AFENCE_PAM_OTHER},
};

/* The keywords in the words that libpam has for them. */
static const struct {
	const char *name, *meaning;
} keywords[] = {
	{"required", "success=ok new_authtok_reqd=ok ignore=ignore default=bad"},
	{"requisite", "success=ok new_authtok_reqd=ok ignore=ignore default=die"},
	{"optional", "success=ok new_authtok_reqd=ok default=ignore"},
	{"sufficient", "success=done new_authtok_reqd=done default=ignore"},
};

static void skip_blanks(const char **text)
{
	*text += strspn(*text, " \t\n\r\f\v");
}

static bool take(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length) != 0)
		return false;
	*text += length;
	return true;
}

/* AFENCE_PAM_CODES stands for the default. */
static bool take_code(const char **text, int *code)
{
	for (*code = 0; *code < AFENCE_PAM_CODES; ++*code)
		if (take(text, code_names[*code]))
			return true;
	return take(text, "default");
}

static bool take_action(const char **text, int *action)
{
	int number = 0;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (take(text, actions[i].name)) {
			*action = actions[i].action;
			return true;
		}
	}
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; ++*text)
		number = number < 10000 ? 10 * number + **text - '0' : number;
	*action = number;
	return number > 0;
}

static void set_default(struct af_pam_control *control, int action)
{
	for (int code = 0; code < AFENCE_PAM_CODES; code++)
		if (control->action[code] == UNSET)
			control->action[code] = action;
}

static bool take_pair(const char **text, struct af_pam_control *out)
{
	int code, action;

	if (!take_code(text, &code))
		return false;
	skip_blanks(text);
	if (!take(text, "="))
		return false;
	skip_blanks(text);
	if (!take_action(text, &action))
		return false;
	if (code == AFENCE_PAM_CODES)
		set_default(out, action);
	else
		out->action[code] = action;
	return true;
}

static const char *find_meaning(const char *text)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcasecmp(text, keywords[i].name) == 0)
			return keywords[i].meaning;
	return text;
}

void af_pam_control_parse(const char *text, struct af_pam_control *out)
{
	memset(out, 0, sizeof(*out));
	text = find_meaning(text);
	for (skip_blanks(&text); *text != '\0' && !out->misspelt; skip_blanks(&text))
		out->misspelt = !take_pair(&text, out);
	if (out->misspelt)
		memset(out->action, 0, sizeof(out->action));
	set_default(out, AFENCE_PAM_OTHER);
}
