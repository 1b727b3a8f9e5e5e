/* SPDX-License-Identifier: MIT */
/*
 * SMTP (RFC 5321), AUTH (RFC 4954), and LMTP (RFC 2033), which says hello otherwise.  After DATA
 * or BDAT come messages, whose lines are nobody's commands; a client that was refused at MAIL may
 * still log in.
 */
#include "line.h"

static const struct af_command commands[] = {
	{"AUTH", AFENCE_ACTION_AUTH},
	{"DATA", AFENCE_ACTION_OVER},
	{"BDAT", AFENCE_ACTION_OVER},
	{"QUIT", AFENCE_ACTION_OVER},
	{"EHLO", AFENCE_ACTION_SKIP},
	{"HELO", AFENCE_ACTION_SKIP},
	{"LHLO", AFENCE_ACTION_SKIP},
	{"MAIL", AFENCE_ACTION_SKIP},
	{"RCPT", AFENCE_ACTION_SKIP},
	{"RSET", AFENCE_ACTION_SKIP},
	{"NOOP", AFENCE_ACTION_SKIP},
	{"STARTTLS", AFENCE_ACTION_SKIP},
	{"VRFY", AFENCE_ACTION_SKIP},
	{"EXPN", AFENCE_ACTION_SKIP},
	{"HELP", AFENCE_ACTION_SKIP},
};
static const struct af_table command_table = AFENCE_TABLE(commands);

static enum af_stream_event feed(struct af_stream *stream, unsigned char byte)
{
	return af_line_feed(stream, byte, &command_table);
}

static enum af_fit fits_smtp(const unsigned char *text, size_t len)
{
	static const char *const words[] = {"EHLO", "HELO"};
	static const struct af_table table = AFENCE_TABLE(words);

	return af_fits_word(&table, text, len);
}

static enum af_fit fits_lmtp(const unsigned char *text, size_t len)
{
	static const char *const words[] = {"LHLO"};
	static const struct af_table table = AFENCE_TABLE(words);

	return af_fits_word(&table, text, len);
}

const struct af_protocol af_smtp = {"smtp", 25, fits_smtp, feed};
const struct af_protocol af_lmtp = {"lmtp", 24, fits_lmtp, feed};
