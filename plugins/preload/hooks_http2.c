/* SPDX-License-Identifier: MIT */
/*
 * HTTP/2: what goes out is compressed, so the fields are read before.  They are written as a
 * request of HTTP/1.1 to the reader that knows those (RFC 9113 s8.3), and nothing is kept.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "af_hostport.h"
#include "foreign.h"
#include "guard.h"
#include "real.h"
#include "stream.h"

static bool is_called(const struct nghttp2_field *field, const char *name)
{
	return field->name_len == strlen(name) &&
	       strncasecmp((const char *)field->name, name, field->name_len) == 0;
}

static const struct nghttp2_field *find(
	const struct nghttp2_field *field, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (is_called(&field[i], name))
			return &field[i];
	return NULL;
}

/* Where the request goes, by its own account: the name of a session is not known here. */
static void find_place(const struct nghttp2_field *authority, char *text, struct af_place *place)
{
	char *host;

	*place = (struct af_place){.fd = -1};
	if (authority == NULL || authority->value_len > AFENCE_SEEN_HOST_MAX)
		return;
	memcpy(text, authority->value, authority->value_len);
	text[authority->value_len] = '\0';
	if (af_hostport_split(text, &host, &place->port) == NULL)
		place->name = host;
}

/* True if an identity is in SEEN. */
static bool feed(struct af_stream *stream, const void *bytes, size_t len)
{
	size_t taken;

	return af_stream_feed(stream, bytes, len, &taken) == AFENCE_STREAM_LOGIN;
}

static bool feed_text(struct af_stream *stream, const char *text)
{
	return feed(stream, text, strlen(text));
}

static bool allows(const struct nghttp2_field *field, const struct af_place *place)
{
	struct af_stream stream;
	bool seen;

	af_stream_start(&stream, 443);
	seen = feed_text(&stream, "GET / HTTP/1.1\r\nAuthorization: ") ||
	       feed(&stream, field->value, field->value_len) || feed_text(&stream, "\r\n\r\n");
	return !seen || af_guard_allows(&stream.seen, place, NULL);
}

/* What is for a proxy goes to the far end of the connection, whatever the request names. */
static bool may_submit(const struct nghttp2_field *field, size_t count)
{
	static const struct af_place proxy = {.fd = -1};
	char host[AFENCE_SEEN_HOST_MAX + 1];
	struct af_place place;

	find_place(find(field, count, ":authority"), host, &place);
	for (size_t i = 0; i < count; i++) {
		if (is_called(&field[i], "authorization") && !allows(&field[i], &place))
			return false;
		if (is_called(&field[i], "proxy-authorization") && !allows(&field[i], &proxy))
			return false;
	}
	return true;
}

int32_t nghttp2_submit_request(void *session, const void *priority,
	const struct nghttp2_field *field, size_t count, const void *data, void *user_data)
{
	__typeof__(&nghttp2_submit_request) next = AFENCE_NEXT(nghttp2_submit_request);

	if (next == NULL || !may_submit(field, count))
		return NGHTTP2_ERR_PROTO;
	return next(session, priority, field, count, data, user_data);
}

int32_t nghttp2_submit_request2(void *session, const void *priority,
	const struct nghttp2_field *field, size_t count, const void *data, void *user_data)
{
	__typeof__(&nghttp2_submit_request2) next = AFENCE_NEXT(nghttp2_submit_request2);

	if (next == NULL || !may_submit(field, count))
		return NGHTTP2_ERR_PROTO;
	return next(session, priority, field, count, data, user_data);
}

int32_t nghttp2_submit_headers(void *session, uint8_t flags, int32_t stream, const void *priority,
	const struct nghttp2_field *field, size_t count, void *user_data)
{
	__typeof__(&nghttp2_submit_headers) next = AFENCE_NEXT(nghttp2_submit_headers);

	if (next == NULL || !may_submit(field, count))
		return NGHTTP2_ERR_PROTO;
	return next(session, flags, stream, priority, field, count, user_data);
}
