/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a set of policy files: collected while they are read, printed in the order
 * of the text, each with its source line and a caret.
 */
#ifndef AF_POLICY_DIAGNOSTICS_H
#define AF_POLICY_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "source.h"

enum af_severity { AFENCE_ERROR, AFENCE_WARNING, AFENCE_NOTE };

/* "error", "warning", "note". */
extern const char *const af_severity_word[];

struct af_diagnostic {
	enum af_severity severity;
	struct af_place place;
	struct af_place key; /* sorts it: a note goes with its error, a list with its name */
	size_t serial;
	char *text;
};

struct af_diagnostics {
	size_t count, room;
	size_t errors, warnings;
	struct af_diagnostic *item;
};

/*
 * Adds what FORMAT says about PLACE: what was seen, what was expected.  Everything from a source
 * must have gone through af_escape().  A note belongs to the diagnostic before it.
 */
void af_diagnose(struct af_diagnostics *all, enum af_severity severity,
	const struct af_place *place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts all in the order in which they are printed. */
void af_diagnostics_sort(const struct af_diagnostics *all);

/* Prints all, sorted by source (in the order of the array SOURCES) and place. */
void af_diagnostics_print(const struct af_diagnostics *all, FILE *out);

void af_diagnostics_free(struct af_diagnostics *all);

#define AFENCE_HINT_MAX 96

/* ` (did you mean "WORD"?)` for the nearest of WORDS (up to a NULL), or "" if none is near.
 * Returns HINT. */
char *af_hint(const char *text, size_t len, const char *const *words, char hint[AFENCE_HINT_MAX]);

#define AFENCE_CHOICE_MAX 256

/* "one", "one or two", "one, two or three".  Returns CHOICE. */
char *af_join(const char *const *words, char choice[AFENCE_CHOICE_MAX]);

#endif
