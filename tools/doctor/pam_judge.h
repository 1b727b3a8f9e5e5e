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

#include "pam_stack.h"

/* A module that sends a password, or something made of it, to a server. */
struct af_pam_sender {
	const char *name;
	const char *needs; /* only with this argument; NULL: always */
	bool opaque;       /* hands it to a program of which nothing is known */
};

/* The module that the line runs, or NULL. */
const struct af_pam_sender *af_pam_sender_find(const struct af_pam_line *line);

bool af_pam_is_guard(const struct af_pam_line *line);

/* What is wrong with the control of a guard line ("is misspelt ..."); NULL: a refusal ends the
 * stack there, and a login that passes goes on. */
const char *af_pam_guard_fault(const struct af_pam_line *line);

/* How the guard fails to cover a line, the nearest miss first. */
enum af_pam_miss {
	AFENCE_PAM_COVERED,
	AFENCE_PAM_OBSERVED, /* would be, if the line did not say observe */
	AFENCE_PAM_AIMLESS,  /* the guard knows no server, so it lets every login pass */
	AFENCE_PAM_JUMPED,
	AFENCE_PAM_SUBSTACK,
	AFENCE_PAM_CONTROL,
	AFENCE_PAM_AFTER,
	AFENCE_PAM_NONE
};

/* The best that any guard line of the stack does for the line SENDER. */
enum af_pam_miss af_pam_judge(const struct af_pam_stack *stack, size_t sender);

#endif
