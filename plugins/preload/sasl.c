/* SPDX-License-Identifier: MIT */
/*
 * One row a mechanism; each gets the decoded bytes of a response and pushes those of a name to the
 * login they belong to: 0 is who has the secret (authcid), 1 who is acted for (authzid).
 */
#include "sasl.h"

#include <string.h>

enum { AUTHCID, AUTHZID };

typedef bool byte_reader(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen);
typedef bool end_reader(struct af_sasl_exchange *x, struct af_seen *seen);

void af_seen_clear(struct af_seen *seen)
{
	seen->count = 0;
	memset(seen->login, 0, sizeof(seen->login));
}

void af_text_push(char text[AFENCE_SEEN_TEXT_MAX], size_t *len, unsigned char byte)
{
	if (*len == AFENCE_SEEN_TEXT_MAX)
		memmove(text, text + 1, --*len);
	text[(*len)++] = (char)byte;
}

static void push(struct af_seen *seen, int login, unsigned char byte)
{
	af_text_push(seen->login[login].text, &seen->login[login].len, byte);
}

static bool is_same(const struct af_seen *seen)
{
	return seen->login[AUTHCID].form == seen->login[AUTHZID].form &&
	       seen->login[AUTHCID].len == seen->login[AUTHZID].len &&
	       memcmp(seen->login[AUTHCID].text, seen->login[AUTHZID].text,
		       seen->login[AUTHCID].len) == 0;
}

bool af_exchange_tell(struct af_sasl_exchange *x, struct af_seen *seen, enum af_form form)
{
	seen->login[AUTHCID].form = form;
	seen->login[AUTHZID].form = x->authzid;
	if (seen->login[AUTHCID].len == 0)
		seen->login[AUTHCID] = seen->login[AUTHZID];
	if (is_same(seen))
		seen->login[AUTHZID].len = 0;
	seen->count = (seen->login[AUTHCID].len > 0) + (size_t)(seen->login[AUTHZID].len > 0);
	return seen->count > 0;
}

static bool finish(struct af_sasl_exchange *x, struct af_seen *seen)
{
	x->done = true;
	return af_exchange_tell(x, seen, AFENCE_FORM_AUTO);
}

/* [authzid] NUL authcid NUL password */
static bool read_plain(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	if (byte != '\0')
		push(seen, x->part == 0 ? AUTHZID : AUTHCID, byte);
	else if (x->part++ == 1)
		return finish(x, seen);
	return false;
}

/* The first response is the name, and if it is empty, the next one is still the password. */
static bool read_name(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	(void)x;
	push(seen, AUTHCID, byte);
	return false;
}

static bool read_authzid(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	(void)x;
	push(seen, AUTHZID, byte);
	return false;
}

/* HTTP Basic (RFC 7617): name ":" password */
static bool read_basic(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	if (byte == ':')
		return finish(x, seen);
	push(seen, AUTHCID, byte);
	return false;
}

