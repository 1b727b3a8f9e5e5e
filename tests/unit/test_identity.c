/* SPDX-License-Identifier: MIT */
/*
 * Logins of all forms against rows of what they stand for, and the names that are found in
 * malformed ones.
 */
#include "af_identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

struct row {
	enum af_form form;
	const char *text;
	const char *want; /* domains in order, "" for none, "malformed" */
};

#define AUTO    AFENCE_FORM_AUTO
#define NTLM    AFENCE_FORM_NTLM
#define KRB5    AFENCE_FORM_KRB5
#define DN      AFENCE_FORM_DN
#define AUTHZID AFENCE_FORM_AUTHZID
#define JID     AFENCE_FORM_JID
#define URI     AFENCE_FORM_URI
#define NAI     AFENCE_FORM_NAI
#define DOMAIN  AFENCE_FORM_DOMAIN

static const struct row rows[] = {
	/* Bare names. */
	{AUTO, "", ""},
	{AUTO, "   ", ""},
	{AUTO, "alice", ""},
	{AUTO, "example.com", ""},
	{AUTO, ".", ""},
	{AUTO, "C++", ""},
	{AUTO, "50%", ""},
	{AUTO, "wow!", ""},
	{AUTO, "\u7530\u4e2d", ""},
	{AUTO, "uid=jo,o=x", ""},
	/* addr-spec, RFC 5322 s3.4.1. */
	{AUTO, "user@example.com", "example.com"},
	{AUTO, "user@EXAMPLE.com", "example.com"},
	{AUTO, "user@notexample.com", "notexample.com"},
	{AUTO, "user@example.com.org", "example.com.org"},
	{AUTO, "user@test", "test"},
	{AUTO, "root@localhost", "localhost"},
	{AUTO, "@example.com", "example.com"},
	{AUTO, "a@b@example.com", "example.com"},
	{AUTO, "a@example.com@corp.net", "corp.net"},
	{AUTO, "user@example.com.", "example.com"},
	{AUTO, "user@example.com..", "malformed"},
	{AUTO, "user@.example.com", "malformed"},
	{AUTO, "user@example..com", "malformed"},
	{AUTO, "user@", "malformed"},
	{AUTO, "@", "malformed"},
	{AUTO, "@@", "malformed"},
	{AUTO, "user@.", "malformed"},
	{AUTO, "user@-x-.example.com", "-x-.example.com"},
	{AUTO, "user@example.com,", "malformed"},
	{AUTO, "user@example.com/x", "malformed"},
	{AUTO, "  user@example.com\r\n", "example.com"},
	{AUTO, "\t\v\fuser@example.com\t\v\f", "example.com"},
	/* Quoted local parts, RFC 5321 s4.1.2. */
	{AUTO, "\"user@example.com\"@corp.net", "corp.net"},
	{AUTO, "\"a\\\"@example.com\"@corp.net", "corp.net"},
	{AUTO, "\"a\\\\\"@example.com", "example.com"},
	{AUTO, "\"a\"@\"b\"@corp.net", "corp.net"},
	{AUTO, "o\"a@x.net\"brien@corp.net", "corp.net"},
	{AUTO, "\"(\"@example.com", "example.com"},
	{AUTO, "\"<\"@example.com", "example.com"},
	{AUTO, "\"user@example.com\"", "example.com"},
	{AUTO, "\"user@example.com", "malformed"},
	{AUTO, "user\"@example.com", "malformed"},
	{AUTO, "\"user@example.com\\", "malformed"},
	{AUTO, "user@\"example.com\"", "malformed"},
	/* Comments and blanks, RFC 5322 s3.2.2 and s4.4. */
	{AUTO, "user@(x)example.com", "example.com"},
	{AUTO, "user@example.com (at work)", "example.com"},
	{AUTO, "(jo) user@example.com", "example.com"},
	{AUTO, "user(a(b)c)@example.com", "example.com"},
	{AUTO, "user(a@corp.net)@example.com", "example.com"},
	{AUTO, "user(@example.com)@corp.net", "corp.net"},
	{AUTO, "user(\\))@example.com", "example.com"},
	{AUTO, "user@exam(x)ple.com", "example.com"},
	{AUTO, "user@example(x).(y)com(z)", "example.com"},
	{AUTO, "user @ example . com", "example.com"},
	{AUTO, "user@exam ple.com", "malformed"},
	{AUTO, "user@example.com corp.net", "malformed"},
	{AUTO, "user(x@example.com", "malformed"},
	{AUTO, "user@example.com (x", "malformed"},
	{AUTO, "(x\\", "malformed"},
	{AUTO, "a)b@example.com", "example.com"},
	{AUTO, "user(at)example.com", ""},
	/* Display names and angle addresses, RFC 5322 s3.4. */
	{AUTO, "\"a@example.com\" <b@corp.net>", "corp.net"},
	{AUTO, "a@example.com <b@corp.net>", "corp.net"},
	{AUTO, "Jo <jo@example.com>", "example.com"},
	{AUTO, "<jo@example.com> (home)", "example.com"},
	{AUTO, "(x) Jo (y) < jo@example.com > (z)", "example.com"},
	{AUTO, "Jo <\"x>\"@example.com>", "example.com"},
	{AUTO, "<>", ""},
	{AUTO, "Jo <jo>", ""},
	{AUTO, "Jo <jo@example.com", "malformed"},
	{AUTO, "jo@example.com>", "malformed"},
	{AUTO, "<<jo@example.com>>", "malformed"},
	{AUTO, "<jo@corp.net> jo@example.com", "malformed"},
	{AUTO, "<", "malformed"},
	/* Source routes, RFC 5321 app. C. */
	{AUTO, "<@relay.corp.net:user@example.com>", "example.com"},
	{AUTO, "@example.com:user@corp.net", "corp.net"},
	{AUTO, "<@a.net,@b.net:user@example.com>", "example.com"},
	{AUTO, "<@example.com:user>", ""},
	{AUTO, "<@[IPv6:::1]:user@example.com>", "example.com"},
	/* Percent, plus, bang: RFC 1123 s5.2.16, cPanel, RFC 976. */
	{AUTO, "user%example.com@corp.net", "corp.net"},
	{AUTO, "user%example.com", "example.com"},
	{AUTO, "user%a.net%example.com", "example.com"},
	{AUTO, "user+example.com", "example.com"},
	{AUTO, "user+example.com@corp.net", "corp.net"},
	{AUTO, "user+detail", ""},
	{AUTO, "user%EXAMPLE", ""},
	{AUTO, "user+test.", ""},
	{AUTO, "a.b+c", ""},
	{AUTO, "user+example.com+x", "malformed"},
	{AUTO, "a!example.com!user", "example.com"},
	{AUTO, "example.com!user", "example.com"},
	{AUTO, "a!example!user", ""},
	{AUTO, "example.com!user@corp.net", "corp.net"},
	{AUTO, "example.com!user+corp.net", "corp.net example.com"},
	/* Local parts that hold a name: VERP, SRS, BATV, guest UPN. */
	{AUTO, "bounce-user=example.com@corp.net", "corp.net"},
	{AUTO, "SRS0=HH=TT=example.com=user@corp.net", "corp.net"},
	{AUTO, "prvs=1234567890=user@example.com", "example.com"},
	{AUTO, "user_example.com#EXT#@corp.net", "corp.net"},
	/* Literals, RFC 5321 s4.1.3. */
	{AUTO, "user@[192.0.2.1]", ""},
	{AUTO, "user@[IPv6:2001:db8::1]", ""},
	{AUTO, "user@(x)[192.0.2.1] ", ""},
	{AUTO, "user@[example.com]", "malformed"},
	{AUTO, "user@[192.0.2.1", "malformed"},
	{AUTO, "user@192.0.2.1", "192.0.2.1"},
	/* Names beyond ASCII; RFC 4013 s2.2 for the full-width separators. */
	{AUTO, "user@b\u00fccher.example", "xn--bcher-kva.example"},
	{AUTO, "user@example\u3002com", "example.com"},
	{AUTO, "user@exam\u200bple.com", "example.com"},
	{AUTO, "user@exam\u00adple.com", "example.com"},
	{AUTO, "user@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com", "example.com"},
	{AUTO, "user@ex\u0430mple.com", "xn--exmple-4nf.com"},
	{AUTO, "user@example\u2024com", "malformed"},
	{AUTO, "user@example\u06d4com", "malformed"},
	{AUTO, "user@xn--a.test", "xn--a.test"},
	{AUTO, "user\uff20example.com", "example.com"},
	{AUTO, "user\ufe6bexample.com", "example.com"},
	{AUTO, "user\uff05example.com", "example.com"},
	{AUTO, "user\uff0bexample\uff61com", "example.com"},
	{AUTO, "example.com\uff01user", "example.com"},
	{AUTO, "example.com\uff3cuser", "example.com"},
	{AUTO, "user+\uff45\uff58", ""},
	{AUTO, "m\u00fcller@corp.net", "corp.net"},
	/* NT logins in a login field. */
	{AUTO, "example.com\\user", "example.com"},
	{AUTO, "EXAMPLE\\user", ""},
	{AUTO, "test.\\user", ""},
	{AUTO, ".\\user", ""},
	{AUTO, "EXAMPLE\\user@corp.net", "corp.net"},
	{AUTO, "corp.net\\user@example.com", "corp.net example.com"},
	{AUTO, "example.com\\user@corp.net", "example.com corp.net"},
	{AUTO, "user\\@example.com", "example.com"},
	{AUTO, "example.com\\a\\b", "example.com"},
	{AUTO, "a\\example.com\\b", ""},
	{AUTO, "a!b\\c", ""},
	{AUTO, "a+b.c\\d", "malformed"},
	{AUTO, "CORP\\a!example.com!user", "example.com"},
	{AUTO, "CORP\\user+example.com", "example.com"},
	/* authzid, RFC 4513 s5.2.1.8. */
	{AUTO, "u:user@example.com", "example.com"},
	{AUTO, "u:example.com\\user", "example.com"},
	{AUTO, "dn:uid=jo,dc=example,dc=com", "example.com"},
	{AUTHZID, "U:user@example.com", "example.com"},
	{AUTHZID, "DN: uid=jo,dc=example,dc=com", "example.com"},
	{AUTO, "uid=jo,dc=example,dc=com", "example.com"},
	{AUTO, "uid=jo; DC=example; DC=com", "example.com"},
	{AUTO, "uid=jo,dc=bad label,dc=com", "malformed"},
	{AUTO, "uid=jo,dc=example,o=corp", ""},
	{AUTO, "uid=jo+dc=example", ""},
	{AUTO, "uid=jo,dc=example,dc=com@corp.net", "corp.net"},
	{AUTHZID, "uid=jo,dc=example,dc=com", "example.com"},
	{AUTHZID, "u:uid=jo,dc=example,dc=com", "example.com"},
	{AUTHZID, "dn:", ""},
	{AUTHZID, "u:", ""},
	{AUTHZID, "user@example.com", "example.com"},
	{AUTHZID, "user", ""},
	/* NTLM. */
	{NTLM, "example.com\\user", "example.com"},
	{NTLM, "EXAMPLE\\user", ""},
	{NTLM, "TEST\\user", ""},
	{NTLM, "user@example.com", "example.com"},
	{NTLM, "\\user", ""},
	{NTLM, "exam ple.com\\user", "malformed"},
	{NTLM, "user+example.com", ""},
	{NTLM, "user", ""},
	/* Kerberos, RFC 4120 s6.1 and s6.2. */
	{KRB5, "user@EXAMPLE.COM", "example.com"},
	{KRB5, "user/admin@EXAMPLE.COM", "example.com"},
	{KRB5, "host/mail.example.com@CORP.NET", "corp.net"},
	{KRB5, "host/mail.example.com", ""},
	{KRB5, "user\\@example.com@CORP.NET", "corp.net"},
	{KRB5, "user\\@example.com", ""},
	{KRB5, "user\\\\@EXAMPLE.COM", "example.com"},
	{KRB5, "a@b@EXAMPLE.COM", "example.com"},
	{KRB5, "WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS", ""},
	{KRB5, "user@/C=US/O=Corp", ""},
	{KRB5, "user@NAMETYPE:rest.of/name=x", ""},
	{KRB5, "user@example.com:88", "malformed"},
	{KRB5, "user@example.com/x", "malformed"},
	{KRB5, "user@EXAM PLE.COM", "malformed"},
	{KRB5, "user@", ""},
	{KRB5, "user", ""},
	{KRB5, "user\\", ""},
	/* DN, RFC 4514 and RFC 2247. */
	{DN, "uid=jo,dc=example,dc=com", "example.com"},
	{DN, "UID=jo, DC=Example, DC=Com", "example.com"},
	{DN, "uid=jo , dc = example ; dc = com ", "example.com"},
	{DN, "dc=example,dc=com", "example.com"},
	{DN, "dc=test", "test"},
	{DN, "uid=jo,ou=people,dc=a,dc=b,dc=c", "a.b.c"},
	{DN, "uid=jo,dc=example.com", "example.com"},
	{DN, "uid=jo,o=example.com", ""},
	{DN, "uid=jo,dc=example,dc=com,o=corp", ""},
	{DN, "uid=jo,dc=example,dc=com,o=corp,dc=net", "net"},
	{DN, "uid=jo,adc=example,dcx=com", ""},
	{DN, "uid=jo,domainComponent=example,DomainComponent=com", "example.com"},
	{DN, "uid=jo,0.9.2342.19200300.100.1.25=example,OID.0.9.2342.19200300.100.1.25=com",
		"example.com"},
	{DN, "uid=jo,dc=ex\\61mple,dc=c\\6F\\6d", "example.com"},
	{DN, "uid=jo,dc=\\example,dc=com", "example.com"},
	{DN, "uid=jo,dc=\"example\",dc=\"com\" ", "example.com"},
	{DN, "uid=jo,dc=\"ex\\61mple\" , dc=com", "example.com"},
	{DN, "uid=jo,dc=#16076578616d706c65,dc=#1603636f6d", "example.com"},
	{DN, "uid=jo,dc=#1607,dc=com", "malformed"},
	{DN, "cn=Doe\\, Jo,dc=example,dc=com", "example.com"},
	{DN, "cn=\"Doe, dc=x\",dc=example,dc=com", "example.com"},
	{DN, "cn=\"Doe,dc=example,dc=com", "example.com"},
	{DN, "cn=Doe\\2c dc=x\\,dc=corp,dc=example,dc=com", "example.com"},
	{DN, "uid=jo+cn=Jo,dc=example,dc=com", "example.com"},
	{DN, "uid=jo,dc=example+o=corp,dc=com", "com"},
	{DN, "uid=jo,o=corp+dc=example,dc=com", "com"},
	{DN, "uid=jo,dc=corp\\ ,dc=net", "malformed"},
	{DN, "uid=jo,dc=,dc=example,dc=com", "example.com"},
	{DN, "uid=jo,dc=example,dc=com,", "example.com"},
	{DN, "uid=jo,dc=bad label,dc=com", "malformed"},
	{DN, "uid=jo,dc=\\00,dc=com", "malformed"},
	{DN, "uid=jo,dc=b\u00fccher,dc=example", "xn--bcher-kva.example"},
	{DN, "uid=jo,dc=b\\c3\\bccher,dc=example", "xn--bcher-kva.example"},
	{DN, "mail=jo@example.com,dc=corp,dc=net", "corp.net example.com"},
	{DN, "mail=jo\\40example.com,o=corp", "example.com"},
	{DN, "uid=jo+mail=jo@example.com,o=corp", "example.com"},
	{DN, "cn=Jo \\<jo@example.com\\>,o=corp", "example.com"},
	{DN, "ou=x,mail=jo@example.com,dc=corp,dc=net", "corp.net"},
	{DN, "cn=mail @ work room,dc=corp,dc=net", "corp.net"},
	{DN, "", ""},
	{DN, "jo", ""},
	{DN, "=", ""},
	{DN, ",,+;", ""},
	/* JID, RFC 7622. */
	{JID, "user@example.com", "example.com"},
	{JID, "a@example.com/x@corp.net", "example.com"},
	{JID, "a@corp.net/x/y@example.com", "corp.net"},
	{JID, "example.com", "example.com"},
	{JID, "example.com/a@corp.net", "example.com"},
	{JID, "a\\40example.com@corp.net.", "corp.net"},
	{JID, "a@b@example.com", "malformed"},
	{JID, "user\uff20example.com", "malformed"},
	{JID, "a@[::1]", ""},
	{JID, "\"a@example.com\"@corp.net", "malformed"},
	{JID, "a@", "malformed"},
	{JID, "/x", "malformed"},
	/* URI. */
	{URI, "imap://user%40example.com@imap.corp.net/", "example.com"},
	{URI, "imap://user%40example.com:secret@imap.corp.net/", "example.com"},
	{URI, "IMAP://user%40example.com;AUTH=PLAIN@imap.corp.net/", "example.com"},
	{URI, "imap://user%40example.com;auth=*:secret@imap.corp.net", "example.com"},
	{URI, "imap://;AUTH=GSSAPI@imap.corp.net/", ""},
	{URI, "smtps://user@example.com@smtp.corp.net", "example.com"},
	{URI, "smtps://user@example.com:p@ss@smtp.corp.net", "example.com"},
	{URI, "smtp://user:x@example.com@smtp.corp.net", ""},
	{URI, "https://user%2540example.com@corp.net/", "40example.com"},
	{URI, "https://%65xample.com%5Cuser@corp.net/", "example.com"},
	{URI, "ftp://user%example.com@corp.net/", "example.com"},
	{URI, "https://corp.net/user@example.com", ""},
	{URI, "https://corp.net?user@example.com", ""},
	{URI, "https://corp.net#user@example.com", ""},
	{URI, "https://imap.example.com/", ""},
	{URI, "https://user@imap.example.com/", ""},
	{URI, "https://user%00%40example.com@corp.net/", "malformed"},
	{URI, "https://user%40ex%ffample.com@corp.net/", "malformed"},
	{URI, "https://user%40example.com%20@corp.net/", "example.com"},
	{URI, "mailto:user@example.com", "example.com"},
	{URI, "MAILTO:user@example.com?cc=a@corp.net", "example.com"},
	{URI, "mailto:a@corp.net,b@example.com", "corp.net example.com"},
	{URI, "mailto:%22a@corp.net%22@example.com", "example.com"},
	{URI, "mailto:a@a.net,b@b.net,c@c.net", "malformed"},
	{URI, "acct:a%40corp.net@example.com", "example.com"},
	{URI, "xmpp:user@example.com/x@corp.net?message", "example.com"},
	{URI, "xmpp://guest@example.com/support@corp.net?message", "example.com"},
	{URI, "xmpp:us%65r@ex%61mple.com", "example.com"},
	{URI, "sip:alice@example.com", "example.com"},
	{URI, "sips:alice:pw@example.com:5061;transport=tcp?subject=x", "example.com"},
	{URI, "sip:example.com", "example.com"},
	{URI, "sip:alice@192.0.2.1:5060", "192.0.2.1"},
	{URI, "sip:alice@[::1]", ""},
	{URI, "sip:alice@[::1]:5060;lr", ""},
	{URI, "sip:alice@[example.com]", "malformed"},
	{URI, "sip:a@", "malformed"},
	{URI, "tel:7042;phone-context=example.com", "example.com"},
	{URI, "tel:7042;ext=1;Phone-Context=example.com;x=y", "example.com"},
	{URI, "tel:863-1234;phone-context=+1-914", ""},
	{URI, "tel:+1-201-555-0123", ""},
	{URI, "urn:x:y", "malformed"},
	{URI, "user@corp.net", "malformed"},
	{URI, "://user@corp.net", "malformed"},
	/* NAI, RFC 7542. */
	{NAI, "user@example.com", "example.com"},
	{NAI, "@example.com", "example.com"},
	{NAI, "example.com!user@corp.net", "example.com"},
	{NAI, "corp.net!user@example.com", "corp.net"},
	{NAI, "a.net!example.com!user@corp.net", "example.com"},
	{NAI, "wow!user@example.com", "example.com"},
	{NAI, "example.com!user", "example.com"},
	{NAI, "bad label.net!user@corp.net", "malformed"},
	{NAI, "user", ""},
	{NAI, "user@", "malformed"},
	/* A domain. */
	{DOMAIN, "Example.COM.", "example.com"},
	{DOMAIN, " example.com ", "example.com"},
	{DOMAIN, "test", "test"},
	{DOMAIN, "", ""},
	{DOMAIN, "a@example.com", "malformed"},
	{DOMAIN, "*.example.com", "malformed"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const char *describe(const struct af_identity *id, char *out, size_t room)
{
	size_t used = 0;

	out[0] = '\0';
	if (id->malformed)
		return "malformed";
	for (size_t i = 0; i < id->count && used < room; i++)
		used += (size_t)snprintf(out + used, room - used, "%s%s", i > 0 ? " " : "",
			id->principal[i].domain.name);
	return out;
}

static void test_rows(void)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		struct af_identity id;
		char name[128], got[600];

		af_identity_parse(row->text, strlen(row->text), row->form, &id);
		snprintf(name, sizeof(name), "%s %s", af_form_string(row->form), row->text);
		CHECK_STRING(name, describe(&id, got, sizeof(got)), row->want);
		CHECK_NUMBER(name, id.malformed && id.count > 0, 0);
	}
}

