/* SPDX-License-Identifier: MIT */
/*
 * pam_krb5.so (pam_krb5(5)): the principal is PAM_USER, with a realm put behind a name that has none,
 * and libkrb5 finds the servers of that realm.  All that krb5.conf(5) names for it count, those for
 * changes of a password too.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "krb5_conf.h"
#include "reader.h"

/* Where sssd leaves the servers that it uses; its plugin of libkrb5 asks them first. */
#define PUBLISHED "/var/lib/sss/pubconf"

static const char *const server_keys[] = {
	"kdc", "primary_kdc", "master_kdc", "admin_server", "kpasswd_server", NULL};
static const char *const published[] = {"kdcinfo", "kpasswdinfo", NULL};

struct krb5 {
	const struct af_pam_question *question;
	struct af_pam_settings settings;
	const char *realm; /* default, NULL: none */
};

static bool is_off(const char *value)
{
	static const char *const words[] = {"0", "f", "false", "n", "nil", "no", "off", NULL};

	for (const char *const *word = words; *word != NULL; word++)
		if (strcasecmp(value, *word) == 0)
			return true;
	return false;
}

/* Of [appdefaults], from the closest place to the widest. */
static const char *find_default(const struct krb5 *krb5, const char *key)
{
	const char *realm = krb5->realm != NULL ? krb5->realm : "", *value = NULL;
	char section[4][AFENCE_PAM_SECTION_MAX];

	snprintf(section[0], sizeof(section[0]), "appdefaults\npam\n%s", realm);
	strcpy(section[1], "appdefaults\npam");
	snprintf(section[2], sizeof(section[2]), "appdefaults\n%s", realm);
	strcpy(section[3], "appdefaults");
	for (size_t i = 0; value == NULL && i < 4; i++)
		value = af_pam_settings_next(&krb5->settings, section[i], key, &(size_t){0});
	return value;
}

/* KEY with "=" at its end. */
static const char *find_option(const struct krb5 *krb5, const char *key)
{
	const char *value = af_pam_entry_value(krb5->question->entry, key);
	char name[32];

	if (value != NULL)
		return value;
	snprintf(name, sizeof(name), "%.*s", (int)strlen(key) - 1, key);
	return af_pam_entry_has(krb5->question->entry, name) ? "" : find_default(krb5, name);
}

static bool is_on(const struct krb5 *krb5, const char *key)
{
	const char *value = find_option(krb5, key);

	return value != NULL && !is_off(value);
}

/* "host[:port]", "https://host/path", or the path of a local socket. */
static void add_server(const struct krb5 *krb5, const char *value, const char *domain,
	struct af_pam_discovery *out)
{
	if (*value == '/')
		af_pam_add_host(krb5->question, "localhost", 9, 0, domain, out);
	else if (strstr(value, "://") != NULL)
		af_pam_add_uri(krb5->question, value, strlen(value), domain, out);
	else
		af_pam_add_hostport(krb5->question, value, strlen(value), domain, out);
}

static void add_published(const struct krb5 *krb5, const char *realm, const char *domain,
	struct af_pam_discovery *out)
{
	const struct af_pam_files *files = krb5->question->files;
	char path[PATH_MAX];
	const char *line;

	for (const char *const *kind = published; *kind != NULL; kind++) {
		struct af_pam_text text;
		enum af_status status;
		size_t pos = 0, len;

		snprintf(path, sizeof(path), "%s/%s.%s", PUBLISHED, *kind, realm);
		status = files->read(files->context, path, AFENCE_PAM_CONFIG, &text);
		if (status != AFENCE_OK && status != AFENCE_ERR_ABSENT)
			af_pam_add_unreadable(krb5->question, PUBLISHED, status, out);
		while (status == AFENCE_OK && af_pam_next_line(&text, &pos, &line, &len)) {
			af_pam_trim(&line, &len);
			if (len > 0)
				af_pam_add_hostport(krb5->question, line, len, domain, out);
		}
		af_pam_text_free(&text);
	}
}

/* What gets a request for REALM; DOMAIN: if it was put behind the name. */
static void add_realm(const struct krb5 *krb5, const char *realm, const char *domain,
	struct af_pam_discovery *out)
{
	char section[AFENCE_PAM_SECTION_MAX];
	const char *value, *lookup;
	size_t pos, servers = 0;

	if (strpbrk(realm, "/\n") != NULL || *realm == '\0' ||
		strlen(realm) >= AFENCE_PAM_HOST_MAX) {
		af_pam_add_unknown(krb5->question, NULL, "a realm that is no name", out);
		return;
	}
	snprintf(section, sizeof(section), "realms\n%s", realm);
	for (const char *const *key = server_keys; *key != NULL; key++)
		for (pos = 0; (value = af_pam_settings_next(
				       &krb5->settings, section, *key, &pos)) != NULL;
			servers += key == server_keys)
			add_server(krb5, value, domain, out);
	add_published(krb5, realm, domain, out);
	lookup = af_pam_settings_next(
		&krb5->settings, "libdefaults", "dns_lookup_kdc", &(size_t){0});
	if (servers == 0 && (lookup == NULL || !is_off(lookup)))
		af_pam_add_srv(krb5->question, realm, strlen(realm), domain, out);
}

/* The user's own principal. */
static void add_user(const struct krb5 *krb5, struct af_pam_discovery *out)
{
	const char *at = af_pam_find_at(krb5->question->user);
	const char *realm = find_option(krb5, "user_realm=");

	if (at != NULL) {
		add_realm(krb5, at + 1, NULL, out);
		return;
	}
	if (realm == NULL)
		realm = krb5->realm;
	if (realm == NULL)
		af_pam_add_unknown(krb5->question, AFENCE_KRB5_CONF,
			"no default_realm, libkrb5 makes one of the host's name", out);
	else
		add_realm(krb5, realm, realm, out);
}

/* The principal of alt_auth_map; its realm, if it has none of its own, is that of the user. */
static void add_mapped(const struct krb5 *krb5, struct af_pam_discovery *out)
{
	const char *map = find_option(krb5, "alt_auth_map=");
	const char *at = map != NULL ? strrchr(map, '@') : NULL;

	if (at != NULL)
		add_realm(krb5, at + 1, at + 1, out);
}

void af_pam_read_krb5(const struct af_pam_question *question, struct af_pam_discovery *out)
{
	struct krb5 krb5 = {.question = question};
	enum af_status status = af_krb5_conf_read(question->files, &krb5.settings);

	if (status != AFENCE_OK) {
		af_pam_add_unreadable(question, AFENCE_KRB5_CONF, status, out);
		return;
	}
	krb5.realm = af_pam_entry_value(question->entry, "realm=");
	if (krb5.realm == NULL)
		krb5.realm = af_pam_settings_next(
			&krb5.settings, "libdefaults", "default_realm", &(size_t){0});
	add_user(&krb5, out);
	add_mapped(&krb5, out);
	if (is_on(&krb5, "search_k5login="))
		af_pam_add_unknown(
			question, NULL, "search_k5login: principals of the user's own", out);
	if (is_on(&krb5, "prompt_principal="))
		af_pam_add_unknown(
			question, NULL, "prompt_principal: a principal not yet typed", out);
	af_pam_settings_free(&krb5.settings);
}
