/* SPDX-License-Identifier: MIT */
/*
 * LDAP's BindRequest (RFC 4511 s4.2) in BER, as far as s5.1 allows it: definite lengths.
 *
 *	LDAPMessage ::= SEQUENCE { messageID INTEGER, BindRequest, ... }
 *	BindRequest ::= [APPLICATION 0] SEQUENCE { version INTEGER, name LDAPDN, authentication CHOICE {
 *		simple [0] OCTET STRING,
 *		sasl   [3] SEQUENCE { mechanism LDAPString, credentials OCTET STRING OPTIONAL } } }
 *
 * Active Directory adds [10] and [11], NTLM without SASL (MS-ADTS s5.1.1.1.3).  A client may bind
 * again at any time, so only an unbind ends the login; after StartTLS comes a TLS record where a
 * message should.  In BER, unlike in text, a wrong byte means that all is lost.
 */
#include "protocols.h"
#include "sasl.h"

#include <string.h>

/* What comes next in a message. */
enum field { MESSAGE, ID, OPERATION, VERSION, NAME, CHOICE, MECHANISM, CREDENTIALS, CONTROLS };

enum what { ENTER, SKIP, READ, STOP };

static const struct {
	enum field field;
	unsigned char tag;
	enum what what;
	enum field next;
} elements[] = {
	{MESSAGE, 0x30, ENTER, ID},
	{ID, 0x02, SKIP, OPERATION},
	{OPERATION, 0x60, ENTER, VERSION},
	{OPERATION, 0x42, STOP, MESSAGE},
	{VERSION, 0x02, SKIP, NAME},
	{NAME, 0x04, READ, CHOICE},
	{CHOICE, 0xa3, ENTER, MECHANISM},
	{CHOICE, 0x8a, READ, CONTROLS},
	{CHOICE, 0x8b, READ, CONTROLS},
	{MECHANISM, 0x04, READ, CREDENTIALS},
	{CREDENTIALS, 0x04, READ, CONTROLS},
};

enum step { TAG, LENGTH, LENGTH_BYTES, VALUE };

struct ldap {
	enum step step;
	enum field field;
	unsigned char tag;
	unsigned char bytes; /* of the length, still to come */
	unsigned char row;   /* of elements, whose value is read */
	uint32_t length;     /* of the element; of a value: still to come */
	uint32_t left;       /* of the message, without what is passed over */
	struct af_match word;
	bool is_dn, is_other; /* the name begins with an attribute type; with something else */
	struct af_sasl_exchange exchange;
};
AFENCE_STATE_FITS(struct ldap);

/* Passes over LEN bytes of the message. */
static void skip(struct af_stream *stream, struct ldap *ldap, uint32_t len)
{
	stream->skip = len;
	ldap->left -= len;
}

/* RFC 4514 s3: a descriptor or an OID, then "=".  Another name is for a server that takes it. */
static void push_name(struct ldap *ldap, unsigned char byte, struct af_seen *seen)
{
	static const char others[] = "-. ";
	const bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';

	if (byte == '=' && !ldap->is_other)
		ldap->is_dn = true;
	if (!letter && !(byte >= '0' && byte <= '9') && memchr(others, byte, 3) == NULL)
		ldap->is_other = true;
	af_text_push(seen->login[0].text, &seen->login[0].len, byte);
}

static bool end_name(const struct ldap *ldap, struct af_seen *seen)
{
	seen->login[0].form = ldap->is_dn ? AFENCE_FORM_DN : AFENCE_FORM_AUTO;
	seen->count = seen->login[0].len > 0;
	return seen->count > 0;
}

/* A bind with a mechanism goes on with the exchange of the last one, or begins another. */
static void begin_credentials(struct ldap *ldap, struct af_seen *seen)
{
	const int found = af_match_end(&af_sasl_mechanisms, &ldap->word);

	if (found != ldap->exchange.mechanism || !af_exchange_goes_on(&ldap->exchange))
		af_exchange_start(&ldap->exchange, found, AFENCE_FORM_AUTHZID, seen);
}

static void begin_value(struct ldap *ldap, struct af_seen *seen)
{
	af_seen_clear(seen);
	if (ldap->field == NAME) {
		ldap->is_dn = ldap->is_other = false;
	} else if (ldap->field == CHOICE) {
		af_exchange_start(
			&ldap->exchange, AFENCE_MECHANISM_NTLM, AFENCE_FORM_AUTHZID, seen);
	} else if (ldap->field == MECHANISM) {
		ldap->word = (struct af_match){0};
	} else {
		begin_credentials(ldap, seen);
	}
}

