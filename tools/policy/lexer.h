/* SPDX-License-Identifier: MIT */
/*
 * Policy text to tokens.  Comments and blanks lie between tokens; a formatter finds them in the
 * source again.
 */
#ifndef AF_POLICY_LEXER_H
#define AF_POLICY_LEXER_H

#include "diagnostics.h"
#include "source.h"

enum af_token_kind {
	AFENCE_TOKEN_END,
	AFENCE_TOKEN_WORD,   /* keyword, number, address: all that needs no quotes */
	AFENCE_TOKEN_STRING, /* its place and length take in the quotes */
	AFENCE_TOKEN_BAD,    /* a word or string about which an error was reported */
	AFENCE_TOKEN_SEMICOLON,
	AFENCE_TOKEN_COMMA,
	AFENCE_TOKEN_OPEN,
	AFENCE_TOKEN_CLOSE,
};

struct af_token {
	enum af_token_kind kind;
	uint32_t length;
	struct af_place at;
};

struct af_lexer {
	const struct af_source *source;
	struct af_diagnostics *diagnostics;
	uint32_t pos, line, line_start;
};

/* Starts on SOURCE.  Bytes that are not text (NUL, control characters, bad UTF-8, characters that
 * turn the reading direction) are reported and blotted out in it. */
void af_lexer_start(
	struct af_lexer *lexer, struct af_source *source, struct af_diagnostics *diagnostics);

/* The next token; END again and again at the end. */
void af_lexer_next(struct af_lexer *lexer, struct af_token *out);

/* The bytes of a token, *len of them, a string's without its quotes. */
const char *af_token_text(const struct af_token *token, size_t *len);

#define AFENCE_SHOWN_MAX 80

/* A token as messages show it: escaped, shortened, in quotes; or "end of file".  Returns SHOWN. */
char *af_token_show(const struct af_token *token, char shown[AFENCE_SHOWN_MAX]);

/* The place just behind a token, where something is missing. */
struct af_place af_token_end(const struct af_token *token);

#endif
