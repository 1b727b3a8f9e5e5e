/* SPDX-License-Identifier: MIT */
/*
 * A statement that breaks off is taken as far as it goes, so that one slip yields one error: a
 * missing ";" shows when a keyword of the block begins a line.
 */
#include "parser.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "statements.h"

#define DEPTH_MAX 8 /* of blocks in blocks */

struct parser {
	struct af_lexer lexer;
	struct af_token token, previous;
	struct af_tree *tree;
};

static void advance(struct parser *parser)
{
	parser->previous = parser->token;
	af_lexer_next(&parser->lexer, &parser->token);
}

static bool at(const struct parser *parser, enum af_token_kind kind)
{
	return parser->token.kind == kind;
}

static bool at_value(const struct parser *parser)
{
	return at(parser, AFENCE_TOKEN_WORD) || at(parser, AFENCE_TOKEN_STRING) ||
	       at(parser, AFENCE_TOKEN_BAD);
}

static bool at_statement(const struct parser *parser, const struct af_keyword *block)
{
	return at(parser, AFENCE_TOKEN_WORD) && parser->token.at.line > parser->previous.at.line &&
	       af_keyword_find(block, &parser->token) != NULL;
}

static void complain_seen(struct parser *parser, const char *expected)
{
	char shown[AFENCE_SHOWN_MAX];

	af_diagnose(parser->lexer.diagnostics, AFENCE_ERROR, &parser->token.at,
		"seen %s, expected %s", af_token_show(&parser->token, shown), expected);
}

/* Goes on behind the next ";" or block, or before a "}" that closes what is open. */
static void recover(struct parser *parser)
{
	size_t open = 0;

	while (!at(parser, AFENCE_TOKEN_END)) {
		if (at(parser, AFENCE_TOKEN_CLOSE) && open-- == 0)
			return;
		if (at(parser, AFENCE_TOKEN_OPEN))
			open++;
		advance(parser);
		if (open == 0 && (parser->previous.kind == AFENCE_TOKEN_SEMICOLON ||
					 parser->previous.kind == AFENCE_TOKEN_CLOSE))
			return;
	}
}

static void parse_comma(struct parser *parser, const struct af_keyword *block, bool first)
{
	if (first)
		complain_seen(parser, "a value");
	advance(parser);
	if (!first && (!at_value(parser) || at_statement(parser, block)))
		complain_seen(parser, "another value after \",\"");
}

static void parse_values(
	struct parser *parser, const struct af_keyword *block, struct af_node *node)
{
	struct af_tree *tree = parser->tree;

	node->first = tree->value_count;
	while ((at_value(parser) || at(parser, AFENCE_TOKEN_COMMA)) &&
		!at_statement(parser, block)) {
		if (at(parser, AFENCE_TOKEN_COMMA)) {
			parse_comma(parser, block, node->first == tree->value_count);
			continue;
		}
		tree->value = af_grow(
			tree->value, tree->value_count, 1, &tree->value_room, sizeof(*tree->value));
		tree->value[tree->value_count++] = (struct af_value){
			parser->token, parser->previous.kind == AFENCE_TOKEN_COMMA};
		advance(parser);
	}
	node->count = tree->value_count - node->first;
}

/* A broken string may have swallowed the ";", and behind a comma a value was missed before. */
static void complain_semicolon(struct parser *parser)
{
	struct af_place place = af_token_end(&parser->previous);
	char seen[AFENCE_SHOWN_MAX], after[AFENCE_SHOWN_MAX];

	if (parser->previous.kind == AFENCE_TOKEN_BAD ||
		parser->previous.kind == AFENCE_TOKEN_COMMA)
		return;
	af_diagnose(parser->lexer.diagnostics, AFENCE_ERROR, &place,
		"seen %s, expected \";\" after %s", af_token_show(&parser->token, seen),
		af_token_show(&parser->previous, after));
}

static void parse_block(struct parser *parser, const struct af_keyword *block,
	const struct af_token *open, unsigned depth);

static void parse_fields(struct parser *parser, const struct af_node *node, unsigned depth)
{
	if (depth == DEPTH_MAX) {
		complain_seen(parser, "no further block in this one");
		recover(parser);
		return;
	}
	advance(parser);
	parse_block(parser, node->keyword, &node->end, depth + 1);
}

/* The node is filled in at the end, since its fields move the array. */
static void parse_statement(struct parser *parser, const struct af_keyword *block, unsigned depth)
{
	struct af_tree *tree = parser->tree;
	struct af_node node = {.name = parser->token};
	size_t index = tree->node_count++;

	tree->node = af_grow(tree->node, index, 1, &tree->node_room, sizeof(*tree->node));
	node.keyword = af_keyword_find(block, &parser->token);
	advance(parser);
	parse_values(parser, block, &node);
	node.end = parser->token;
	if (at(parser, AFENCE_TOKEN_SEMICOLON))
		advance(parser);
	else if (at(parser, AFENCE_TOKEN_OPEN))
		parse_fields(parser, &node, depth);
	else
		complain_semicolon(parser);
	node.next = tree->node_count;
	tree->node[index] = node;
}

static void parse_close(struct parser *parser, const struct af_token *open)
{
	if (at(parser, AFENCE_TOKEN_END)) {
		complain_seen(parser, "\"}\"");
		af_diagnose(
			parser->lexer.diagnostics, AFENCE_NOTE, &open->at, "the block begins here");
	}
	advance(parser);
}

static void parse_block(struct parser *parser, const struct af_keyword *block,
	const struct af_token *open, unsigned depth)
{
	while (!at(parser, AFENCE_TOKEN_END)) {
		if (at(parser, AFENCE_TOKEN_CLOSE) && open != NULL)
			break;
		if (at(parser, AFENCE_TOKEN_WORD) || at(parser, AFENCE_TOKEN_BAD)) {
			parse_statement(parser, block, depth);
			continue;
		}
		complain_seen(parser, "a statement");
		if (at(parser, AFENCE_TOKEN_CLOSE))
			advance(parser);
		else
			recover(parser);
	}
	if (open != NULL)
		parse_close(parser, open);
}

void af_parse(struct af_source *source, struct af_diagnostics *diagnostics, struct af_tree *out)
{
	struct parser parser = {.tree = out};

	memset(out, 0, sizeof(*out));
	af_lexer_start(&parser.lexer, source, diagnostics);
	advance(&parser);
	parse_block(&parser, &af_language, NULL, 0);
	out->end = parser.token;
}

void af_tree_free(struct af_tree *tree)
{
	free(tree->node);
	free(tree->value);
	memset(tree, 0, sizeof(*tree));
}
