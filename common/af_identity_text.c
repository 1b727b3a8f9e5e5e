/* SPDX-License-Identifier: MIT */
/*
 * The bytes of an identity: what is valid, what is a blank, what an escape stands for.  Nothing
 * here asks the locale: the host may have set one in which I has another lower case.
 */
#include "af_identity_parts.h"

#include <string.h>

#include "af_utf8.h"

bool af_bytes_valid(struct af_span s)
{
	unsigned char byte;
	size_t width;

	while (s.p < s.end) {
		byte = (unsigned char)*s.p;
		if (byte >= 0x20 && byte < 0x7f) {
			s.p++;
			continue;
		}
		width = byte < 0x80 ? 0 : af_utf8_sequence(s.p, (size_t)(s.end - s.p));
		if (width == 0)
			return false;
		s.p += width;
	}
	return true;
}

/* libsasl2's isspace() in the C locale. */
static bool is_blank(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct af_span af_trim(struct af_span s)
{
	while (s.p < s.end && is_blank(*s.p))
		s.p++;
	while (s.p < s.end && is_blank(s.end[-1]))
		s.end--;
	return s;
}

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

bool af_skip_word(struct af_span *s, const char *word)
{
	const char *p = s->p;

	for (; *word != '\0'; word++, p++) {
		if (p == s->end || lower(*p) != *word)
			return false;
	}
	s->p = p;
	return true;
}

bool af_same_word(struct af_span s, const char *word)
{
	return af_skip_word(&s, word) && s.p == s.end;
}

void af_tail_push(struct af_tail *tail, char byte)
{
	if (tail->len == AFENCE_TAIL_MAX) {
		tail->len = AFENCE_TAIL_MAX / 2;
		memmove(tail->text, tail->text + AFENCE_TAIL_MAX - tail->len, tail->len);
	}
	tail->text[tail->len++] = byte;
}

struct af_span af_tail_span(const struct af_tail *tail)
{
	return (struct af_span){tail->text, tail->text + tail->len};
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte = lower(byte);
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

bool af_take_hex(struct af_span *s, char *out)
{
	int high, low;

	if (s->end - s->p < 2)
		return false;
	high = hex_digit(s->p[0]);
	low = hex_digit(s->p[1]);
	if (high < 0 || low < 0)
		return false;
	*out = (char)(high * 16 + low);
	s->p += 2;
	return true;
}

/* RFC 3986 s2.1 (%HH), RFC 4514 s2.4 (\HH and \c), krb5_parse_name() (\c). */
static const char escapes[AFENCE_FORM_COUNT] = {
	[AFENCE_FORM_URI] = '%',
	[AFENCE_FORM_DN] = '\\',
	[AFENCE_FORM_KRB5] = '\\',
};

char af_take_byte(struct af_span *s, enum af_form form)
{
	char byte = *s->p++;

	if (byte == '\0' || byte != escapes[form])
		return byte;
	if (form != AFENCE_FORM_KRB5 && af_take_hex(s, &byte))
		return byte;
	if (form != AFENCE_FORM_URI && s->p < s->end)
		byte = *s->p++;
	return byte;
}
