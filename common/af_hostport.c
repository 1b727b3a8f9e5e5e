/* SPDX-License-Identifier: MIT */
#include "af_hostport.h"

#include <stdbool.h>
#include <string.h>

#include "af_address.h"

static bool split_port(char *colon, uint16_t *port)
{
	unsigned value = 0;

	*colon = '\0';
	for (const char *p = colon + 1; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || value > UINT16_MAX)
			return false;
		value = value * 10 + (unsigned)(*p - '0');
	}
	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX;
}

const char *af_hostport_split(char *word, char **host, uint16_t *port)
{
	struct af_address address;
	char *close = *word == '[' ? strchr(word, ']') : NULL;
	char *colon = strrchr(close != NULL ? close : word, ':');

	*host = word;
	*port = 0;
	if (*word == '[' && close == NULL)
		return "\"[\" without \"]\"";
	if (close != NULL && close[1] != '\0' && close[1] != ':')
		return "text after \"]\", expected \":PORT\"";
	if (strstr(word, "://") != NULL)
		return "a URL, expected HOST[:PORT]";
	if (close == NULL && colon != NULL && strchr(word, ':') != colon)
		return af_address_parse(word, strlen(word), &address)
			       ? NULL
			       : "more than one colon, but no IPv6 address";
	if (colon != NULL && !split_port(colon, port))
		return "a port that is no number from 1 to 65535";
	if (close != NULL) {
		*close = '\0';
		*host = word + 1;
	}
	return NULL;
}
