/* SPDX-License-Identifier: MIT */
/*
 * The way of a login string: bytes, then the reader of its form, then names; and for a string that
 * is malformed the names that stand in it all the same, so that damage is no way past a rule.
 */
#include "af_identity.h"

#include <string.h>

#include "af_address.h"
#include "af_identity_parts.h"

static void read_domain(struct af_identity *id, struct af_span s)
{
	af_add_domain(id, s, af_nothing);
}

static const struct {
	const char *name;
	void (*read)(struct af_identity *id, struct af_span s);
} forms[AFENCE_FORM_COUNT] = {
	[AFENCE_FORM_AUTO] = {"auto", af_read_auto},
	[AFENCE_FORM_NTLM] = {"ntlm", af_read_ntlm},
	[AFENCE_FORM_KRB5] = {"krb5", af_read_krb5},
	[AFENCE_FORM_DN] = {"dn", af_read_dn},
	[AFENCE_FORM_AUTHZID] = {"authzid", af_read_auto},
	[AFENCE_FORM_JID] = {"jid", af_read_jid},
	[AFENCE_FORM_URI] = {"uri", af_read_uri},
	[AFENCE_FORM_NAI] = {"nai", af_read_nai},
	[AFENCE_FORM_DOMAIN] = {"domain", read_domain},
};

const char *af_form_string(enum af_form form)
{
	return forms[form].name;
}

bool af_form_parse(const char *name, enum af_form *out)
{
	for (int form = 0; form < AFENCE_FORM_COUNT; form++) {
		if (strcmp(name, forms[form].name) == 0) {
			*out = (enum af_form)form;
			return true;
		}
	}
	return false;
}

/* RFC 5321 s4.1.3: "[192.0.2.1]", "[IPv6:::1]"; a JID and a URI leave the tag out. */
static bool is_literal(struct af_span s)
{
	struct af_address address;

	if (s.end - s.p < 2 || s.p[0] != '[' || s.end[-1] != ']')
		return false;
	s.p++;
	s.end--;
	af_skip_word(&s, "ipv6:");
	return af_address_parse(s.p, (size_t)(s.end - s.p), &address);
}

void af_add_domain(struct af_identity *id, struct af_span domain, struct af_span local)
{
	struct af_principal *next = &id->principal[id->count];

	if (id->count == AFENCE_PRINCIPALS_MAX) {
		id->malformed = true;
	} else if (af_domain_parse(domain.p, (size_t)(domain.end - domain.p), &next->domain) ==
		   AFENCE_OK) {
		next->local = local.p;
		next->local_len = (size_t)(local.end - local.p);
		id->count++;
	} else if (!is_literal(domain)) {
		id->malformed = true;
	}
}

bool af_add_dotted(struct af_identity *id, struct af_span domain, struct af_span local)
{
	const size_t count = id->count;
	const struct af_domain *name;
	const char *p = domain.p;

	while (p < domain.end && *p != '.' && (unsigned char)*p < 0x80)
		p++;
	if (p == domain.end || (*p == '.' && p + 1 == domain.end))
		return false;
	af_add_domain(id, domain, local);
	if (id->count == count)
		return true;
	name = &id->principal[count].domain;
	if (memchr(name->name, '.', name->len) == NULL)
		id->count = count;
	return id->count > count;
}

void af_identity_parse(const char *text, size_t len, enum af_form form, struct af_identity *out)
{
	struct af_span s = {text, text};

	if (len > 0)
		s.end += len;
	s = af_trim(s);
	out->text = s.p;
	out->len = (size_t)(s.end - s.p);
	out->form = form;
	out->malformed = false;
	out->count = 0;
	if (out->len == 0 || (form == AFENCE_FORM_AUTO && af_read_plain(out, s)))
		return;
	forms[form].read(out, s);
	if (!af_bytes_valid(s))
		out->malformed = true;
	if (out->malformed)
		out->count = 0;
}

/* Takes a run and the byte that ends it.  WIDE: bytes over 0x7f belong to a run, and one without
 * them is left empty, since the first lap has found it. */
static void take_run(struct af_span *s, enum af_form form, bool wide, struct af_tail *run)
{
	bool found = !wide;
	char byte;

	run->len = 0;
	while (s->p < s->end) {
		byte = af_take_byte(s, form);
		if ((unsigned char)byte >= 0x80 && wide)
			found = true;
		else if (!af_domain_byte(byte))
			break;
		af_tail_push(run, byte);
	}
	if (!found)
		run->len = 0;
}

/* *pos counts through two laps over the text and one step for the dc values of a DN. */
bool af_identity_next_run(const struct af_identity *identity, size_t *pos, struct af_domain *out)
{
	const size_t lap = identity->len;
	const struct af_span whole = {identity->text, identity->text + lap};
	struct af_span s = whole;
	struct af_tail run;

	out->len = 0;
	while (*pos < 2 * lap) {
		s.p = whole.p + *pos % lap;
		take_run(&s, identity->form, *pos >= lap, &run);
		*pos += lap - *pos % lap - (size_t)(s.end - s.p);
		if (af_domain_parse_tail(run.text, run.len, out))
			return true;
	}
	if (identity->form != AFENCE_FORM_DN || *pos > 2 * lap)
		return false;
	++*pos;
	af_join_dc(whole, &run);
	return af_domain_parse_tail(run.text, run.len, out);
}
