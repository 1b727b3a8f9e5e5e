/* SPDX-License-Identifier: MIT */
/*
 * Finds a word in a table, byte by byte, and keeps nothing of it: only the row and how many of its
 * letters have come by.  A password that stands where a word is expected leaves no trace.
 */
#ifndef PRELOAD_WORD_H
#define PRELOAD_WORD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Rows of any struct whose first member is the word: const char *, upper case, "" matches nothing,
 * "*" at its end stands for any rest.
 */
struct af_table {
	const void *row;
	size_t size;
	unsigned char count; /* < 255 */
};
#define AFENCE_TABLE(rows)                                              \
	{                                                               \
		(rows), sizeof(*(rows)), sizeof(rows) / sizeof(*(rows)) \
	}

/* All zero: nothing has come by. */
struct af_match {
	unsigned char row;
	unsigned char len;
	bool lost; /* no row begins so */
};

/* The next byte, letters in any case.  False: no row begins so. */
bool af_match_byte(const struct af_table *table, struct af_match *match, unsigned char byte);

/* The word has ended: its row, -1 if there is none. */
int af_match_end(const struct af_table *table, const struct af_match *match);

/* Has any byte come by? */
static inline bool af_match_begun(const struct af_match *match)
{
	return match->lost || match->len > 0;
}

#endif
