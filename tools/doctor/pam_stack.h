/* SPDX-License-Identifier: MIT */
/*
 * The auth stack of a PAM service as libpam reads it: lines of the service's file with those of
 * the files that it includes in their places.
 *
 * This reader knows the files below /etc/pam.d and /usr/lib/pam.d.
 */
#ifndef DOCTOR_PAM_STACK_H
#define DOCTOR_PAM_STACK_H

#include "../../plugins/pam/control.h"
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
 * to INCLUDED.  *out is the caller's, freed with af_doctor_stack_free().
 */
void af_doctor_stack_read(const struct af_root *root, const char *path, struct af_pam_stack *out,
	struct af_names *included);
void af_doctor_stack_free(struct af_pam_stack *stack);

/* True if the line runs the module NAME ("pam_ldap"), wherever it lies. */
bool af_pam_line_runs(const struct af_pam_line *line, const char *name);

#endif
