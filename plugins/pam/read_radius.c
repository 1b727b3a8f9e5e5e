/* SPDX-License-Identifier: MIT */
/*
 * pam_radius_auth(8): every line that is no comment is "host[:port] secret ...", and all of them
 * are asked in turn.  A line with fewer than two words is skipped by the module, and a file
 * without a server makes it fail before it sends anything: no target then, and nothing unknown.
 *
 * The name that is sent is PAM_USER; with the argument "ruser", if that is "root", PAM_RUSER: the
 * name of who asks (su, sudo), which is no matter of configuration and not judged here.
 */
#include <string.h>

#include "reader.h"

#define LINE_ROOM 1023 /* of the module's buffer: the rest of a longer line is a line to it */
#define BLANKS    " \t\r\v\f"

static const char *const paths[] = {
	"/etc/pam_radius_auth.conf", /* Debian, and upstream from 3.0 */
	"/etc/pam_radius.conf",      /* Fedora */
	"/etc/raddb/server",         /* upstream before */
	NULL,
};

static void read_line(const struct af_pam_question *question, const char *line, size_t len,
	struct af_pam_discovery *out)
{
	const char *end = line + len, *host, *secret;
	size_t host_len, secret_len;

	if (!af_pam_next_word(&line, end, BLANKS, &host, &host_len) || *host == '#')
		return;
	if (af_pam_next_word(&line, end, BLANKS, &secret, &secret_len))
		af_pam_add_hostport(question, host, host_len, NULL, out);
}

static void read_text(const struct af_pam_question *question, const char *path,
	const struct af_pam_text *text, struct af_pam_discovery *out)
{
	const char *line;
	size_t pos = 0, len;

	while (af_pam_next_line(text, &pos, &line, &len)) {
		if (len >= LINE_ROOM)
			af_pam_add_unknown(question, path, "a line that is too long", out);
		else
			read_line(question, line, len, out);
	}
}

void af_pam_read_radius(const struct af_pam_question *question, struct af_pam_discovery *out)
{
	const char *path = af_pam_entry_value(question->entry, "conf=");

	if (path != NULL)
		af_pam_read_config(question, path, false, read_text, out);
	else
		af_pam_read_configs(question, paths, read_text, out);
}
