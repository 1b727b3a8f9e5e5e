/* SPDX-License-Identifier: MIT */
/*
 * What stands before a protocol: SOCKS 4, 4a and 5 (RFC 1928, the name and password of RFC 1929),
 * after which another host is spoken to, and the line by which a proxy tells whom it speaks for
 * ("PROXY TCP4 ...").
 */
#include "protocols.h"
#include "sasl.h"

#include <string.h>

#include "af_address.h"

enum step {
	VERSION,
	METHOD_COUNT,
	METHOD,
	MESSAGE, /* of version 5: the login, or the request */
	LOGIN,
	LOGIN_NAME,
	TOKEN, /* GSSAPI's (RFC 1961) */
	COMMAND,
	RESERVED,
	KIND,
	HOST_COUNT,
	HOST,
	ADDRESS,
	PORT,
	COMMAND_4,
	PORT_4,
	ADDRESS_4,
	USER_4,
	HOST_4,
};

enum { CONNECT = 1, GSSAPI = 1 };

struct socks {
	enum step step;
	bool gssapi;         /* offered */
	bool named;          /* 4a: the host stands at the end */
	unsigned char count; /* what is still to come */
	uint16_t number;     /* port, or length of a token */
	struct af_address address;
	size_t host_len;
	char host[AFENCE_SEEN_HOST_MAX + 1];
	struct af_sasl_exchange exchange;
};
AFENCE_STATE_FITS(struct socks);

typedef enum af_stream_event reader(
	struct af_stream *stream, struct socks *socks, unsigned char byte);

