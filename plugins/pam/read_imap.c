/* SPDX-License-Identifier: MIT */
/*
 * pam_imap: lines "PAM_Server0 = [imaps:]host:port" and so on, one asked after the other, and
 * "PAM_Domain = d", which makes every name "name@d".  The module looks for the words anywhere in a
 * line that does not begin with "#", and takes what follows the next "=".
 *
 * It takes one argument, whose name it does not look at; with more it uses the file of its last call.
 */
#include <string.h>

#include "reader.h"

#define BLANKS     " \t\r\""
#define DOMAIN_MAX 51 /* bytes; a longer one is not sent */

static const char server[] = "PAM_Server";
static const char domain[] = "PAM_Domain";

static const char *const paths[] = {
	"/etc/pam.d/pam_imap.conf",
	"/usr/local/etc/pam_imap.conf",
	NULL,
};

struct value {
	const char *text;
	size_t len;
};

/* What KEY, from *pos on, is set to; *pos goes behind the key.  False: it is not there; a NULL
 * text: it has no value, which the module does not survive. */
static bool next_value(const char **pos, const char *end, const char *key, struct value *out)
{
	const char *found = memmem(*pos, (size_t)(end - *pos), key, strlen(key));

	*out = (struct value){NULL, 0};
	if (found == NULL)
		return false;
	*pos = found + strlen(key);
	out->text = memchr(*pos, '=', (size_t)(end - *pos));
	if (out->text == NULL)
		return true;
	out->text++;
	while (out->text < end && strchr(BLANKS, *out->text) != NULL)
		out->text++;
	while (end > out->text && strchr(BLANKS, end[-1]) != NULL)
		end--;
	out->len = (size_t)(end - out->text);
	return true;
}

/* The domain that an unknown server would see is kept. */
static void add_unknown(const struct af_pam_question *question, const char *path, const char *wrong,
	const char *behind, struct af_pam_discovery *out)
{
	af_pam_add_unknown(question, path, wrong, out);
	if (behind != NULL)
		af_pam_add_host(question, "", 0, 0, behind, out);
}

/* "host:port", behind "imaps:" if that stands anywhere. */
static void add_server(const struct af_pam_question *question, const char *path, struct value value,
	const char *behind, struct af_pam_discovery *out)
{
	const char *pos = value.text, *end = value.text + value.len, *host, *port;
	size_t len;

	if (memmem(pos, value.len, "imaps:", 6) != NULL)
		af_pam_next_word(&pos, end, ":", &host, &len);
	if (!af_pam_next_word(&pos, end, ":", &host, &len)) {
		add_unknown(question, path, "PAM_Server without a host", behind, out);
		return;
	}
	af_pam_next_word(&pos, end, ":", &port, &len); /* up to a further colon */
	af_pam_add_hostport(question, host, (size_t)(pos - host), behind, out);
}

static void read_servers(const struct af_pam_question *question, const char *path,
	struct value line, const char *behind, struct af_pam_discovery *out)
{
	const char *pos = line.text, *end = line.text + line.len;
	struct value value;

	while (next_value(&pos, end, server, &value)) {
		if (pos == end || *pos < '0' || *pos > '9')
			continue;
		if (value.text == NULL)
			add_unknown(question, path, "PAM_Server without \"=\"", behind, out);
		else
			add_server(question, path, value, behind, out);
	}
}

static bool next_live_line(const struct af_pam_text *text, size_t *pos, struct value *out)
{
	while (af_pam_next_line(text, pos, &out->text, &out->len))
		if (out->len > 0 && *out->text != '#')
			return true;
	return false;
}

/* The first that is set counts. */
static void find_domain(const struct af_pam_question *question, const char *path,
	const struct af_pam_text *text, char out[DOMAIN_MAX + 1], struct af_pam_discovery *found)
{
	struct value line, value = {NULL, 0};
	size_t pos = 0;

	*out = '\0';
	while (next_live_line(text, &pos, &line)) {
		const char *start = line.text;

		if (!next_value(&start, line.text + line.len, domain, &value))
			continue;
		if (value.text == NULL)
			af_pam_add_unknown(question, path, "PAM_Domain without \"=\"", found);
		else if (value.len <= DOMAIN_MAX)
			*(char *)mempcpy(out, value.text, value.len) = '\0';
		return;
	}
}

/* A tunnel is a command that is run in place of the connection. */
static bool is_tunnel(struct value line)
{
	const char *pos = line.text, *word;
	size_t len;

	return af_pam_next_word(&pos, line.text + line.len, BLANKS, &word, &len) &&
	       af_pam_is_word(word, len, "tunnel");
}

static void read_text(const struct af_pam_question *question, const char *path,
	const struct af_pam_text *text, struct af_pam_discovery *out)
{
	char buffer[DOMAIN_MAX + 1], *behind = NULL;
	struct value line;
	size_t pos = 0;

	find_domain(question, path, text, buffer, out);
	if (*buffer != '\0')
		behind = buffer;
	while (next_live_line(text, &pos, &line)) {
		if (is_tunnel(line))
			add_unknown(question, path, "a command as server (Tunnel)", behind, out);
		read_servers(question, path, line, behind, out);
	}
}

void af_pam_read_imap(const struct af_pam_question *question, struct af_pam_discovery *out)
{
	const struct af_pam_entry *entry = question->entry;
	const char *value = entry->count == 1 ? strchr(entry->argument[0], '=') : NULL;

	if (entry->count == 0)
		af_pam_read_configs(question, paths, read_text, out);
	else if (value != NULL)
		af_pam_read_config(question, value + 1, false, read_text, out);
	else
		af_pam_add_unknown(question, NULL, "its arguments, expected one, conf=FILE", out);
}
