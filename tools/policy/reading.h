/* SPDX-License-Identifier: MIT */
/*
 * What the readers of statements share: a row of the tables of keywords, and a statement on its way
 * to the rules.  A reader reports what it can not take and goes on, so that one run shows all
 * errors.
 */
#ifndef AF_POLICY_READING_H
#define AF_POLICY_READING_H

#include "../memory.h"
#include "parser.h"
#include "rules.h"

#define AFENCE_PORT_MAX 65535

/* A new element behind those of an AFENCE_ROWS(): where it lies. */
#define AFENCE_PUSH(rows)                                                             \
	((rows)->row = af_grow(                                                       \
		 (rows)->row, (rows)->count, 1, &(rows)->room, sizeof(*(rows)->row)), \
		&(rows)->row[(rows)->count++])

/* Fields of an `exception` or `protect`. */
enum af_field {
	AFENCE_FIELD_IDENTITY,
	AFENCE_FIELD_TARGET,
	AFENCE_FIELD_PORT,
	AFENCE_FIELD_SERVICE,
	AFENCE_FIELD_REASON,
	AFENCE_FIELD_OWNER,
	AFENCE_FIELD_TICKET,
	AFENCE_FIELD_EXPIRES,
	AFENCE_FIELDS
};

/* The block that is being read, of whichever kind it is. */
struct af_block {
	struct af_clause_row clause;
	struct af_place field[AFENCE_FIELDS]; /* where; source NULL: not yet */
	size_t service;                       /* index, or SIZE_MAX: its name is wrong */
};

struct af_reading {
	struct af_rules *rules;
	const struct af_tree *tree;
	const struct af_node *node;
	size_t count; /* of the node's values */
	bool taken;   /* false: it is only checked */
	struct af_block *block;
};

struct af_keyword {
	const char *word;
	void (*read)(const struct af_reading *reading);
	bool list; /* its values stand with commas between */
	/* True: what it says is to be taken; NULL: always. */
	bool (*make)(const struct af_reading *reading);
	const struct af_keyword *fields; /* of a block, up to a row without word; NULL: no block */
	void (*close)(const struct af_reading *reading); /* behind the fields; may be NULL */
	const char *const *choice;                       /* of a setting: its words, up to a NULL */
	enum af_setting setting;
	size_t field;       /* offset in the settings, enum af_field or enum af_service_setting */
	const char *needed; /* what is expected where a block lacks it; NULL: it may */
};

extern const char *const af_mode_words[], *const af_on_block_words[]; /* up to a NULL */
extern const struct af_keyword af_exception_fields[], af_protect_fields[], af_service_fields[];

/* Readers of statements, and of the fields in a block. */
void af_read_exception(const struct af_reading *reading);
void af_read_protect(const struct af_reading *reading);
void af_close_clause(const struct af_reading *reading);
void af_read_service_block(const struct af_reading *reading);
void af_read_expect(const struct af_reading *reading);
void af_read_module(const struct af_reading *reading);
void af_read_list(const struct af_reading *reading); /* reserve file "names.txt"; */

/* "seen TOKEN, expected EXPECTED", unless the token was reported before. */
void af_complain(
	const struct af_reading *reading, const struct af_token *token, const char *expected);

/* The same, where one of WORDS (up to a NULL) is expected, with EXPECTED before a hint. */
void af_complain_choice(const struct af_reading *reading, const struct af_token *token,
	const char *expected, const char *const *words);

bool af_is_word(const struct af_token *token, const char *word);

/* The token that stands where value INDEX should. */
const struct af_token *af_token_at(const struct af_reading *reading, size_t index);

/* True if a comma stands before value INDEX. */
bool af_has_comma(const struct af_reading *reading, size_t index);

/* True if the values from INDEX on are none, as behind a complete statement. */
bool af_ends_at(const struct af_reading *reading, size_t index);

/* True if there is a value INDEX. */
bool af_has_value(const struct af_reading *reading, size_t index, const char *expected);

/* Value INDEX of a list; NULL behind the last one and, reported, where a comma is missing. */
const struct af_token *af_list_at(const struct af_reading *reading, size_t index);

/* The index in WORDS (up to a NULL) of TOKEN; -1: none of them. */
int af_word_index(const struct af_token *token, const char *const *words);

/* The only value as one of the keyword's choice; *out is its index. */
bool af_read_choice(const struct af_reading *reading, uint8_t *out);

/* The only value in front of a block, a name: true unless there is none or it lacks the block. */
bool af_has_name(const struct af_reading *reading, const char *expected);

#endif
