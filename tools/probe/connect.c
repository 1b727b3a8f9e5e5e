/* SPDX-License-Identifier: MIT */
#include "connect.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "af_address.h"

/* Bytes of the host at WORD: to the colon, or of an address in brackets. */
static size_t host_length(const char *word)
{
	size_t len = strcspn(word, ":");

	if (*word == '[' && strchr(word, ']') != NULL)
		len = (size_t)(strchr(word, ']') - word) + 1;
	return len;
}

/* True if the LEN bytes at WORD are a port, or nothing. */
static bool is_port(const char *word, size_t len)
{
	return len == 0 || (len <= 5 && strspn(word, "0123456789") >= len &&
				   strtoul(word, NULL, 10) > 0 && strtoul(word, NULL, 10) <= 65535);
}

const char *af_connect_check(const char *word)
{
	struct af_address address;
	const char *rest = word + host_length(word);
	size_t len;

	if (*rest++ != ':')
		return "no port behind the host";
	len = strcspn(rest, ":");
	if (!is_port(rest, len))
		return "the port behind the host is none";
	rest += len;
	if (*rest++ != ':')
		return "no address behind the port";
	len = host_length(rest);
	if (!af_address_parse(rest, len, &address))
		return "the third part is no address";
	rest += len;
	if (*rest++ != ':')
		return "no port behind the address";
	return is_port(rest, strlen(rest)) ? NULL : "the last port is none";
}

bool af_connect_covers(
	const char *const *connect_to, size_t count, const struct af_url *url, bool service)
{
	for (size_t i = 0; i < count; i++) {
		const char *word = connect_to[i], *port;
		size_t len = host_length(word);
		bool all = len == 0;

		port = word + len + 1;
		if (all ? !service
			: strlen(url->host) != len || strncasecmp(word, url->host, len) != 0)
			continue;
		if (*port == ':' || strtoul(port, NULL, 10) == url->port)
			return true;
	}
	return false;
}
