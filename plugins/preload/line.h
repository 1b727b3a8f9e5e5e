/* SPDX-License-Identifier: MIT */
/*
 * What protocols of lines have in common: commands that are a table, and a SASL exchange of which
 * each response is a line of base64.
 */
#ifndef PRELOAD_LINE_H
#define PRELOAD_LINE_H

#include "protocols.h"
#include "sasl.h"

/* "AUTH mechanism [initial-response]" and the lines that follow.  All zero: none is under way. */
struct af_dialog {
	struct af_sasl_exchange exchange;
	struct af_match name; /* of the mechanism */
	bool open;            /* lines that are no command are responses */
	bool initial;         /* the mechanism's name is over */
	bool given;           /* there is an initial response */
};

/* A byte after the command's blank, or one of a response; CR or LF ends both.  True: a login. */
bool af_dialog_argument(
	struct af_dialog *dialog, unsigned char byte, enum af_form authzid, struct af_seen *seen);
bool af_dialog_response(struct af_dialog *dialog, unsigned char byte, struct af_seen *seen);

/* What a command means for the login. */
enum af_action {
	AFENCE_ACTION_SKIP, /* nothing */
	AFENCE_ACTION_OVER, /* there will be none any more */
	AFENCE_ACTION_AUTH, /* its argument begins a dialog */
	AFENCE_ACTION_USER, /* its argument is the name */
	AFENCE_ACTION_APOP, /* its argument is the name, a blank and a digest */
};

struct af_command {
	const char *word;
	enum af_action action;
};

/* The reader of a protocol whose commands stand first in their lines. */
enum af_stream_event af_line_feed(
	struct af_stream *stream, unsigned char byte, const struct af_table *commands);

#endif