static bool lies_in(const char *p, size_t len, const char *text, size_t text_len)
{
	return p >= text && len <= text_len && p - text <= (ptrdiff_t)(text_len - len);
}

/* Reads a copy of exactly LEN bytes as FORM and checks what must hold for any bytes. */
static void check_any(const char *text, size_t len, enum af_form form)
{
	char *copy = malloc(len > 0 ? len : 1);
	struct af_identity id;
	struct af_domain again;
	size_t pos = 0, steps = 0;

	memcpy(copy, text, len);
	af_identity_parse(len > 0 ? copy : NULL, len, form, &id);
	CHECK_NUMBER(text, id.count <= AFENCE_PRINCIPALS_MAX, 1);
	CHECK_NUMBER(text, id.malformed && id.count > 0, 0);
	CHECK_NUMBER(text, id.len == 0 || lies_in(id.text, id.len, copy, len), 1);
	for (size_t i = 0; i < id.count; i++) {
		const struct af_principal *principal = &id.principal[i];
		const struct af_domain *domain = &principal->domain;

		CHECK_NUMBER(text, af_domain_parse(domain->name, domain->len, &again), AFENCE_OK);
		CHECK_NUMBER(text, af_domain_equal(domain, &again), 1);
		CHECK_NUMBER(text,
			principal->local == NULL
				? principal->local_len == 0
				: lies_in(principal->local, principal->local_len, copy, len),
			1);
	}
	while (af_identity_next_run(&id, &pos, &again) && steps <= 2 * len)
		steps++;
	CHECK_NUMBER(text, again.len, 0);
	CHECK_NUMBER(text, steps <= 2 * len, 1);
	free(copy);
}

