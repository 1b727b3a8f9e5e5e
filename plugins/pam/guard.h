/* SPDX-License-Identifier: MIT */
/* The one question that the entry points ask. */
#ifndef GUARD_H
#define GUARD_H

#include <security/pam_modules.h>

/*
 * May the password that is about to be asked for go where this line says it would?  FLAGS and the
 * COUNT arguments at WORD are those of the entry point.
 *
 * PAM_IGNORE: yes; never PAM_SUCCESS, which would let a stack of `sufficient` modules succeed
 * without any of them.  PAM_PERM_DENIED: no, and the user and the log were told; or there was no
 * name to judge.  PAM_INCOMPLETE: the application will come back with the name.
 */
int af_pam_guard(pam_handle_t *pamh, int flags, int count, const char **word);

#endif
