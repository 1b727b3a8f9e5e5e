/* SPDX-License-Identifier: MIT */
/*
 * The table.  Local modules are those of Linux-PAM and of Debian that keep a password on the machine
 * (or never see one); what is in no row is opaque.
 */
#include "modules.h"

#include <stdlib.h>
#include <string.h>

#define EXTENSION ".so"

static const char *const expose[] = {"expose_authtok", NULL};

#define LOCAL(file)                                      \
	{                                                \
		.name = (file), .kind = AFENCE_PAM_LOCAL \
	}
#define FORWARDER(file)                                      \
	{                                                    \
		.name = (file), .kind = AFENCE_PAM_FORWARDER \
	}
#define OPAQUE(file)                                      \
	{                                                 \
		.name = (file), .kind = AFENCE_PAM_OPAQUE \
	}

/* In byte order of name. */
static const struct af_pam_module modules[] = {
	FORWARDER("mypam"), /* pam_http by the name of its file */
	LOCAL("pam_abl"),
	LOCAL("pam_access"),
	LOCAL("pam_afs_session"), /* runs aklog, which has a ticket */
	LOCAL("pam_authfence"),
	LOCAL("pam_barada"),
	LOCAL("pam_biometric"),
	LOCAL("pam_cap"),
	LOCAL("pam_ccreds"),
	{.name = "pam_cifscreds", .kind = AFENCE_PAM_FORWARDER, .in_session = true},
	LOCAL("pam_cracklib"),
	LOCAL("pam_debug"),
	LOCAL("pam_deny"),
	FORWARDER("pam_duo"),
	LOCAL("pam_echo"),
	LOCAL("pam_ecryptfs"),
	LOCAL("pam_elogind"),
	LOCAL("pam_encfs"),
	LOCAL("pam_env"),
	{.name = "pam_exec", .kind = AFENCE_PAM_OPAQUE, .needs = expose},
	LOCAL("pam_faildelay"),
	LOCAL("pam_faillock"),
	LOCAL("pam_fprintd"),
	{.name = "pam_freerdp2", .kind = AFENCE_PAM_FORWARDER, .in_session = true},
	LOCAL("pam_fscrypt"),
	LOCAL("pam_ftp"),
	LOCAL("pam_geoip"),
	LOCAL("pam_gnome_keyring"),
	LOCAL("pam_google_authenticator"),
	LOCAL("pam_group"),
	{.name = "pam_himmelblau", .kind = AFENCE_PAM_FORWARDER, .appends = true},
	FORWARDER("pam_http"),
	{.name = "pam_imap",
		.kind = AFENCE_PAM_FORWARDER,
		.appends = true,
		.read = af_pam_read_imap},
	LOCAL("pam_issue"),
	{.name = "pam_kanidm", .kind = AFENCE_PAM_FORWARDER, .appends = true},
	LOCAL("pam_keyinit"),
	{.name = "pam_krb5",
		.kind = AFENCE_PAM_FORWARDER,
		.appends = true,
		.read = af_pam_read_krb5},
	{.name = "pam_krb5_migrate_heimdal", .kind = AFENCE_PAM_FORWARDER, .appends = true},
	{.name = "pam_krb5_migrate_mit", .kind = AFENCE_PAM_FORWARDER, .appends = true},
	LOCAL("pam_kwallet5"),
	LOCAL("pam_lastlog"),
	{.name = "pam_ldap", .kind = AFENCE_PAM_FORWARDER, .read = af_pam_read_nslcd},
	LOCAL("pam_limits"),
	LOCAL("pam_listfile"),
	LOCAL("pam_localuser"),
	LOCAL("pam_loginuid"),
	LOCAL("pam_mail"),
	LOCAL("pam_mkhomedir"),
	LOCAL("pam_motd"),
	{.name = "pam_mount", .kind = AFENCE_PAM_FORWARDER, .in_session = true},
	FORWARDER("pam_mysql"),
	LOCAL("pam_namespace"),
	LOCAL("pam_nologin"),
	LOCAL("pam_oath"),
	FORWARDER("pam_oauth2"),
	FORWARDER("pam_oauth2_device"),
	FORWARDER("pam_oslogin_login"),
	LOCAL("pam_otpw"),
	LOCAL("pam_p11"),
	LOCAL("pam_passwdqc"),
	LOCAL("pam_permit"),
	FORWARDER("pam_pgsql"),
	LOCAL("pam_pkcs11"),
	LOCAL("pam_poldi"),
	LOCAL("pam_pwdfile"),
	LOCAL("pam_pwhistory"),
	LOCAL("pam_pwquality"),
	OPAQUE("pam_python"),
	{.name = "pam_radius", .kind = AFENCE_PAM_FORWARDER, .read = af_pam_read_radius},
	{.name = "pam_radius_auth", .kind = AFENCE_PAM_FORWARDER, .read = af_pam_read_radius},
	LOCAL("pam_rhosts"),
	LOCAL("pam_rootok"),
	OPAQUE("pam_script"),
	LOCAL("pam_securetty"),
	LOCAL("pam_selinux"),
	LOCAL("pam_sepermit"),
	LOCAL("pam_setquota"),
	LOCAL("pam_shells"),
	LOCAL("pam_shield"),
	{.name = "pam_shishi", .kind = AFENCE_PAM_FORWARDER, .appends = true},
	LOCAL("pam_slurm"),
	LOCAL("pam_slurm_adopt"),
	LOCAL("pam_ssh_add"),
	LOCAL("pam_ssh_agent_auth"),
	{.name = "pam_sss", .kind = AFENCE_PAM_FORWARDER, .appends = true, .read = af_pam_read_sss},
	LOCAL("pam_sss_gss"),
	LOCAL("pam_stress"),
	LOCAL("pam_succeed_if"),
	LOCAL("pam_systemd"),
	LOCAL("pam_systemd_home"),
	{.name = "pam_tacplus", .kind = AFENCE_PAM_FORWARDER, .read = af_pam_read_tacplus},
	LOCAL("pam_tally"),
	LOCAL("pam_tally2"),
	LOCAL("pam_time"),
	LOCAL("pam_timestamp"),
	LOCAL("pam_tmpdir"),
	LOCAL("pam_tty_audit"),
	LOCAL("pam_u2f"),
	FORWARDER("pam_ufpidentity"),
	LOCAL("pam_umask"),
	LOCAL("pam_unix"),      /* Debian builds it without NIS */
	LOCAL("pam_unix_acct"), /* other names of it */
	LOCAL("pam_unix_auth"),
	LOCAL("pam_unix_passwd"),
	LOCAL("pam_unix_session"),
	FORWARDER("pam_url"),
	LOCAL("pam_userdb"),
	LOCAL("pam_usertype"),
	LOCAL("pam_warn"),
	LOCAL("pam_wheel"),
	{.name = "pam_winbind",
		.kind = AFENCE_PAM_FORWARDER,
		.appends = true,
		.read = af_pam_read_winbind},
	{.name = "pam_x2go", .kind = AFENCE_PAM_FORWARDER, .in_session = true},
	LOCAL("pam_xauth"),
	FORWARDER("pam_yubico"),
};

