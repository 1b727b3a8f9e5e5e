/* SPDX-License-Identifier: MIT */
/*
 * pam_sss.so: sssd asks the servers of its domains (sssd.conf(5)).  A name may be looked for in each
 * of them, so all that are enabled count, with those of trusted domains that the file names.  A bare
 * name belongs to the domain that knows it.
 *
 * Without servers LDAP and Kerberos ask DNS for those of `dns_discovery_domain`; its default, the
 * domain of the host's own name, is not in the files.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "modules.h"
#include "reader.h"
#include "settings.h"

#define SSSD_CONF   "/etc/sssd/sssd.conf"
#define SNIPPETS    "/etc/sssd/conf.d"
#define BETWEEN     " \t,"
#define DOMAINS_MAX 64
#define LIST_MAX    4096 /* bytes of the names of domains */
#define HANDED_MAX  16   /* lines of the services that domains hand on to */

/* What a provider of authentication asks. */
struct provider {
	const char *name;
	const char *const *servers; /* keys of lists; NULL: it asks nobody */
	const char *const *main;    /* those of them without which DNS is asked */
	const char *discovery;      /* key of the domain that DNS is asked for */
	const char *realm;          /* key of what is put behind a name */
	bool by_host;               /* without that key DNS is asked for the host's own domain */
};

static const char *const ldap_servers[] = {
	"ldap_uri", "ldap_backup_uri", "ldap_chpass_uri", "ldap_chpass_backup_uri", NULL};
static const char *const krb5_servers[] = {"krb5_server", "krb5_backup_server", "krb5_kpasswd",
	"krb5_backup_kpasswd", "krb5_kdcip", NULL};
static const char *const ad_servers[] = {"ad_server", "ad_backup_server", NULL};
static const char *const ipa_servers[] = {"ipa_server", "ipa_backup_server", NULL};
static const char *const ldap_main[] = {"ldap_uri", NULL};
static const char *const krb5_main[] = {"krb5_server", "krb5_kdcip", NULL};
static const char *const ad_main[] = {"ad_server", NULL};
static const char *const ipa_main[] = {"ipa_server", NULL};

static const struct provider providers[] = {
	{"ldap", ldap_servers, ldap_main, "dns_discovery_domain", NULL, true},
	{"krb5", krb5_servers, krb5_main, "dns_discovery_domain", "krb5_realm", true},
	{"ad", ad_servers, ad_main, "ad_domain", "krb5_realm", false},
	{"ipa", ipa_servers, ipa_main, "ipa_domain", "krb5_realm", false},
	{.name = "none"},
	{.name = "local"},
	{.name = "files"},
	{.name = "deny"},
	{.name = "permit"},
	{.name = NULL},
};

struct sss {
	const struct af_pam_question *question;
	struct af_pam_settings settings;
	const char *name; /* of the domain */
	char section[AFENCE_PAM_SECTION_MAX];
	struct af_pam_discovery *out;
	struct af_pam_entry inner; /* of a service: what is found through it is the own line's */
	unsigned domains;
	unsigned handed;
};

static const char *find_in(const struct sss *sss, const char *key)
{
	const char *value = af_pam_settings_last(&sss->settings, sss->section, key);

	return value != NULL && *value != '\0' ? value : NULL;
}

static void unknown(const struct sss *sss, const char *wrong)
{
	af_pam_add_unknown(sss->question, SSSD_CONF, wrong, sss->out);
}

static bool list_has(const char *list, const char *word)
{
	const char *end = list + strlen(list), *next;
	size_t len;

	while (af_pam_next_word(&list, end, BETWEEN, &next, &len))
		if (len == strlen(word) && strncasecmp(next, word, len) == 0)
			return true;
	return false;
}

static void add_discovered(
	const struct sss *sss, const struct provider *provider, const char *realm)
{
	const char *domain = find_in(sss, provider->discovery);

	if (domain == NULL && provider->by_host)
		unknown(sss, "no server and no dns_discovery_domain, so that of the host's name");
	if (domain == NULL)
		domain = sss->name;
	af_pam_add_srv(sss->question, domain, strlen(domain), realm, sss->out);
}

/* Names, addresses or URIs; "_srv_" is what DNS has. */
static void add_list(
	const struct sss *sss, const struct provider *provider, const char *list, const char *realm)
{
	const char *end = list + strlen(list), *word;
	size_t len;

	while (af_pam_next_word(&list, end, BETWEEN, &word, &len)) {
		if (af_pam_is_word(word, len, "_srv_"))
			add_discovered(sss, provider, realm);
		else if (memmem(word, len, ":/", 2) != NULL)
			af_pam_add_uri(sss->question, word, len, realm, sss->out);
		else
			af_pam_add_hostport(sss->question, word, len, realm, sss->out);
	}
}

