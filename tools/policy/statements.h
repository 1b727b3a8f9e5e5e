/* SPDX-License-Identifier: MIT */
/*
 * The statements of the language: which there are, and what each says.
 */
#ifndef AF_POLICY_STATEMENTS_H
#define AF_POLICY_STATEMENTS_H

#include "parser.h"
#include "rules.h"

/* A whole policy file as if it were one block. */
extern const struct af_keyword af_language;

/* The keyword TOKEN in the block of BLOCK, or NULL; NULL too if BLOCK is unknown (NULL). */
const struct af_keyword *af_keyword_find(
	const struct af_keyword *block, const struct af_token *token);

/* Adds what TREE says to RULES; what it should not say goes to their diagnostics. */
void af_statements_read(const struct af_tree *tree, struct af_rules *rules);

#endif
