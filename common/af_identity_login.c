/* SPDX-License-Identifier: MIT */
/*
 * What people type into a login field: addresses with all that RFC 5322 allows around them, and
 * the older ways to name a place.  One scan finds the separators that stand outside quoted
 * strings and comments; the last '@' decides, and only without one do '%', '+' and '!' count, and
 * only beside a dotted name, so that a user called "C++" has no domain.
 */
#include "af_identity_parts.h"

#include <string.h>

struct marks {
	struct af_span at;        /* the last one */
	struct af_span backslash; /* the first one, before any '@' */
	struct af_span bang;      /* the last one */
	struct af_span last_bang; /* the one before that */
	struct af_span plus;      /* the last % or + */
	struct af_span joiner;    /* the last % or + that a dot follows */
	const char *stop;         /* end of the scan, or the angle bracket that ended it */
	bool open;                /* a quoted string or comment is never closed */
	bool cfws;                /* a blank or a comment is there */
};

/* What a scan looks at; 0xe3 and 0xef begin U+3002, the full-width forms and U+FE6B. */
static const bool special[256] = {
	['"'] = true,
	['('] = true,
	[' '] = true,
	['<'] = true,
	['>'] = true,
	['@'] = true,
	['%'] = true,
	['+'] = true,
	['!'] = true,
	['\\'] = true,
	['.'] = true,
	[0xe3] = true,
	[0xef] = true,
};

/* Past the quoted string that starts at P, or NULL. */
static const char *skip_quoted(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\' && p + 1 < end)
			p++;
	}
	return NULL;
}

/* Past the comment that starts at P with all comments in it (RFC 5322 s3.2.2), or NULL. */
static const char *skip_comment(const char *p, const char *end)
{
	size_t depth = 0;

	for (; p < end; p++) {
		if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p + 1;
		else if (*p == '\\' && p + 1 < end)
			p++;
	}
	return NULL;
}

/* Past blanks and comments; NULL if a comment is never closed. */
static const char *skip_cfws(const char *p, const char *end)
{
	while (p != NULL && p < end && (*p == ' ' || *p == '('))
		p = *p == ' ' ? p + 1 : skip_comment(p, end);
	return p;
}

/*
 * The separator at P and where it ends.  SASLprep makes an ASCII one of a full-width one
 * (RFC 4013 s2.2, NFKC), so both are the same to a server: U+FF01 to U+FF3F, and U+FE6B.
 */
static char fold_separator(const char *p, const char *end, const char **next)
{
	char byte = *p;

	*next = p + 1;
	if (byte != '\xef' || end - p < 3)
		return byte;
	if (memcmp(p, "\xef\xb9\xab", 3) == 0)
		byte = '@';
	else if (memcmp(p, "\xef\xbc", 2) == 0 && memchr("@%+!\\", p[2] - 0x60, 5) != NULL)
		byte = (char)(p[2] - 0x60);
	if (byte != *p)
		*next = p + 3;
	return byte;
}

static void note_separator(struct marks *m, char byte, struct af_span here)
{
	switch (byte) {
	case '@':
		m->at = here;
		break;
	case '\\':
		if (m->backslash.p != NULL || m->at.p != NULL)
			break;
		/* What was seen so far stands in the host. */
		m->bang = m->last_bang = m->plus = m->joiner = af_nothing;
		m->backslash = here;
		break;
	case '!':
		m->last_bang = m->bang;
		m->bang = here;
		break;
	case '%':
	case '+':
		m->plus = here;
		break;
	case ' ':
		m->cfws = true;
		break;
	default:
		m->joiner = m->plus;
	}
}

/* Ends at the first angle bracket, since what stands in a pair of them is scanned apart. */
static void scan(struct af_span s, struct marks *out)
{
	const char *p = s.p, *next = s.p;
	char byte;

	out->at = out->backslash = out->bang = out->last_bang = out->plus = out->joiner =
		af_nothing;
	out->stop = s.end;
	out->open = out->cfws = false;
	for (; next != NULL; p = next) {
		while (p < s.end && !special[(unsigned char)*p])
			p++;
		if (p == s.end)
			return;
		if (*p == '<' || *p == '>') {
			out->stop = p;
			return;
		}
		if (*p == '"') {
			next = skip_quoted(p, s.end);
		} else if (*p == '(') {
			next = skip_comment(p, s.end);
			out->cfws = true;
		} else {
			byte = fold_separator(p, s.end, &next);
			note_separator(out, byte, (struct af_span){p, next});
		}
	}
	out->open = true;
}

/*
 * Takes off what stands before an address: blanks, comments and a source route, whose hops are
 * no identity (RFC 5321 app. C).  Quotes around the whole of it are taken off too: what was
 * meant is what they hold.
 */
static bool open_address(struct af_span *s)
{
	const char *colon;

	s->p = skip_cfws(s->p, s->end);
	if (s->p == NULL)
		return false;
	if (s->p < s->end && *s->p == '@') {
		colon = memchr(s->p, ':', (size_t)(s->end - s->p));
		s->p = colon != NULL ? colon + 1 : s->p;
	} else if (s->p < s->end && *s->p == '"' && skip_quoted(s->p, s->end) == s->end) {
		s->p++;
		s->end--;
	}
	return true;
}

/* Narrows *s to the address in it (RFC 5322 s3.4: an angle address wins over the display name)
 * and marks its separators; false if it is malformed. */
static bool find_address(struct af_span *s, struct marks *out)
{
	const char *end;

	if (!open_address(s))
		return false;
	end = s->end;
	scan(*s, out);
	if (out->open || out->stop == s->end)
		return !out->open;
	s->p = out->stop + 1;
	if (*out->stop != '<' || !open_address(s))
		return false;
	scan(*s, out);
	if (out->open || out->stop == s->end || *out->stop != '>')
		return false;
	s->end = out->stop;
	return skip_cfws(s->end + 1, end) == end;
}

