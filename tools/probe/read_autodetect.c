/* SPDX-License-Identifier: MIT */
/* Microsoft's autodetect service, as seen in 2025; nobody has published its format. */
#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>

#include "read_json.h"
#include "../memory.h"
#include "web.h"

static const struct af_json_place places[] = {
	{"hostname", af_reading_add_host},
	{"host", af_reading_add_host},
	{"server", af_reading_add_host},
	{"url", af_reading_add_url},
	{NULL, NULL},
};

static void note_services(const json_t *services, struct af_reading *out)
{
	af_json_note(services, "service", out);
	for (size_t i = 0; i < json_array_size(services); i++)
		af_json_note(json_array_get(services, i), "service", out);
}

static void read_answer(const struct af_body *body, struct af_reading *out)
{
	json_t *value = af_json_read(body, out);
	json_t *services = af_json_get(value, "services");
	json_t *protocols = af_json_get(value, "protocols");

	af_json_hosts(protocols, places, out);
	af_json_hosts(services, places, out);
	note_services(services, out);
	out->certain |= af_json_filled(services);
	if (af_json_filled(services) || af_json_filled(protocols))
		out->kind = AFENCE_READ_SETTINGS;
	else if (value != NULL && af_json_get(value, "email") == NULL && services == NULL &&
		 protocols == NULL)
		af_reading_strange(out, "JSON, but neither services nor protocols");
	json_decref(value);
}

/* Both alphabets of RFC 4648; the end need not be filled up, JSON has an end of its own. */
static json_t *decode(const char *text)
{
	size_t len = strlen(text), room = BASE64_DECODE_LENGTH(len);
	struct base64_decode_ctx context;
	uint8_t *bytes = af_new(room + 1, 1);
	json_t *value = NULL;

	if (strpbrk(text, "-_") != NULL)
		base64url_decode_init(&context);
	else
		base64_decode_init(&context);
	if (len <= AFENCE_WEB_HEADERS && base64_decode_update(&context, &room, bytes, len, text))
		value = json_loadb((const char *)bytes, room, 0, NULL);
	free(bytes);
	return value;
}

static void note_record(const json_t *provider, struct af_reading *out)
{
	json_t *crowd = af_json_get(provider, "IsCrowdsourced");

	af_json_note(af_json_get(provider, "CreatedAt"), "entered", out);
	af_json_note(af_json_get(provider, "UpdatedAt"), "changed", out);
	if (json_is_boolean(crowd))
		af_reading_note(out, json_is_true(crowd) ? "crowdsourced" : "not crowdsourced");
}

/* The service's own record of the domain: a client may get it tomorrow, whatever was answered. */
static void read_record(const json_t *record, struct af_reading *out)
{
	json_t *provider = af_json_get(record, "provider");
	size_t before = out->hosts.count;
	bool named;

	af_json_hosts(record, places, out);
	named = af_json_note(af_json_get(provider, "Id"), "provider", out) ||
		af_json_note(
			af_json_get(af_json_get(record, "domain"), "ProviderId"), "provider", out);
	note_record(provider, out);
	if (named || out->hosts.count > before)
		out->kind = AFENCE_READ_SETTINGS;
}

void af_read_autodetect(const struct af_body *body, struct af_reading *out)
{
	char *header = af_web_header(body->headers, "x-debug-support");
	json_t *debug;

	read_answer(body, out);
	if (header == NULL)
		return;
	debug = decode(header);
	if (json_is_object(debug))
		read_record(af_json_get(debug, "db"), out);
	else
		af_reading_note(out, "x-debug-support cannot be decoded");
	json_decref(debug);
	free(header);
}
