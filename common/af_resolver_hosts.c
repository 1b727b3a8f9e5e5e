/* SPDX-License-Identifier: MIT */
/*
 * The hosts file, read as glibc's "files" reads it: every line that lists the name counts, in
 * both families.  Not left to c-ares, whose versions disagree on which lines belong together.
 *
 * The file is taken byte by byte, so no line is too long and nothing is allocated.
 */
#include "af_resolver_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "af_descriptor.h"

struct scanner {
	const struct af_domain *name;
	struct af_resolution *out;
	bool listed;
	bool cut; /* more addresses than there is room for */
	/* The line so far. */
	bool comment;
	bool has_address;
	struct af_address address;
	size_t words;
	/* The word so far, lower case; what does not fit is no name and no address. */
	size_t len;
	char word[AFENCE_DOMAIN_MAX + 2];
};

/* Not af_address_parse(): the short forms of inet_aton() do not count in this file. */
static bool parse_address(const char *text, struct af_address *out)
{
	struct sockaddr_in four = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return af_address_from_sockaddr((const struct sockaddr *)&four, out, NULL);
	return inet_pton(AF_INET6, text, out) == 1;
}

static void end_word(struct scanner *s)
{
	if (s->len == 0)
		return;
	s->word[s->len] = '\0';
	if (s->words == 0) {
		s->has_address = parse_address(s->word, &s->address);
	} else if (s->has_address && s->len == s->name->len &&
		   memcmp(s->word, s->name->name, s->len) == 0) {
		s->listed = true;
		s->cut |= !af_resolution_add_address(s->out, &s->address);
	}
	s->words++;
	s->len = 0;
}

static void end_line(struct scanner *s)
{
	end_word(s);
	s->comment = false;
	s->has_address = false;
	s->words = 0;
}

static void take(struct scanner *s, char byte)
{
	if (byte == '\n') {
		end_line(s);
	} else if (s->comment) {
		return;
	} else if (strchr("# \t\v\f\r", byte) != NULL && byte != '\0') {
		end_word(s);
		s->comment = byte == '#';
	} else if (s->len < sizeof(s->word) - 1) {
		s->word[s->len++] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
	}
}

bool af_hosts_find(const char *path, const struct af_domain *name, struct af_resolution *out)
{
	struct scanner scanner = {.name = name, .out = out};
	int fd = af_descriptor_raise(open(path, O_RDONLY | O_CLOEXEC));
	char buffer[4096];
	ssize_t len;

	if (fd < 0)
		return false;
	while ((len = read(fd, buffer, sizeof(buffer))) > 0 || (len < 0 && errno == EINTR))
		for (ssize_t i = 0; i < len; i++)
			take(&scanner, buffer[i]);
	end_line(&scanner);
	close(fd);
	if (scanner.listed)
		out->complete = len == 0 && !scanner.cut;
	return scanner.listed;
}
