/* SPDX-License-Identifier: MIT */
/*
 * JSON of strangers: keys in any case, hosts in any form.  A field of the wrong type says nothing,
 * unless there are texts in it where hosts are expected.
 */
#ifndef PROBE_READ_JSON_H
#define PROBE_READ_JSON_H

#include <jansson.h>

#include "reading_parts.h"

/* Where hosts stand. */
struct af_json_place {
	const char *key;
	void (*add)(struct af_reading *out, const char *text, size_t len);
};

/* The object that BODY is, freed by the caller; NULL: OUT is strange and says why, or there was
 * nothing to read. */
json_t *af_json_read(const struct af_body *body, struct af_reading *out);

/* The first member KEY of an object that is not null; NULL: none, or VALUE is no object. */
json_t *af_json_get(const json_t *value, const char *key);

/* True unless VALUE is NULL, null, false or empty. */
bool af_json_filled(const json_t *value);

/* Takes the texts in VALUE at the keys in PLACES (the last one has a NULL key), at any depth. */
void af_json_hosts(const json_t *value, const struct af_json_place *places, struct af_reading *out);

/* Adds "WORD TEXT" to the detail if VALUE is a text that is not empty. */
bool af_json_note(const json_t *value, const char *word, struct af_reading *out);

#endif
