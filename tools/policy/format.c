/* SPDX-License-Identifier: MIT */
/*
 * Lays out the tokens of a policy file again.  A comment stays behind the token it stood behind, or
 * on its own line; only a comma, semicolon or brace goes before it, to the value it belongs to.
 */
#include "format.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "parser.h"
#include "statements.h"

#define COLUMNS_MAX   100
#define INDENT        4
#define SHORT_MAX     2 /* fields of a block on one line */
#define COMMENT_BLANK 2 /* before a comment behind something */
#define COMMENT       (AFENCE_TOKEN_CLOSE + 1)

/* A token or comment, and how many lines end before it. */
struct piece {
	unsigned kind; /* enum af_token_kind, or COMMENT */
	uint32_t length, newlines;
	const char *text;
	struct af_token token; /* unless it is a comment */
};

/* A comment behind something, to be aligned with those on the lines around it. */
struct mark {
	size_t offset, column, line;
};

struct layout {
	const struct piece *piece;
	size_t at;
	char *text;
	size_t used, room;
	size_t line, column; /* of what is written, in characters */
	bool commented;      /* the line ends in a comment */
	struct mark *mark;
	size_t mark_count, mark_room;
};

struct pieces {
	struct piece *row;
	size_t count, room;
};

static struct piece *add_piece(struct pieces *pieces, unsigned kind, const char *text, size_t len)
{
	struct piece *piece;

	pieces->row = af_grow(pieces->row, pieces->count, 1, &pieces->room, sizeof(*pieces->row));
	piece = &pieces->row[pieces->count++];
	*piece = (struct piece){.kind = kind, .text = text, .length = (uint32_t)len};
	return piece;
}

/* The comments from FROM to TO; the result is the number of lines that end behind the last. */
static uint32_t take_comments(struct pieces *pieces, const char *from, const char *to)
{
	uint32_t newlines = 0;

	for (; from < to; from++) {
		if (*from == '#') {
			size_t len = strcspn(from, "\n"), shown = len;

			while (strchr(" \t\r", from[shown - 1]) != NULL)
				shown--;
			add_piece(pieces, COMMENT, from, shown)->newlines = newlines;
			newlines = 0;
			from += len;
		}
		newlines += *from == '\n';
	}
	return newlines;
}

static void take_pieces(
	struct af_source *source, struct af_diagnostics *diagnostics, struct pieces *out)
{
	const char *behind = source->text;
	struct af_lexer lexer;
	struct af_token token;

	*out = (struct pieces){0};
	af_lexer_start(&lexer, source, diagnostics);
	do {
		const char *text;
		uint32_t newlines;
		struct piece *piece;

		af_lexer_next(&lexer, &token);
		text = source->text + token.at.start;
		newlines = take_comments(out, behind, text);
		piece = add_piece(out, token.kind, text, token.length);
		piece->newlines = newlines;
		piece->token = token;
		behind = text + token.length;
	} while (token.kind != AFENCE_TOKEN_END);
}

static size_t width(const char *text, size_t len)
{
	size_t cells = 0;

	for (size_t i = 0; i < len; i++)
		cells += ((uint8_t)text[i] & 0xc0) != 0x80;
	return cells;
}

static void put(struct layout *layout, const char *text, size_t len)
{
	if (len == 0)
		return; /* from nowhere */
	layout->text = af_grow(layout->text, layout->used, len, &layout->room, 1);
	memcpy(layout->text + layout->used, text, len);
	layout->used += len;
	layout->column += width(text, len);
}

static void put_blanks(struct layout *layout, size_t column)
{
	while (layout->column < column)
		put(layout, " ", 1);
}

static void end_line(struct layout *layout)
{
	put(layout, "\n", 1);
	layout->line++;
	layout->column = 0;
	layout->commented = false;
}

static void start_line(struct layout *layout, size_t indent)
{
	if (layout->column > 0)
		end_line(layout);
	put_blanks(layout, indent);
}

static void put_comment(struct layout *layout, size_t indent)
{
	const struct piece *piece = &layout->piece[layout->at++];

	if (piece->newlines == 0 && layout->column > 0 && !layout->commented) {
		layout->mark = af_grow(layout->mark, layout->mark_count, 1, &layout->mark_room,
			sizeof(*layout->mark));
		layout->mark[layout->mark_count++] =
			(struct mark){layout->used, layout->column, layout->line};
	} else {
		start_line(layout, indent);
	}
	put(layout, piece->text, piece->length);
	layout->commented = true;
}

static void put_comments(struct layout *layout, size_t indent)
{
	while (layout->piece[layout->at].kind == COMMENT)
		put_comment(layout, indent);
}

static const struct piece *behind_comments(const struct layout *layout)
{
	const struct piece *piece = &layout->piece[layout->at];

	while (piece->kind == COMMENT)
		piece++;
	return piece;
}

