/* SPDX-License-Identifier: MIT */
/*
 * krb5.conf(5) as MIT's profile library reads it.  "[a] b = { c = d }" is the row with section
 * "a\nb", key "c" and value "d"; names are compared byte for byte.  `include` and `includedir` are
 * followed; the sign "*" (final) is dropped, so that what it would hide is found all the same.  With the
 * files of the running system KRB5_CONFIG counts, as it does for libkrb5: not in a program with
 * borrowed rights.
 */
#ifndef PAM_KRB5_CONF_H
#define PAM_KRB5_CONF_H

#include "settings.h"

#define AFENCE_KRB5_CONF "/etc/krb5.conf"

/*
 * AFENCE_OK, also if there is no file: libkrb5 goes on without one.  Else a status of files.h or of
 * af_pam_settings_add(); AFENCE_ERR_SYNTAX: libkrb5 would refuse it, or load a module to read it.
 * *settings is empty then, else the caller's, freed with af_pam_settings_free().
 */
enum af_status af_krb5_conf_read(
	const struct af_pam_files *files, struct af_pam_settings *settings);

#endif
