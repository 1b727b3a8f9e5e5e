/* SPDX-License-Identifier: MIT */
/*
 * A module for tests that stands where one that sends the password away would: it asks for the
 * name and the password, writes "FORWARDED <name>" to a file instead, and returns what it is told.
 *
 *     log=FILE     where to write; without it, nothing is written
 *     code=N       what authenticate returns, PAM_SUCCESS if not given
 *     rename=NAME  in the second pass of chauthtok makes this the name of the user, and nothing else
 */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *find_value(int argc, const char **argv, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
			return argv[i] + len + 1;
	return NULL;
}

static int forward(pam_handle_t *pamh, int item, int argc, const char **argv)
{
	const char *path = find_value(argc, argv, "log");
	const char *user;
	const char *password;
	FILE *log;

	if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS)
		return PAM_AUTH_ERR;
	if (pam_get_authtok(pamh, item, &password, NULL) != PAM_SUCCESS)
		return PAM_AUTH_ERR;
	if (path == NULL)
		return PAM_SUCCESS;
	log = fopen(path, "a");
	if (log == NULL)
		return PAM_SYSTEM_ERR;
	fprintf(log, "FORWARDED %s\n", user);
	fclose(log);
	return PAM_SUCCESS;
}

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const char *code = find_value(argc, argv, "code");
	int result = forward(pamh, PAM_AUTHTOK, argc, argv);

	(void)flags;
	return result == PAM_SUCCESS && code != NULL ? atoi(code) : result;
}

int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const char *name = find_value(argc, argv, "rename");
	bool second = (flags & (int)PAM_UPDATE_AUTHTOK) != 0;

	if (name == NULL)
		return forward(pamh, second ? PAM_AUTHTOK : PAM_OLDAUTHTOK, argc, argv);
	if (second)
		pam_set_item(pamh, PAM_USER, name);
	return PAM_SUCCESS;
}

int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
