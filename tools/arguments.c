/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	af_usage_error(verb, "%s%s%sunknown value \"%s\", expected one of: %s%s%s%s",
		option != NULL ? "--" : "", option != NULL ? option : "",
		option != NULL ? ": " : "", word, list, near != NULL ? " (did you mean \"" : "",
		near != NULL ? near : "", near != NULL ? "\"?)" : "");
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