static bool has_any(const struct sss *sss, const char *const *keys)
{
	while (*keys != NULL && find_in(sss, *keys) == NULL)
		keys++;
	return *keys != NULL;
}

/* The servers with what is put behind a bare name: the domain, and for Kerberos the realm. */
static void add_servers(const struct sss *sss, const struct provider *provider, const char *realm)
{
	for (const char *const *key = provider->servers; *key != NULL; key++)
		if (find_in(sss, *key) != NULL)
			add_list(sss, provider, find_in(sss, *key), realm);
	if (!has_any(sss, provider->main))
		add_discovered(sss, provider, realm);
}

/* Trusted domains have sections "domain/D/TRUSTED", whose servers are asked in the same way. */
static void add_trusted(const struct sss *sss, const struct provider *provider)
{
	size_t len = strlen(sss->section);

	for (size_t i = 0; i < sss->settings.count; i++) {
		const struct af_pam_setting *row = &sss->settings.row[i];

		if (strncasecmp(row->section, sss->section, len) != 0 || row->section[len] != '/')
			continue;
		for (const char *const *key = provider->servers; *key != NULL; key++)
			if (strcasecmp(row->key, *key) == 0)
				add_list(sss, provider, row->value, row->section + len + 1);
	}
}

/* A service of PAM, of which all that forwards counts as if it stood in the own line's place. */
static void add_entry(struct sss *sss, const struct af_pam_entry *entry)
{
	struct af_pam_question inner = *sss->question;
	const struct af_pam_module *module;
	enum af_pam_kind kind = af_pam_entry_kind(entry, &module);
	struct af_pam_discovery *out = sss->out;

	sss->inner = *entry;
	inner.entry = &sss->inner;
	inner.confdir = NULL;
	inner.depth++;
	if (entry->substack || kind == AFENCE_PAM_LOCAL)
		return;
	if (kind == AFENCE_PAM_OPAQUE || module->read == NULL || sss->handed++ >= HANDED_MAX)
		af_pam_add_unknown(&inner, NULL, "a service of proxy_pam_target asks it", out);
	else
		module->read(&inner, out);
}

static void add_service(struct sss *sss, enum af_pam_facility facility)
{
	const char *service = find_in(sss, "proxy_pam_target");
	struct af_pam_stack stack;

	/* One that hands on to pam_sss.so again would have no end. */
	if (service == NULL || sss->question->depth > 0) {
		unknown(sss, "no proxy_pam_target that can be followed");
		return;
	}
	af_pam_stack_read(sss->question->files, service, NULL, facility, &stack);
	if (stack.trouble != AFENCE_OK)
		unknown(sss, "the service of proxy_pam_target cannot be read");
	for (size_t i = 0; i < stack.count; i++)
		add_entry(sss, &stack.entry[i]);
	af_pam_stack_free(&stack);
}

static void add_provider(struct sss *sss, const char *name, enum af_pam_facility facility)
{
	const struct provider *provider = providers;
	const char *realm;

	if (strcasecmp(name, "proxy") == 0) {
		add_service(sss, facility);
		return;
	}
	while (provider->name != NULL && strcasecmp(name, provider->name) != 0)
		provider++;
	if (provider->name == NULL)
		unknown(sss, "a provider that nothing is known of");
	if (provider->servers == NULL)
		return;
	realm = provider->realm != NULL ? find_in(sss, provider->realm) : NULL;
	add_servers(sss, provider, sss->name);
	if (realm != NULL && strcasecmp(realm, sss->name) != 0)
		add_servers(sss, provider, realm);
	add_trusted(sss, provider);
}

static void add_domain(struct sss *sss, const char *name)
{
	const char *auth, *chpass;

	sss->name = name;
	if (sss->domains++ >= DOMAINS_MAX || (size_t)snprintf(sss->section, sizeof(sss->section),
						     "domain/%s", name) >= sizeof(sss->section)) {
		unknown(sss, "too many domains");
		return;
	}
	auth = find_in(sss, "auth_provider");
	if (auth == NULL)
		auth = find_in(sss, "id_provider");
	if (auth == NULL) {
		unknown(sss, "a domain without id_provider and auth_provider");
		return;
	}
	chpass = find_in(sss, "chpass_provider");
	add_provider(sss, auth, AFENCE_PAM_AUTH);
	add_provider(sss, chpass != NULL ? chpass : auth, AFENCE_PAM_PASSWORD);
}

