/* SPDX-License-Identifier: MIT */
/*
 * pam_ldap.so has two authors: that of nss-pam-ldapd hands the password to nslcd (nslcd.conf(5)),
 * that of PADL binds by itself (pam_ldap.conf(5), config=FILE).  Nobody can tell from a stack which
 * one is installed, so the files of both count.  nslcd keeps what it read at its start: a file that
 * it would not start with is not what it uses.
 *
 * A server may refer the bind to another one ("referrals", on by default).  Which one is known to
 * the server only; like every answer of a server that gets the password, it is not judged.
 *
 * libldap takes several servers in one word, with commas between them.
 */
#include <string.h>

#include "reader.h"

#define LINE_ROOM 4095 /* of nslcd's buffer, newline and NUL not counted; PADL's holds more */
#define BLANKS    " \t\r"
#define BETWEEN   " \t\r,"

static const char nslcd_conf[] = "/etc/nslcd.conf";
static const char *const padl_conf[] = {
	"/etc/pam_ldap.conf", /* Debian, Fedora */
	"/etc/ldap.conf",     /* upstream, Ubuntu, SUSE */
	NULL,
};

/* What a word of a "uri" line asks for. */
struct form {
	const char *start;
	void (*add)(const struct af_pam_question *question, const char *rest, size_t len,
		const char *domain, struct af_pam_discovery *out);
};

static const struct form forms[] = {
	{"dns:", af_pam_add_srv},
	{"dnsldaps:", af_pam_add_srv},
	{"", af_pam_add_uri},
};

static void add_uri(const struct af_pam_question *question, const char *word, size_t len,
	struct af_pam_discovery *out)
{
	const struct form *form = forms;

	if (af_pam_is_word(word, len, "dns") || af_pam_is_word(word, len, "dnsldaps")) {
		af_pam_add_unknown(
			question, NULL, "the servers of this host's own domain (DNS)", out);
		return;
	}
	while (!af_pam_begins(word, len, form->start))
		form++;
	form->add(question, word + strlen(form->start), len - strlen(form->start), NULL, out);
}

static void add_host(const struct af_pam_question *question, const char *word, size_t len,
	struct af_pam_discovery *out)
{
	af_pam_add_hostport(question, word, len, NULL, out);
}

struct keyword {
	const char *name;
	void (*add)(const struct af_pam_question *question, const char *word, size_t len,
		struct af_pam_discovery *out);
};

static const struct keyword keywords[] = {
	{"uri", add_uri},
	{"host", add_host}, /* PADL; nslcd does not start with it */
	{NULL, NULL},
};

/* The count of servers named. */
static size_t read_line(const struct af_pam_question *question, const char *line, size_t len,
	struct af_pam_discovery *out)
{
	const char *end = line + len, *word;
	const struct keyword *keyword = keywords;
	size_t count = 0;

	if (len == 0 || *line == '#' || !af_pam_next_word(&line, end, BLANKS, &word, &len))
		return 0;
	while (keyword->name != NULL && !af_pam_is_word(word, len, keyword->name))
		keyword++;
	for (; keyword->name != NULL && af_pam_next_word(&line, end, BETWEEN, &word, &len); count++)
		keyword->add(question, word, len, out);
	return count;
}

static size_t read_lines(const struct af_pam_question *question, const char *path,
	const struct af_pam_text *text, struct af_pam_discovery *out)
{
	size_t pos = 0, len, count = 0;
	const char *line;

	while (af_pam_next_line(text, &pos, &line, &len)) {
		if (len >= LINE_ROOM)
			af_pam_add_unknown(question, path, "a line that is too long", out);
		else
			count += read_line(question, line, len, out);
	}
	return count;
}

static void read_nslcd(const struct af_pam_question *question, const char *path,
	const struct af_pam_text *text, struct af_pam_discovery *out)
{
	if (read_lines(question, path, text, out) == 0)
		af_pam_add_unknown(question, path, "no server, expected \"uri\"", out);
	else if (text->bytes[text->len - 1] != '\n')
		af_pam_add_unknown(question, path, "no newline at the end", out);
}

/* Read by the module itself, which fails without a server. */
static void read_padl(const struct af_pam_question *question, const char *path,
	const struct af_pam_text *text, struct af_pam_discovery *out)
{
	read_lines(question, path, text, out);
}

void af_pam_read_nslcd(const struct af_pam_question *question, struct af_pam_discovery *out)
{
	const char *config = af_pam_entry_value(question->entry, "config=");
	bool any = af_pam_read_config(question, nslcd_conf, true, read_nslcd, out);

	if (config != NULL)
		af_pam_read_config(question, config, false, read_padl, out);
	else
		for (const char *const *path = padl_conf; *path != NULL; path++)
			any |= af_pam_read_config(question, *path, true, read_padl, out);
	if (!any && config == NULL)
		af_pam_add_unreadable(question, nslcd_conf, AFENCE_ERR_ABSENT, out);
}
