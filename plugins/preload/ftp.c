/* SPDX-License-Identifier: MIT */
/*
 * FTP's control connection (RFC 959).  AUTH names no SASL mechanism there but TLS (RFC 4217).  USER
 * may come again at any time before a file is asked for.
 */
#include "line.h"

static const struct af_command commands[] = {
	{"USER", AFENCE_ACTION_USER},
	{"PASS", AFENCE_ACTION_SKIP},
	{"AUTH", AFENCE_ACTION_SKIP},
	{"RETR", AFENCE_ACTION_OVER},
	{"STOR", AFENCE_ACTION_OVER},
	{"LIST", AFENCE_ACTION_OVER},
	{"NLST", AFENCE_ACTION_OVER},
	{"MLSD", AFENCE_ACTION_OVER},
	{"QUIT", AFENCE_ACTION_OVER},
};
static const struct af_table command_table = AFENCE_TABLE(commands);

static enum af_stream_event feed(struct af_stream *stream, unsigned char byte)
{
	return af_line_feed(stream, byte, &command_table);
}

static enum af_fit fits(const unsigned char *text, size_t len)
{
	static const char *const words[] = {"USER", "AUTH", "FEAT", "OPTS", "SYST", "HOST", "PBSZ"};
	static const struct af_table table = AFENCE_TABLE(words);

	return af_fits_word(&table, text, len);
}

const struct af_protocol af_ftp = {"ftp", 21, fits, feed};
