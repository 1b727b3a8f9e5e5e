/* SPDX-License-Identifier: MIT */
#include "pam_judge.h"

#include <string.h>

bool af_pam_is_guard(const struct af_pam_entry *entry)
{
	return !entry->substack && !entry->broken &&
	       strcmp(af_pam_entry_name(entry), "pam_authfence.so") == 0;
}

const char *af_pam_guard_fault(const struct af_pam_entry *entry)
{
	struct af_pam_control control;

	af_pam_control_parse(entry->control, &control);
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
		if (stack->entry[i].depth < stack->entry[guard].depth)
			return true;
	return false;
}

/* The line that follows after a jump from line FROM over COUNT lines of its own substack. */
static size_t land(const struct af_pam_stack *stack, size_t from, int count)
{
	size_t i = from + 1;

	for (; i < stack->count && stack->entry[i].depth >= stack->entry[from].depth; i++)
		if (stack->entry[i].depth == stack->entry[from].depth && count-- == 0)
			break;
	return i;
}

static bool jumps_over(const struct af_pam_stack *stack, size_t from, size_t guard, size_t sender)
{
	struct af_pam_control control;

	af_pam_control_parse(stack->entry[from].control, &control);
	for (int code = 0; code < AFENCE_PAM_CODES && !stack->entry[from].substack; code++) {
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
	if (!af_pam_is_guard(&stack->entry[guard]))
		return AFENCE_PAM_NONE;
	if (guard > sender)
		return AFENCE_PAM_AFTER;
	if (af_pam_guard_fault(&stack->entry[guard]) != NULL)
		return AFENCE_PAM_CONTROL;
	if (leaves_substack(stack, guard, sender))
		return AFENCE_PAM_SUBSTACK;
	if (is_jumped(stack, guard, sender))
		return AFENCE_PAM_JUMPED;
	return af_pam_entry_has(&stack->entry[guard], "observe") ? AFENCE_PAM_OBSERVED
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
