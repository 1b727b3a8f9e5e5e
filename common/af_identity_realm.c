/* SPDX-License-Identifier: MIT */
/*
 * Names whose domain stands behind or before one separator: Kerberos principals, XMPP addresses,
 * network access identifiers.  Here '@' is a plain byte: no quotes, no comments, no full-width
 * forms (RFC 7622 s3.1).
 */
#include "af_identity_parts.h"

#include <string.h>

static const char *find_last(struct af_span s, char byte)
{
	return memrchr(s.p, byte, (size_t)(s.end - s.p));
}

static const char *find_first(struct af_span s, char byte)
{
	return memchr(s.p, byte, (size_t)(s.end - s.p));
}

/* The last '@' that no backslash stands before: "user\@example.com@CORP.NET" is an enterprise
 * name of realm CORP.NET (RFC 1964 s2.1.1). */
static const char *find_realm_mark(struct af_span s)
{
	const char *at = NULL;

	for (; s.p < s.end; s.p++) {
		if (*s.p == '@')
			at = s.p;
		else if (*s.p == '\\' && s.p + 1 < s.end)
			s.p++;
	}
	return at;
}

/* RFC 4120 s6.1: a domain style realm has no ':' and no '='; the styles "WELLKNOWN:ANONYMOUS" and
 * "/C=US/O=Corp" have one before any dot. */
static bool is_domain_realm(struct af_span s)
{
	while (s.p < s.end && *s.p != '.' && *s.p != ':' && *s.p != '=')
		s.p++;
	return s.p == s.end || *s.p == '.';
}

void af_read_krb5(struct af_identity *id, struct af_span s)
{
	const char *at = find_realm_mark(s);
	struct af_span realm;

	if (at == NULL)
		return;
	realm = (struct af_span){at + 1, s.end};
	if (realm.p < realm.end && is_domain_realm(realm))
		af_add_domain(id, realm, (struct af_span){s.p, at});
}

/* RFC 7622 s3.1: the resource, which may hold any byte, goes first; a JID without '@' is all
 * domain. */
void af_read_jid(struct af_identity *id, struct af_span s)
{
	const char *slash = find_first(s, '/');
	const char *at;

	if (slash != NULL)
		s.end = slash;
	at = find_first(s, '@');
	if (at == NULL)
		af_add_domain(id, s, af_nothing);
	else
		af_add_domain(id, (struct af_span){at + 1, s.end}, (struct af_span){s.p, at});
}

/* RFC 7542 s3.3.1: in "home.example!user@visited.example" the home realm is the account's; the
 * realm behind '@' is the first hop to it, as is all that stands before the home realm. */
void af_read_nai(struct af_identity *id, struct af_span s)
{
	const char *at = find_last(s, '@');
	struct af_span user = {s.p, at != NULL ? at : s.end};
	const char *bang = find_last(user, '!');
	struct af_span home = {s.p, bang};
	const char *before;

	if (bang != NULL) {
		before = find_last(home, '!');
		home.p = before != NULL ? before + 1 : s.p;
		if (af_add_dotted(id, home, (struct af_span){bang + 1, user.end}))
			return;
	}
	if (at != NULL)
		af_add_domain(id, (struct af_span){at + 1, s.end}, user);
}