/* Each row as each form, cut at each byte: no step leads out of the text. */
static void test_any(void)
{
	for (size_t i = 0; i < ROWS; i++)
		for (size_t len = 0; len <= strlen(rows[i].text); len++)
			for (int form = 0; form < AFENCE_FORM_COUNT; form++)
				check_any(rows[i].text, len, (enum af_form)form);
}

static void test_bytes(void)
{
	static const char *const bad[] = {"\x7f", "\x80", "\xff", "\xc0\xaf", "\xc1\x81",
		"\xe0\x80\xaf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98"};
	char text[64];
	struct af_identity id;

	for (int form = 0; form < AFENCE_FORM_COUNT; form++) {
		for (char byte = 0; byte < 0x20; byte++) {
			memcpy(text, "us?er@corp.net", 15);
			text[2] = byte;
			af_identity_parse(text, 14, (enum af_form)form, &id);
			CHECK_NUMBER("control byte", id.malformed, 1);
		}
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			int len = snprintf(text, sizeof(text), "us%ser@corp.net", bad[i]);

			af_identity_parse(text, (size_t)len, (enum af_form)form, &id);
			CHECK_NUMBER(bad[i], id.malformed, 1);
		}
		af_identity_parse("alice@corp.net\0", 15, (enum af_form)form, &id);
		CHECK_NUMBER("final NUL", id.malformed, 1);
		af_identity_parse(NULL, 0, (enum af_form)form, &id);
		CHECK_NUMBER("NULL", id.malformed || id.count > 0 || id.len > 0, 0);
	}
}

