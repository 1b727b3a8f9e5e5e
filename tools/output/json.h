/* SPDX-License-Identifier: MIT */
/* Answers as JSON objects (jansson); the schema is the one of authfence(1). */
#ifndef JSON_H
#define JSON_H

#include <jansson.h>
#include <stddef.h>

#include "af_decide.h"

/*
 * The LEN bytes at TEXT as a string.  Valid UTF-8 stays what it is (JSON escapes control
 * characters itself); anything else is written with \xHH for each byte that is not.
 */
json_t *af_json_text(const char *text, size_t len);

/* One decision; TARGET is the target as it was asked for. */
json_t *af_json_decision(
	const struct af_request *request, const struct af_decision *decision, const char *target);

/* One line on standard output; takes the reference.  False: out of memory or write error. */
bool af_json_print(json_t *object);

#endif
