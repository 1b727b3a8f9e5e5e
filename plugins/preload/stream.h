/* SPDX-License-Identifier: MIT */
/*
 * Who logs in here?  Reads what a client sends, incrementally, and nothing else.
 *
 * S1  Only outgoing bytes are read; what the server says is never needed.
 * S2  The result does not depend on how the bytes are cut into writes: an identity is told with its
 *     last byte, and that is before the first byte of the secret wherever the protocol has it so.
 * S3  A secret has no place in here.  Bytes of a password, response or token are counted and
 *     skipped; of a base64 response only the part that holds the identity is kept.
 * S4  Fixed memory: no allocation, no lock, no library, async-signal-safe.
 * S5  It ends by itself: when the bytes are no protocol that is known (TLS among them), when a
 *     command shows that the login is over, or after AFENCE_STREAM_BYTES.  Bytes of bodies and
 *     literals are passed over without being counted, and where a login may come at any time
 *     (HTTP, LDAP) the count begins anew with each request.
 *
 * Protocols are rows of a table, one file each: SMTP (RFC 5321, 4954; LMTP speaks the same), IMAP
 * (RFC 9051, 3501; LOGIN with atoms, quoted strings and literals, AUTHENTICATE with and without
 * initial response), POP3 (RFC 1939, 5034: USER, APOP, AUTH), FTP's USER (RFC 959), LDAP (RFC 4511:
 * BindRequest, simple and SASL), HTTP/1 (RFC 9110 s11: Basic, Digest and NTLM in Authorization and
 * Proxy-Authorization, RFC 9112).  SOCKS (RFC 1928, 1929) and the PROXY line may stand before.
 *
 * A name may be told more than once, as far as it is known: CRAM-MD5's and APOP's ends at the last
 * blank, so it is told at each; DIGEST-MD5's again when the realm is known.
 */
#ifndef PRELOAD_STREAM_H
#define PRELOAD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "af_identity.h"

#define AFENCE_STREAM_BYTES  65536
#define AFENCE_SEEN_MAX      2    /* identities of one login: authcid, authzid */
#define AFENCE_SEEN_TEXT_MAX 1024 /* of a longer one the end is kept: there stands the domain */
#define AFENCE_SEEN_HOST_MAX 255
#define AFENCE_STREAM_STATE  3072

/* Who logs in, as far as the client has said it. */
struct af_seen {
	size_t count;
	struct {
		enum af_form form;
		size_t len;
		char text[AFENCE_SEEN_TEXT_MAX];
	} login[AFENCE_SEEN_MAX];
	/* HTTP through a proxy, and what comes through the tunnel of a CONNECT: the host that the
	 * credential is for, a literal without brackets; "" where it is for the connection's own
	 * far end. */
	char host[AFENCE_SEEN_HOST_MAX + 1];
	uint16_t port;       /* with host; 0: none said */
	const char *service; /* "smtp", "imap", "pop", "ldap", "http" ... constant */
};

enum af_stream_event {
	AFENCE_STREAM_MORE,  /* all bytes taken, nothing to be told */
	AFENCE_STREAM_LOGIN, /* an identity is complete: stream->seen */
	AFENCE_STREAM_OVER,  /* nothing more is to be expected: the stream may be forgotten */
};

struct af_stream {
	struct af_seen seen;
	const struct af_protocol *protocol; /* NULL: not known yet */
	uint16_t port;                      /* of the far end, a hint; 0: unknown */
	uint32_t total;                     /* bytes read; 0: none yet */
	uint64_t skip;                      /* next bytes that are passed over */
	/* Where what is sent arrives, if that is not the far end: after HTTP's CONNECT or SOCKS. */
	char tunnel[AFENCE_SEEN_HOST_MAX + 1];
	uint16_t tunnel_port;
	/* The state of the protocol's reader; protocols.h says what it is. */
	union {
		max_align_t align;
		unsigned char byte[AFENCE_STREAM_STATE];
	} state;
};

/* A new stream to PORT (0: unknown). */
void af_stream_start(struct af_stream *stream, uint16_t port);

/*
 * Takes the next LEN bytes that are about to be sent.  *taken says how many of them were read: all,
 * unless the event is LOGIN, after which the caller decides and goes on with the rest.
 */
enum af_stream_event af_stream_feed(
	struct af_stream *stream, const unsigned char *bytes, size_t len, size_t *taken);

#endif