/* Names found, or not, in malformed identities. */
static const struct {
	enum af_form form;
	bool found;
	const char *text;
	const char *name;
} runs[] = {
	{AUTO, true, "user@Example.Com@exam ple.com", "example.com"},
	{AUTO, true, "user@bad..example.com", "example.com"},
	{AUTO, true, "user@example.com..", "example.com"},
	{AUTO, true, "user@example.com\x01", "example.com"},
	{AUTO, true, "user@example.com\xff", "example.com"},
	{AUTO, true,
		"\xff"
		"example.com\xff",
		"example.com"},
	{AUTO, true, "\"user@example.com", "example.com"},
	{AUTO, true, "user@exam\x01ple.com", "ple.com"},
	{AUTO, false, "user@\x01notexample.com", "example.com"},
	{AUTO, true, "user@\x01notexample.com", "notexample.com"},
	{AUTO, false,
		"user@\x01"
		"example.com.org",
		"example.com"},
	{AUTO, true, "user@\x01mail.example.com:25", "mail.example.com"},
	{AUTO, true, "user@bad label.example.com", "label.example.com"},
	/* What UTS 46 refuses, beside what it maps. */
	{AUTO, true, "user@\U0001f600.example.com", "example.com"},
	{AUTO, true, "user@\U0001f600.\uff45xample.\uff43om", "example.com"},
	{AUTO, true, "user@\U0001f600.exam\u200bple\u3002com", "example.com"},
	{AUTO, true, "user@\xff.exam\u200bple.com", "example.com"},
	{AUTO, true, "user@-b\u00fccher.example", "example"},
	{JID, true, "user\uff20example.com", "example.com"},
	/* Escapes hide nothing. */
	{URI, true, "imap://user%40%65xample.com%01:secret.test@mail.test/", "example.com"},
	{URI, false, "imap://user%40%65xample.com%01:secret.test@mail.test/", "secret.test"},
	{URI, false, "imap://user%40%65xample.com%01:secret.test@mail.test/", "mail.test"},
	{URI, false, "imap://u\x01@corp.net@example.com/", "example.com"},
	{DN, true, "uid=jo,dc=bad label,dc=dev,dc=acme,dc=net", "dev.acme.net"},
	{DN, true, "uid=j\x01,dc=d\\65v,dc=acme,dc=net", "dev.acme.net"},
	{AUTHZID, true, "dn:uid=j\x01,dc=dev,dc=acme,dc=net", "dev.acme.net"},
	{KRB5, true, "user@EXAM\\PLE.COM", "example.com"},
};

