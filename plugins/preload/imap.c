/* SPDX-License-Identifier: MIT */
/*
 * IMAP (RFC 9051, 3501; literals without waiting: RFC 7888; initial responses: RFC 4959).
 *
 * A line with a blank is a command, another one is a response if a dialog is open.  Whatever a
 * command is, its literals are passed over, else a message that is appended could hold commands.
 * A literal that the server refuses is not sent; what comes instead is lost, since the refusal is
 * not seen.
 */
#include "line.h"

#include <string.h>

enum action { SKIP, LOGIN, AUTHENTICATE, OVER };

static const struct {
	const char *word;
	enum action action;
} commands[] = {
	{"LOGIN", LOGIN}, {"AUTHENTICATE", AUTHENTICATE}, {"CAPABILITY", SKIP}, {"STARTTLS", SKIP},
	{"NOOP", SKIP}, {"ID", SKIP}, {"ENABLE", SKIP}, {"NAMESPACE", SKIP}, {"LOGOUT", OVER},
	{"SELECT", OVER}, {"EXAMINE", OVER}, {"FETCH", OVER}, {"SEARCH", OVER}, {"UID", OVER},
	{"IDLE", OVER},     /* what follows is no command */
	{"COMPRESS", OVER}, /* what follows is no text (RFC 4978) */
};
static const struct af_table command_table = AFENCE_TABLE(commands);

enum step { TAG, COMMAND, USER, ATOM, QUOTED, ESCAPED, LITERAL, ARGUMENT, REST };

/* "{12}" or "{12+}", CR LF */
enum literal_step { NONE, SIZE, CLOSED };

struct imap {
	enum step step;
	enum literal_step literal;
	bool quoted, escaped; /* in the rest of a command */
	bool begun;           /* the tag is not empty */
	uint32_t size;        /* of the literal; of the user's: what is still to come */
	struct af_match word;
	struct af_dialog dialog;
};
AFENCE_STATE_FITS(struct imap);

static bool is_end(unsigned char byte)
{
	return byte == '\r' || byte == '\n';
}

/* True with the byte that is followed by the octets of a literal. */
static bool read_literal(struct imap *imap, unsigned char byte)
{
	const bool begins = imap->literal == CLOSED && byte == '\n';
	const unsigned digit = (unsigned)byte - '0';

	if (byte == '{') {
		imap->literal = SIZE;
		imap->size = 0;
	} else if (imap->literal == SIZE && digit <= 9) {
		imap->size = imap->size < UINT32_MAX / 10 ? imap->size * 10 + digit : UINT32_MAX;
	} else if (imap->literal == SIZE && byte == '}') {
		imap->literal = CLOSED;
	} else if (!(imap->literal == SIZE && byte == '+') &&
		   !(imap->literal == CLOSED && byte == '\r')) {
		imap->literal = NONE;
	}
	return begins;
}

static void start_line(struct imap *imap)
{
	imap->step = TAG;
	imap->literal = NONE;
	imap->quoted = imap->escaped = imap->begun = false;
	imap->word = (struct af_match){0};
}

/* CR or LF has ended what it could. */
static void end_line(struct imap *imap, unsigned char byte)
{
	if (byte == '\n')
		start_line(imap);
	else
		imap->step = REST;
}

static enum af_stream_event tell(bool told)
{
	return told ? AFENCE_STREAM_LOGIN : AFENCE_STREAM_MORE;
}

/* No line begins with a control byte, but a TLS record does. */
static enum af_stream_event read_tag(
	struct af_stream *stream, struct imap *imap, unsigned char byte)
{
	bool told;

	if (!imap->begun && byte < ' ' && !is_end(byte))
		return AFENCE_STREAM_OVER;
	if (byte == ' ') {
		imap->dialog.open = false;
		imap->step = imap->begun ? COMMAND : REST;
		return AFENCE_STREAM_MORE;
	}
	imap->begun = true;
	told = af_dialog_response(&imap->dialog, byte, &stream->seen);
	if (is_end(byte))
		end_line(imap, byte);
	return tell(told);
}

static enum af_stream_event read_command(
	struct af_stream *stream, struct imap *imap, unsigned char byte)
{
	static const enum step next[] = {
		[SKIP] = REST, [LOGIN] = USER, [AUTHENTICATE] = ARGUMENT, [OVER] = REST};
	int row;