static bool end_value(struct ldap *ldap, struct af_seen *seen)
{
	const enum field field = ldap->field;

	ldap->step = TAG;
	ldap->field = elements[ldap->row].next;
	if (field == NAME)
		return end_name(ldap, seen);
	return field != MECHANISM && af_exchange_end(&ldap->exchange, seen);
}

static enum af_stream_event read_value(
	struct af_stream *stream, struct ldap *ldap, unsigned char byte)
{
	struct af_seen *seen = &stream->seen;
	bool told = false;

	if (ldap->field == NAME)
		push_name(ldap, byte, seen);
	else if (ldap->field == MECHANISM)
		af_match_byte(&af_sasl_mechanisms, &ldap->word, byte);
	else
		told = af_exchange_byte(&ldap->exchange, byte, seen);
	if (--ldap->length == 0 && end_value(ldap, seen))
		told = true;
	return told ? AFENCE_STREAM_LOGIN : AFENCE_STREAM_MORE;
}

/* Tag and length of an element are known. */
static enum af_stream_event begin_element(struct af_stream *stream, struct ldap *ldap)
{
	unsigned char row = 0;

	ldap->step = TAG;
	if (ldap->field == MESSAGE)
		ldap->left = ldap->length;
	if (ldap->length > ldap->left)
		return AFENCE_STREAM_OVER;
	while (row < sizeof(elements) / sizeof(*elements) &&
		(elements[row].field != ldap->field || elements[row].tag != ldap->tag))
		row++;
	if (row == sizeof(elements) / sizeof(*elements)) {
		skip(stream, ldap, ldap->left);
		return ldap->field <= ID ? AFENCE_STREAM_OVER : AFENCE_STREAM_MORE;
	}
	if (elements[row].what == STOP)
		return AFENCE_STREAM_OVER;
	if (elements[row].what == READ && ldap->length > 0) {
		ldap->row = row;
		ldap->step = VALUE;
		begin_value(ldap, &stream->seen);
		return AFENCE_STREAM_MORE;
	}
	if (elements[row].what == SKIP)
		skip(stream, ldap, ldap->length);
	if (!(ldap->field == CREDENTIALS)) /* empty ones are none */
		ldap->field = elements[row].next;
	return AFENCE_STREAM_MORE;
}

static enum af_stream_event read_header(
	struct af_stream *stream, struct ldap *ldap, unsigned char byte)
{
	if (ldap->step == TAG) {
		ldap->tag = byte;
		ldap->step = LENGTH;
		return AFENCE_STREAM_MORE;
	}
	if (ldap->step == LENGTH && byte >= 0x80) {
		ldap->bytes = byte & 0x7f;
		ldap->length = 0;
		ldap->step = LENGTH_BYTES;
		return ldap->bytes >= 1 && ldap->bytes <= 4 ? AFENCE_STREAM_MORE
							    : AFENCE_STREAM_OVER;
	}
	if (ldap->step == LENGTH) {
		ldap->length = byte;
	} else {
		ldap->length = ldap->length << 8 | byte;
		if (--ldap->bytes > 0)
			return AFENCE_STREAM_MORE;
	}
	return begin_element(stream, ldap);
}

static enum af_stream_event feed(struct af_stream *stream, unsigned char byte)
{
	struct ldap *ldap = AFENCE_STATE(struct ldap, stream);
	const bool inside = ldap->field != MESSAGE;
	enum af_stream_event event;

	if (inside)
		ldap->left--;
	event = ldap->step == VALUE ? read_value(stream, ldap, byte)
				    : read_header(stream, ldap, byte);
	if (event == AFENCE_STREAM_OVER || ldap->field == MESSAGE || ldap->left > 0)
		return event;
	if (ldap->step != TAG)
		return AFENCE_STREAM_OVER;
	if (ldap->field == CREDENTIALS)
		ldap->exchange.mechanism = AFENCE_MECHANISM_NONE;
	ldap->field = MESSAGE;
	af_stream_recount(stream);
	return event;
}

/* A sequence of a plausible length that begins with an integer; an IMAP tag may begin with 0x30. */
static enum af_fit fits(const unsigned char *text, size_t len)
{
	size_t pos = 2;

	if (text[0] != 0x30)
		return AFENCE_FIT_NO;
	if (len < 2)
		return AFENCE_FIT_PERHAPS;
	if (text[1] > 0x84 || text[1] == 0x80)
		return AFENCE_FIT_NO;
	if (text[1] > 0x80)
		pos += text[1] & 0x7fu;
	if (len <= pos)
		return AFENCE_FIT_PERHAPS;
	return text[pos] == 0x02 ? AFENCE_FIT_YES : AFENCE_FIT_NO;
}

const struct af_protocol af_ldap = {"ldap", 389, fits, feed};