/* Copies a domain without blanks and comments; blanks may stand only beside a dot or at an end
 * (RFC 5322 s4.4), else "exam ple.com" would be a name. */
static bool strip_cfws(struct af_span s, struct af_tail *out)
{
	bool gap = false;

	out->len = 0;
	while (s.p != NULL && s.p < s.end) {
		if (*s.p == '(') {
			s.p = skip_comment(s.p, s.end);
		} else if (*s.p == ' ') {
			gap = true;
			s.p++;
		} else {
			if (gap && out->len > 0 && out->text[out->len - 1] != '.' && *s.p != '.')
				return false;
			gap = false;
			af_tail_push(out, *s.p++);
		}
	}
	return s.p != NULL;
}

static void read_at(struct af_identity *id, struct af_span s, const struct marks *m)
{
	struct af_span domain = {m->at.end, s.end};
	struct af_tail stripped;

	if (m->at.p == NULL)
		return;
	if (m->cfws) {
		if (!strip_cfws(domain, &stripped))
			id->malformed = true;
		domain = af_tail_span(&stripped);
	}
	af_add_domain(id, domain, (struct af_span){s.p, m->at.p});
}

/* "corp.net\user@example.com": either name may be the one that a server looks at. */
static struct af_span read_backslash(
	struct af_identity *id, struct af_span s, const struct marks *m)
{
	struct af_span host = {s.p, m->backslash.p};

	if (m->backslash.p == NULL)
		return s;
	s.p = m->backslash.end;
	af_add_dotted(id, host, (struct af_span){s.p, m->at.p != NULL ? m->at.p : s.end});
	return s;
}

/* RFC 1123 s5.2.16, RFC 976: '@' binds tighter than '%' and '!'. */
static void read_loose(struct af_identity *id, struct af_span s, const struct marks *m)
{
	struct af_span host = {m->last_bang.p != NULL ? m->last_bang.end : s.p, m->bang.p};

	if (m->at.p != NULL)
		return;
	if (m->joiner.p != NULL)
		af_add_dotted(id, (struct af_span){m->joiner.end, s.end},
			(struct af_span){s.p, m->joiner.p});
	if (m->bang.p != NULL)
		af_add_dotted(id, host, (struct af_span){m->bang.end, s.end});
}

/* What every login has in common: an address, perhaps with a host before a backslash. */
static bool read_address(struct af_identity *id, struct af_span *s, struct marks *m)
{
	if (!find_address(s, m)) {
		id->malformed = true;
		return false;
	}
	*s = read_backslash(id, *s, m);
	read_at(id, *s, m);
	return true;
}

void af_read_login(struct af_identity *id, struct af_span s)
{
	struct marks m;

	if (read_address(id, &s, &m))
		read_loose(id, s, &m);
}

void af_read_ntlm(struct af_identity *id, struct af_span s)
{
	struct marks m;

	read_address(id, &s, &m);
}

enum { ORNAMENT = 1, SEPARATOR = 2 };

/* What a plain login does not have; a SEPARATOR is one only where no '@' stands behind it. */
static const char ornament[0x80] = {
	['"'] = ORNAMENT,
	['('] = ORNAMENT,
	[')'] = ORNAMENT,
	[','] = ORNAMENT,
	[':'] = ORNAMENT,
	[';'] = ORNAMENT,
	['<'] = ORNAMENT,
	['>'] = ORNAMENT,
	['['] = ORNAMENT,
	['\\'] = ORNAMENT,
	[']'] = ORNAMENT,
	['%'] = SEPARATOR,
	['+'] = SEPARATOR,
	['!'] = SEPARATOR,
};

bool af_read_plain(struct af_identity *id, struct af_span s)
{
	struct af_principal *first = &id->principal[0];
	const char *p = s.p;
	char seen = 0;

	for (; p < s.end && *p != '@'; p++) {
		if (*p <= ' ' || *p >= 0x7f)
			return false;
		seen |= ornament[(unsigned char)*p];
	}
	if ((seen & ORNAMENT) != 0 || p == s.end)
		return seen == 0;
	if (af_domain_parse(p + 1, (size_t)(s.end - p - 1), &first->domain) != AFENCE_OK)
		return false;
	first->local = s.p;
	first->local_len = (size_t)(p - s.p);
	id->count = 1;
	return true;
}

/* A DN that somebody typed without "dn:"; an address has the last word on what stands before it. */
static bool is_bare_dn(struct af_span s)
{
	struct af_tail domain;

	if (memchr(s.p, '@', (size_t)(s.end - s.p)) != NULL)
		return false;
	af_join_dc(s, &domain);
	return domain.len > 0;
}

/* RFC 4513 s5.2.1.8. */
void af_read_auto(struct af_identity *id, struct af_span s)
{
	if (!af_skip_word(&s, "dn:")) {
		af_skip_word(&s, "u:");
		if (!is_bare_dn(s)) {
			af_read_login(id, s);
			return;
		}
	}
	s = af_trim(s);
	id->text = s.p;
	id->len = (size_t)(s.end - s.p);
	id->form = AFENCE_FORM_DN;
	af_read_dn(id, s);
}

void af_add_address(struct af_identity *id, struct af_span value)
{
	struct af_identity probe;
	const struct af_domain *found = &probe.principal[0].domain;
	struct marks m;

	probe.count = 0;
	probe.malformed = false;
	if (!find_address(&value, &m))
		return;
	read_at(&probe, value, &m);
	if (probe.count == 1 && !probe.malformed)
		af_add_domain(
			id, (struct af_span){found->name, found->name + found->len}, af_nothing);
}