static void test_runs(void)
{
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct af_identity id;
		struct af_domain run;
		bool found = false;
		size_t pos = 0;

		af_identity_parse(runs[i].text, strlen(runs[i].text), runs[i].form, &id);
		CHECK_NUMBER(runs[i].text, id.malformed, 1);
		while (af_identity_next_run(&id, &pos, &run))
			found |= strcmp(run.name, runs[i].name) == 0;
		CHECK_NUMBER(runs[i].text, found, runs[i].found);
	}
}

static const struct {
	enum af_form form;
	const char *text;
	const char *want;
} locals[] = {
	{AUTO, "alice@corp.net", "alice"},
	{AUTO, "Jo <jo@corp.net>", "jo"},
	{AUTO, "\"a b\"@corp.net", "\"a b\""},
	{AUTO, "jo+x@corp.net", "jo+x"},
	{AUTO, "jo%corp.net", "jo"},
	{AUTO, "a!corp.net!jo", "jo"},
	{AUTO, "corp.net\\jo", "jo"},
	{AUTO, "CORP\\jo@corp.net", "jo"},
	{AUTO, "u:jo@corp.net", "jo"},
	{KRB5, "jo/admin@CORP.NET", "jo/admin"},
	{JID, "jo@corp.net/x", "jo"},
	{JID, "corp.net", NULL},
	{NAI, "corp.net!jo@example.com", "jo"},
	{URI, "smtps://jo@corp.net:secret@smtp.corp.net", "jo"},
	{URI, "imap://jo%40corp.net:secret@imap.corp.net", NULL},
	{URI, "sip:jo:secret@corp.net", "jo"},
	{DN, "uid=jo,dc=corp,dc=net", NULL},
	{DN, "mail=jo@corp.net,o=corp", NULL},
	{DOMAIN, "corp.net", NULL},
};

