/* SPDX-License-Identifier: MIT */
#include "pam_judge.h"

#include <string.h>

/* Modules that send a password, or something made of it, to a server; or hand it to a program of
 * which nothing is known. */
static const struct af_pam_sender senders[] = {
	{"pam_cifscreds", NULL, false},
	{"pam_duo", NULL, false},
	{"pam_freerdp2", NULL, false},
	{"pam_himmelblau", NULL, false},
	{"pam_http", NULL, false},
	{"mypam", NULL, false}, /* pam_http's own name of its file */
	{"pam_imap", NULL, false},
	{"pam_kanidm", NULL, false},
	{"pam_krb5", NULL, false},
	{"pam_krb5_migrate_heimdal", NULL, false},
	{"pam_krb5_migrate_mit", NULL, false},
	{"pam_ldap", NULL, false},
	{"pam_mount", NULL, false},
	{"pam_mysql", NULL, false},
	{"pam_oauth2", NULL, false},
	{"pam_oslogin_login", NULL, false},
	{"pam_pgsql", NULL, false},
	{"pam_radius", NULL, false},
	{"pam_radius_auth", NULL, false},
	{"pam_shishi", NULL, false},
	{"pam_sss", NULL, false},
	{"pam_tacplus", NULL, false},
	{"pam_ufpidentity", NULL, false},
	{"pam_url", NULL, false},
	{"pam_winbind", NULL, false},
	{"pam_x2go", NULL, false},
	{"pam_yubico", NULL, false},
	{"pam_exec", "expose_authtok", true},
	{"pam_python", NULL, true},
	{"pam_script", NULL, true},
};

/* True if an argument starts with TEXT and, unless that ends in "=", ends with it too. */
static bool has_argument(const struct af_pam_line *line, const char *text)
{
	static const char blanks[] = " \t[]";
	const char *word = line->arguments;
	size_t length = strlen(text);

	for (word += strspn(word, blanks); *word != '\0'; word += strspn(word, blanks)) {
		size_t size = strcspn(word, blanks);

		if (size >= length && strncmp(word, text, length) == 0 &&
			(size == length || text[length - 1] == '='))
			return true;
		word += size;
	}
	return false;
}

const struct af_pam_sender *af_pam_sender_find(const struct af_pam_line *line)
{
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
		if (af_pam_line_runs(line, senders[i].name) &&
			(senders[i].needs == NULL || has_argument(line, senders[i].needs)))
			return &senders[i];
	return NULL;
}

bool af_pam_is_guard(const struct af_pam_line *line)
{
	return af_pam_line_runs(line, "pam_authfence");
}

const char *af_pam_guard_fault(const struct af_pam_line *line)
{
	struct af_pam_control control;

	af_pam_control_parse(line->control, &control);
	if (control.misspelt)
		return "is misspelt, so nothing ends there";
	if (control.action[AFENCE_PAM_CODE_DENIED] != AFENCE_PAM_DIE)
		return "does not end the stack, so the password is sent all the same";
	if (control.action[AFENCE_PAM_CODE_IGNORE] != AFENCE_PAM_IGNORE)
		return "denies logins that the guard lets pass, for want of ignore=ignore";
	return NULL;
}

static bool leaves_substack(const struct af_pam_stack *stack, size_t guard, size_t sender)
{
	for (size_t i = guard; i <= sender; i++)
		if (stack->line[i].depth < stack->line[guard].depth)
			return true;
	return false;
}

/* The line that follows after a jump from line FROM over COUNT lines of its own substack. */
static size_t land(const struct af_pam_stack *stack, size_t from, int count)
{
	size_t i = from + 1;

	for (; i < stack->count && stack->line[i].depth >= stack->line[from].depth; i++)
		if (stack->line[i].depth == stack->line[from].depth && count-- == 0)
			break;
	return i;
}

static bool jumps_over(const struct af_pam_stack *stack, size_t from, size_t guard, size_t sender)
{
	struct af_pam_control control;

	af_pam_control_parse(stack->line[from].control, &control);
	for (int code = 0; code < AFENCE_PAM_CODES && !stack->line[from].substack; code++) {
		size_t landed =
			control.action[code] > 0 ? land(stack, from, control.action[code]) : 0;

		if (landed > guard && landed <= sender)
			return true;
	}
	return false;
}

static bool is_jumped(const struct af_pam_stack *stack, size_t guard, size_t sender)
{
	for (size_t i = 0; i < guard; i++)
		if (jumps_over(stack, i, guard, sender))
			return true;
	return false;
}

static enum af_pam_miss judge_guard(const struct af_pam_stack *stack, size_t guard, size_t sender)
{
	if (!af_pam_is_guard(&stack->line[guard]))
		return AFENCE_PAM_NONE;
	if (guard > sender)
		return AFENCE_PAM_AFTER;
	if (af_pam_guard_fault(&stack->line[guard]) != NULL)
		return AFENCE_PAM_CONTROL;
	if (leaves_substack(stack, guard, sender))
		return AFENCE_PAM_SUBSTACK;
	if (is_jumped(stack, guard, sender))
		return AFENCE_PAM_JUMPED;
	if (!has_argument(&stack->line[guard], "target="))
		return AFENCE_PAM_AIMLESS;
	return has_argument(&stack->line[guard], "observe") ? AFENCE_PAM_OBSERVED
							    : AFENCE_PAM_COVERED;
}

enum af_pam_miss af_pam_judge(const struct af_pam_stack *stack, size_t sender)
{
	enum af_pam_miss best = AFENCE_PAM_NONE;

	for (size_t guard = 0; guard < stack->count; guard++) {
		enum af_pam_miss miss = judge_guard(stack, guard, sender);

		if (miss < best)
			best = miss;
	}
	return best;
}