#define MODULES (sizeof(modules) / sizeof(modules[0]))

/* A file and the row that may be its. */
struct wanted {
	const char *name;
	size_t len; /* without the extension */
};

static int compare(const void *key, const void *row)
{
	const struct wanted *wanted = key;
	const char *name = ((const struct af_pam_module *)row)->name;
	int order = strncmp(wanted->name, name, wanted->len);

	return order != 0 || name[wanted->len] == '\0' ? order : -1;
}

const struct af_pam_module *af_pam_module_find(const char *file)
{
	struct wanted wanted = {file, strlen(file)};
	size_t tail = strlen(EXTENSION);

	if (wanted.len <= tail || strcmp(file + wanted.len - tail, EXTENSION) != 0)
		return NULL;
	wanted.len -= tail;
	return bsearch(&wanted, modules, MODULES, sizeof(modules[0]), compare);
}

static bool has_any(const struct af_pam_entry *entry, const char *const *needs)
{
	for (; *needs != NULL; needs++) {
		size_t len = strlen(*needs);

		if ((*needs)[len - 1] == '=' ? af_pam_entry_value(entry, *needs) != NULL
					     : af_pam_entry_says(entry, *needs))
			return true;
	}
	return false;
}

enum af_pam_kind af_pam_entry_kind(
	const struct af_pam_entry *entry, const struct af_pam_module **module)
{
	*module = af_pam_module_find(af_pam_entry_name(entry));
	if (*module == NULL)
		return AFENCE_PAM_OPAQUE;
	if ((*module)->needs != NULL && !has_any(entry, (*module)->needs))
		return AFENCE_PAM_LOCAL;
	return (*module)->kind;
}

const struct af_pam_module *af_pam_modules(size_t *count)
{
	*count = MODULES;
	return modules;
}
