/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1 (RFC 9112): requests one after another, of which the credentials in Authorization and
 * Proxy-Authorization matter (RFC 9110 s11), and where they go: to the far end itself or, through a
 * proxy, to the authority of the target.  Bodies are passed over.
 *
 * The user of an authority (as in the target of FTP through a proxy) is told with the authority's
 * end, since only an "@" shows that it is one, and the host comes after it.
 */
#include "protocols.h"
#include "sasl.h"

#include <string.h>

enum step {
	METHOD,
	TARGET,
	SCHEME,
	SLASHES,
	AUTHORITY,
	PATH,
	VERSION,
	LINE, /* the first byte of a header line */
	FIELD,
	VALUE,
	CHUNK,
	CHUNK_OPTIONS,
	CHUNK_END,
};

struct http {
	enum step step;
	bool begun; /* the method; the scheme of a credential */
	bool is_connect;
	bool is_chunked, is_trailer;
	bool has_user, has_password, in_port, in_brackets; /* of the authority */
	unsigned char slashes;
	int field;            /* row of fields, -1: another */
	struct af_match word; /* the one that is being read */
	bool is_response;     /* the credential's scheme is over */
	uint16_t port, default_port;
	uint64_t length; /* of the body, or of a chunk */
	size_t host_len;
	char host[AFENCE_SEEN_HOST_MAX + 1];
	struct af_sasl_exchange exchange;
};
AFENCE_STATE_FITS(struct http);

typedef enum af_stream_event reader(
	struct af_stream *stream, struct http *http, unsigned char byte);