static void test_locals(void)
{
	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++) {
		struct af_identity id;
		char got[64];

		af_identity_parse(locals[i].text, strlen(locals[i].text), locals[i].form, &id);
		if (!CHECK_NUMBER(locals[i].text, id.count, 1))
			continue;
		snprintf(got, sizeof(got), "%.*s", (int)id.principal[0].local_len,
			id.principal[0].local != NULL ? id.principal[0].local : "");
		CHECK_STRING(
			locals[i].text, id.principal[0].local != NULL ? got : NULL, locals[i].want);
	}
}

/* NUL ends a run and is no escape of any form. */
static void test_nul_in_run(void)
{
	for (int form = 0; form < AFENCE_FORM_COUNT; form++) {
		struct af_identity id;
		struct af_domain run;
		size_t pos = 0;
		bool whole = false;

		af_identity_parse("x@a\0"
				  "test",
			8, (enum af_form)form, &id);
		while (af_identity_next_run(&id, &pos, &run))
			whole |= strcmp(run.name, "test") == 0;
		CHECK_NUMBER(af_form_string((enum af_form)form), whole, 1);
	}
}

/* What is shown of a URI ends before its password. */
static void test_password(void)
{
	static const char *const texts[] = {"imap://jo:secret@imap.corp.net/",
		"imap://jo%00:secret@imap.corp.net/", "imap://jo\x01:secret@imap.corp.net/",
		"sip:jo:secret@corp.net", "sip:jo:secret@bad..net"};
	struct af_identity id;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		af_identity_parse(texts[i], strlen(texts[i]), URI, &id);
		CHECK_NUMBER(texts[i], memmem(id.text, id.len, "secret", 6) == NULL, 1);
	}
}

