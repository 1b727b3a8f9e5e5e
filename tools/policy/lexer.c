/* SPDX-License-Identifier: MIT */
#include "lexer.h"

#include <string.h>

#include "af_report.h"
#include "af_utf8.h"

#define BLOT     '\x1a' /* SUB: stands for what is not text */
#define BOM      "\xef\xbb\xbf"
#define NO_WORD  " \t\r\n;,{}\"#" /* ends a word */
#define SHOW_LEN (AFENCE_SHOWN_MAX - 2)

static bool is_layout(const char *text)
{
	return text[0] == '\n' || text[0] == '\t' || (text[0] == '\r' && text[1] == '\n');
}

/* Whether a character of text starts at TEXT; *step is its length, or that of what is none. */
static bool is_text(const char *text, size_t len, size_t *step)
{
	*step = 1;
	if ((text[0] >= ' ' && text[0] <= '~') || is_layout(text))
		return true;
	*step = af_utf8_printable(text, len);
	if (*step > 0)
		return true;
	*step = af_utf8_sequence(text, len);
	*step += *step == 0;
	return false;
}

/* One error a line is enough. */
static void blot(struct af_source *source, struct af_diagnostics *diagnostics)
{
	struct af_place place = {.source = source, .line = 1};
	uint32_t line_start = 0, reported = 0;
	char shown[AFENCE_SHOWN_MAX];
	size_t step;

	for (; place.start < source->length; place.start += (uint32_t)step) {
		char *text = source->text + place.start;

		place.column = place.start - line_start + 1;
		if (!is_text(text, source->length - place.start, &step)) {
			if (reported != place.line)
				af_diagnose(diagnostics, AFENCE_ERROR, &place,
					"seen %s, expected UTF-8 text without control characters",
					af_escape(text, step, shown, sizeof(shown)));
			reported = place.line;
			memset(text, BLOT, step);
		} else if (*text == '\n') {
			place.line++;
			line_start = place.start + 1;
		}
	}
}

void af_lexer_start(
	struct af_lexer *lexer, struct af_source *source, struct af_diagnostics *diagnostics)
{
	size_t bom = strlen(BOM);

	*lexer = (struct af_lexer){.source = source, .diagnostics = diagnostics, .line = 1};
	if (source->length >= bom && memcmp(source->text, BOM, bom) == 0)
		memset(source->text, ' ', bom);
	blot(source, diagnostics);
}

static void skip_blanks(struct af_lexer *lexer)
{
	const char *text = lexer->source->text;

	for (;;) {
		lexer->pos += (uint32_t)strspn(text + lexer->pos, " \t\r");
		if (text[lexer->pos] == '#')
			lexer->pos += (uint32_t)strcspn(text + lexer->pos, "\n");
		if (text[lexer->pos] != '\n')
			return;
		lexer->pos++;
		lexer->line++;
		lexer->line_start = lexer->pos;
	}
}

/* The length of a string at TEXT with both quotes, or 0 if it does not end on its line.  A
 * backslash is kept for an escape: it takes the next byte along. */
static size_t string_length(const char *text)
{
	size_t len = 1;

	while (text[len] != '"') {
		if (text[len] == '\\' && text[len + 1] != '\0')
			len++;
		if (text[len] == '\0' || text[len] == '\n')
			return 0;
		len++;
	}
	return len + 1;
}

static void take_string(struct af_lexer *lexer, const char *text, struct af_token *out)
{
	size_t len = string_length(text);

	out->kind = AFENCE_TOKEN_STRING;
	if (len == 0) {
		af_diagnose(lexer->diagnostics, AFENCE_ERROR, &out->at,
			"seen the end of the line in a string, expected a closing \"");
		out->kind = AFENCE_TOKEN_BAD;
		len = strcspn(text, "\n");
	}
	out->length = (uint32_t)len;
}

static enum af_token_kind kind_of(char c)
{
	static const struct {
		char c;
		enum af_token_kind kind;
	} mark[] = {
		{'\0', AFENCE_TOKEN_END},
		{'"', AFENCE_TOKEN_STRING},
		{';', AFENCE_TOKEN_SEMICOLON},
		{',', AFENCE_TOKEN_COMMA},
		{'{', AFENCE_TOKEN_OPEN},
		{'}', AFENCE_TOKEN_CLOSE},
	};

	for (size_t i = 0; i < sizeof(mark) / sizeof(mark[0]); i++)
		if (mark[i].c == c)
			return mark[i].kind;
	return AFENCE_TOKEN_WORD;
}

void af_lexer_next(struct af_lexer *lexer, struct af_token *out)
{
	const char *text;

	skip_blanks(lexer);
	text = lexer->source->text + lexer->pos;
	*out = (struct af_token){
		.kind = kind_of(*text),
		.length = *text != '\0',
		.at = {lexer->source, lexer->pos, lexer->line, lexer->pos - lexer->line_start + 1},
	};
	if (out->kind == AFENCE_TOKEN_STRING)
		take_string(lexer, text, out);
	else if (out->kind == AFENCE_TOKEN_WORD)
		out->length = (uint32_t)strcspn(text, NO_WORD);
	if (memchr(text, BLOT, out->length) != NULL)
		out->kind = AFENCE_TOKEN_BAD;
	lexer->pos += out->length;
}

const char *af_token_text(const struct af_token *token, size_t *len)
{
	const char *text = token->at.source->text + token->at.start;
	bool quoted = token->kind == AFENCE_TOKEN_STRING;

	*len = token->length - (quoted ? 2 : 0);
	return text + (quoted ? 1 : 0);
}

char *af_token_show(const struct af_token *token, char shown[AFENCE_SHOWN_MAX])
{
	size_t len;
	const char *text = af_token_text(token, &len);

	if (token->kind == AFENCE_TOKEN_END)
		return strcpy(shown, "the end of the file");
	shown[0] = '"';
	af_escape(text, len, shown + 1, SHOW_LEN);
	return strcat(shown, "\"");
}

struct af_place af_token_end(const struct af_token *token)
{
	struct af_place place = token->at;

	place.start += token->length;
	place.column += token->length;
	return place;
}
