/* SPDX-License-Identifier: MIT */
/*
 * POP3 (RFC 1939), AUTH (RFC 5034).  The commands of the transaction state follow a login, and it
 * has no way back.
 */
#include "line.h"

static const struct af_command commands[] = {
	{"USER", AFENCE_ACTION_USER},
	{"APOP", AFENCE_ACTION_APOP},
	{"AUTH", AFENCE_ACTION_AUTH},
	{"PASS", AFENCE_ACTION_SKIP},
	{"CAPA", AFENCE_ACTION_SKIP},
	{"STLS", AFENCE_ACTION_SKIP},
	{"NOOP", AFENCE_ACTION_SKIP},
	{"LANG", AFENCE_ACTION_SKIP}, /* RFC 6856 */
	{"UTF8", AFENCE_ACTION_SKIP},
	{"STAT", AFENCE_ACTION_OVER},
	{"LIST", AFENCE_ACTION_OVER},
	{"UIDL", AFENCE_ACTION_OVER},
	{"RETR", AFENCE_ACTION_OVER},
	{"TOP", AFENCE_ACTION_OVER},
	{"DELE", AFENCE_ACTION_OVER},
	{"RSET", AFENCE_ACTION_OVER},
	{"LAST", AFENCE_ACTION_OVER},
	{"QUIT", AFENCE_ACTION_OVER},
};
static const struct af_table command_table = AFENCE_TABLE(commands);

static enum af_stream_event feed(struct af_stream *stream, unsigned char byte)
{
	return af_line_feed(stream, byte, &command_table);
}

static enum af_fit fits(const unsigned char *text, size_t len)
{
	static const char *const words[] = {"USER", "APOP", "AUTH", "CAPA", "STLS", "LANG", "UTF8"};
	static const struct af_table table = AFENCE_TABLE(words);

	return af_fits_word(&table, text, len);
}

const struct af_protocol af_pop = {"pop", 110, fits, feed};
