/* SPDX-License-Identifier: MIT */
/*
 * Between the readers of the forms.  A reader adds what it finds to an identity whose text, form,
 * count (0) and malformed (false) are set; it may set malformed at any time.
 */
#ifndef AF_IDENTITY_PARTS_H
#define AF_IDENTITY_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "af_identity.h"

/* The bytes from p up to end; p NULL: nothing is there. */
struct af_span {
	const char *p;
	const char *end;
};

static const struct af_span af_nothing = {NULL, NULL};

#define AFENCE_TAIL_MAX 1024 /* a name, and room for what vanishes under UTS 46 */

/* The last bytes of a text of any length. */
struct af_tail {
	size_t len;
	char text[AFENCE_TAIL_MAX];
};

void af_tail_push(struct af_tail *tail, char byte);
struct af_span af_tail_span(const struct af_tail *tail);

/* Takes a byte off a span that is not empty, with the escapes of FORM undone. */
char af_take_byte(struct af_span *s, enum af_form form);

/* Takes two hex digits off a span; false if they do not stand there. */
bool af_take_hex(struct af_span *s, char *out);

/* Same bytes as WORD (lower case) but for the case of ASCII letters, whatever the locale. */
bool af_same_word(struct af_span s, const char *word);

/* Takes WORD (lower case), in any case, off the front of a span. */
bool af_skip_word(struct af_span *s, const char *word);

struct af_span af_trim(struct af_span s);

/* No NUL, no C0 control, no DEL, and valid UTF-8 (RFC 3629). */
bool af_bytes_valid(struct af_span s);

/* Adds a principal; an address literal ("[192.0.2.1]") is no domain, anything else that is no
 * name makes the identity malformed, and so does one name too many. */
void af_add_domain(struct af_identity *id, struct af_span domain, struct af_span local);

/* The same if DOMAIN has an inner dot, else false: a NetBIOS or UUCP name without one is no
 * top-level domain, "EXAMPLE\user" has no domain. */
bool af_add_dotted(struct af_identity *id, struct af_span domain, struct af_span local);

/* Adds the address that VALUE is, if it is one, without its local part: VALUE is not the
 * caller's text. */
void af_add_address(struct af_identity *id, struct af_span value);

/* What nearly every login is: a bare name, or local@domain without any ornament.  False: nothing
 * was added, and af_read_auto() must look at it. */
bool af_read_plain(struct af_identity *id, struct af_span s);

void af_read_auto(struct af_identity *id, struct af_span s);
void af_read_login(struct af_identity *id, struct af_span s); /* auto without u: and dn: */
void af_read_ntlm(struct af_identity *id, struct af_span s);
void af_read_krb5(struct af_identity *id, struct af_span s);
void af_read_dn(struct af_identity *id, struct af_span s);
void af_read_jid(struct af_identity *id, struct af_span s);
void af_read_uri(struct af_identity *id, struct af_span s);
void af_read_nai(struct af_identity *id, struct af_span s);

/* The dc values at the end of a DN, joined by dots. */
void af_join_dc(struct af_span s, struct af_tail *out);

#endif
