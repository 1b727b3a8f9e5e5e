/* SPDX-License-Identifier: MIT */
/*
 * Which protocol is it?  The first bytes are kept until one row of the table is sure, and then
 * given to its reader from the start.  What fits no row is forgotten with the byte that shows it.
 */
#include "protocols.h"

#include <string.h>

/* Of rows that are sure at the same byte the first is taken, unless a later one has the port: USER
 * is POP's and FTP's. */
static const struct af_protocol *const protocols[] = {
	&af_smtp,
	&af_lmtp,
	&af_imap,
	&af_pop,
	&af_ftp,
	&af_ldap,
	&af_http,
	&af_socks,
	&af_proxy_line,
};

struct head {
	unsigned char len;
	unsigned char text[AFENCE_HEAD_MAX];
};

enum af_fit af_fits_word(const struct af_table *words, const unsigned char *text, size_t len)
{
	struct af_match match = {0};

	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ' || text[i] == '\r' || text[i] == '\n')
			return af_match_end(words, &match) >= 0 ? AFENCE_FIT_YES : AFENCE_FIT_NO;
		if (!af_match_byte(words, &match, text[i]))
			return AFENCE_FIT_NO;
	}
	return AFENCE_FIT_PERHAPS;
}

/* The row that is sure; NULL: none yet, and with it *perhaps. */
static const struct af_protocol *find_protocol(
	const struct head *head, uint16_t port, bool *perhaps)
{
	const struct af_protocol *found = NULL;

	*perhaps = false;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
		enum af_fit fit = protocols[i]->fits(head->text, head->len);

		if (fit == AFENCE_FIT_YES && (found == NULL || protocols[i]->port == port))
			found = protocols[i];
		if (fit == AFENCE_FIT_PERHAPS)
			*perhaps = true;
	}
	return found;
}

AFENCE_STATE_FITS(struct head);

static enum af_stream_event begin(struct af_stream *stream, const struct af_protocol *protocol)
{
	const struct head head = *AFENCE_STATE(struct head, stream);
	enum af_stream_event event = AFENCE_STREAM_MORE;

	memset(&stream->state, 0, sizeof(stream->state));
	stream->protocol = protocol;
	stream->seen.service = protocol->service;
	for (size_t i = 0; i < head.len && event == AFENCE_STREAM_MORE; i++)
		event = protocol->feed(stream, head.text[i]);
	return event;
}

static enum af_stream_event detect(struct af_stream *stream, unsigned char byte)
{
	struct head *head = AFENCE_STATE(struct head, stream);
	uint16_t port = stream->tunnel_port != 0 ? stream->tunnel_port : stream->port;
	const struct af_protocol *protocol;
	bool perhaps;

	if (head->len == sizeof(head->text))
		return AFENCE_STREAM_OVER;
	head->text[head->len++] = byte;
	protocol = find_protocol(head, port, &perhaps);
	if (protocol != NULL)
		return begin(stream, protocol);
	return perhaps ? AFENCE_STREAM_MORE : AFENCE_STREAM_OVER;
}

void af_stream_start(struct af_stream *stream, uint16_t port)
{
	memset(stream, 0, sizeof(*stream));
	stream->port = port;
}

void af_stream_recount(struct af_stream *stream)
{
	stream->total = 1; /* 0 is for those that have not begun */
}

void af_stream_restart(struct af_stream *stream)
{
	memset(&stream->state, 0, sizeof(stream->state));
	stream->protocol = NULL;
	af_stream_recount(stream);
}

void af_stream_enter(
	struct af_stream *stream, const char host[AFENCE_SEEN_HOST_MAX + 1], uint16_t port)
{
	memcpy(stream->tunnel, host, sizeof(stream->tunnel));
	memcpy(stream->seen.host, host, sizeof(stream->seen.host));
	stream->tunnel_port = stream->seen.port = port;
	af_stream_restart(stream);
}

/* Once it is over, it stays so, and nothing is left in it. */
static enum af_stream_event end(struct af_stream *stream)
{
	af_stream_start(stream, stream->port);
	stream->total = AFENCE_STREAM_BYTES;
	return AFENCE_STREAM_OVER;
}

static enum af_stream_event feed_byte(struct af_stream *stream, unsigned char byte)
{
	if (stream->total == AFENCE_STREAM_BYTES)
		return AFENCE_STREAM_OVER;
	stream->total++;
	return stream->protocol != NULL ? stream->protocol->feed(stream, byte)
					: detect(stream, byte);
}

enum af_stream_event af_stream_feed(
	struct af_stream *stream, const unsigned char *bytes, size_t len, size_t *taken)
{
	enum af_stream_event event = AFENCE_STREAM_MORE;
	size_t pos = 0;

	*taken = len;
	while (pos < len && event == AFENCE_STREAM_MORE) {
		if (stream->skip > 0) {
			size_t part = len - pos < stream->skip ? len - pos : (size_t)stream->skip;

			stream->skip -= part;
			pos += part;
		} else {
			event = feed_byte(stream, bytes[pos++]);
		}
	}
	if (event == AFENCE_STREAM_OVER)
		return end(stream);
	*taken = pos;
	return event;
}
