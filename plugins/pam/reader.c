/* SPDX-License-Identifier: MIT */
/*
 * From the words of a configuration to targets.  Names are only looked at for what could be no name
 * at all; what they weigh is af_decide()'s business.
 */
#include "reader.h"

#include <stdio.h>
#include <string.h>

#include "af_address.h"
#include "af_domain.h"

/* Without the locale, which is the host's. */
static char fold(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

bool af_pam_begins(const char *text, size_t len, const char *word)
{
	size_t i = 0;

	while (i < len && word[i] != '\0' && fold(text[i]) == word[i])
		i++;
	return word[i] == '\0';
}

bool af_pam_is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && af_pam_begins(text, len, word);
}

bool af_pam_next_word(
	const char **pos, const char *end, const char *delimiters, const char **word, size_t *len)
{
	const char *p = *pos;

	while (p < end && strchr(delimiters, *p) != NULL)
		p++;
	*word = p;
	while (p < end && strchr(delimiters, *p) == NULL)
		p++;
	*len = (size_t)(p - *word);
	*pos = p;
	return *len > 0;
}

bool af_pam_read_config(const struct af_pam_question *question, const char *path, bool may_miss,
	af_pam_config *read, struct af_pam_discovery *out)
{
	const struct af_pam_files *files = question->files;
	struct af_pam_text text;
	enum af_status status;

	if (*path != '/') {
		af_pam_add_unknown(question, path, "not a whole path, expected one from /", out);
		return false;
	}
	status = files->read(files->context, path, AFENCE_PAM_CONFIG, &text);
	if (status == AFENCE_OK) {
		read(question, path, &text, out);
		af_pam_text_free(&text);
	} else if (status != AFENCE_ERR_ABSENT || !may_miss) {
		af_pam_add_unreadable(question, path, status, out);
	}
	return status != AFENCE_ERR_ABSENT;
}

void af_pam_read_configs(const struct af_pam_question *question, const char *const *paths,
	af_pam_config *read, struct af_pam_discovery *out)
{
	const char *const *path;
	bool any = false;

	for (path = paths; *path != NULL; path++)
		any |= af_pam_read_config(question, *path, true, read, out);
	if (!any)
		af_pam_add_unreadable(question, *paths, AFENCE_ERR_ABSENT, out);
}

const char *af_pam_find_at(const char *user)
{
	const char *at = NULL;

	for (; *user != '\0'; user++) {
		if (*user == '@')
			at = user;
		else if (*user == '\\' && user[1] != '\0')
			user++;
	}
	return at;
}

void af_pam_add_unknown(const struct af_pam_question *question, const char *file, const char *wrong,
	struct af_pam_discovery *out)
{
	if (!out->unknown) {
		out->at = question->entry;
		snprintf(out->why, sizeof(out->why), "%s: %s%s%s",
			af_pam_entry_name(question->entry), file != NULL ? file : "",
			file != NULL ? ": " : "", wrong);
	}
	out->unknown = true;
}

void af_pam_add_unreadable(const struct af_pam_question *question, const char *file,
	enum af_status status, struct af_pam_discovery *out)
{
	const char *wrong = af_strerror(status);

	if (status == AFENCE_ERR_SYSTEM)
		wrong = "cannot be read";
	else if (status == AFENCE_ERR_SYNTAX)
		wrong = "is no text";
	af_pam_add_unknown(question, file, wrong, out);
}

static bool is_same(const struct af_pam_found *a, const struct af_pam_found *b)
{
	return a->entry == b->entry && a->port == b->port && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->domain, b->domain) == 0;
}

static bool is_host(const char *host, size_t len)
{
	struct af_address address;
	struct af_domain domain;

	return af_address_parse(host, len, &address) ||
	       af_domain_parse(host, len, &domain) == AFENCE_OK;
}

void af_pam_add_host(const struct af_pam_question *question, const char *host, size_t len,
	uint16_t port, const char *domain, struct af_pam_discovery *out)
{
	struct af_pam_found found = {.entry = question->entry};

	if (len < sizeof(found.host) && is_host(host, len)) {
		memcpy(found.host, host, len);
		found.port = port;
	} else {
		af_pam_add_unknown(
			question, NULL, "a server that is neither name nor address", out);
		if (domain == NULL)
			return;
	}
	if (domain != NULL && strlen(domain) >= sizeof(found.domain)) {
		af_pam_add_unknown(question, NULL, "a domain that is too long", out);
		return;
	}
	strcpy(found.domain, domain != NULL ? domain : "");
	for (size_t i = 0; i < out->count; i++)
		if (is_same(&out->found[i], &found))
			return;
	if (out->count == AFENCE_PAM_FOUND_MAX)
		af_pam_add_unknown(question, NULL, "too many servers", out);
	else
		out->found[out->count++] = found;
}

/* Digits up to the end; 0: none, or no port. */
static uint16_t read_port(const char *text, size_t len)
{
	unsigned port = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || port > UINT16_MAX)
			return 0;
		port = 10 * port + (unsigned)(text[i] - '0');
	}
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

void af_pam_add_hostport(const struct af_pam_question *question, const char *text, size_t len,
	const char *domain, struct af_pam_discovery *out)
{
	const char *end = text + len, *colon = memchr(text, ':', len);
	const char *bracket = len > 0 && *text == '[' ? memchr(text, ']', len) : NULL;

	if (bracket != NULL) {
		colon = bracket + 1;
		af_pam_add_host(question, text + 1, (size_t)(bracket - text - 1),
			colon < end && *colon == ':'
				? read_port(colon + 1, (size_t)(end - colon - 1))
				: 0,
			domain, out);
	} else if (colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon - 1)) == NULL) {
		af_pam_add_host(question, text, (size_t)(colon - text),
			read_port(colon + 1, (size_t)(end - colon - 1)), domain, out);
	} else {
		af_pam_add_host(question, text, len, 0, domain, out);
	}
}

void af_pam_add_uri(const struct af_pam_question *question, const char *text, size_t len,
	const char *domain, struct af_pam_discovery *out)
{
	const char *end = text + len, *colon = memchr(text, ':', len), *host, *p;
	size_t scheme = colon != NULL ? (size_t)(colon - text) : 0;

	if (af_pam_is_word(text, scheme, "ldapi") || af_pam_is_word(text, scheme, "file")) {
		af_pam_add_host(question, "localhost", 9, 0, domain, out);
		return;
	}
	if (scheme == 0 || end - colon < 3 || colon[1] != '/' || colon[2] != '/') {
		af_pam_add_unknown(question, NULL, "a server that is no URI", out);
		return;
	}
	host = colon + 3;
	for (p = host; p < end && *p != '/' && *p != '?' && *p != '#'; p++)
		if (*p == '@')
			host = p + 1;
	/* "ldap:///" asks the library's own default, which is this host. */
	if (p == host)
		af_pam_add_host(question, "localhost", 9, 0, domain, out);
	else
		af_pam_add_hostport(question, host, (size_t)(p - host), domain, out);
}

void af_pam_add_srv(const struct af_pam_question *question, const char *name, size_t len,
	const char *domain, struct af_pam_discovery *out)
{
	af_pam_add_host(question, name, len, 0, domain, out);
}
