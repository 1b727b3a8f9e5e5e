/* SPDX-License-Identifier: MIT */
/*
 * The auth stack of a PAM service as libpam reads it: lines of the service's file with those of
 * the files that it includes in their places.
 *
 * This reader knows the files below /etc/pam.d and /usr/lib/pam.d.
 */
#ifndef DOCTOR_PAM_STACK_H
#define DOCTOR_PAM_STACK_H

#include "../root.h"

struct af_pam_line {
	char *file;
	unsigned number;
	unsigned depth; /* of substacks around it */
	char *control;
	char *module; /* the word of the line; of a substack the name of its file */
	char *arguments;
	bool substack;
};

struct af_pam_stack {
	struct af_pam_line *line;
	size_t count, room;
	char *trouble; /* why the stack is not whole; NULL: it is */
	bool unread;   /* it is there, but could not be read */
};

/*
 * Reads the auth stack that the file at PATH makes.  The names of files that it includes are added
 * to INCLUDED.  *out is the caller's, freed with af_pam_stack_free().
 */
void af_pam_stack_read(const struct af_root *root, const char *path, struct af_pam_stack *out,
	struct af_names *included);
void af_pam_stack_free(struct af_pam_stack *stack);

/* True if the line runs the module NAME ("pam_ldap"), wherever it lies. */
bool af_pam_line_runs(const struct af_pam_line *line, const char *name);

/* What libpam makes of a control, as far as the guard needs it. */
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

void af_pam_control_parse(const char *text, struct af_pam_control *out);

#endif
