/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

char *af_format_list(const char *format, va_list arguments)
{
	char *text;

	if (vasprintf(&text, format, arguments) < 0)
		err(3, NULL);
	return text;
}

char *af_format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = af_format_list(format, arguments);
	va_end(arguments);
	return text;
}

void af_names_add(struct af_names *names, char *name)
{
	names->name = af_grow(names->name, names->count, 1, &names->room, sizeof(*names->name));
	names->name[names->count++] = name;
}

bool af_names_have(const struct af_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->name[i], name) == 0)
			return true;
	return false;
}

void af_names_free(struct af_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	memset(names, 0, sizeof(*names));
}
