/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "af_address.h"
#include "suggest.h"

void af_usage_error(const char *verb, const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fprintf(stderr, "authfence%s%s: ", *verb != '\0' ? " " : "", verb);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

bool af_argument_choice(const char *verb, const char *option, const char *word,
	const char *const *choice, size_t count, int *out)
{
	const char *near;
	char list[256] = "";

	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, choice[i]) == 0) {
			*out = (int)i;
			return true;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			i > 0 ? ", " : "", choice[i]);
	}
	near = af_suggest(word, choice, count);
	af_usage_error(verb, "--%s: unknown value \"%s\", expected one of: %s%s%s%s", option, word,
		list, near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
		near != NULL ? "\"?)" : "");
	return false;
}

bool af_argument_date(const char *verb, const char *option, const char *word, time_t *out)
{
	struct tm day = {0};
	char again[16] = "";
	const char *end = strptime(word, "%Y-%m-%d", &day);

	/* timegm() turns 2027-02-30 into 2 March: the way back shows it. */
	if (end != NULL && *end == '\0') {
		*out = timegm(&day);
		strftime(again, sizeof(again), "%Y-%m-%d", &day);
	}
	if (strcmp(again, word) == 0)
		return true;
	af_usage_error(verb, "%s: \"%s\" is no date, expected YYYY-MM-DD", option, word);
	return false;
}

static bool split_port(char *colon, uint16_t *port)
{
	char *end;
	unsigned long value;

	*colon = '\0';
	if (colon[1] < '0' || colon[1] > '9')
		return false;
	errno = 0;
	value = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || errno != 0 || value < 1 || value > 65535)
		return false;
	*port = (uint16_t)value;
	return true;
}

const char *af_split_target(char *word, char **host, uint16_t *port)
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

char *af_absolute_path(const char *path)
{
	char *folder, *joined = NULL;

	if (*path == '/')
		return strdup(path);
	folder = getcwd(NULL, 0);
	if (folder != NULL && asprintf(&joined, "%s/%s", folder, path) < 0)
		joined = NULL;
	free(folder);
	return joined;
}

void af_usage_option(const char *verb, int code, char **argv)
{
	af_usage_error(verb, "option \"%s\" %s; see authfence %s --help", argv[optind - 1],
		code == ':' ? "lacks its value" : "is unknown", verb);
}
