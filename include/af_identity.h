/* SPDX-License-Identifier: MIT */
/*
 * From a login string to the domain(s) it stands for.
 *
 * Order: bytes (blanks, CR and LF trimmed at both ends; NUL, control bytes and bad UTF-8 inside
 * are malformed), split by form, UTS 46, labels.  The trimmed name is judged, because that is
 * what libsasl2 sends.
 *
 * Nothing is allocated for ASCII input, nothing is written outside *out, thread safe.
 * Sources: RFC 5321, RFC 5322, RFC 1123 s5.2.16, RFC 976, RFC 4120 s6, RFC 4514, RFC 2247,
 * RFC 4513 s5.2.1.8, RFC 7622, RFC 3986, RFC 7542; each reader in common/ names its own.
 */
#ifndef AF_IDENTITY_H
#define AF_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "af_domain.h"

enum af_form {
	AFENCE_FORM_AUTO,    /* whatever a person types into a login field */
	AFENCE_FORM_NTLM,    /* DOMAIN\user or UPN */
	AFENCE_FORM_KRB5,    /* principal[/instance]@REALM */
	AFENCE_FORM_DN,      /* RFC 4514 distinguished name */
	AFENCE_FORM_AUTHZID, /* u:... or dn:... */
	AFENCE_FORM_JID,     /* local@domain/resource */
	AFENCE_FORM_URI,     /* scheme://user@host/, mailto:, sip: ... */
	AFENCE_FORM_NAI,     /* RFC 7542, decorated ones too */
	AFENCE_FORM_DOMAIN,  /* a bare domain name */
	AFENCE_FORM_COUNT
};

/* The name of a form as `authfence check --form` takes it. */
const char *af_form_string(enum af_form form);

/* Finds a form by its name; false if there is none. */
bool af_form_parse(const char *name, enum af_form *out);

/* An identity can stand for two: the run of dc of a DN, and the address in its first RDN. */
#define AFENCE_PRINCIPALS_MAX 2

struct af_principal {
	struct af_domain domain;
	const char *local; /* raw bytes before the domain, borrowed from the text; may be NULL */
	size_t local_len;
};

struct af_identity {
	/*
	 * The part that was judged, trimmed, borrowed from the caller: of a URI the user or host
	 * without the password, of an authzid what follows "dn:".  form is how it was read.
	 */
	const char *text;
	size_t len;
	enum af_form form;
	bool malformed; /* count is 0 then; walk the runs instead */
	size_t count;   /* principals with a domain; 0: the identity carries none */
	struct af_principal principal[AFENCE_PRINCIPALS_MAX];
};

/*
 * Reads the LEN bytes at TEXT (any bytes; TEXT may be NULL if LEN is 0) as FORM.  Every input
 * has a result: domains, no domain, or malformed.  Principals from out->count on are
 * undefined.  *out borrows from TEXT.
 */
void af_identity_parse(const char *text, size_t len, enum af_form form, struct af_identity *out);

/*
 * For a malformed identity: the next name that stands in it.  A name is the longest tail of
 * labels (af_domain_parse_tail()) of a maximal run of bytes that a host name can hold
 * ([A-Za-z0-9._-]), escapes of the form undone.  After those come the runs that hold bytes over
 * 0x7f as well, and the dc values of a DN: a label that UTS 46 refuses must not hide a reserved
 * name written in full-width letters.  A reserved name that is a suffix of such a name makes the
 * identity reserved.  *pos starts at 0.  Returns false, out->len 0, when there is no further one.
 */
bool af_identity_next_run(const struct af_identity *identity, size_t *pos, struct af_domain *out);

#endif