/* The name of a domain's own section that is enabled, or NULL. */
static const char *enabled_domain(struct sss *sss, size_t row, const char *list)
{
	const char *section = sss->settings.row[row].section, *enabled;
	const char *name = section + strlen("domain/");

	if (*sss->settings.row[row].key != '\0' || strncasecmp(section, "domain/", 7) != 0 ||
		strchr(name, '/') != NULL || list_has(list, name))
		return NULL;
	enabled = af_pam_settings_last(&sss->settings, section, "enabled");
	return enabled != NULL && strcasecmp(enabled, "false") != 0 ? name : NULL;
}

/* default_domain_suffix is the name of a domain as well, perhaps of one that is only trusted: it stands
 * behind a bare name all the same. */
static void add_domains(struct sss *sss)
{
	const char *only = af_pam_entry_value(sss->question->entry, "domains=");
	const char *list = af_pam_settings_last(&sss->settings, "sssd", "domains"), *next, *end;
	const char *suffix = af_pam_settings_last(&sss->settings, "sssd", "default_domain_suffix");
	char name[AFENCE_PAM_HOST_MAX];
	size_t len;

	list = list != NULL ? list : "";
	if (strlen(list) > LIST_MAX) {
		unknown(sss, "too many domains");
		return;
	}
	for (size_t i = 0; i < sss->settings.count; i++) {
		const char *found = enabled_domain(sss, i, list);

		if (found != NULL && (only == NULL || list_has(only, found)))
			add_domain(sss, found);
	}
	if (suffix != NULL && *suffix != '\0' && !list_has(list, suffix)) {
		unknown(sss, "default_domain_suffix is none of the domains");
		af_pam_add_host(sss->question, "", 0, 0, suffix, sss->out);
	}
	for (end = list + strlen(list), next = list;
		af_pam_next_word(&next, end, BETWEEN, &list, &len);) {
		if (len >= sizeof(name)) {
			unknown(sss, "a domain that is too long");
			continue;
		}
		memcpy(name, list, len);
		name[len] = '\0';
		if (only == NULL || list_has(only, name))
			add_domain(sss, name);
	}
	sss->name = NULL;
}

static enum af_status read_file(struct sss *sss, const char *path)
{
	const struct af_pam_files *files = sss->question->files;
	struct af_pam_text text;
	enum af_status status = files->read(files->context, path, AFENCE_PAM_CONFIG, &text);

	if (status == AFENCE_OK)
		status = af_pam_ini_read(&text, &sss->settings);
	af_pam_text_free(&text);
	if (status != AFENCE_OK && status != AFENCE_ERR_ABSENT)
		af_pam_add_unreadable(sss->question, path, status, sss->out);
	return status;
}

static bool ends_in_conf(const char *name)
{
	size_t len = strlen(name);

	return *name != '.' && len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

/* Later files win: their rows come later. */
static enum af_status read_snippets(struct sss *sss)
{
	const struct af_pam_files *files = sss->question->files;
	struct af_pam_list list;
	char path[PATH_MAX];
	enum af_status status = files->list(files->context, SNIPPETS, &list);

	if (status == AFENCE_ERR_ABSENT)
		return AFENCE_OK;
	if (status != AFENCE_OK)
		af_pam_add_unreadable(sss->question, SNIPPETS, status, sss->out);
	for (size_t i = 0; status == AFENCE_OK && i < list.count; i++) {
		if (!ends_in_conf(list.name[i]))
			continue;
		snprintf(path, sizeof(path), "%s/%s", SNIPPETS, list.name[i]);
		status = read_file(sss, path);
	}
	af_pam_list_free(&list);
	return status;
}

void af_pam_read_sss(const struct af_pam_question *question, struct af_pam_discovery *out)
{
	struct sss sss = {.question = question, .out = out};
	enum af_status status = read_file(&sss, SSSD_CONF);

	bool alone = status == AFENCE_ERR_ABSENT;

	/* Since 1.14 sssd does with the snippets alone. */
	if (status == AFENCE_OK || alone)
		status = read_snippets(&sss);
	if (status == AFENCE_ERR_ABSENT || (alone && sss.settings.count == 0))
		af_pam_add_unreadable(question, SSSD_CONF, AFENCE_ERR_ABSENT, out);
	else if (status == AFENCE_OK)
		add_domains(&sss);
	for (size_t i = 0; i < out->count; i++)
		if (out->found[i].entry == &sss.inner)
			out->found[i].entry = question->entry;
	if (out->at == &sss.inner)
		out->at = question->entry;
	af_pam_settings_free(&sss.settings);
}
