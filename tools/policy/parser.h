/* SPDX-License-Identifier: MIT */
/*
 * Tokens to a syntax tree.  All statements have one shape, whatever they mean:
 *
 *     KEYWORD value value, value;
 *     KEYWORD value { statements }
 *
 * so a new statement is a row in a table of keywords and a function that reads its values.
 */
#ifndef AF_POLICY_PARSER_H
#define AF_POLICY_PARSER_H

#include <stdbool.h>

#include "lexer.h"

struct af_keyword; /* a row of the tables of statements.h, which the parser only looks up */

struct af_value {
	struct af_token token; /* WORD, STRING or BAD */
	bool comma;            /* a comma stands before it */
};

/* Nodes lie in the order of the text: a node's fields follow it, up to `next`. */
struct af_node {
	const struct af_keyword *keyword; /* NULL: unknown */
	struct af_token name;             /* WORD or BAD */
	struct af_token end; /* the ; or { behind the values, or what stood there instead */
	size_t first, count; /* its values */
	size_t next;
};

struct af_tree {
	size_t node_count, node_room, value_count, value_room;
	struct af_node *node;
	struct af_value *value;
	struct af_token end; /* of the file */
};

/* Parses SOURCE (altered only where it holds bytes that are no text) and reports what breaks the
 * shape.  *out borrows from SOURCE and is freed with af_tree_free(). */
void af_parse(struct af_source *source, struct af_diagnostics *diagnostics, struct af_tree *out);

void af_tree_free(struct af_tree *tree);

#endif
