/* SPDX-License-Identifier: MIT */
/*
 * Distinguished names (RFC 4514, and what RFC 2253 allowed before it): the run of dc RDNs at the
 * end is the domain (RFC 2247 s4), an address in the first RDN is a second one.  A reader of what
 * people wrote, not a judge of it: where a DN is bent, the next RDN is read all the same.
 */
#include "af_identity_parts.h"

#include <string.h>

/* One attribute of an RDN. */
struct ava {
	struct af_span type;
	struct af_tail value;
};

static bool is_dc(struct af_span type)
{
	af_skip_word(&type, "oid."); /* RFC 1779 */
	return af_same_word(type, "dc") || af_same_word(type, "domaincomponent") ||
	       af_same_word(type, "0.9.2342.19200300.100.1.25");
}

static bool ends_value(char byte)
{
	return byte == ',' || byte == ';' || byte == '+';
}

/* Reads a value in quotes (RFC 2253 s4); false, with *s untouched, if they are never closed. */
static bool read_quoted(struct af_span *s, struct af_tail *out)
{
	struct af_span rest = {s->p + 1, s->end};

	while (rest.p < rest.end && *rest.p != '"')
		af_tail_push(out, af_take_byte(&rest, AFENCE_FORM_DN));
	if (rest.p == rest.end) {
		out->len = 0;
		return false;
	}
	s->p = rest.p + 1;
	return true;
}

/* Reads a value up to what ends it; blanks at its end belong to it only if escaped. */
static void read_plain(struct af_span *s, struct af_tail *out)
{
	size_t blanks = 0;
	bool escaped;

	while (s->p < s->end && !ends_value(*s->p)) {
		escaped = *s->p == '\\';
		af_tail_push(out, af_take_byte(s, AFENCE_FORM_DN));
		blanks = escaped || out->text[out->len - 1] != ' ' ? 0 : blanks + 1;
	}
	out->len -= blanks < out->len ? blanks : out->len;
}

/* RFC 4514 s2.4, "#16076578616d706c65": the BER of a string in hex.  Only the short form of the
 * length is read, since no label is longer. */
static void decode_ber(struct af_tail *value)
{
	struct af_span digits = af_tail_span(value);
	struct af_tail ber;
	char byte;

	ber.len = 0;
	digits.p++;
	while (af_take_hex(&digits, &byte))
		af_tail_push(&ber, byte);
	if (digits.p < digits.end || ber.len < 2 || (unsigned char)ber.text[1] != ber.len - 2)
		return;
	value->len = ber.len - 2;
	memcpy(value->text, ber.text + 2, value->len);
}

static void read_ava(struct af_span *s, struct ava *out)
{
	const char *start = s->p;

	out->value.len = 0;
	while (s->p < s->end && *s->p != '=' && !ends_value(*s->p))
		s->p++;
	out->type = af_trim((struct af_span){start, s->p});
	if (s->p == s->end || *s->p != '=')
		return;
	do
		s->p++;
	while (s->p < s->end && *s->p == ' ');
	if (s->p == s->end || *s->p != '"' || !read_quoted(s, &out->value))
		read_plain(s, &out->value);
	while (s->p < s->end && !ends_value(*s->p))
		s->p++;
	if (out->value.len > 0 && out->value.text[0] == '#')
		decode_ber(&out->value);
}

/* True if a '+' was taken: the RDN has another attribute. */
static bool next_ava(struct af_span *s)
{
	return s->p < s->end && *s->p++ == '+';
}

static void append_label(struct af_tail *out, const struct af_tail *label)
{
	if (out->len > 0 && label->len > 0)
		af_tail_push(out, '.');
	for (size_t i = 0; i < label->len; i++)
		af_tail_push(out, label->text[i]);
}

/* RFC 2247 s4: an RDN of more than one attribute is no part of a domain. */
void af_join_dc(struct af_span s, struct af_tail *out)
{
	struct ava ava;
	bool alone;

	out->len = 0;
	while (s.p < s.end) {
		read_ava(&s, &ava);
		for (alone = true; next_ava(&s); alone = false)
			read_ava(&s, &ava);
		if (alone && is_dc(ava.type))
			append_label(out, &ava.value);
		else
			out->len = 0;
	}
}

void af_read_dn(struct af_identity *id, struct af_span s)
{
	struct af_tail domain;
	struct ava ava;

	af_join_dc(s, &domain);
	if (domain.len > 0)
		af_add_domain(id, af_tail_span(&domain), af_nothing);
	do {
		read_ava(&s, &ava);
		af_add_address(id, af_tail_span(&ava.value));
	} while (next_ava(&s));
}