static bool is_value(const struct piece *piece)
{
	return piece->kind == AFENCE_TOKEN_WORD || piece->kind == AFENCE_TOKEN_STRING;
}

/* A keyword that begins a line begins a statement, so a value that looks like one must not. */
static bool is_keyword(const struct piece *piece, const struct af_keyword *block)
{
	return piece->kind == AFENCE_TOKEN_WORD && af_keyword_find(block, &piece->token) != NULL;
}

static void put_value(struct layout *layout, const struct af_keyword *block, size_t indent)
{
	const struct piece *piece = behind_comments(layout);
	bool listed = layout->used > 0 && layout->text[layout->used - 1] == ',';

	put_comments(layout, indent);
	if (layout->commented ||
		(listed && !is_keyword(piece, block) &&
			layout->column + width(piece->text, piece->length) + 2 > COLUMNS_MAX))
		start_line(layout, indent);
	else
		put_blanks(layout, layout->column < indent ? indent : layout->column + 1);
	put(layout, piece->text, piece->length);
	layout->at++;
}

static void put_comma(struct layout *layout, const struct af_keyword *block, size_t indent)
{
	const struct piece *piece = behind_comments(layout);

	if (is_keyword(piece + 1, block) && layout->piece[layout->at].kind == COMMENT) {
		put_comments(layout, indent);
		start_line(layout, indent);
	}
	put(layout, ",", 1);
	put_comments(layout, indent);
	layout->at++;
}

/* Where the block from layout->at on ends, if it may stand on one line; else NULL. */
static const struct piece *find_short_end(const struct layout *layout)
{
	const struct piece *piece = &layout->piece[layout->at];
	size_t fields = 0, columns = layout->column + strlen(" }");

	for (; piece->kind != AFENCE_TOKEN_CLOSE; piece++) {
		bool is_mark =
			piece->kind == AFENCE_TOKEN_SEMICOLON || piece->kind == AFENCE_TOKEN_COMMA;

		if (piece->kind == COMMENT || piece->kind == AFENCE_TOKEN_OPEN)
			return NULL;
		fields += piece->kind == AFENCE_TOKEN_SEMICOLON;
		columns += width(piece->text, piece->length) + !is_mark;
	}
	return fields <= SHORT_MAX && columns <= COLUMNS_MAX ? piece : NULL;
}

static void put_short(struct layout *layout, const struct piece *end)
{
	for (const struct piece *piece = &layout->piece[layout->at]; piece <= end; piece++) {
		if (piece->kind != AFENCE_TOKEN_SEMICOLON && piece->kind != AFENCE_TOKEN_COMMA)
			put(layout, " ", 1);
		put(layout, piece->text, piece->length);
	}
	layout->at = (size_t)(end - layout->piece) + 1;
}

static void put_statements(
	struct layout *layout, const struct af_keyword *block, size_t indent, size_t aligned);

/* The longest keyword with values of the block that begins at layout->at. */
static size_t keyword_width(const struct layout *layout)
{
	const struct piece *piece = &layout->piece[layout->at], *name = NULL;
	size_t depth = 0, longest = 0, len = 0;

	for (; depth > 0 || piece->kind != AFENCE_TOKEN_CLOSE; piece++) {
		if (piece->kind == COMMENT)
			continue;
		if (depth == 0 && name == NULL)
			name = piece;
		else if (depth == 0 && is_value(piece))
			len = width(name->text, name->length);
		depth += piece->kind == AFENCE_TOKEN_OPEN;
		depth -= piece->kind == AFENCE_TOKEN_CLOSE;
		if (piece->kind == AFENCE_TOKEN_SEMICOLON && len > longest)
			longest = len;
		if (piece->kind == AFENCE_TOKEN_SEMICOLON || piece->kind == AFENCE_TOKEN_CLOSE) {
			name = NULL;
			len = 0;
		}
	}
	return longest;
}

static void put_block(struct layout *layout, const struct af_keyword *block, size_t indent)
{
	bool commented = layout->piece[layout->at].kind == COMMENT;
	const struct piece *end;

	put(layout, " {", 2);
	put_comments(layout, indent + INDENT);
	layout->at++;
	end = commented ? NULL : find_short_end(layout);
	if (end != NULL) {
		put_short(layout, end);
		return;
	}
	put_statements(layout, block, indent + INDENT, keyword_width(layout));
	start_line(layout, indent);
	put(layout, "}", 1);
	layout->at++;
}

static void put_statement(
	struct layout *layout, const struct af_keyword *block, size_t indent, size_t aligned)
{
	const struct piece *name = &layout->piece[layout->at++], *piece;
	size_t len = width(name->text, name->length);
	size_t below = indent + (len > aligned ? len : aligned) + 1;

