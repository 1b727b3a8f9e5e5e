/* SPDX-License-Identifier: MIT */
/*
 * Simple readings: what a file says in the form that packages and manuals have it in.  A setting
 * that is not understood is not complained about.
 */
#include "pam_beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SASLAUTHD "/etc/default/saslauthd"
#define DOVECOT   "/etc/dovecot/dovecot.conf"
#define FILES_MAX 64
#define BLANKS    " \t\r"

static enum af_status read_config(
	const struct af_pam_files *files, const char *path, struct af_pam_text *out)
{
	return files->read(files->context, path, AFENCE_PAM_STACK, out);
}

/* A copy of the next line without blanks around it; NULL at the end. */
static char *next_line(const struct af_pam_text *text, size_t *pos)
{
	const char *line;
	size_t len, start = 0;

	if (!af_pam_next_line(text, pos, &line, &len))
		return NULL;
	while (start < len && strchr(BLANKS, line[start]) != NULL)
		start++;
	while (len > start && strchr(BLANKS, line[len - 1]) != NULL)
		len--;
	return af_format("%.*s", (int)(len - start), line + start);
}

/* ---- saslauthd ---- */

/* The last value of KEY, which a shell would read, freed by the caller; "" if there is none. */
static char *find_setting(const struct af_pam_text *text, const char *key)
{
	size_t pos = 0, len = strlen(key);
	char *line, *value = af_format("%s", "");

	for (; (line = next_line(text, &pos)) != NULL; free(line)) {
		if (strncmp(line, key, len) != 0 || line[len] != '=')
			continue;
		free(value);
		value = af_format("%s", line + len + 1 + strspn(line + len + 1, "\"'"));
		value[strcspn(value, "\"'#")] = '\0';
	}
	return value;
}

/* True if OPTIONS has -r, alone or among others that take no value. */
static bool keeps_realm(const char *options)
{
	for (const char *word = options; *word != '\0'; word += strcspn(word, BLANKS)) {
		word += strspn(word, BLANKS);
		if (*word == '-' && word[1 + strspn(word + 1, "cdlTvV")] == 'r')
			return true;
	}
	return false;
}

static void check_mechanism(struct af_doctor *doctor, const char *mechanism, const char *options,
	const char *where, bool has_guard)
{
	const char *prefix = doctor->root.prefix;

	if (strcmp(mechanism, "pam") == 0) {
		if (!has_guard || keeps_realm(options))
			return;
		af_doctor_find(doctor, AFENCE_RESULT_WARNING,
			"%s" SASLAUTHD
			": without -r in OPTIONS saslauthd hands names to PAM without "
			"their domain, so the guard sees none",
			prefix);
		af_doctor_remedy(doctor, "add -r to OPTIONS, or domain= to the guard's line");
	} else if (strcmp(mechanism, "rimap") == 0 || strcmp(mechanism, "ldap") == 0 ||
		   strcmp(mechanism, "kerberos5") == 0 || strcmp(mechanism, "httpform") == 0) {
		af_doctor_find(doctor, AFENCE_RESULT_WARNING,
			"%s" SASLAUTHD ": saslauthd sends passwords on by %s%s%s, and no guard can "
			"stand before that",
			prefix, mechanism, *where != '\0' ? " to " : "", where);
		af_doctor_remedy(doctor, "let saslauthd use PAM: MECHANISMS=\"pam\"");
	}
}

static void check_saslauthd(
	struct af_doctor *doctor, const struct af_pam_files *files, bool has_guard)
{
	struct af_pam_text text;
	char *mechanisms, *options, *where, *rest, *word;

	if (read_config(files, SASLAUTHD, &text) != AFENCE_OK)
		return;
	mechanisms = rest = find_setting(&text, "MECHANISMS");
	options = find_setting(&text, "OPTIONS");
	where = find_setting(&text, "MECH_OPTIONS");
	while ((word = strsep(&rest, BLANKS)) != NULL)
		check_mechanism(doctor, word, options, where, has_guard);
	free(mechanisms);
	free(options);
	free(where);
	af_pam_text_free(&text);
}

/* ---- Dovecot ---- */

struct dovecot {
	struct af_doctor *doctor;
	const struct af_pam_files *files;
	unsigned opened;
	bool open_pam; /* a passdb before does not end the search when PAM refuses */
	/* The passdb under way. */
	bool inside, is_pam, ends, forwards;
	char driver[32];
};

static void read_dovecot(struct dovecot *dovecot, const char *path);

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static void set_driver(struct dovecot *dovecot, const char *driver)
{
	static const char *const forwarding[] = {
		"imap", "ldap", "oauth2", "checkpassword", "lua", NULL};

	snprintf(dovecot->driver, sizeof(dovecot->driver), "%s", driver);
	dovecot->is_pam = strcmp(driver, "pam") == 0;
	dovecot->forwards = dovecot->forwards || is_one_of(driver, forwarding);
}

