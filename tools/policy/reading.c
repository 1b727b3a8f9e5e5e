/* SPDX-License-Identifier: MIT */
#include "reading.h"

#include <string.h>

#define EXPECTED_MAX 512

void af_complain(
	const struct af_reading *reading, const struct af_token *token, const char *expected)
{
	char shown[AFENCE_SHOWN_MAX];

	if (token->kind != AFENCE_TOKEN_BAD)
		af_diagnose(reading->rules->diagnostics, AFENCE_ERROR, &token->at,
			"seen %s, expected %s", af_token_show(token, shown), expected);
}

void af_complain_choice(const struct af_reading *reading, const struct af_token *token,
	const char *expected, const char *const *words)
{
	char text[EXPECTED_MAX], hint[AFENCE_HINT_MAX];
	size_t len;
	const char *seen = af_token_text(token, &len);

	snprintf(text, sizeof(text), "%s%s", expected,
		token->kind == AFENCE_TOKEN_STRING ? " without quotes"
						   : af_hint(seen, len, words, hint));
	af_complain(reading, token, text);
}

bool af_is_word(const struct af_token *token, const char *word)
{
	size_t len;
	const char *text = af_token_text(token, &len);

	return token->kind == AFENCE_TOKEN_WORD && strlen(word) == len &&
	       memcmp(text, word, len) == 0;
}

static const struct af_value *value_at(const struct af_reading *reading, size_t index)
{
	return &reading->tree->value[reading->node->first + index];
}

const struct af_token *af_token_at(const struct af_reading *reading, size_t index)
{
	return index < reading->count ? &value_at(reading, index)->token : &reading->node->end;
}

bool af_has_comma(const struct af_reading *reading, size_t index)
{
	return index < reading->count && value_at(reading, index)->comma;
}

bool af_ends_at(const struct af_reading *reading, size_t index)
{
	if (index < reading->count)
		af_complain(reading, af_token_at(reading, index),
			reading->node->keyword->fields != NULL ? "\"{\"" : "\";\"");
	return index >= reading->count;
}

bool af_has_value(const struct af_reading *reading, size_t index, const char *expected)
{
	if (index >= reading->count)
		af_complain(reading, &reading->node->end, expected);
	return index < reading->count;
}

const struct af_token *af_list_at(const struct af_reading *reading, size_t index)
{
	if (index >= reading->count)
		return NULL;
	if (index == 0 || af_has_comma(reading, index))
		return &value_at(reading, index)->token;
	af_complain(reading, af_token_at(reading, index), "\",\" or \";\"");
	return NULL;
}

int af_word_index(const struct af_token *token, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (af_is_word(token, words[i]))
			return i;
	return -1;
}

bool af_read_choice(const struct af_reading *reading, uint8_t *out)
{
	const char *const *words = reading->node->keyword->choice;
	const struct af_token *token = af_token_at(reading, 0);
	int index = reading->count > 0 ? af_word_index(token, words) : -1;
	char choice[AFENCE_CHOICE_MAX];

	af_ends_at(reading, 1);
	if (index < 0)
		af_complain_choice(reading, token, af_join(words, choice), words);
	else
		*out = (uint8_t)index;
	return index >= 0;
}

/* Where neither a name nor a block stands, the missing block is reported already. */
bool af_has_name(const struct af_reading *reading, const char *expected)
{
	bool has_block = reading->node->end.kind == AFENCE_TOKEN_OPEN;

	if (reading->count == 0 && !has_block)
		return false;
	if (!af_has_value(reading, 0, expected))
		return false;
	if (af_ends_at(reading, 1) && !has_block)
		af_complain(reading, &reading->node->end, "\"{\"");
	return true;
}