	start_line(layout, indent);
	put(layout, name->text, name->length);
	while (piece = behind_comments(layout),
		is_value(piece) || piece->kind == AFENCE_TOKEN_COMMA)
		if (is_value(piece))
			put_value(layout, block, below);
		else
			put_comma(layout, block, below);
	if (piece->kind == AFENCE_TOKEN_OPEN) {
		put_block(layout, af_keyword_find(block, &name->token), indent);
		return;
	}
	put(layout, ";", 1);
	put_comments(layout, indent);
	layout->at++;
}

static void put_statements(
	struct layout *layout, const struct af_keyword *block, size_t indent, size_t aligned)
{
	bool first = true;

	for (;; first = false) {
		const struct piece *piece = &layout->piece[layout->at];

		if (piece->kind == AFENCE_TOKEN_CLOSE || piece->kind == AFENCE_TOKEN_END)
			return;
		if (piece->newlines > 1 && !first) {
			if (layout->column > 0)
				end_line(layout);
			end_line(layout);
		}
		if (piece->kind == COMMENT)
			put_comment(layout, indent);
		else
			put_statement(layout, block, indent, aligned);
	}
}

/* The column of the comments from mark FIRST on that stand on neighbouring lines, up to *end. */
static size_t find_column(const struct layout *layout, size_t first, size_t *end)
{
	size_t column = 0;

	for (*end = first; *end < layout->mark_count; ++*end) {
		const struct mark *mark = &layout->mark[*end];

		if (*end > first && mark->line != mark[-1].line + 1)
			break;
		if (mark->column > column)
			column = mark->column;
	}
	return column + COMMENT_BLANK;
}

/* The text with blanks put before its marks. */
static char *align_comments(const struct layout *layout, size_t *length)
{
	struct layout out = {0};
	size_t done = 0, end;

	for (size_t first = 0; first < layout->mark_count; first = end) {
		size_t column = find_column(layout, first, &end);

		for (size_t i = first; i < end; i++) {
			put(&out, layout->text + done, layout->mark[i].offset - done);
			out.column = layout->mark[i].column;
			put_blanks(&out, column);
			done = layout->mark[i].offset;
		}
	}
	put(&out, layout->text + done, layout->used - done);
	put(&out, "", 1);
	*length = out.used - 1;
	return out.text;
}

static bool is_same_token(const struct af_token *a, const struct af_token *b)
{
	return a->kind == b->kind && a->length == b->length &&
	       memcmp(a->at.source->text + a->at.start, b->at.source->text + b->at.start,
		       a->length) == 0;
}

static bool is_same_tree(const struct af_tree *a, const struct af_tree *b)
{
	bool same = a->node_count == b->node_count && a->value_count == b->value_count;

	for (size_t i = 0; same && i < a->node_count; i++)
		same = is_same_token(&a->node[i].name, &b->node[i].name) &&
		       a->node[i].keyword == b->node[i].keyword &&
		       a->node[i].end.kind == b->node[i].end.kind &&
		       a->node[i].count == b->node[i].count && a->node[i].next == b->node[i].next;
	for (size_t i = 0; same && i < a->value_count; i++)
		same = is_same_token(&a->value[i].token, &b->value[i].token) &&
		       a->value[i].comma == b->value[i].comma;
	return same;
}

/* A formatter that changes what a policy says is worse than none, so its result is read again. */
static bool says_the_same(const struct af_tree *tree, const char *text, size_t length)
{
	struct af_diagnostics diagnostics = {0};
	struct af_source source;
	struct af_tree again;
	bool same;

	af_source_copy("", text, length, &source);
	af_parse(&source, &diagnostics, &again);
	same = diagnostics.errors == 0 && is_same_tree(tree, &again);
	af_tree_free(&again);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
	return same;
}

static char *lay_out(struct af_source *source, struct af_diagnostics *diagnostics, size_t *length)
{
	struct layout layout = {0};
	struct pieces pieces;
	char *text;

	take_pieces(source, diagnostics, &pieces);
	layout.piece = pieces.row;
	put_statements(&layout, &af_language, 0, 0);
	if (layout.column > 0)
		end_line(&layout);
	text = align_comments(&layout, length);
	free(layout.text);
	free(layout.mark);
	free(pieces.row);
	return text;
}

bool af_format_source(
	struct af_source *source, struct af_diagnostics *diagnostics, char **out, size_t *length)
{
	struct af_tree tree;

	*out = NULL;
	*length = 0;
	af_parse(source, diagnostics, &tree);
	if (diagnostics->errors == 0)
		*out = lay_out(source, diagnostics, length);
	if (*out != NULL && !says_the_same(&tree, *out, *length)) {
		free(*out);
		*out = NULL;
	}
	af_tree_free(&tree);
	return *out != NULL;
}
