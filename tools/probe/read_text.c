/* SPDX-License-Identifier: MIT */
/* Answers that are neither JSON nor XML. */
#include "reading_parts.h"

#include <string.h>

#include "af_utf8.h"

struct mta_sts {
	struct af_reading *out;
	bool version, mx, none;
};

struct field {
	const char *name, *value;
	size_t name_len, value_len;
};

/* RFC 8461 s3.2: NAME ":" VALUE with blanks around the value. */
static bool split_field(const char *line, size_t len, struct field *out)
{
	const char *colon = memchr(line, ':', len), *end = line + len;

	if (colon == NULL)
		return false;
	out->name = line;
	out->name_len = (size_t)(colon - line);
	out->value = colon + 1;
	while (out->value < end && af_is_blank(*out->value))
		out->value++;
	while (end > out->value && af_is_blank(end[-1]))
		end--;
	out->value_len = (size_t)(end - out->value);
	return true;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && curl_strnequal(text, word, len);
}

static void take_field(struct mta_sts *policy, const struct field *field)
{
	if (is_word(field->name, field->name_len, "version")) {
		policy->version |= is_word(field->value, field->value_len, "STSv1");
	} else if (is_word(field->name, field->name_len, "mode")) {
		policy->none |= is_word(field->value, field->value_len, "none");
	} else if (is_word(field->name, field->name_len, "mx")) {
		policy->mx = true;
		af_reading_add_host(policy->out, field->value, field->value_len);
	}
}

static bool is_text(const char *text, size_t len)
{
	size_t step;

	for (; len > 0; text += step, len -= step) {
		step = af_utf8_sequence(text, len);
		if (step == 0)
			return false;
	}
	return true;
}

/* False: one of the lines is no field. */
static bool take_lines(struct mta_sts *policy, const char *text, size_t len)
{
	const char *end = text + len, *next;
	struct field field;

	for (; text < end; text = next + 1) {
		next = memchr(text, '\n', (size_t)(end - text));
		if (next == NULL)
			next = end;
		while (text < next && af_is_blank(*text))
			text++;
		if (text == next)
			continue;
		if (!split_field(text, (size_t)(next - text), &field))
			return false;
		take_field(policy, &field);
	}
	return true;
}

void af_read_mta_sts(const struct af_body *body, struct af_reading *out)
{
	struct mta_sts policy = {.out = out};
	size_t len;
	const char *text = af_body_text(body, &len);

	if (!af_reading_start(body, out))
		return;
	if (!is_text(text, len) || !take_lines(&policy, text, len) || !policy.version)
		af_reading_strange(out, "no MTA-STS policy");
	else if (policy.mx || !policy.none)
		out->kind = AFENCE_READ_SETTINGS;
	else
		af_reading_note(out, "mode none");
}

void af_read_any(const struct af_body *body, struct af_reading *out)
{
	if (af_reading_start(body, out))
		af_reading_strange(out, "an answer without a login");
}