static enum af_stream_event go_on(struct socks *socks, enum step step, unsigned char count)
{
	socks->step = step;
	socks->count = count;
	socks->number = 0;
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event enter(struct af_stream *stream, struct socks *socks)
{
	if (socks->host_len == 0)
		af_address_format(&socks->address, socks->host);
	af_stream_enter(stream, socks->host, socks->number);
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event read_reserved(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream, (void)byte;
	return go_on(socks, KIND, 0);
}

static enum af_stream_event read_version(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream;
	return go_on(socks, byte == 4 ? COMMAND_4 : METHOD_COUNT, 0);
}

/* ---- version 5 ---- */

static enum af_stream_event read_method_count(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream;
	return go_on(socks, byte > 0 ? METHOD : MESSAGE, byte);
}

static enum af_stream_event read_method(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream;
	socks->gssapi = socks->gssapi || byte == GSSAPI;
	if (--socks->count == 0)
		socks->step = MESSAGE;
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event read_message(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream;
	if (byte != 5 && byte != 1)
		return AFENCE_STREAM_OVER;
	return go_on(socks, byte == 5 ? COMMAND : LOGIN, 0);
}

/* The length of a name, or what kind of token comes. */
static enum af_stream_event read_login(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	if (socks->gssapi && (byte == 1 || byte == 2))
		return go_on(socks, TOKEN, 2);
	af_exchange_start(
		&socks->exchange, AFENCE_MECHANISM_LOGIN, AFENCE_FORM_AUTO, &stream->seen);
	return go_on(socks, LOGIN_NAME, byte);
}

/* And the byte after it, which says how long the password is. */
static enum af_stream_event read_login_name(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	if (socks->count == 0) {
		stream->skip = byte;
		return go_on(socks, MESSAGE, 0);
	}
	af_exchange_byte(&socks->exchange, byte, &stream->seen);
	return --socks->count == 0 && af_exchange_end(&socks->exchange, &stream->seen)
		       ? AFENCE_STREAM_LOGIN
		       : AFENCE_STREAM_MORE;
}

static enum af_stream_event read_token(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	socks->number = (uint16_t)(socks->number << 8 | byte);
	if (--socks->count > 0)
		return AFENCE_STREAM_MORE;
	stream->skip = socks->number;
	return go_on(socks, MESSAGE, 0);
}

static enum af_stream_event read_command(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream;
	if (byte != CONNECT)
		return AFENCE_STREAM_OVER;
	return go_on(socks, socks->step == COMMAND ? RESERVED : PORT_4, 2);
}

static enum af_stream_event read_kind(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	enum { FOUR = 1, NAME = 3, SIX = 4 };

	(void)stream;
	if (byte == NAME)
		return go_on(socks, HOST_COUNT, 0);
	if (byte == FOUR)
		memset(socks->address.byte + 10, 0xff, 2);
	return byte == FOUR || byte == SIX ? go_on(socks, ADDRESS, byte == FOUR ? 4 : 16)
					   : AFENCE_STREAM_OVER;
}

static enum af_stream_event read_host_count(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream;
	return byte > 0 ? go_on(socks, HOST, byte) : AFENCE_STREAM_OVER;
}

static enum af_stream_event read_host(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream;
	socks->host[socks->host_len++] = (char)byte;
	return --socks->count == 0 ? go_on(socks, PORT, 2) : AFENCE_STREAM_MORE;
}

static enum af_stream_event read_address(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream;
	socks->address.byte[sizeof(socks->address.byte) - socks->count] = byte;
	return --socks->count == 0 ? go_on(socks, PORT, 2) : AFENCE_STREAM_MORE;
}

static enum af_stream_event read_port(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	socks->number = (uint16_t)(socks->number << 8 | byte);
	return --socks->count == 0 ? enter(stream, socks) : AFENCE_STREAM_MORE;
}

/* ---- version 4 ---- */

static enum af_stream_event read_port_4(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	(void)stream;
	socks->number = (uint16_t)(socks->number << 8 | byte);
	if (--socks->count > 0)
		return AFENCE_STREAM_MORE;
	memset(socks->address.byte + 10, 0xff, 2);
	socks->step = ADDRESS_4;
	socks->count = 4;
	return AFENCE_STREAM_MORE;
}

/* 0.0.0.x with x > 0 stands for a name. */
static enum af_stream_event read_address_4(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	static const unsigned char none[3];

	(void)stream;
	socks->address.byte[sizeof(socks->address.byte) - socks->count] = byte;
	if (--socks->count > 0)
		return AFENCE_STREAM_MORE;
	socks->named = byte != 0 && memcmp(socks->address.byte + 12, none, sizeof(none)) == 0;
	socks->step = USER_4;
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event read_user_4(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	if (byte != '\0')
		return AFENCE_STREAM_MORE;
	if (!socks->named)
		return enter(stream, socks);
	socks->step = HOST_4;
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event read_host_4(
	struct af_stream *stream, struct socks *socks, unsigned char byte)
{
	if (byte == '\0')
		return enter(stream, socks);
	if (socks->host_len == AFENCE_SEEN_HOST_MAX)
		return AFENCE_STREAM_OVER;
	socks->host[socks->host_len++] = (char)byte;
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event feed_socks(struct af_stream *stream, unsigned char byte)
{
	static reader *const readers[] = {
		[VERSION] = read_version,
		[METHOD_COUNT] = read_method_count,
		[METHOD] = read_method,
		[MESSAGE] = read_message,
		[LOGIN] = read_login,
		[LOGIN_NAME] = read_login_name,
		[TOKEN] = read_token,
		[COMMAND] = read_command,
		[RESERVED] = read_reserved,
		[KIND] = read_kind,
		[HOST_COUNT] = read_host_count,
		[HOST] = read_host,
		[ADDRESS] = read_address,
		[PORT] = read_port,
		[COMMAND_4] = read_command,
		[PORT_4] = read_port_4,
		[ADDRESS_4] = read_address_4,
		[USER_4] = read_user_4,
		[HOST_4] = read_host_4,
	};
	struct socks *socks = AFENCE_STATE(struct socks, stream);

	return readers[socks->step](stream, socks, byte);
}

/* Nobody has more than a few methods. */
static enum af_fit fits_socks(const unsigned char *text, size_t len)
{
	if (text[0] != 4 && text[0] != 5)
		return AFENCE_FIT_NO;
	if (len < 2)
		return AFENCE_FIT_PERHAPS;
	return text[1] >= 1 && text[1] <= (text[0] == 4 ? 1 : 9) ? AFENCE_FIT_YES : AFENCE_FIT_NO;
}

static enum af_stream_event feed_line(struct af_stream *stream, unsigned char byte)
{
	if (byte == '\n')
		af_stream_restart(stream);
	return AFENCE_STREAM_MORE;
}

static enum af_fit fits_line(const unsigned char *text, size_t len)
{
	static const char *const words[] = {"PROXY"};
	static const struct af_table table = AFENCE_TABLE(words);

	return af_fits_word(&table, text, len);
}

const struct af_protocol af_socks = {"socks", 1080, fits_socks, feed_socks};
const struct af_protocol af_proxy_line = {"proxy", 0, fits_line, feed_line};
