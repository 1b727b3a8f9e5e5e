/* SPDX-License-Identifier: MIT */
/*
 * The client's side of a SASL exchange, whatever protocol carries it: which bytes of the responses
 * are the identity?
 *
 * PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), DIGEST-MD5 (RFC 2831; a name without a domain is
 * also judged with its realm), SCRAM-* (RFC 5802, 7677), NTLM (type 3, unless the domain it names
 * stands alone), XOAUTH2, OAUTHBEARER (RFC 7628), EXTERNAL's authzid (RFC 4422 appendix A).  Other
 * mechanisms tell nothing.  Same rules as stream.h.
 */
#ifndef PRELOAD_SASL_H
#define PRELOAD_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "stream.h"

struct af_sasl_exchange {
	unsigned char mechanism; /* index into the table, 0: one that tells nothing */
	unsigned char response;  /* which response this is, 0 the first */
	unsigned char step;      /* the reader's own */
	bool done;               /* the identity is known, or will not be */
	unsigned char quad[4];   /* base64 bytes that do not make three yet */
	unsigned char quads;
	unsigned short offset[4]; /* NTLM: where user and domain stand; else the reader's own */
	unsigned position;        /* decoded bytes of this response */
	size_t len;
	char text[AFENCE_SEEN_TEXT_MAX]; /* what may become an identity */
};

/* A new exchange with the mechanism of LEN bytes at NAME, in any case. */
void af_exchange_start(struct af_sasl_exchange *exchange, const char *name, size_t len);

/* One byte of a response, as base64 or as it is.  True: the identity is complete, in *seen. */
bool af_exchange_base64(
	struct af_sasl_exchange *exchange, unsigned char byte, struct af_seen *seen);
bool af_exchange_byte(struct af_sasl_exchange *exchange, unsigned char byte, struct af_seen *seen);

/* The response has ended.  True: with it the identity is complete. */
bool af_exchange_end(struct af_sasl_exchange *exchange, struct af_seen *seen);

#endif
