/* SPDX-License-Identifier: MIT */
/*
 * pam_winbind.so: winbindd asks a domain controller named in smb.conf(5), or one that DNS has for the
 * realm.  With krb5_auth the name goes to the realm's KDC as a principal.
 */
#include <string.h>
#include <strings.h>

#include "reader.h"
#include "settings.h"

#define SMB_CONF     "/etc/samba/smb.conf"
#define WINBIND_CONF "/etc/security/pam_winbind.conf"
#define BETWEEN      " \t,;"

/* They bring in what is not in the file. */
static const char *const bringing[] = {"include", "configfile", "configbackend", "copy", NULL};

struct winbind {
	const struct af_pam_question *question;
	const char *realm;  /* NULL: none */
	const char *domain; /* put behind a bare name */
};

static enum af_status read_settings(
	const struct af_pam_question *question, const char *path, struct af_pam_settings *settings)
{
	struct af_pam_text text;
	enum af_status status =
		question->files->read(question->files->context, path, AFENCE_PAM_CONFIG, &text);

	if (status == AFENCE_OK)
		status = af_pam_ini_read(&text, settings);
	af_pam_text_free(&text);
	return status;
}

/* The last of [global], which has two names and is where a file begins. */
static const char *find_global(const struct af_pam_settings *settings, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < settings->count; i++) {
		const struct af_pam_setting *row = &settings->row[i];

		if (strcasecmp(row->key, key) == 0 &&
			(*row->section == '\0' || strcasecmp(row->section, "global") == 0 ||
				strcasecmp(row->section, "globals") == 0))
			value = row->value;
	}
	return value != NULL && *value != '\0' ? value : NULL;
}

static bool is_whole(const struct af_pam_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		for (const char *const *key = bringing; *key != NULL; key++)
			if (strcasecmp(settings->row[i].key, *key) == 0)
				return false;
	return true;
}

/* Kerberos is not asked only if that is said clearly. */
static bool uses_kerberos(const struct af_pam_question *question, struct af_pam_discovery *out)
{
	const char *path = af_pam_entry_value(question->entry, "config="), *value;
	struct af_pam_settings settings = {0};
	enum af_status status;
	bool uses;

	if (path == NULL)
		path = WINBIND_CONF;
	status = read_settings(question, path, &settings);
	if (status != AFENCE_OK && status != AFENCE_ERR_ABSENT)
		af_pam_add_unreadable(question, path, status, out);
	value = find_global(&settings, "krb5_auth");
	uses = af_pam_entry_says(question->entry, "krb5_auth") ||
	       (value != NULL && strcasecmp(value, "no") != 0 && strcasecmp(value, "false") != 0 &&
		       strcmp(value, "0") != 0 && strcasecmp(value, "off") != 0);
	af_pam_settings_free(&settings);
	return uses;
}

static void add_controllers(const struct winbind *winbind, struct af_pam_discovery *out)
{
	if (winbind->realm == NULL)
		af_pam_add_unknown(winbind->question, SMB_CONF,
			"no \"realm\", so domain controllers are found by NetBIOS", out);
	else
		af_pam_add_srv(winbind->question, winbind->realm, strlen(winbind->realm),
			winbind->domain, out);
}

static void add_servers(
	const struct winbind *winbind, const char *list, struct af_pam_discovery *out)
{
	size_t len;

	if (list == NULL)
		list = "*";
	for (list += strspn(list, BETWEEN); *list != '\0'; list += strspn(list, BETWEEN)) {
		len = strcspn(list, BETWEEN);
		if (len == 1 && *list == '*')
			add_controllers(winbind, out);
		else
			af_pam_add_hostport(winbind->question, list, len, winbind->domain, out);
		list += len;
	}
}

/* A principal of another realm is asked for there, a domain by its NetBIOS name nobody knows where. */
static void add_principal(const struct winbind *winbind, struct af_pam_discovery *out)
{
	const char *user = winbind->question->user, *at = strrchr(user, '@');

	if (at != NULL)
		af_pam_add_srv(winbind->question, at + 1, strlen(at + 1), NULL, out);
	else if (strchr(user, '\\') != NULL)
		af_pam_add_unknown(
			winbind->question, NULL, "krb5_auth: the realm of a NetBIOS domain", out);
	else
		add_controllers(winbind, out);
}

static void read_global(const struct af_pam_question *question,
	const struct af_pam_settings *settings, struct af_pam_discovery *out)
{
	const char *list = find_global(settings, "passwordserver");
	struct winbind winbind = {question, find_global(settings, "realm"), NULL};
	bool kerberos = uses_kerberos(question, out);

	if ((list != NULL && strchr(list, '%') != NULL) ||
		(winbind.realm != NULL && strchr(winbind.realm, '%') != NULL)) {
		af_pam_add_unknown(question, SMB_CONF, "a macro (%) in a server or realm", out);
		return;
	}
	winbind.domain = kerberos ? winbind.realm : NULL;
	add_servers(&winbind, list, out);
	if (kerberos)
		add_principal(&winbind, out);
}

void af_pam_read_winbind(const struct af_pam_question *question, struct af_pam_discovery *out)
{
	struct af_pam_settings settings = {0};
	enum af_status status = read_settings(question, SMB_CONF, &settings);

	if (status != AFENCE_OK)
		af_pam_add_unreadable(question, SMB_CONF, status, out);
	else if (!is_whole(&settings))
		af_pam_add_unknown(
			question, SMB_CONF, "another file or the registry is included", out);
	else
		read_global(question, &settings, out);
	af_pam_settings_free(&settings);
}
