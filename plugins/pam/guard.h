/* SPDX-License-Identifier: MIT */
/* The one question that the entry points ask. */
#ifndef GUARD_H
#define GUARD_H

#include <security/pam_modules.h>

#include "stack.h"

/*
 * May the password that is about to be asked for go where the later lines of FACILITY (or the
 * arguments of this one) would send it?  FLAGS and the COUNT arguments at WORD are those of the
 * entry point.
 *
 * PAM_IGNORE: yes; never PAM_SUCCESS, which would let a stack of `sufficient` modules succeed
 * without any of them.  PAM_PERM_DENIED: no, and the user and the log were told; or there was no
 * name to judge.  PAM_INCOMPLETE: the application will come back with the name.
 */
int af_pam_guard(
	pam_handle_t *pamh, enum af_pam_facility facility, int flags, int count, const char **word);

#endif