static void test_long(void)
{
	static const char *const units[] = {"a", "@", "a@", "\"", "(", "()", "\\", "<", "!a.b",
		"+a.b", "dc=a,", "\\61", "%61", " ", ".", "\u00fc", "\u200b", "\u00fc.", "=+",
		"a.\xff"};
	static const char *const fronts[] = {"", "imap://"};
	const size_t size = 65536;
	char *text = malloc(size);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		for (size_t k = 0; k < sizeof(fronts) / sizeof(fronts[0]); k++) {
			size_t width = strlen(units[i]), len = strlen(fronts[k]);

			memcpy(text, fronts[k], len);
			for (; len + width <= size; len += width)
				memcpy(text + len, units[i], width);
			for (int form = 0; form < AFENCE_FORM_COUNT; form++)
				check_any(text, len, (enum af_form)form);
		}
	}
	free(text);
}

/* Behind 64 KiB of anything the domain is still found. */
static void test_long_local(void)
{
	const size_t size = 65536;
	char *text = malloc(size + 16);
	struct af_identity id;
	char got[600];

	memset(text, 'a', size);
	memcpy(text + size, "@example.com", 12);
	af_identity_parse(text, size + 12, AUTO, &id);
	CHECK_STRING("long local part", describe(&id, got, sizeof(got)), "example.com");
	memcpy(text, "mail=", 5);
	af_identity_parse(text, size + 12, DN, &id);
	CHECK_STRING("long first RDN", describe(&id, got, sizeof(got)), "example.com");
	memcpy(text, "imap://%61", 10);
	memcpy(text + size, "%40example.com@h", 16);
	af_identity_parse(text, size + 16, URI, &id);
	CHECK_STRING("long userinfo", describe(&id, got, sizeof(got)), "example.com");
	free(text);
}

