/* SPDX-License-Identifier: MIT */
/*
 * The entry points.  auth and password decide; the rest exists because libpam answers for a
 * missing one with PAM_MODULE_UNKNOWN, and ignores, so that a stack with nothing but the guard
 * denies and the guard can never grant.
 */
#include <security/pam_modules.h>

#include "guard.h"

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return af_pam_guard(pamh, AFENCE_PAM_AUTH, flags, argc, argv);
}

/*
 * Both passes: a refusal in the first stands before "Current password:", one in the second is for
 * stacks that changed in between.
 */
int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return af_pam_guard(pamh, AFENCE_PAM_PASSWORD, flags, argc, argv);
}

/* Called without authenticate by sshd after a public key, and from other processes than it. */
int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_IGNORE;
}

int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_IGNORE;
}

int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_IGNORE;
}

int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_IGNORE;
}