static void end_passdb(struct dovecot *dovecot, const char *path)
{
	dovecot->inside = false;
	if (dovecot->forwards && dovecot->open_pam) {
		af_doctor_find(dovecot->doctor, AFENCE_RESULT_WARNING,
			"%s%s: when PAM refuses, Dovecot sends the password on by its passdb %s",
			dovecot->doctor->root.prefix, path, dovecot->driver);
		af_doctor_remedy(dovecot->doctor,
			"write result_failure = return-fail into the passdb of PAM");
	}
	dovecot->open_pam = dovecot->open_pam || (dovecot->is_pam && !dovecot->ends);
}

/* "key = value" or a name behind passdb. */
static void take_setting(struct dovecot *dovecot, char *line)
{
	char *value = strchr(line, '=');

	if (value == NULL)
		return;
	*value++ = '\0';
	line[strcspn(line, BLANKS)] = '\0';
	value += strspn(value, BLANKS);
	if (strcmp(line, "driver") == 0)
		set_driver(dovecot, value);
	else if (strcmp(line, "result_failure") == 0)
		dovecot->ends = strcmp(value, "return-fail") == 0;
	else if (strcmp(line, "args") == 0 && strstr(value, "proxy=y") != NULL)
		dovecot->forwards = true;
}

static void begin_passdb(struct dovecot *dovecot, char *name)
{
	dovecot->inside = true;
	dovecot->is_pam = dovecot->ends = dovecot->forwards = false;
	*dovecot->driver = '\0';
	name += strspn(name, BLANKS);
	name[strcspn(name, BLANKS "{")] = '\0';
	if (*name != '\0')
		set_driver(dovecot, name);
}

/* "FOLDER/" and the pattern "*.conf", which is the only one in use. */
static void include_all(struct dovecot *dovecot, const char *folder)
{
	struct af_pam_list list;

	if (dovecot->files->list(dovecot->files->context, folder, &list) != AFENCE_OK)
		return;
	for (size_t i = 0; i < list.count; i++) {
		size_t len = strlen(list.name[i]);
		char *path = af_format("%s/%s", folder, list.name[i]);

		if (len > 5 && strcmp(list.name[i] + len - 5, ".conf") == 0)
			read_dovecot(dovecot, path);
		free(path);
	}
	af_pam_list_free(&list);
}

static void include(struct dovecot *dovecot, const char *from, const char *name)
{
	int folder = (int)(strrchr(from, '/') - from);
	char *path, *star;

	name += strspn(name, BLANKS);
	path = *name == '/' ? af_format("%s", name) : af_format("%.*s/%s", folder, from, name);
	star = strstr(path, "/*.conf");
	if (star != NULL)
		*star = '\0';
	if (star != NULL)
		include_all(dovecot, path);
	else
		read_dovecot(dovecot, path);
	free(path);
}

static void take_line(struct dovecot *dovecot, const char *path, char *line)
{
	if (strncmp(line, "!include", 8) == 0)
		include(dovecot, path, line + strcspn(line, BLANKS));
	else if (strncmp(line, "passdb", 6) == 0 && strchr(line, '{') != NULL)
		begin_passdb(dovecot, line + 6);
	else if (dovecot->inside && *line == '}')
		end_passdb(dovecot, path);
	else if (dovecot->inside)
		take_setting(dovecot, line);
}

static void read_dovecot(struct dovecot *dovecot, const char *path)
{
	struct af_pam_text text;
	size_t pos = 0;
	char *line;

	if (dovecot->opened == FILES_MAX)
		return;
	dovecot->opened++;
	if (read_config(dovecot->files, path, &text) != AFENCE_OK)
		return;
	for (; (line = next_line(&text, &pos)) != NULL; free(line))
		if (*line != '#')
			take_line(dovecot, path, line);
	af_pam_text_free(&text);
}

/* ---- secrets ---- */

static void check_secrets(struct af_doctor *doctor)
{
	static const char *const secrets[] = {"/etc/pam_radius_auth.conf", "/etc/raddb/server",
		"/etc/nslcd.conf", "/etc/sssd/sssd.conf"};
	struct stat st;

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (!af_root_stat(&doctor->root, secrets[i], &st) || (st.st_mode & S_IROTH) == 0)
			continue;
		af_doctor_find(doctor, AFENCE_RESULT_WARNING,
			"%s%s holds secrets and can be read by everybody (mode %04o)",
			doctor->root.prefix, secrets[i], (unsigned)(st.st_mode & 07777));
		af_doctor_remedy(doctor, "chmod o= %s%s", doctor->root.prefix, secrets[i]);
	}
}

void af_doctor_pam_beside(
	struct af_doctor *doctor, const struct af_pam_files *files, bool has_guard)
{
	struct dovecot dovecot = {.doctor = doctor, .files = files};

	check_saslauthd(doctor, files, has_guard);
	read_dovecot(&dovecot, DOVECOT);
	check_secrets(doctor);
}
