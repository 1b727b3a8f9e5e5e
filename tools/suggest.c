/* SPDX-License-Identifier: MIT */
#include "suggest.h"

#include <string.h>

#define WORD_MAX 32

/* Letters to insert, delete, change or swap with a neighbour (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t d[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

const char *af_suggest(const char *word, const char *const *choice, size_t count)
{
	const char *best = NULL;
	size_t least = 3;

	if (strlen(word) > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(choice[i]);
		size_t one = len <= WORD_MAX ? distance(word, choice[i]) : least;

		if (one < least && one * 2 < len) {
			least = one;
			best = choice[i];
		}
	}
	return best;
}