static bool is_alpha(unsigned char byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static bool is_digit(unsigned char byte)
{
	return byte >= '0' && byte <= '9';
}

/* RFC 9110 s5.6.2 */
static bool is_token(unsigned char byte)
{
	return is_alpha(byte) || is_digit(byte) ||
	       (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool is_blank(unsigned char byte)
{
	return byte == ' ' || byte == '\t';
}

/* The value of a hexadecimal digit, 16: it is none. */
static unsigned hex_value(unsigned char byte)
{
	if (is_digit(byte))
		return (unsigned)byte - '0';
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'f' ? (unsigned)(byte | 0x20) - 'a' + 10
							    : 16;
}

static void next_word(struct http *http, enum step step)
{
	http->step = step;
	http->word = (struct af_match){0};
}

/* Empty lines before a request are passed over (RFC 9112 s2.2). */
static enum af_stream_event read_method(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	static const char *const words[] = {"CONNECT"};
	static const struct af_table table = AFENCE_TABLE(words);

	(void)stream;
	if (is_token(byte)) {
		http->begun = true;
		af_match_byte(&table, &http->word, byte);
		return AFENCE_STREAM_MORE;
	}
	if (!http->begun && (byte == '\r' || byte == '\n'))
		return AFENCE_STREAM_MORE;
	if (!http->begun || byte != ' ')
		return AFENCE_STREAM_OVER;
	http->is_connect = af_match_end(&table, &http->word) == 0;
	next_word(http, http->is_connect ? AUTHORITY : TARGET);
	return AFENCE_STREAM_MORE;
}

static const struct {
	const char *word;
	uint16_t port;
} schemes[] = {{"HTTP", 80}, {"HTTPS", 443}, {"FTP", 21}, {"WS", 80}, {"WSS", 443}};
static const struct af_table scheme_table = AFENCE_TABLE(schemes);

static enum af_stream_event read_target(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	(void)stream;
	if (!is_alpha(byte) && byte != '/' && byte != '*')
		return AFENCE_STREAM_OVER;
	http->step = is_alpha(byte) ? SCHEME : PATH;
	af_match_byte(&scheme_table, &http->word, byte);
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event read_scheme(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	int row;

	(void)stream;
	if (byte == ':') {
		row = af_match_end(&scheme_table, &http->word);
		http->port = http->default_port = row >= 0 ? schemes[row].port : 0;
		http->step = SLASHES;
	} else if (!is_token(byte)) {
		return AFENCE_STREAM_OVER;
	}
	af_match_byte(&scheme_table, &http->word, byte);
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event read_path(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	(void)stream;
	if (byte == ' ')
		next_word(http, VERSION);
	return byte >= ' ' ? AFENCE_STREAM_MORE : AFENCE_STREAM_OVER;
}

static enum af_stream_event read_slashes(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	if (byte != '/') {
		http->step = PATH;
		return read_path(stream, http, byte);
	}
	if (++http->slashes == 2)
		http->step = AUTHORITY;
	return AFENCE_STREAM_MORE;
}

/* Feeds what is kept as host, escapes undone (RFC 3986 s2.1), to the name. */
static void push_user(struct http *http, struct af_seen *seen)
{
	for (size_t pos = 0; pos < http->host_len; pos++) {
		unsigned char byte = (unsigned char)http->host[pos];
		unsigned high = 16, low = 16;

		if (byte == '%' && pos + 2 < http->host_len) {
			high = hex_value((unsigned char)http->host[pos + 1]);
			low = hex_value((unsigned char)http->host[pos + 2]);
		}
		if (high < 16 && low < 16) {
			byte = (unsigned char)(high << 4 | low);
			pos += 2;
		}
		af_exchange_byte(&http->exchange, byte, seen);
	}
}

/* An "@": what looked like host and port is the user's name and, after a colon, a password. */
static void end_user(struct http *http, struct af_seen *seen)
{
	if (!http->has_user)
		af_exchange_start(&http->exchange, AFENCE_MECHANISM_LOGIN, AFENCE_FORM_AUTO, seen);
	else if (!http->has_password) /* "a@b@host", badly escaped */
		af_exchange_byte(&http->exchange, '@', seen);
	if (!http->has_password)
		push_user(http, seen);
	http->has_user = true;
	http->has_password = http->has_password || http->in_port;
	http->in_port = http->in_brackets = false;
	http->port = http->default_port;
	http->host_len = 0;
	memset(http->host, 0, sizeof(http->host));
}

static void push_host(struct http *http, unsigned char byte)
{
	if (http->host_len == AFENCE_SEEN_HOST_MAX)
		memmove(http->host, http->host + 1, --http->host_len);
	http->host[http->host_len++] = (char)byte;
}

/* A byte of "user:password@host:port", and a port has digits only. */
static void push_authority(struct http *http, unsigned char byte)
{
	if (byte == '[' || byte == ']') {
		http->in_brackets = byte == '[';
	} else if (byte == ':' && !http->in_brackets && !http->in_port) {
		http->in_port = true;
		http->port = 0;
	} else if (!http->in_port) {
		push_host(http, byte);
	} else if (is_digit(byte)) {
		http->port = (uint16_t)(http->port * 10 + byte - '0');
	}
}

/* Says where a credential goes. */
static void set_host(struct af_stream *stream, const struct http *http, bool for_proxy)
{
	struct af_seen *seen = &stream->seen;
	const bool has_host = http->host_len > 0;

	memset(seen->host, 0, sizeof(seen->host));
	seen->port = 0;
	if (for_proxy || http->is_connect)
		return;
	memcpy(seen->host, has_host ? http->host : stream->tunnel, sizeof(seen->host));
	seen->port = has_host ? http->port : stream->tunnel_port;
}

static enum af_stream_event read_authority(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	bool told;

	if (byte == '@') {
		end_user(http, &stream->seen);
		return AFENCE_STREAM_MORE;
	}
	if (byte != ' ' && byte != '/' && byte != '?' && byte != '#') {
		push_authority(http, byte);
		return byte > ' ' ? AFENCE_STREAM_MORE : AFENCE_STREAM_OVER;
	}
	http->step = PATH;
	told = http->has_user && af_exchange_end(&http->exchange, &stream->seen);
	set_host(stream, http, false);
	read_path(stream, http, byte);
	return told ? AFENCE_STREAM_LOGIN : AFENCE_STREAM_MORE;
}

static enum af_stream_event read_version(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	static const char *const words[] = {"HTTP/1.*"};
	static const struct af_table table = AFENCE_TABLE(words);

	(void)stream;
	if (byte == '\n' && af_match_end(&table, &http->word) == 0) {
		http->field = -1;
		next_word(http, LINE);
		return AFENCE_STREAM_MORE;
	}
	return byte == '\r' || af_match_byte(&table, &http->word, byte) ? AFENCE_STREAM_MORE
									: AFENCE_STREAM_OVER;
}

/* scheme SP credentials, in base64 but for Digest's; an unknown scheme is passed over. */
static bool read_credentials(
	struct af_stream *stream, struct http *http, unsigned char byte, bool for_proxy)
{
	struct af_seen *seen = &stream->seen;
	bool told;

	if (!http->is_response) {
		if (!is_blank(byte)) {
			af_match_byte(&af_sasl_mechanisms, &http->word, byte);
		} else if (af_match_begun(&http->word)) {
			af_exchange_start(&http->exchange,
				af_match_end(&af_sasl_mechanisms, &http->word), AFENCE_FORM_AUTO,
				seen);
			http->is_response = true;
		}
		return false;
	}
	told = http->exchange.mechanism == AFENCE_MECHANISM_HTTP_DIGEST
		       ? af_exchange_byte(&http->exchange, byte, seen)
		       : af_exchange_base64(&http->exchange, byte, seen);
	if (told)
		set_host(stream, http, for_proxy);
	return told;
}

static bool read_authorization(struct af_stream *stream, struct http *http, unsigned char byte)
{
	return read_credentials(stream, http, byte, false);
}

static bool read_proxy_authorization(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	return read_credentials(stream, http, byte, true);
}

static bool read_length(struct af_stream *stream, struct http *http, unsigned char byte)
{
	(void)stream;
	if (byte == ',') /* the same, once more (RFC 9112 s6.3) */
		http->length = 0;
	else if (is_digit(byte) && http->length < UINT64_MAX / 10)
		http->length = http->length * 10 + byte - '0';
	return false;
}

static bool read_encoding(struct af_stream *stream, struct http *http, unsigned char byte)
{
	static const char *const words[] = {"CHUNKED"};
	static const struct af_table table = AFENCE_TABLE(words);

	(void)stream;
	if (byte == ',' || is_blank(byte))
		http->word = (struct af_match){0};
	else
		af_match_byte(&table, &http->word, byte);
	if (af_match_end(&table, &http->word) == 0)
		http->is_chunked = true;
	return false;
}

static const struct {
	const char *word;
	bool (*read)(struct af_stream *stream, struct http *http, unsigned char byte);
} fields[] = {
	{"AUTHORIZATION", read_authorization},
	{"PROXY-AUTHORIZATION", read_proxy_authorization},
	{"CONTENT-LENGTH", read_length},
	{"TRANSFER-ENCODING", read_encoding},
};
static const struct af_table field_table = AFENCE_TABLE(fields);

/* The next request; it may be a beginning altogether, of what is spoken through a tunnel. */
static void end_request(struct af_stream *stream, struct http *http)
{
	af_stream_recount(stream);
	if (http->is_connect)
		af_stream_enter(stream, http->host, http->port);
	else
		memset(http, 0, sizeof(*http));
}

static void end_headers(struct af_stream *stream, struct http *http)
{
	if (http->is_chunked && !http->is_trailer && !http->is_connect) {
		http->length = 0;
		http->step = CHUNK;
		return;
	}
	if (!http->is_trailer && !http->is_connect)
		stream->skip = http->length;
	end_request(stream, http);
}

static enum af_stream_event read_value(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	bool told = false;

	if (byte == '\n')
		http->step = LINE;
	else if (byte != '\r' && http->field >= 0)
		told = fields[http->field].read(stream, http, byte);
	return told ? AFENCE_STREAM_LOGIN : AFENCE_STREAM_MORE;
}

/* A line that begins with a blank goes on with the one before (RFC 9112 s5.2). */
static enum af_stream_event read_line(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	if (is_blank(byte)) {
		http->step = VALUE;
		return read_value(stream, http, byte);
	}
	if (http->is_response) /* without a colon, it was no name */
		af_exchange_end(&http->exchange, &stream->seen);
	http->is_response = false;
	if (byte == '\n') {
		end_headers(stream, http);
	} else if (byte != '\r') {
		next_word(http, FIELD);
		af_match_byte(&field_table, &http->word, byte);
	}
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event read_field(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	(void)stream;
	if (byte == '\n') {
		http->field = -1;
		http->step = LINE;
	} else if (byte == ':') {
		http->field = af_match_end(&field_table, &http->word);
		if (http->field >= 0 && fields[http->field].read == read_length)
			http->length = 0;
		next_word(http, VALUE);
	} else {
		af_match_byte(&field_table, &http->word, byte);
	}
	return AFENCE_STREAM_MORE;
}

/* RFC 9112 s7.1 */
static enum af_stream_event read_chunk(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	const unsigned digit = hex_value(byte);

	if (byte == ';' || is_blank(byte))
		http->step = CHUNK_OPTIONS;
	else if (digit < 16 && http->length < UINT64_MAX / 16)
		http->length = http->length << 4 | digit;
	if (byte != '\n')
		return digit < 16 || http->step != CHUNK || byte == '\r' ? AFENCE_STREAM_MORE
									 : AFENCE_STREAM_OVER;
	stream->skip = http->length;
	http->is_trailer = http->length == 0;
	http->step = http->is_trailer ? LINE : CHUNK_END;
	http->field = -1;
	http->length = 0;
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event read_chunk_options(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	return byte == '\n' ? read_chunk(stream, http, byte) : AFENCE_STREAM_MORE;
}

static enum af_stream_event read_chunk_end(
	struct af_stream *stream, struct http *http, unsigned char byte)
{
	af_stream_recount(stream);
	if (byte == '\n')
		http->step = CHUNK;
	return byte == '\n' || byte == '\r' ? AFENCE_STREAM_MORE : AFENCE_STREAM_OVER;
}

static enum af_stream_event feed(struct af_stream *stream, unsigned char byte)
{
	static reader *const readers[] = {
		[METHOD] = read_method,
		[TARGET] = read_target,
		[SCHEME] = read_scheme,
		[SLASHES] = read_slashes,
		[AUTHORITY] = read_authority,
		[PATH] = read_path,
		[VERSION] = read_version,
		[LINE] = read_line,
		[FIELD] = read_field,
		[VALUE] = read_value,
		[CHUNK] = read_chunk,
		[CHUNK_OPTIONS] = read_chunk_options,
		[CHUNK_END] = read_chunk_end,
	};
	struct http *http = AFENCE_STATE(struct http, stream);

	return readers[http->step](stream, http, byte);
}

/* Is it the beginning of an absolute or an origin-form target? */
static enum af_fit fits_target(const unsigned char *text, size_t len)
{
	static const char scheme[] = "http";

	if (len > 0 && text[0] == '/')
		return AFENCE_FIT_YES;
	if (len > 4 || memcmp(text, scheme, len) != 0)
		return AFENCE_FIT_NO;
	return len == 4 ? AFENCE_FIT_YES : AFENCE_FIT_PERHAPS;
}

/* A method, a blank, and if the method is none that is known, a target.  "PRI *" of HTTP/2 ends at
 * its version. */
static enum af_fit fits(const unsigned char *text, size_t len)
{
	static const char *const words[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS",
		"TRACE", "CONNECT", "PATCH", "PROPFIND", "REPORT"};
	static const struct af_table table = AFENCE_TABLE(words);
	const size_t max = 20;
	size_t pos = 0;

	if (af_fits_word(&table, text, len) == AFENCE_FIT_YES)
		return text[len - 1] == ' ' ? AFENCE_FIT_YES : AFENCE_FIT_NO;
	while (pos < len && (is_alpha(text[pos]) || text[pos] == '-'))
		pos++;
	if (pos == len && pos <= max)
		return AFENCE_FIT_PERHAPS;
	if (pos == 0 || pos > max || text[pos] != ' ')
		return AFENCE_FIT_NO;
	return fits_target(text + pos + 1, len - pos - 1);
}

const struct af_protocol af_http = {"http", 80, fits, feed};
