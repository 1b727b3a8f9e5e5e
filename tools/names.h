/* SPDX-License-Identifier: MIT */
/* Lists of names, and text made to measure.  Running out of memory ends the program (status 3). */
#ifndef NAMES_H
#define NAMES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* vasprintf(3) and asprintf(3) without failure; freed by the caller. */
char *af_format_list(const char *format, va_list arguments)
	__attribute__((format(printf, 1, 0), returns_nonnull));
char *af_format(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

struct af_names {
	char **name;
	size_t count, room;
};

/* Takes a name that was allocated. */
void af_names_add(struct af_names *names, char *name);
bool af_names_have(const struct af_names *names, const char *name);
void af_names_free(struct af_names *names);

#endif
