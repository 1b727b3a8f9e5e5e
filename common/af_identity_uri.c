/* SPDX-License-Identifier: MIT */
/*
 * The account that a URI names.  What follows the first ':' of a userinfo is a password: it is cut
 * off before anything else looks, and the identity's text ends before it.
 */
#include "af_identity_parts.h"

#include <string.h>

/* S up to the first of BYTES. */
static struct af_span cut(struct af_span s, const char *bytes)
{
	const char *p = s.p;

	while (p < s.end && (*p == '\0' || strchr(bytes, *p) == NULL))
		p++;
	return (struct af_span){s.p, p};
}

/* S up to WORD in any case. */
static struct af_span cut_word(struct af_span s, const char *word)
{
	struct af_span rest = s, probe = s;

	while (rest.p < s.end && !af_skip_word(&probe, word))
		probe.p = ++rest.p;
	return (struct af_span){s.p, rest.p};
}

/* Makes S what the identity is judged by, and shown as. */
static void narrow(struct af_identity *id, struct af_span s)
{
	id->text = s.p;
	id->len = (size_t)(s.end - s.p);
}

/* Decodes once ("%2540" is "%40", no '@') and reads; what was decoded is not the caller's text, so
 * no local part is borrowed from it. */
static void read_decoded(struct af_identity *id, struct af_span s,
	void (*read)(struct af_identity *id, struct af_span s))
{
	struct af_tail text;
	size_t i = id->count;

	if (memchr(s.p, '%', (size_t)(s.end - s.p)) == NULL) {
		read(id, s);
		return;
	}
	text.len = 0;
	while (s.p < s.end)
		af_tail_push(&text, af_take_byte(&s, AFENCE_FORM_URI));
	if (!af_bytes_valid(af_tail_span(&text)))
		id->malformed = true;
	read(id, af_trim(af_tail_span(&text)));
	for (; i < id->count; i++) {
		id->principal[i].local = NULL;
		id->principal[i].local_len = 0;
	}
}

/* RFC 3986 s3.2.1; RFC 5092 s3.2 (";AUTH=").  Of two raw '@' the last one counts, as in mutt. */
static void read_authority(struct af_identity *id, struct af_span s)
{
	const char *at;

	s = cut(s, "/?#");
	at = memrchr(s.p, '@', (size_t)(s.end - s.p));
	s.end = at != NULL ? at : s.p;
	s = cut_word(cut(s, ":"), ";auth=");
	narrow(id, s);
	read_decoded(id, s, af_read_login);
}

/* RFC 6068 (mailto, a list), RFC 7565 (acct). */
static void read_addresses(struct af_identity *id, struct af_span s)
{
	struct af_span one;

	s = cut(s, "?#");
	narrow(id, s);
	while (s.p < s.end) {
		one = cut(s, ",");
		read_decoded(id, one, af_read_login);
		s.p = one.end < s.end ? one.end + 1 : s.end;
	}
}

/* RFC 5122: of "xmpp://guest@example.com/support@corp.net" the authority is the account. */
static void read_xmpp(struct af_identity *id, struct af_span s)
{
	s = cut(s, "/?#");
	narrow(id, s);
	read_decoded(id, s, af_read_jid);
}

/* RFC 3261 s19.1: sip:user:password@host:port;parameters?headers. */
static void read_sip(struct af_identity *id, struct af_span s)
{
	const char *at = memchr(s.p, '@', (size_t)(s.end - s.p));
	struct af_span user = af_nothing, host = s;

	if (at != NULL) {
		user = (struct af_span){s.p, at};
		host.p = at + 1;
	}
	if (host.p < host.end && *host.p == '[') {
		host = cut(host, "]");
		host.end += host.end < s.end;
	} else {
		host = cut(host, ":;?");
	}
	narrow(id, host);
	af_add_domain(id, host, cut(user, ":"));
}

/* RFC 3966 s5.1.5: the context is a domain or the digits of a number. */
static void read_tel(struct af_identity *id, struct af_span s)
{
	s.p = cut_word(s, ";phone-context=").end;
	if (!af_skip_word(&s, ";phone-context=") || (s.p < s.end && *s.p == '+'))
		return;
	s = cut(s, ";");
	narrow(id, s);
	af_add_domain(id, s, af_nothing);
}

static const struct {
	const char *scheme;
	void (*read)(struct af_identity *id, struct af_span s);
} schemes[] = {
	{"mailto:", read_addresses},
	{"acct:", read_addresses},
	{"xmpp:", read_xmpp},
	{"sip:", read_sip},
	{"sips:", read_sip},
	{"tel:", read_tel},
};

/* RFC 3986 s3.1; false if none stands there. */
static bool skip_scheme(struct af_span *s)
{
	struct af_span scheme = cut(*s, ":/?#@%");

	if (scheme.end == s->end || *scheme.end != ':' || scheme.p == scheme.end)
		return false;
	s->p = scheme.end + 1;
	return true;
}

void af_read_uri(struct af_identity *id, struct af_span s)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!af_skip_word(&s, schemes[i].scheme))
			continue;
		af_skip_word(&s, "//");
		schemes[i].read(id, s);
		return;
	}
	if (skip_scheme(&s) && af_skip_word(&s, "//"))
		read_authority(id, s);
	else
		id->malformed = true;
}
