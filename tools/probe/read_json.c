/* SPDX-License-Identifier: MIT */
#include "read_json.h"

#include <err.h>
#include <string.h>

/* The library bounds the depth, and refuses NUL, bad UTF-8 and text behind the end. */
json_t *af_json_read(const struct af_body *body, struct af_reading *out)
{
	struct af_quote quote;
	json_error_t error;
	const char *text;
	size_t len;
	json_t *value;

	if (!af_reading_start(body, out))
		return NULL;
	text = af_body_text(body, &len);
	value = json_loadb(text, len, 0, &error);
	if (value == NULL && json_error_code(&error) == json_error_out_of_memory)
		err(3, NULL);
	if (value == NULL)
		af_reading_strange(
			out, "JSON: %s", af_quote(error.text, strlen(error.text), &quote));
	else if (!json_is_object(value))
		af_reading_strange(out, "JSON, but no object");
	if (out->kind != AFENCE_READ_STRANGE)
		return value;
	json_decref(value);
	return NULL;
}

json_t *af_json_get(const json_t *value, const char *key)
{
	json_t *object = (json_t *)value, *member;

	for (void *at = json_object_iter(object); at != NULL;
		at = json_object_iter_next(object, at)) {
		member = json_object_iter_value(at);
		if (!json_is_null(member) && curl_strequal(json_object_iter_key(at), key))
			return member;
	}
	return NULL;
}

bool af_json_filled(const json_t *value)
{
	if (json_is_string(value))
		return json_string_length(value) > 0;
	if (json_is_array(value) || json_is_object(value))
		return json_array_size(value) + json_object_size(value) > 0;
	return value != NULL && !json_is_null(value) && !json_is_false(value);
}

static const struct af_json_place *find_place(const struct af_json_place *place, const char *key)
{
	while (place->key != NULL && !curl_strequal(place->key, key))
		place++;
	return place->key != NULL ? place : NULL;
}

static bool has_places(json_t *object, const struct af_json_place *places)
{
	for (void *at = json_object_iter(object); at != NULL;
		at = json_object_iter_next(object, at))
		if (find_place(places, json_object_iter_key(at)) != NULL)
			return true;
	return false;
}

/* HERE is the place that VALUE stands at.  {"server": {"name": "..."}} is read, but in {"server":
 * {"hostname": "...", "type": "..."}} the inner key knows better. */
static void take_hosts(json_t *value, const struct af_json_place *places,
	const struct af_json_place *here, struct af_reading *out)
{
	const struct af_json_place *place;

	if (json_is_string(value) && here != NULL)
		here->add(out, json_string_value(value), json_string_length(value));
	for (size_t i = 0; i < json_array_size(value); i++)
		take_hosts(json_array_get(value, i), places, here, out);
	if (here != NULL && has_places(value, places))
		here = NULL;
	for (void *at = json_object_iter(value); at != NULL;
		at = json_object_iter_next(value, at)) {
		place = find_place(places, json_object_iter_key(at));
		take_hosts(json_object_iter_value(at), places, place != NULL ? place : here, out);
	}
}

void af_json_hosts(const json_t *value, const struct af_json_place *places, struct af_reading *out)
{
	take_hosts((json_t *)value, places, NULL, out);
}

bool af_json_note(const json_t *value, const char *word, struct af_reading *out)
{
	struct af_quote quote;

	if (!json_is_string(value) || json_string_length(value) == 0)
		return false;
	af_reading_note(out, "%s %s", word,
		af_quote(json_string_value(value), json_string_length(value), &quote));
	return true;
}

static const struct af_json_place url_places[] = {{"Url", af_reading_add_url}, {NULL, NULL}};

/* The question itself is what it objects to. */
static bool is_unheard(const json_t *code)
{
	const char *text = json_string_value(code);

	return text != NULL &&
	       (strcmp(text, "ProtocolNotSupported") == 0 || strcmp(text, "InvalidProtocol") == 0);
}

void af_read_autodiscover_json(const struct af_body *body, struct af_reading *out)
{
	json_t *value = af_json_read(body, out);

	if (value == NULL)
		return;
	af_json_hosts(value, url_places, out);
	if (out->hosts.count > 0 || af_json_filled(af_json_get(value, "Url"))) {
		out->kind = AFENCE_READ_SETTINGS;
	} else if (af_json_get(value, "ErrorCode") != NULL) {
		af_json_note(af_json_get(value, "ErrorCode"), "error", out);
		out->unheard = is_unheard(af_json_get(value, "ErrorCode"));
	} else if (af_json_get(value, "Url") == NULL) {
		af_reading_strange(out, "JSON, but neither Url nor ErrorCode");
	}
	json_decref(value);
}

static const struct af_json_place pacc_places[] = {{"host", af_reading_add_host},
	{"hostname", af_reading_add_host}, {"url", af_reading_add_url},
	{"issuer", af_reading_add_url}, {NULL, NULL}};

void af_read_pacc(const struct af_body *body, struct af_reading *out)
{
	json_t *value = af_json_read(body, out);
	json_t *protocols = af_json_get(value, "protocols");
	json_t *authentication = af_json_get(value, "authentication");

	af_json_hosts(protocols, pacc_places, out);
	af_json_hosts(authentication, pacc_places, out);
	if (af_json_filled(protocols) || af_json_filled(authentication)) {
		out->kind = AFENCE_READ_SETTINGS;
		af_json_note(
			af_json_get(af_json_get(af_json_get(value, "info"), "provider"), "name"),
			"provider", out);
	} else if (value != NULL && protocols == NULL) {
		af_reading_strange(out, "JSON, but no protocols");
	}
	json_decref(value);
}

/* The socket of RFC 8887 is a "url" among the capabilities. */
static const struct af_json_place jmap_places[] = {{"apiUrl", af_reading_add_url},
	{"downloadUrl", af_reading_add_url}, {"uploadUrl", af_reading_add_url},
	{"eventSourceUrl", af_reading_add_url}, {"url", af_reading_add_url}, {NULL, NULL}};

void af_read_jmap(const struct af_body *body, struct af_reading *out)
{
	json_t *value = af_json_read(body, out);

	af_json_hosts(value, jmap_places, out);
	if (out->hosts.count > 0 || af_json_filled(af_json_get(value, "apiUrl")))
		out->kind = AFENCE_READ_SETTINGS;
	else if (value != NULL)
		af_reading_strange(out, "JSON, but no JMAP session");
	json_decref(value);
}
