/* SPDX-License-Identifier: MIT */
/*
 * A line is a command if its first word is one, else a response if a dialog is open, else nothing.
 * A "*", which cancels, is an empty response in here.
 * The server's refusal, which ends a dialog, is not seen: so each line is looked at as both, and a
 * command closes the dialog.  None of the words is base64 of anything that a name could be.
 */
#include "line.h"

static bool is_end(unsigned char byte)
{
	return byte == '\r' || byte == '\n';
}

bool af_dialog_argument(
	struct af_dialog *dialog, unsigned char byte, enum af_form authzid, struct af_seen *seen)
{
	if (!dialog->initial) {
		if (byte == ' ' && !af_match_begun(&dialog->name))
			return false;
		if (byte != ' ' && !is_end(byte)) {
			af_match_byte(&af_sasl_mechanisms, &dialog->name, byte);
			return false;
		}
		af_exchange_start(&dialog->exchange,
			af_match_end(&af_sasl_mechanisms, &dialog->name), authzid, seen);
		dialog->initial = dialog->open = true;
		return false;
	}
	if (is_end(byte))
		return dialog->given && af_exchange_end(&dialog->exchange, seen);
	dialog->given = dialog->given || byte != ' ';
	return af_exchange_base64(&dialog->exchange, byte, seen);
}

bool af_dialog_response(struct af_dialog *dialog, unsigned char byte, struct af_seen *seen)
{
	if (!dialog->open)
		return false;
	if (is_end(byte))
		return af_exchange_end(&dialog->exchange, seen);
	return af_exchange_base64(&dialog->exchange, byte, seen);
}

enum step { WORD, ARGUMENT, NAME, REST };

struct line {
	enum step step;
	bool begun;
	struct af_match word;
	struct af_dialog dialog;
};

AFENCE_STATE_FITS(struct line);

/* After the byte that ends the word or, CR or LF, the line. */
static void go_on(struct line *line, unsigned char byte, enum step next)
{
	line->step = byte == '\n' ? WORD : byte == '\r' ? REST : next;
	line->word = (struct af_match){0};
	line->begun = false;
}

static const struct {
	enum step next;
	enum af_mechanism mechanism; /* of the argument, which is no base64 */
} actions[] = {
	[AFENCE_ACTION_SKIP] = {REST, AFENCE_MECHANISM_NONE},
	[AFENCE_ACTION_AUTH] = {ARGUMENT, AFENCE_MECHANISM_NONE},
	[AFENCE_ACTION_USER] = {NAME, AFENCE_MECHANISM_LOGIN},
	[AFENCE_ACTION_APOP] = {NAME, AFENCE_MECHANISM_CRAM},
};

static enum af_stream_event run(struct line *line, const struct af_command *command,
	unsigned char byte, struct af_seen *seen)
{
	if (command->action == AFENCE_ACTION_OVER)
		return AFENCE_STREAM_OVER;
	line->dialog = (struct af_dialog){0};
	af_exchange_start(&line->dialog.exchange, (int)actions[command->action].mechanism,
		AFENCE_FORM_AUTO, seen);
	go_on(line, byte, actions[command->action].next);
	return AFENCE_STREAM_MORE;
}

/* No line begins with a control byte, but a TLS record does. */
static enum af_stream_event read_word(struct line *line, unsigned char byte,
	const struct af_table *commands, struct af_seen *seen)
{
	const bool is_word_end = byte == ' ' || is_end(byte);
	int row = is_word_end ? af_match_end(commands, &line->word) : -1;
	bool told;

	if (!line->begun && byte < ' ' && !is_end(byte))
		return AFENCE_STREAM_OVER;
	if (row >= 0)
		return run(line, (const struct af_command *)commands->row + row, byte, seen);
	if (byte == ' ')
		line->dialog.open = false;
	told = af_dialog_response(&line->dialog, byte, seen);
	if (is_word_end) {
		go_on(line, byte, REST);
	} else {
		line->begun = true;
		af_match_byte(commands, &line->word, byte);
	}
	return told ? AFENCE_STREAM_LOGIN : AFENCE_STREAM_MORE;
}

/* The argument of a command whose login is what follows the blank. */
static bool read_name(struct line *line, unsigned char byte, struct af_seen *seen)
{
	struct af_sasl_exchange *exchange = &line->dialog.exchange;

	return is_end(byte) ? af_exchange_end(exchange, seen)
			    : af_exchange_byte(exchange, byte, seen);
}

enum af_stream_event af_line_feed(
	struct af_stream *stream, unsigned char byte, const struct af_table *commands)
{
	struct line *line = AFENCE_STATE(struct line, stream);
	bool told = false;

	if (line->step == WORD)
		return read_word(line, byte, commands, &stream->seen);
	if (line->step == ARGUMENT)
		told = af_dialog_argument(&line->dialog, byte, AFENCE_FORM_AUTO, &stream->seen);
	else if (line->step == NAME)
		told = read_name(line, byte, &stream->seen);
	if (is_end(byte))
		go_on(line, byte, REST);
	return told ? AFENCE_STREAM_LOGIN : AFENCE_STREAM_MORE;
}
