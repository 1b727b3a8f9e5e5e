/* SPDX-License-Identifier: MIT */
/*
 * Does the guard stand before every module that sends the password away, under a control that
 * ends the stack?
 *
 * A guard line covers a later line unless it stands in a substack that the other is not in, since
 * "die" ends a substack only, or an earlier line jumps over the guard and lands before the other.
 */
#ifndef DOCTOR_PAM_JUDGE_H
#define DOCTOR_PAM_JUDGE_H

#include "../../plugins/pam/stack.h"

bool af_pam_is_guard(const struct af_pam_entry *entry);

/* What is wrong with the control of a guard line ("is misspelt ..."); NULL: a refusal ends the
 * stack there, and a login that passes goes on. */
const char *af_pam_guard_fault(const struct af_pam_entry *entry);

/* How the guard fails to cover a line, the nearest miss first. */
enum af_pam_miss {
	AFENCE_PAM_COVERED,
	AFENCE_PAM_OBSERVED, /* would be, if the line did not say observe */
	AFENCE_PAM_JUMPED,
	AFENCE_PAM_SUBSTACK,
	AFENCE_PAM_CONTROL,
	AFENCE_PAM_AFTER,
	AFENCE_PAM_NONE
};

/* The best that any guard line of the stack does for the line SENDER. */
enum af_pam_miss af_pam_judge(const struct af_pam_stack *stack, size_t sender);

#endif
