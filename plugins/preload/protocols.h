/* SPDX-License-Identifier: MIT */
/*
 * What a protocol's reader is: a row, defined in a file of its own and named in the table of
 * stream.c.
 *
 * A reader gets one byte at a time, so that it cannot depend on how they were cut (S2).  Its state
 * is a struct in stream->state, all zero when it starts; it never holds a byte of a secret (S3).
 */
#ifndef PRELOAD_PROTOCOLS_H
#define PRELOAD_PROTOCOLS_H

#include <assert.h>

#include "stream.h"
#include "word.h"

enum af_fit { AFENCE_FIT_NO, AFENCE_FIT_PERHAPS, AFENCE_FIT_YES };

struct af_protocol {
	const char *service;
	uint16_t port; /* of several that fit, the one on its port is taken, else the first */
	/* Do a stream's first bytes look like it?  Asked with each new byte until a row says YES or
	 * all say NO.  They must be no part of a secret for as long as the answer is not NO. */
	enum af_fit (*fits)(const unsigned char *text, size_t len);
	/* Takes BYTE.  stream->skip may be set: as many bytes from then on are passed over. */
	enum af_stream_event (*feed)(struct af_stream *stream, unsigned char byte);
};

#define AFENCE_HEAD_MAX 32 /* first bytes that a row may want to see */

/* The reader's own state. */
#define AFENCE_STATE(type, stream) ((type *)(void *)(stream)->state.byte)
#define AFENCE_STATE_FITS(type)    static_assert(sizeof(type) <= AFENCE_STREAM_STATE, #type)

extern const struct af_protocol af_smtp, af_lmtp, af_imap, af_pop, af_ftp, af_ldap, af_http,
	af_socks, af_proxy_line;

/* For `fits`: does the text begin with a word of the table and the blank or line end after it? */
enum af_fit af_fits_word(const struct af_table *words, const unsigned char *text, size_t len);

/* Bytes are counted anew: a request is over, and a login may come with the next. */
void af_stream_recount(struct af_stream *stream);

/* Forgets the protocol: the next bytes are a beginning again. */
void af_stream_restart(struct af_stream *stream);

/* The same, at the far end of a tunnel.  HOST may be part of the stream's state. */
void af_stream_enter(
	struct af_stream *stream, const char host[AFENCE_SEEN_HOST_MAX + 1], uint16_t port);

#endif
