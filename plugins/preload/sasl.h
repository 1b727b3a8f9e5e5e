/* SPDX-License-Identifier: MIT */
/*
 * The client's side of a SASL exchange, whatever protocol carries it: which bytes of the responses
 * are the identity?  The commands and headers of other protocols that carry the like are rows of
 * the same table.
 *
 * PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), DIGEST-MD5 (RFC 2831; a name without a domain is
 * also judged with its realm), SCRAM-* (RFC 5802, 7677), NTLM (type 3, unless the domain it names
 * stands alone), XOAUTH2, OAUTHBEARER (RFC 7628), EXTERNAL's authzid (RFC 4422 appendix A).  Other
 * mechanisms tell nothing.  Same rules as stream.h.
 *
 * PLAIN's name is told at the NUL after it, SCRAM's at the comma, with the first base64 digit that
 * completes it: the digits after it hold the secret.  Where a DIGEST-MD5 client sends its response
 * before its name nothing earlier is possible (none that is known does).  A PLAIN message without
 * the NULs that belong into it is taken for a name until it ends.
 */
#ifndef PRELOAD_SASL_H
#define PRELOAD_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream.h"
#include "word.h"

/* Rows of af_sasl_mechanisms that readers name themselves. */
enum af_mechanism {
	AFENCE_MECHANISM_NONE,  /* one that tells nothing */
	AFENCE_MECHANISM_LOGIN, /* the first response is the name: USER of POP3, LOGIN of IMAP */
	AFENCE_MECHANISM_CRAM,  /* name, blank, digest: APOP */
	AFENCE_MECHANISM_NTLM,
	AFENCE_MECHANISM_HTTP_DIGEST,
	AFENCE_MECHANISM_OTHERS,
};

/* The names of the mechanisms, for af_match_byte(). */
extern const struct af_table af_sasl_mechanisms;

/* Where a part of an NTLM message stands. */
struct af_ntlm_range {
	unsigned offset;
	unsigned len;
};

struct af_ntlm {
	struct af_ntlm_range field;  /* the one that is being read */
	struct af_ntlm_range domain; /* goes to the login */
	struct af_ntlm_range user;   /* goes to the exchange's text until the domain is whole */
	unsigned first;              /* the lowest offset of all fields */
	unsigned position;           /* in the message */
	unsigned short low, high;    /* UTF-16: half a unit, half a pair */
	bool unicode, half;
};

/* All zero: an exchange of no mechanism. */
struct af_sasl_exchange {
	unsigned char mechanism; /* row of af_sasl_mechanisms */
	unsigned char response;  /* how many have ended */
	unsigned char part;      /* of this response, and where in it: the mechanism's own */
	unsigned char step;
	bool done;                     /* the identity is known, or will not be */
	unsigned char bits, bit_count; /* of base64, that do not make a byte yet */
	unsigned char digit;           /* half of an escaped byte */
	enum af_form authzid;          /* how this protocol writes an authorisation identity */
	struct af_match key;
	struct af_ntlm ntlm;
	size_t len;
	char text[AFENCE_SEEN_TEXT_MAX]; /* NTLM's user, DIGEST-MD5's realm */
};

/* A new exchange with the mechanism of that row, -1: an unknown one.  Empties *seen. */
void af_exchange_start(struct af_sasl_exchange *exchange, int mechanism, enum af_form authzid,
	struct af_seen *seen);

/* One byte of a response, as base64 or as it is.  True: an identity is complete, in *seen. */
bool af_exchange_base64(
	struct af_sasl_exchange *exchange, unsigned char byte, struct af_seen *seen);
bool af_exchange_byte(struct af_sasl_exchange *exchange, unsigned char byte, struct af_seen *seen);

/* The response has ended.  True: with it an identity is complete. */
bool af_exchange_end(struct af_sasl_exchange *exchange, struct af_seen *seen);

/* The next response is a secret and nothing else, and must not be taken for another exchange's. */
bool af_exchange_goes_on(const struct af_sasl_exchange *exchange);

/* No login is known, nor a part of one. */
void af_seen_clear(struct af_seen *seen);

/* For mechanisms: keeps BYTE; of too long a text the end.  Tells what the logins hold, as FORM. */
void af_text_push(char text[AFENCE_SEEN_TEXT_MAX], size_t *len, unsigned char byte);
bool af_exchange_tell(struct af_sasl_exchange *exchange, struct af_seen *seen, enum af_form form);

/* NTLM, in ntlm.c. */
bool af_ntlm_byte(struct af_sasl_exchange *exchange, unsigned char byte, struct af_seen *seen);

#endif
