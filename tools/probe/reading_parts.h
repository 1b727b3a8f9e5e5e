/* SPDX-License-Identifier: MIT */
/* What the readers share. */
#ifndef PROBE_READING_PARTS_H
#define PROBE_READING_PARTS_H

#include "reading.h"

struct af_quote {
	char text[AFENCE_QUOTE_MAX + sizeof("...")];
};

/* The LEN bytes at TEXT for a detail: one line, shortened; returns OUT's text. */
const char *af_quote(const char *text, size_t len, struct af_quote *out);

/* Adds to the detail, after a comma; what comes when it is long already is left out. */
void af_reading_note(struct af_reading *reading, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* No answer of this service; what was read of it so far is forgotten. */
void af_reading_strange(struct af_reading *reading, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What the bodies of all protocols have in common: true if there is something to read.  Without
 * content (204) nothing is known; an empty or binary body and an HTML page are strange. */
bool af_reading_start(const struct af_body *body, struct af_reading *out);

/* Behind the byte order mark and the blanks at the start of BODY; *len is what is left. */
const char *af_body_text(const struct af_body *body, size_t *len);

bool af_is_blank(char byte);

#endif
