/* SPDX-License-Identifier: MIT */
#include "word.h"

#include <string.h>

static const char *word_of(const struct af_table *table, unsigned char row)
{
	return *(const char *const *)(const void *)((const char *)table->row + row * table->size);
}

static unsigned char fold(unsigned char byte)
{
	return byte >= 'a' && byte <= 'z' ? (unsigned char)(byte - 'a' + 'A') : byte;
}

/* The first row from the match's on that goes on with BYTE; WILD: or with anything. */
static bool find_row(
	const struct af_table *table, struct af_match *match, unsigned char byte, bool wild)
{
	const char *seen = word_of(table, match->row);

	for (unsigned char row = match->row; row < table->count; row++) {
		const char *word = word_of(table, row);

		if (strncmp(word, seen, match->len) != 0)
			continue;
		if ((unsigned char)word[match->len] == byte || (wild && word[match->len] == '*')) {
			match->row = row;
			return true;
		}
	}
	return false;
}

bool af_match_byte(const struct af_table *table, struct af_match *match, unsigned char byte)
{
	byte = fold(byte);
	if (match->lost || byte == '\0' || byte == '*' || !find_row(table, match, byte, true))
		match->lost = true;
	else if ((unsigned char)word_of(table, match->row)[match->len] == byte)
		match->len++;
	return !match->lost;
}

int af_match_end(const struct af_table *table, const struct af_match *match)
{
	struct af_match end = *match;

	if (match->lost || match->len == 0 || !find_row(table, &end, '\0', true))
		return -1;
	return end.row;
}