/* The second principal costs nothing where there is none. */
static void test_untouched(void)
{
	struct af_identity id;
	const unsigned char *byte = (const unsigned char *)&id.principal[1];
	size_t touched = 0;

	memset(&id, 0xa5, sizeof(id));
	af_identity_parse("alice@corp.net", 14, AUTO, &id);
	for (size_t i = 0; i < sizeof(id.principal[1]); i++)
		touched += byte[i] != 0xa5;
	CHECK_NUMBER("bytes of the second principal", touched, 0);
}

static void test_forms(void)
{
	static const char *const names[] = {
		"auto", "ntlm", "krb5", "dn", "authzid", "jid", "uri", "nai", "domain"};
	enum af_form form;

	for (int i = 0; i < AFENCE_FORM_COUNT; i++) {
		CHECK_STRING("form", af_form_string((enum af_form)i), names[i]);
		CHECK_NUMBER(names[i], af_form_parse(names[i], &form) ? (int)form : -1, i);
	}
	CHECK_NUMBER("unknown", af_form_parse("uuid", &form), 0);
	CHECK_NUMBER("case", af_form_parse("URI", &form), 0);
	CHECK_NUMBER("empty", af_form_parse("", &form), 0);
}

static CU_TestInfo tests[] = {
	{"forms", test_forms},
	{"rows", test_rows},
	{"each row as each form, cut anywhere", test_any},
	{"bytes", test_bytes},
	{"names in malformed identities", test_runs},
	{"NUL in malformed identities", test_nul_in_run},
	{"local parts", test_locals},
	{"no password in what is shown", test_password},
	{"64 KiB", test_long},
	{"64 KiB before the domain", test_long_local},
	{"untouched principal", test_untouched},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"identity", NULL, NULL, NULL, NULL, tests};