/* RFC 2195 s2: in lower case. */
static bool is_hex(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/*
 * name SP digest, and the name may hold blanks: only the last one ends it.  So it is told at each,
 * and of what follows nothing is kept as long as it may be the digest: "a be@example.com" becomes
 * "a @example.com", whose domain is the same.
 */
static bool read_cram(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	enum { NAME, DIGEST };

	if (byte == ' ' && x->step == NAME) {
		x->step = DIGEST;
		return af_exchange_tell(x, seen, AFENCE_FORM_AUTO);
	}
	if (x->step == DIGEST) {
		if (byte == ' ' || is_hex(byte))
			return false;
		push(seen, AUTHCID, ' ');
		x->step = NAME;
	}
	push(seen, AUTHCID, byte);
	return false;
}

/*
 * The GS2 header "flag,[a=authzid]," of SCRAM and OAUTHBEARER, then SCRAM's attributes, of which
 * n= is the name.  "=2C" and "=3D" stand for a comma and an equals sign (RFC 5802 s5.1).
 */
static bool read_attributes(
	struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen, bool has_name)
{
	enum { START, KEY, SKIP, KEEP, ESCAPE, ESCAPED };
	const int login = x->part == 1 ? AUTHZID : AUTHCID;
	const unsigned char key = x->part == 1 ? 'a' : 'n';
	const bool kept = x->step >= KEEP;

	if (byte == ',') {
		x->step = START;
		if (x->part < 2)
			x->part++;
		if ((kept && login == AUTHCID) || (x->part == 2 && !has_name))
			return finish(x, seen);
	} else if (x->step == START) {
		x->step = x->part > 0 && byte == key ? KEY : SKIP;
	} else if (x->step == KEY) {
		x->step = byte == '=' ? KEEP : SKIP;
	} else if (x->step == KEEP && byte != '=') {
		push(seen, login, byte);
	} else if (x->step == ESCAPED) {
		push(seen, login, x->digit == '3' ? '=' : ',');
		x->step = KEEP;
	} else if (kept) {
		x->digit = byte;
		x->step++;
	}
	return false;
}

static bool read_scram(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	return read_attributes(x, byte, seen, true);
}

static bool read_oauthbearer(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	return read_attributes(x, byte, seen, false);
}

/* "user=" name ^A "auth=Bearer " token ^A ^A, in any order */
static bool read_xoauth2(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	enum { KEY, KEEP, SKIP };
	static const char *const keys[] = {"USER"};
	static const struct af_table table = AFENCE_TABLE(keys);

	if (byte == '\1') {
		if (x->step == KEEP)
			return finish(x, seen);
		x->step = KEY;
		x->key = (struct af_match){0};
	} else if (x->step == KEEP) {
		push(seen, AUTHCID, byte);
	} else if (x->step == KEY && byte == '=') {
		x->step = af_match_end(&table, &x->key) == 0 ? KEEP : SKIP;
	} else {
		af_match_byte(&table, &x->key, byte);
	}
	return false;
}

/* Directives of a DIGEST-MD5 response that name somebody; bits of part once they are known. */
enum { USERNAME = 1, REALM = 2, ON_BEHALF = 4 };
static const struct {
	const char *word;
	unsigned char bit;
} directives[] = {{"USERNAME", USERNAME}, {"REALM", REALM}, {"AUTHZID", ON_BEHALF}};
static const struct af_table directive_table = AFENCE_TABLE(directives);

/* A name that has no domain has the realm's.  True: it had none. */
static bool add_realm(struct af_sasl_exchange *x, struct af_seen *seen)
{
	const size_t len = seen->login[AUTHCID].len;
	const char *name = seen->login[AUTHCID].text;

	if (len == 0 || x->len == 0 || memchr(name, '@', len) != NULL)
		return false;
	seen->login[AUTHZID].len = 0;
	for (size_t i = 0; i < len; i++)
		push(seen, AUTHZID, (unsigned char)name[i]);
	push(seen, AUTHZID, '@');
	for (size_t i = 0; i < x->len; i++)
		push(seen, AUTHZID, (unsigned char)x->text[i]);
	return true;
}

/* The value of the directive DIGIT has ended. */
static bool end_directive(struct af_sasl_exchange *x, struct af_seen *seen)
{
	const unsigned char both = USERNAME | REALM;
	bool told = x->digit == USERNAME || x->digit == ON_BEHALF;

	x->part |= x->digit;
	if ((x->digit & both) != 0 && (x->part & both) == both && add_realm(x, seen))
		told = true;
	x->digit = 0;
	if ((x->part & USERNAME) == 0)
		return false;
	return told && af_exchange_tell(x, seen, AFENCE_FORM_AUTO);
}

static void push_directive(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	if (x->digit == REALM)
		af_text_push(x->text, &x->len, byte);
	else if (x->digit != 0)
		push(seen, x->digit == USERNAME ? AUTHCID : AUTHZID, byte);
}

/* key=value or key="value", with commas between (RFC 2831 s7.1, RFC 9110 s11.2). */
static bool read_digest(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	enum { KEY, VALUE, TOKEN, QUOTED, ESCAPED };
	const bool gap = byte == ',' || byte == ' ' || byte == '\t';
	int row;

	if (x->step == KEY && byte == '=') {
		row = af_match_end(&directive_table, &x->key);
		x->digit = row >= 0 ? directives[row].bit : 0;
		x->step = VALUE;
	} else if (x->step == KEY && byte != ',') {
		if (!gap)
			af_match_byte(&directive_table, &x->key, byte);
	} else if (x->step == VALUE && (byte == '"' || byte == ' ' || byte == '\t')) {
		x->step = byte == '"' ? QUOTED : VALUE;
	} else if (x->step == QUOTED && byte == '\\') {
		x->step = ESCAPED;
	} else if (x->step <= TOKEN ? gap : x->step == QUOTED && byte == '"') {
		x->step = KEY;
		x->key = (struct af_match){0};
		return end_directive(x, seen);
	} else {
		push_directive(x, byte, seen);
		x->step = x->step >= QUOTED ? QUOTED : TOKEN;
	}
	return false;
}

/* HTTP's realm is a text for people. */
static bool read_http_digest(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	bool told = read_digest(x, byte, seen);

	x->len = 0;
	return told;
}

static const struct {
	const char *word;
	byte_reader *read;
	end_reader *end;
} mechanisms[] = {
	[AFENCE_MECHANISM_NONE] = {"", NULL, NULL},
	[AFENCE_MECHANISM_LOGIN] = {"LOGIN", read_name, finish},
	[AFENCE_MECHANISM_CRAM] = {"CRAM-*", read_cram, NULL},
	[AFENCE_MECHANISM_NTLM] = {"NTLM", af_ntlm_byte, NULL},
	[AFENCE_MECHANISM_HTTP_DIGEST] = {"DIGEST", read_http_digest, NULL},
	{"PLAIN", read_plain, NULL},
	{"DIGEST-MD5", read_digest, NULL},
	{"SCRAM-*", read_scram, NULL},
	{"XOAUTH2", read_xoauth2, NULL},
	{"OAUTHBEARER", read_oauthbearer, NULL},
	{"EXTERNAL", read_authzid, finish},
	{"BASIC", read_basic, NULL},
	/* They carry NTLM's messages where there is no Kerberos, bare or wrapped. */
	{"GSS-SPNEGO", af_ntlm_byte, NULL},
	{"NEGOTIATE", af_ntlm_byte, NULL},
};
const struct af_table af_sasl_mechanisms = AFENCE_TABLE(mechanisms);

void af_exchange_start(
	struct af_sasl_exchange *x, int mechanism, enum af_form authzid, struct af_seen *seen)
{
	memset(x, 0, sizeof(*x));
	x->mechanism = mechanism > 0 ? (unsigned char)mechanism : AFENCE_MECHANISM_NONE;
	x->authzid = authzid;
	af_seen_clear(seen);
}

bool af_exchange_byte(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	byte_reader *read = mechanisms[x->mechanism].read;

	return !x->done && read != NULL && read(x, byte, seen);
}

/* RFC 4648 s4; -1: none of the alphabet. */
static int base64_value(unsigned char byte)
{
	static const char others[] = "+/";
	const char *found = byte != '\0' ? strchr(others, byte) : NULL;

	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	return found != NULL ? 62 + (int)(found - others) : -1;
}

bool af_exchange_base64(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	const int value = base64_value(byte);
	unsigned bits = x->bits;
	bool told;

	if (value < 0 || x->done)
		return false;
	bits = bits << 6 | (unsigned)value;
	x->bit_count += 6;
	x->bits = (unsigned char)bits;
	if (x->bit_count < 8)
		return false;
	x->bit_count -= 8;
	x->bits = (unsigned char)(bits & ((1u << x->bit_count) - 1));
	told = af_exchange_byte(x, (unsigned char)(bits >> x->bit_count), seen);
	if (x->done)
		x->bits = 0;
	return told;
}

/* What is not complete by now is no identity: a name goes with the response it stands in. */
bool af_exchange_end(struct af_sasl_exchange *x, struct af_seen *seen)
{
	end_reader *end = mechanisms[x->mechanism].end;
	const bool told = !x->done && end != NULL && end(x, seen);
	const unsigned char response = x->response < UINT8_MAX ? x->response + 1 : UINT8_MAX;

	*x = (struct af_sasl_exchange){.mechanism = x->mechanism,
		.response = response,
		.done = x->done || seen->count > 0,
		.authzid = x->authzid};
	if (seen->count == 0)
		af_seen_clear(seen);
	return told;
}

/* All other mechanisms tell a first response from a later one by what is in it. */
bool af_exchange_goes_on(const struct af_sasl_exchange *x)
{
	return x->mechanism == AFENCE_MECHANISM_LOGIN && x->response == 1;
}