	if (byte != ' ' && !is_end(byte)) {
		af_match_byte(&command_table, &imap->word, byte);
		return AFENCE_STREAM_MORE;
	}
	row = af_match_end(&command_table, &imap->word);
	if (row >= 0 && commands[row].action == OVER)
		return AFENCE_STREAM_OVER;
	imap->dialog = (struct af_dialog){0};
	imap->step = row >= 0 ? next[commands[row].action] : REST;
	if (imap->step == USER)
		af_exchange_start(&imap->dialog.exchange, AFENCE_MECHANISM_LOGIN, AFENCE_FORM_AUTO,
			&stream->seen);
	if (is_end(byte))
		end_line(imap, byte);
	return AFENCE_STREAM_MORE;
}

/* Between the command and the first byte of the name; "~" makes no other literal (RFC 3516). */
static enum af_stream_event read_user(
	struct af_stream *stream, struct imap *imap, unsigned char byte)
{
	if (read_literal(imap, byte)) {
		imap->step = imap->size > 0 ? LITERAL : REST;
	} else if (imap->literal != NONE || byte == ' ' || byte == '~') {
		return AFENCE_STREAM_MORE;
	} else if (is_end(byte)) {
		end_line(imap, byte);
	} else if (byte == '"') {
		imap->step = QUOTED;
	} else {
		imap->step = ATOM;
		af_exchange_byte(&imap->dialog.exchange, byte, &stream->seen);
	}
	return AFENCE_STREAM_MORE;
}

static bool ends_name(struct imap *imap, unsigned char byte)
{
	if (imap->step == LITERAL)
		return --imap->size == 0;
	if (is_end(byte))
		return true;
	return imap->step != ESCAPED && byte == (imap->step == ATOM ? ' ' : '"');
}

/* The name is told with the byte that ends it; of a literal that is the last one. */
static enum af_stream_event read_name(
	struct af_stream *stream, struct imap *imap, unsigned char byte)
{
	struct af_sasl_exchange *exchange = &imap->dialog.exchange;
	const enum step step = imap->step;
	const bool ends = ends_name(imap, byte);

	if (step == LITERAL || !(ends || (step == QUOTED && byte == '\\')))
		af_exchange_byte(exchange, byte, &stream->seen);
	if (step == QUOTED || step == ESCAPED)
		imap->step = step == QUOTED && byte == '\\' ? ESCAPED : QUOTED;
	if (!ends)
		return AFENCE_STREAM_MORE;
	imap->step = REST;
	if (step != LITERAL && is_end(byte))
		end_line(imap, byte);
	return tell(af_exchange_end(exchange, &stream->seen));
}

static enum af_stream_event read_argument(
	struct af_stream *stream, struct imap *imap, unsigned char byte)
{
	bool told = af_dialog_argument(&imap->dialog, byte, AFENCE_FORM_AUTO, &stream->seen);

	if (is_end(byte))
		end_line(imap, byte);
	return tell(told);
}

/* What of a command is of no interest: its passwords among others. */
static enum af_stream_event read_rest(
	struct af_stream *stream, struct imap *imap, unsigned char byte)
{
	if (imap->quoted && !is_end(byte)) {
		imap->quoted = imap->escaped || byte != '"';
		imap->escaped = !imap->escaped && byte == '\\';
		return AFENCE_STREAM_MORE;
	}
	imap->quoted = byte == '"';
	imap->escaped = false;
	if (read_literal(imap, byte))
		stream->skip = imap->size;
	else if (byte == '\n')
		start_line(imap);
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event feed(struct af_stream *stream, unsigned char byte)
{
	static enum af_stream_event (*const readers[])(
		struct af_stream * stream, struct imap * imap, unsigned char byte) = {
		[TAG] = read_tag,
		[COMMAND] = read_command,
		[USER] = read_user,
		[ATOM] = read_name,
		[QUOTED] = read_name,
		[ESCAPED] = read_name,
		[LITERAL] = read_name,
		[ARGUMENT] = read_argument,
		[REST] = read_rest,
	};
	struct imap *imap = AFENCE_STATE(struct imap, stream);

	return readers[imap->step](stream, imap, byte);
}

/* A tag, which is short in all clients, a blank, a command that is known. */
static enum af_fit fits(const unsigned char *text, size_t len)
{
	static const char no_tag[] = " (){%*\"\\+";
	const size_t max = 16;
	size_t tag = 0;

	while (tag < len && text[tag] > ' ' && text[tag] < 0x7f &&
		strchr(no_tag, text[tag]) == NULL)
		tag++;
	if (tag == len && tag <= max)
		return AFENCE_FIT_PERHAPS;
	if (tag == 0 || tag > max || text[tag] != ' ')
		return AFENCE_FIT_NO;
	return af_fits_word(&command_table, text + tag + 1, len - tag - 1);
}

const struct af_protocol af_imap = {"imap", 143, fits, feed};
