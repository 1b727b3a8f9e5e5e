/* SPDX-License-Identifier: MIT */
/*
 * What libpam makes of the control of a line: for each code that a module can return, what happens
 * then.  Pure functions, thread safe.
 */
#ifndef PAM_CONTROL_H
#define PAM_CONTROL_H

#include <stdbool.h>

enum af_pam_action {
	AFENCE_PAM_IGNORE = -1, /* goes on as if the module were not there */
	AFENCE_PAM_DIE = -2,    /* ends the stack, denied */
	AFENCE_PAM_OTHER = -3,  /* goes on, or ends without denying */
				/* a positive number: that many lines are jumped over */
};

enum af_pam_code {
	AFENCE_PAM_CODE_SUCCESS = 0,
	AFENCE_PAM_CODE_DENIED = 6,
	AFENCE_PAM_CODE_IGNORE = 25,
	AFENCE_PAM_CODES = 32
};

struct af_pam_control {
	int action[AFENCE_PAM_CODES];
	bool misspelt; /* every result is "bad" then: the module runs, nothing ends */
};

/* Reads TEXT, a keyword or what stands in the brackets. */
void af_pam_control_parse(const char *text, struct af_pam_control *out);

#endif
