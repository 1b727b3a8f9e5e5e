/* SPDX-License-Identifier: MIT */
/*
 * What clients send, and who is seen in it: each session whole, byte by byte, and cut in two and
 * three in all ways.  HERE marks where a login is to be told, which is before the secret wherever the
 * protocol has it so; B and E enclose what goes as base64.  While a session is fed byte by byte, no
 * piece of a secret, in clear or in base64, may stand anywhere in the stream.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/preload/stream.h"

#define HERE    "\xfa"
#define B       "\xf8"
#define E       "\xf9"
#define SECRET  "s3cr3t-w0rd"
#define DIGEST  "c0ffee5ec4e7c0ffee5ec4e7c0ffee5e"
#define DATA(s) (s), sizeof(s) - 1

enum { MARK = 0xfa, BASE64 = 0xf8, END = 0xf9, SESSION_MAX = 80000, MARKS_MAX = 16 };

struct session {
	unsigned char bytes[SESSION_MAX];
	size_t len;
	size_t mark[MARKS_MAX]; /* bytes before each */
	size_t marks;
};

/* What was told, as "service form:identity + form:identity @host:port" with "|" between. */
struct told {
	char text[8192];
	size_t len;
	size_t at[MARKS_MAX];
	size_t count;
	bool over;
};

struct row {
	const char *name;
	uint16_t port;
	const char *data;
	size_t len;
	const char *want;
};

static void encode(const unsigned char *from, size_t len, struct session *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)from[i] << 16;

		bits |= i + 1 < len ? (unsigned)from[i + 1] << 8 : 0;
		bits |= i + 2 < len ? from[i + 2] : 0;
		for (size_t k = 0; k < 4; k++)
			out->bytes[out->len++] =
				i * 8 + k * 6 < len * 8
					? (unsigned char)digits[bits >> (18 - 6 * k) & 63]
					: '=';
	}
}

/* Base64 from FROM on up to its end; marks in it stand after the digit that completes a byte. */
static size_t expand_base64(const unsigned char *from, struct session *out)
{
	unsigned char plain[2048];
	size_t len = 0, pos = 0;

	for (; from[pos] != END; pos++) {
		if (from[pos] == MARK)
			out->mark[out->marks++] = out->len + (len * 8 + 5) / 6;
		else
			plain[len++] = from[pos];
	}
	encode(plain, len, out);
	return pos;
}

static void expand(const struct row *row, struct session *out)
{
	const unsigned char *data = (const unsigned char *)row->data;

	out->len = out->marks = 0;
	for (size_t i = 0; i < row->len; i++) {
		if (data[i] == MARK)
			out->mark[out->marks++] = out->len;
		else if (data[i] == BASE64)
			i += expand_base64(data + i + 1, out) + 1;
		else
			out->bytes[out->len++] = data[i];
	}
}

static void say(struct told *told, const char *text, size_t len)
{
	if (told->len + len < sizeof(told->text)) {
		memcpy(told->text + told->len, text, len);
		told->len += len;
		told->text[told->len] = '\0';
	}
}

static void say_login(struct told *told, const struct af_seen *seen, size_t at)
{
	char port[8];

	if (told->len > 0)
		say(told, "|", 1);
	say(told, seen->service, strlen(seen->service));
	for (size_t i = 0; i < seen->count; i++) {
		const char *form = af_form_string(seen->login[i].form);

		say(told, i == 0 ? " " : " + ", i == 0 ? 1 : 3);
		say(told, form, strlen(form));
		say(told, ":", 1);
		say(told, seen->login[i].text, seen->login[i].len);
	}
	if (*seen->host != '\0') {
		say(told, " @", 2);
		say(told, seen->host, strlen(seen->host));
		say(told, port, (size_t)snprintf(port, sizeof(port), ":%u", seen->port));
	}
	if (told->count < MARKS_MAX)
		told->at[told->count++] = at;
}

/* Feeds bytes FROM to TO of the session in one write. */
static void feed(struct af_stream *stream, const struct session *session, size_t from, size_t to,
	struct told *told)
{
	while (from < to && !told->over) {
		size_t taken = 0;
		enum af_stream_event event =
			af_stream_feed(stream, session->bytes + from, to - from, &taken);

		if (event != AFENCE_STREAM_LOGIN && taken != to - from)
			CU_FAIL("bytes were left");
		from += taken;
		if (event == AFENCE_STREAM_LOGIN)
			say_login(told, &stream->seen, from);
		if (event == AFENCE_STREAM_OVER) {
			say(told, "|over", told->len > 0 ? 5 : 0);
			say(told, "over", told->len > 0 ? 0 : 4);
			told->over = true;
		}
	}
}

/* Runs the session, cut at two places. */
static void run(const struct row *row, const struct session *session, size_t first, size_t second,
	struct told *told)
{
	static struct af_stream stream;

	told->len = told->count = 0;
	told->text[0] = '\0';
	told->over = false;
	af_stream_start(&stream, row->port);
	feed(&stream, session, 0, first, told);
	feed(&stream, session, first, second, told);
	feed(&stream, session, second, session->len, told);
}

static bool is_equal(const struct told *a, const struct told *b)
{
	return strcmp(a->text, b->text) == 0 && a->count == b->count &&
	       memcmp(a->at, b->at, a->count * sizeof(*a->at)) == 0;
}

/* All four-byte pieces of the secrets, in clear and in base64. */
static struct {
	char piece[512][4];
	size_t count;
	bool has[65536];
} secrets;

static unsigned hash(const char *piece)
{
	uint32_t value;

	memcpy(&value, piece, 4);
	return value * 2654435761u >> 16;
}

static void add_secret(const char *text, size_t len)
{
	for (size_t i = 0; i + 4 <= len; i++) {
		memcpy(secrets.piece[secrets.count++], text + i, 4);
		secrets.has[hash(text + i)] = true;
	}
}

static void add_secrets(void)
{
	static const char *const list[] = {SECRET, DIGEST};
	static struct session session;

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		const size_t len = strlen(list[i]);

		add_secret(list[i], len);
		for (size_t skip = 0; skip < 3; skip++) {
			session.len = 0;
			encode((const unsigned char *)list[i] + skip, (len - skip) / 3 * 3,
				&session);
			add_secret((const char *)session.bytes, session.len);
		}
	}
}

/* Where a piece of a secret stands in the stream; -1: nowhere. */
static long find_secret(const struct af_stream *stream)
{
	const char *bytes = (const char *)stream;

	for (size_t i = 0; i + 4 <= sizeof(*stream); i++) {
		for (size_t k = 0; secrets.has[hash(bytes + i)] && k < secrets.count; k++) {
			if (memcmp(bytes + i, secrets.piece[k], 4) == 0)
				return (long)i;
		}
	}
	return -1;
}

/* Byte by byte, with a look at the memory after each. */
static void run_bytes(const struct row *row, const struct session *session, struct told *told)
{
	static struct af_stream stream;
	long found = -1;

	told->len = told->count = 0;
	told->text[0] = '\0';
	told->over = false;
	af_stream_start(&stream, row->port);
	for (size_t i = 0; i < session->len && found < 0; i++) {
		feed(&stream, session, i, i + 1, told);
		if (session->len < 4096)
			found = find_secret(&stream);
	}
	CHECK_NUMBER(row->name, found, -1);
}

static void check_cuts(
	const struct row *row, const struct session *session, const struct told *whole)
{
	const size_t step = session->len < 2000 ? 1 : 997;
	static struct told told;

	for (size_t i = 0; i < session->len; i += step) {
		const size_t last = session->len <= 160 ? session->len : i + 1;

		for (size_t k = i; k < last; k++) {
			run(row, session, i, k, &told);
			if (!is_equal(&told, whole)) {
				printf("\ncut at %zu and %zu", i, k);
				CHECK_STRING(row->name, told.text, whole->text);
				return;
			}
		}
	}
}

static void check_row(const struct row *row)
{
	static struct session session;
	static struct told whole, bytes;

	expand(row, &session);
	run(row, &session, session.len, session.len, &whole);
	if (!CHECK_STRING(row->name, whole.text, row->want))
		return;
	CHECK_NUMBER(row->name, whole.count, session.marks);
	for (size_t i = 0; i < session.marks && i < whole.count; i++)
		CHECK_NUMBER(row->name, whole.at[i], session.mark[i]);
	run_bytes(row, &session, &bytes);
	CHECK_NUMBER(row->name, is_equal(&bytes, &whole), true);
	check_cuts(row, &session, &whole);
}

static void check_rows(const struct row *rows, size_t count)
{
	if (secrets.count == 0)
		add_secrets();
	for (size_t i = 0; i < count; i++)
		check_row(&rows[i]);
}

#define PLAIN(user) "\0" user "\0" HERE SECRET
#define CRAM(user)  user " " HERE DIGEST

static void test_smtp(void)
{
	static const struct row rows[] = {
		{"swaks, PLAIN", 587,
			DATA("EHLO client.corp.net\r\nAUTH PLAIN " B PLAIN("alice@example.com") E
				"\r\nMAIL FROM:<alice@example.com>\r\nQUIT\r\n"),
			"smtp auto:alice@example.com|over"},
		{"curl, PLAIN on the next line", 25,
			DATA("EHLO client\r\nAUTH PLAIN\r\n" B PLAIN("alice@example.com") E "\r\n"),
			"smtp auto:alice@example.com"},
		{"smtptest, authzid is authcid", 25,
			DATA("EHLO smtptest\r\nAUTH PLAIN " B
			     "alice@example.com\0alice@example.com\0" HERE SECRET E "\r\n"),
			"smtp auto:alice@example.com"},
		{"another authzid", 25,
			DATA("EHLO h\r\nAUTH PLAIN " B
			     "bob@corp.net\0alice@example.com\0" HERE SECRET E "\r\n"),
			"smtp auto:alice@example.com + auto:bob@corp.net"},
		{"msmtp, LOGIN", 587,
			DATA("EHLO localhost\r\nAUTH LOGIN\r\n" B "alice@example.com" E "\r" HERE
			     "\n" B SECRET E "\r\nMAIL FROM:<a@corp.net>\r\n"),
			"smtp auto:alice@example.com"},
		{"LOGIN with an initial response", 587,
			DATA("EHLO localhost\r\nAUTH LOGIN " B "alice@example.com" E "\r" HERE
			     "\n" B SECRET E "\r\n"),
			"smtp auto:alice@example.com"},
		{"LOGIN, LF alone", 587,
			DATA("EHLO localhost\nAUTH LOGIN\n" B "alice@example.com" E
			     "\n" HERE B SECRET E "\n"),
			"smtp auto:alice@example.com"},
		{"LOGIN, empty name", 587,
			DATA("EHLO localhost\r\nAUTH LOGIN\r\n\r\n" B SECRET E "\r\n"), ""},
		{"LOGIN, cancelled", 587,
			DATA("EHLO localhost\r\nAUTH LOGIN\r\n*\r\nAUTH PLAIN " B PLAIN(
				"alice@example.com") E "\r\n"),
			"smtp auto:alice@example.com"},
		{"Python smtplib, one after another", 587,
			DATA("ehlo [127.0.1.1]\r\nAUTH CRAM-MD5\r\n" B CRAM("alice@example.com") E
				"\r\nAUTH PLAIN " B PLAIN("alice@example.com") E
				"\r\nAUTH LOGIN " B "alice@example.com" E "\r" HERE "\n" B SECRET E
				"\r\nquit\r\n"),
			"smtp auto:alice@example.com|smtp auto:alice@example.com|smtp auto:alice@example.com|over"},
		{"refused at AUTH, then another way", 25,
			DATA("EHLO h\r\nAUTH CRAM-MD5\r\nAUTH LOGIN\r\nAUTH PLAIN\r\n" B PLAIN(
				"alice@example.com") E "\r\n"),
			"smtp auto:alice@example.com"},
		{"git send-email, two users", 587,
			DATA("EHLO h\r\nAUTH PLAIN " B PLAIN("bob@corp.net") E
				"\r\nRSET\r\nAUTH PLAIN " B PLAIN("alice@example.com") E "\r\n"),
			"smtp auto:bob@corp.net|smtp auto:alice@example.com"},
		{"CRAM-MD5, name with blanks", 25,
			DATA("EHLO h\r\nAUTH CRAM-MD5\r\n" B "Alice " HERE "Doe " HERE
			     "be.alice@example.com " HERE DIGEST E "\r\n"),
			"smtp auto:Alice|smtp auto:Alice Doe|smtp auto:Alice Doe .alice@example.com"},
		{"DIGEST-MD5", 25,
			DATA("EHLO h\r\nAUTH DIGEST-MD5\r\n" B
			     "charset=utf-8,username=\"alice\"" HERE ",realm=\"example.com\"" HERE
			     ",nonce=\"a\\\"realm=x\",response=" DIGEST E "\r\n\r\nQUIT\r\n"),
			"smtp auto:alice|smtp auto:alice + auto:alice@example.com|over"},
		{"DIGEST-MD5, realm first", 25,
			DATA("EHLO h\r\nAUTH DIGEST-MD5\r\n" B
			     "realm=\"example.com\" , username = \"al\\\"ice\"" HERE
			     ",response=" DIGEST E "\r\n"),
			"smtp auto:al\"ice + auto:al\"ice@example.com"},
		{"DIGEST-MD5, name with a domain", 25,
			DATA("EHLO h\r\nAUTH DIGEST-MD5\r\n" B "username=\"alice@example.com\"" HERE
			     ",realm=\"corp.net\",response=" DIGEST ",authzid=\"bob\"" HERE E
			     "\r\n"),
			"smtp auto:alice@example.com|smtp auto:alice@example.com + auto:bob"},
		{"DIGEST-MD5, response first", 25,
			DATA("EHLO h\r\nAUTH DIGEST-MD5\r\n" B "response=" DIGEST
			     ",username=alice@example.com," HERE E "\r\n"),
			"smtp auto:alice@example.com"},
		{"msmtp, SCRAM", 587,
			DATA("EHLO localhost\r\nAUTH SCRAM-SHA-256 " B
			     "n,,n=alice@example.com," HERE "r=rOprNGfwEbeRWgbNEkqO" E "\r\n" B
			     "c=biws,r=rOpr,p=" DIGEST E "\r\n\r\n"),
			"smtp auto:alice@example.com"},
		{"SCRAM with channel binding", 587,
			DATA("EHLO localhost\r\nAUTH SCRAM-SHA-1-PLUS " B
			     "p=tls-unique,a=bob@corp.net,m=x,n=alice@example.com," HERE
			     "r=rOprNGfwEbeRWgbNEkqO" E "\r\n"),
			"smtp auto:alice@example.com + auto:bob@corp.net"},
		{"mutt, XOAUTH2", 587,
			DATA("EHLO h\r\nAUTH XOAUTH2 " B "user=alice@example.com\1" HERE
			     "auth=Bearer " SECRET "\1\1" E "\r\n\r\n"),
			"smtp auto:alice@example.com"},
		{"XOAUTH2, token first", 587,
			DATA("EHLO h\r\nAUTH XOAUTH2 " B "auth=Bearer " SECRET
			     "\1user=alice@example.com\1" HERE "\1" E "\r\n\r\n"),
			"smtp auto:alice@example.com"},
		{"curl, OAUTHBEARER", 587,
			DATA("EHLO h\r\nAUTH OAUTHBEARER " B "n,a=alice@example.com," HERE
			     "\1host=mail.corp.net\1port=587\1auth=Bearer " SECRET "\1\1" E "\r\n"),
			"smtp auto:alice@example.com"},
		{"EXTERNAL", 25,
			DATA("EHLO h\r\nAUTH EXTERNAL " B "alice@example.com" E "\r" HERE "\n"),
			"smtp auto:alice@example.com"},
		{"EXTERNAL, empty", 25, DATA("EHLO h\r\nAUTH EXTERNAL =\r\nMAIL FROM:<>\r\n"), ""},
		{"a mechanism that tells nothing", 25,
			DATA("EHLO h\r\nAUTH GSSAPI\r\n" B SECRET "alice@example.com" E
			     "\r\n" B SECRET E "\r\n"),
			""},
		{"any case, many blanks", 25,
			DATA("ehlo h\r\naUtH   pLaIn  " B PLAIN("alice@example.com") E " \r\n"),
			"smtp auto:alice@example.com"},
		{"no padding", 25,
			DATA("EHLO h\r\nAUTH PLAIN AGFAZXhhbXBsZS5jb20A" HERE "czNjcjN0\r\n"),
			"smtp auto:a@example.com"},
		{"PLAIN without its NULs", 25,
			DATA("EHLO h\r\nAUTH PLAIN " B "alice@example.com" E "\r\nQUIT\r\n"),
			"over"},
		{"AUTH alone", 25,
			DATA("EHLO h\r\nAUTH\r\nAUTH \r\nAUTH PLAIN " B PLAIN("alice@example.com") E
				"\r\n"),
			"smtp auto:alice@example.com"},
		{"pipelined", 25,
			DATA("EHLO h\r\nMAIL FROM:<a@corp.net>\r\nRCPT TO:<b@corp.net>\r\nDATA\r\nAUTH PLAIN " B
			     "\0alice@example.com\0" SECRET E "\r\n.\r\n"),
			"over"},
		{"BDAT", 25,
			DATA("EHLO h\r\nMAIL FROM:<a@corp.net>\r\nBDAT 70 LAST\r\nAUTH PLAIN " B
			     "\0alice@example.com\0" SECRET E "\r\n"),
			"over"},
		{"refused at MAIL, then AUTH", 25,
			DATA("HELO h\r\nMAIL FROM:<a@corp.net>\r\nEHLO h\r\nAUTH PLAIN " B PLAIN(
				"alice@example.com") E "\r\n"),
			"smtp auto:alice@example.com"},
		{"STARTTLS", 25, DATA("EHLO h\r\nSTARTTLS\r\n\x16\x03\x01\x02"), "over"},
		{"STARTTLS refused", 25,
			DATA("EHLO h\r\nSTARTTLS\r\nXFOO\r\nAUTH PLAIN " B PLAIN(
				"alice@example.com") E "\r\n"),
			"smtp auto:alice@example.com"},
		{"LMTP", 24, DATA("LHLO h\r\nAUTH PLAIN " B PLAIN("alice@example.com") E "\r\n"),
			"lmtp auto:alice@example.com"},
		{"no domain, no harm", 25, DATA("EHLO h\r\nAUTH PLAIN " B PLAIN("alice") E "\r\n"),
			"smtp auto:alice"},
		{"NTLM", 25,
			DATA("EHLO h\r\nAUTH NTLM " B
			     "NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" E
			     "\r\n" B
			     "NTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00`\x00\x00\x00\x14\x00\x14\x00v\x00\x00\x00\x16\x00\x16\x00@\x00\x00\x00\n\x00\n\x00V\x00\x00\x00\x04\x00\x04\x00\x8a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x82\x88\xe2"
			     "e\x00x\x00"
			     "a\x00m\x00p\x00l\x00"
			     "e\x00.\x00"
			     "c\x00o\x00m\x00"
			     "a\x00l\x00i\x00"
			     "c\x00"
			     "e\x00" HERE SECRET SECRET "w0rd" SECRET "-w0rdHOST" E "\r\n"),
			"smtp ntlm:example.com\\alice"},
		{"NTLM, OEM", 25,
			DATA("EHLO h\r\nAUTH NTLM " B
			     "NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" E
			     "\r\n" B
			     "NTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00P\x00\x00\x00\x14\x00\x14\x00"
			     "f\x00\x00\x00\x0b\x00\x0b\x00@\x00\x00\x00\x05\x00\x05\x00K\x00\x00\x00\x04\x00\x04\x00z\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x14\x82\x88\xe2"
			     "example.comalice" HERE SECRET SECRET "w0rd" SECRET "-w0rdHOST" E
			     "\r\n"),
			"smtp ntlm:example.com\\alice"},
		{"NTLM, OEM, no flags", 25,
			DATA("EHLO h\r\nAUTH NTLM " B
			     "NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" E
			     "\r\n" B "NTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00"
			     "D\x00\x00\x00\x14\x00\x14\x00Z\x00\x00\x00\x0b\x00\x0b\x00"
			     "4\x00\x00\x00\x05\x00\x05\x00?\x00\x00\x00\x04\x00\x04\x00n\x00\x00\x00"
			     "example.comalice" HERE SECRET SECRET "w0rd" SECRET "-w0rdHOST" E
			     "\r\n"),
			"smtp ntlm:example.com\\alice"},
		{"NTLM, no domain", 25,
			DATA("EHLO h\r\nAUTH NTLM " B
			     "NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" E
			     "\r\n" B "NTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00"
			     "b\x00\x00\x00\x14\x00\x14\x00x\x00\x00\x00\x00\x00\x00\x00@\x00\x00\x00\"\x00\"\x00@\x00\x00\x00\x04\x00\x04\x00\x8c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x82\x88\xe2"
			     "a\x00l\x00i\x00"
			     "c\x00"
			     "e\x00@\x00"
			     "e\x00x\x00"
			     "a\x00m\x00p\x00l\x00"
			     "e\x00.\x00"
			     "c\x00o\x00m\x00" HERE SECRET SECRET "w0rd" SECRET "-w0rdHOST" E
			     "\r\n"),
			"smtp ntlm:alice@example.com"},
		{"NTLM, user before domain", 25,
			DATA("EHLO h\r\nAUTH NTLM " B
			     "NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" E
			     "\r\n" B
			     "NTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00@\x00\x00\x00\x14\x00\x14\x00`\x00\x00\x00\x16\x00\x16\x00t\x00\x00\x00\n\x00\n\x00V\x00\x00\x00\x04\x00\x04\x00\x8a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x82\x88\xe2" SECRET
					SECRET "a\x00l\x00i\x00"
			     "c\x00"
			     "e\x00w0rd" SECRET "-w0rde\x00x\x00"
			     "a\x00m\x00p\x00l\x00"
			     "e\x00.\x00"
			     "c\x00o\x00m\x00" HERE "HOST" E "\r\n"),
			"smtp ntlm:example.com\\alice"},
		{"NTLM, more than ASCII", 25,
			DATA("EHLO h\r\nAUTH NTLM " B
			     "NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" E
			     "\r\n" B "NTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00"
			     "b\x00\x00\x00\x14\x00\x14\x00x\x00\x00\x00\x1c\x00\x1c\x00@\x00\x00\x00\x06\x00\x06\x00\\\x00\x00\x00\x04\x00\x04\x00\x8c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x82\x88\xe2"
			     "b\x00\xfc\x00"
			     "c\x00h\x00"
			     "e\x00r\x00.\x00"
			     "e\x00x\x00"
			     "a\x00m\x00p\x00l\x00"
			     "e\x00"
			     "4l=\xd8\x00\xde" HERE SECRET SECRET "w0rd" SECRET "-w0rdHOST" E
			     "\r\n"),
			"smtp ntlm:bücher.example\\水😀"},
		{"NTLM, a domain alone", 25,
			DATA("EHLO h\r\nAUTH NTLM " B
			     "NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" E
			     "\r\n" B
			     "NTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00V\x00\x00\x00\x14\x00\x14\x00l\x00\x00\x00\x16\x00\x16\x00@\x00\x00\x00\x00\x00\x00\x00V\x00\x00\x00\x04\x00\x04\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x82\x88\xe2"
			     "e\x00x\x00"
			     "a\x00m\x00p\x00l\x00"
			     "e\x00.\x00"
			     "c\x00o\x00m\x00" SECRET SECRET "w0rd" SECRET "-w0rdHOST" E "\r\n"),
			""},
	};

	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void test_imap(void)
{
	static const struct row rows[] = {
		{"curl, LOGIN", 143,
			DATA("A001 CAPABILITY\r\nA002 LOGIN alice@example.com " HERE SECRET
			     "\r\nA003 SELECT INBOX\r\n"),
			"imap auto:alice@example.com|over"},
		{"curl, PLAIN", 143,
			DATA("A001 CAPABILITY\r\nA002 AUTHENTICATE PLAIN\r\n" B PLAIN(
				"alice@example.com") E "\r\nA003 LIST \"\" *\r\n"),
			"imap auto:alice@example.com"},
		{"mutt", 143,
			DATA("a0000 CAPABILITY\r\na0001 LOGIN \"alice@example.com\"" HERE
			     " \"" SECRET "\"\r\n"),
			"imap auto:alice@example.com"},
		{"mutt, CRAM-MD5 and LOGIN", 143,
			DATA("a0000 CAPABILITY\r\na0001 AUTHENTICATE CRAM-MD5\r\n" B CRAM(
				"alice@example.com") E "\r\na0002 LOGIN \"alice@example.com\"" HERE
						       " \"" SECRET "\"\r\n"),
			"imap auto:alice@example.com|imap auto:alice@example.com"},
		{"Python imaplib", 143,
			DATA("PDKC0 CAPABILITY\r\nPDKC1 LOGIN alice@example.com " HERE "\"" SECRET
			     "\"\r\nPDKC2 LOGOUT\r\n"),
			"imap auto:alice@example.com|over"},
		{"fetchmail", 143,
			DATA("A0001 CAPABILITY\r\nA0002 NOOP\r\nA0003 LOGIN \"alice@example.com\"" HERE
			     " \"" SECRET "\"\r\n"),
			"imap auto:alice@example.com"},
		{"s-nail", 143,
			DATA("T1 CAPABILITY\r\nT2 LOGIN \"alice@example.com\"" HERE " \"" SECRET
			     "\"\r\n"),
			"imap auto:alice@example.com"},
		{"mbsync, SASL-IR", 143,
			DATA("1 CAPABILITY\r\n2 AUTHENTICATE PLAIN " B PLAIN("alice@example.com") E
				"\r\n3 NAMESPACE\r\n"),
			"imap auto:alice@example.com"},
		{"imtest", 143,
			DATA("C01 CAPABILITY\r\nA01 AUTHENTICATE LOGIN\r\n" B "alice@example.com" E
			     "\r" HERE "\n" B SECRET E "\r\n"),
			"imap auto:alice@example.com"},
		{"alpine, tags of digits", 143,
			DATA("00000000 CAPABILITY\r\n00000001 LOGIN \"alice@example.com\"" HERE
			     " \"" SECRET "\"\r\n"),
			"imap auto:alice@example.com"},
		{"mailutils", 143,
			DATA("1 CAPABILITY\r\n2 ID (\"name\" \"GNU {9}\")\r\n3 LOGIN \"alice@example.com\"" HERE
			     " \"" SECRET "\"\r\n"),
			"imap auto:alice@example.com"},
		{"quotes escaped", 143,
			DATA("1 LOGIN \"\\\"ali\\\\ce\\\"@example.com\"" HERE " \"" SECRET
			     "\\\" {3}\"\r\n2 LOGIN bob " HERE "x\r\n"),
			"imap auto:\"ali\\ce\"@example.com|imap auto:bob"},
		{"literals", 143,
			DATA("1 LOGIN {17}\r\nalice@example.com" HERE " {11}\r\n" SECRET
			     "\r\n2 NOOP\r\n3 LOGIN bob " HERE "x\r\n"),
			"imap auto:alice@example.com|imap auto:bob"},
		{"literals without waiting", 143,
			DATA("1 LOGIN {17+}\r\nalice@example.com" HERE " {11+}\r\n" SECRET
			     "\r\n2 LOGIN {3+}\r\nbob" HERE " x\r\n"),
			"imap auto:alice@example.com|imap auto:bob"},
		{"literal8", 143,
			DATA("1 LOGIN ~{17+}\r\nalice@example.com" HERE " ~{11+}\r\n" SECRET
			     "\r\n"),
			"imap auto:alice@example.com"},
		{"a literal holds a line end", 143,
			DATA("1 LOGIN {19+}\r\nalice@example.com\r\n" HERE " x\r\n"),
			"imap auto:alice@example.com\r\n"},
		{"empty names", 143,
			DATA("1 LOGIN \"\" " SECRET "\r\n2 LOGIN {0+}\r\n " SECRET
			     "\r\n3 LOGIN\r\n4 LOGIN \r\n5 LOGIN bob " HERE "x\r\n"),
			"imap auto:bob"},
		{"name without password", 143, DATA("1 LOGIN alice@example.com\r" HERE "\n"),
			"imap auto:alice@example.com"},
		{"any case", 143,
			DATA("x capability\r\nx login Alice@Example.COM " HERE SECRET "\r\n"),
			"imap auto:Alice@Example.COM"},
		{"pipelined", 143,
			DATA("1 LOGIN bob " HERE SECRET "\r\n2 LOGIN alice@example.com " HERE SECRET
			     "\r\n"),
			"imap auto:bob|imap auto:alice@example.com"},
		{"a message that is appended", 143,
			DATA("1 LOGIN bob " HERE SECRET
			     "\r\n2 APPEND INBOX {35+}\r\nSubject: x\r\n\r\n3 LOGIN alice x\r\n....\r\n4 LOGIN alice@example.com " HERE
			     "x\r\n"),
			"imap auto:bob|imap auto:alice@example.com"},
		{"after SELECT", 143, DATA("1 SELECT INBOX\r\n2 LOGIN alice@example.com x\r\n"),
			"over"},
		{"compressed", 143,
			DATA("1 LOGIN bob " HERE "x\r\n2 COMPRESS DEFLATE\r\n3 LOGIN alice x\r\n"),
			"imap auto:bob|over"},
		{"refused mechanism, then LOGIN", 143,
			DATA("1 AUTHENTICATE PLAIN\r\n2 AUTHENTICATE LOGIN\r\n*\r\n3 LOGIN alice@example.com " HERE
					SECRET "\r\n"),
			"imap auto:alice@example.com"},
		{"STARTTLS", 143, DATA("1 STARTTLS\r\n\x16\x03\x01"), "over"},
		{"lines that are nothing", 143,
			DATA("1 CAPABILITY\r\n\r\nDONE\r\n foo\r\n2 XFOO {5+}\r\n3 LO \r\n2 \r\n3 LOGIN bob " HERE
			     "x\r\n"),
			"imap auto:bob"},
		{"XOAUTH2", 143,
			DATA("1 AUTHENTICATE XOAUTH2 " B "user=alice@example.com\1" HERE
			     "auth=Bearer " SECRET "\1\1" E "\r\n"),
			"imap auto:alice@example.com"},
	};

	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void test_pop(void)
{
	static const struct row rows[] = {
		{"fetchmail, USER", 110,
			DATA("CAPA\r\nUSER alice@example.com\r" HERE "\nPASS " SECRET
			     "\r\nSTAT\r\n"),
			"pop auto:alice@example.com|over"},
		{"Python poplib", 110,
			DATA("USER alice@example.com\r" HERE "\nPASS " SECRET "\r\nQUIT\r\n"),
			"pop auto:alice@example.com|over"},
		{"curl, APOP", 110, DATA("CAPA\r\nAPOP alice@example.com " HERE DIGEST "\r\n"),
			"pop auto:alice@example.com"},
		{"mutt, APOP, then USER", 110,
			DATA("CAPA\r\nAPOP alice@example.com " HERE DIGEST
			     "\r\nUSER alice@example.com\r" HERE "\nPASS " SECRET "\r\nUIDL\r\n"),
			"pop auto:alice@example.com|pop auto:alice@example.com|over"},
		{"mpop, initial response", 110,
			DATA("CAPA\r\nAUTH PLAIN " B PLAIN("alice@example.com") E "\r\nLIST\r\n"),
			"pop auto:alice@example.com|over"},
		{"mutt lists mechanisms", 110,
			DATA("CAPA\r\nAUTH\r\nAUTH PLAIN\r\n" B PLAIN("alice@example.com") E
				"\r\n"),
			"pop auto:alice@example.com"},
		{"curl, LOGIN", 110,
			DATA("CAPA\r\nAUTH LOGIN\r\n" B "alice@example.com" E "\r" HERE
			     "\n" B SECRET E "\r\n"),
			"pop auto:alice@example.com"},
		{"pipelined, lower case", 110,
			DATA("user alice@example.com\r" HERE "\npass " SECRET "\r\nretr 1\r\n"),
			"pop auto:alice@example.com|over"},
		{"two users", 110,
			DATA("USER bob\r" HERE "\nPASS x\r\nUSER alice@example.com\r" HERE
			     "\nPASS " SECRET "\r\n"),
			"pop auto:bob|pop auto:alice@example.com"},
		{"name with blanks", 110,
			DATA("USER Alice <alice@example.com>\r" HERE "\nPASS " SECRET " x\r\n"),
			"pop auto:Alice <alice@example.com>"},
		{"no name", 110, DATA("USER\r\nUSER \r\nAPOP\r\nPASS " SECRET "\r\n"), ""},
		{"STLS", 110, DATA("CAPA\r\nSTLS\r\n\x16\x03\x01"), "over"},
		{"FTP", 21,
			DATA("USER alice@example.com\r" HERE "\nPASS " SECRET
			     "\r\nPWD\r\nEPSV\r\nRETR x\r\n"),
			"ftp auto:alice@example.com|over"},
		{"FTP, curl asks for TLS", 21,
			DATA("AUTH SSL\r\nAUTH TLS\r\nUSER alice@example.com\r" HERE
			     "\nPASS " SECRET "\r\n"),
			"ftp auto:alice@example.com"},
		{"FTP, lftp", 2121,
			DATA("FEAT\r\nUSER alice@example.com\r" HERE "\nPASS " SECRET "\r\n"),
			"ftp auto:alice@example.com"},
	};

	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void test_ldap(void)
{
	static const struct row rows[] = {
		{"ldapsearch -x", 389,
			DATA("02\x02\x01\x01`-\x02\x01\x03\x04\x1buid=alice,dc=example,dc=com" HERE
			     "\x80\x0b" SECRET "0)\x02\x01\x02"
			     "c$\x04\x04"
			     "dc=x\n\x01\x02\n\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass0\x00"
			     "0\x05\x02\x01\x03"
			     "B\x00"),
			"ldap dn:uid=alice,dc=example,dc=com|over"},
		{"long lengths", 389,
			DATA("0\x84\x00\x00\x00;\x02\x01\x01`\x84\x00\x00\x00"
			     "2\x02\x81\x01\x03\x04\x84\x00\x00\x00\x1buid=alice,dc=example,dc=com" HERE
			     "\x80\x0b" SECRET),
			"ldap dn:uid=alice,dc=example,dc=com"},
		{"Active Directory: UPN", 389,
			DATA("0(\x02\x01\x01`#\x02\x01\x03\x04\x11"
			     "alice@example.com" HERE "\x80\x0b" SECRET),
			"ldap auto:alice@example.com"},
		{"Active Directory: domain", 389,
			DATA("0$\x02\x01\x01`\x1f\x02\x01\x03\x04\rEXAMPLE\\alice" HERE
			     "\x80\x0b" SECRET),
			"ldap auto:EXAMPLE\\alice"},
		{"OID as type", 389,
			DATA("06\x02\x01\x01`1\x02\x01\x03\x04\x1f"
			     "2.5.4.3=alice,dc=example,dc=com" HERE "\x80\x0b" SECRET),
			"ldap dn:2.5.4.3=alice,dc=example,dc=com"},
		{"search and bind, many messages", 389,
			DATA("0/\x02\x01\x01`*\x02\x01\x03\x04\x18"
			     "cn=search,dc=corp,dc=net" HERE "\x80\x0b" SECRET "0)\x02\x01\x02"
			     "c$\x04\x04"
			     "dc=x\n\x01\x02\n\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass0\x00"
			     "02\x02\x01\x03`-\x02\x01\x03\x04\x1buid=alice,dc=example,dc=com" HERE
			     "\x80\x0b" SECRET "0)\x02\x01\x04"
			     "c$\x04\x04"
			     "dc=x\n\x01\x02\n\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass0\x00"),
			"ldap dn:cn=search,dc=corp,dc=net|ldap dn:uid=alice,dc=example,dc=com"},
		{"anonymous", 389,
			DATA("0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\x00\x80\x00"
			     "0)\x02\x01\x02"
			     "c$\x04\x04"
			     "dc=x\n\x01\x02\n\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass0\x00"),
			""},
		{"StartTLS", 389,
			DATA("0\x1d\x02\x01\x01w\x18\x80\x16"
			     "1.3.6.1.4.1.1466.20037\x16\x03\x01\x02\x00"),
			"over"},
		{"SASL PLAIN", 389,
			DATA("0L\x02\x01\x01`G\x02\x01\x03\x04\x00\xa3@\x04\x05PLAIN\x04"
			     "7dn:uid=bob,dc=corp,dc=net\x00"
			     "alice@example.com\x00" HERE SECRET),
			"ldap auto:alice@example.com + authzid:dn:uid=bob,dc=corp,dc=net"},
		{"SASL PLAIN, empty password", 389,
			DATA("0\x28\x02\x01\x01`\x23\x02\x01\x03\x04\x00\xa3\x1c\x04\x05PLAIN\x04\x13\0"
			     "alice@example.com\0" HERE "0\x05\x02\x01\x02"
			     "B\x00"),
			"ldap auto:alice@example.com|over"},
		{"SASL DIGEST-MD5, no credentials first", 389,
			DATA("0\x18\x02\x01\x01`\x13\x02\x01\x03\x04\x00\xa3\x0c\x04\nDIGEST-MD50\x81\xd1\x02\x01\x02`\x81\xcb\x02\x01\x03\x04\x00\xa3\x81\xc3\x04\nDIGEST-MD5\x04\x81\xb4username=\"alice\"" HERE
			     ",realm=\"example.com\"" HERE
			     ",nonce=\"OA6MG9tEQGm2hh\",cnonce=\"OA6MHXh6VqTrRA\",nc=00000001,qop=auth,digest-uri=\"ldap/x\",response=c0ffee5ec4e7c0ffee5ec4e7c0ffee5e,charset=utf-80\x05\x02\x01\x03"
			     "B\x00"),
			"ldap auto:alice|ldap auto:alice + authzid:alice@example.com|over"},
		{"SASL CRAM-MD5 twice", 389,
			DATA("0\x16\x02\x01\x01`\x11\x02\x01\x03\x04\x00\xa3\n\x04\x08"
			     "CRAM-MD50J\x02\x01\x02`E\x02\x01\x03\x04\x00\xa3>\x04\x08"
			     "CRAM-MD5\x04"
			     "2alice@example.com " HERE
			     "c0ffee5ec4e7c0ffee5ec4e7c0ffee5e0\x16\x02\x01\x03`\x11\x02\x01\x03\x04\x00\xa3\n\x04\x08"
			     "CRAM-MD50E\x02\x01\x04`@\x02\x01\x03\x04\x00\xa3"
			     "9\x04\x08"
			     "CRAM-MD5\x04-bob@corp.net " HERE "c0ffee5ec4e7c0ffee5ec4e7c0ffee5e"),
			"ldap auto:alice@example.com|ldap auto:bob@corp.net"},
		{"SASL LOGIN in two binds", 389,
			DATA("0\x13\x02\x01\x01`\x0e\x02\x01\x03\x04\x00\xa3\x07\x04\x05LOGIN0&\x02\x01\x02`!\x02\x01\x03\x04\x00\xa3\x1a\x04\x05LOGIN\x04\x11"
			     "alice@example.com" HERE
			     "0 \x02\x01\x03`\x1b\x02\x01\x03\x04\x00\xa3\x14\x04\x05LOGIN\x04\x0b" SECRET
			     "0\x13\x02\x01\x04`\x0e\x02\x01\x03\x04\x00\xa3\x07\x04\x05LOGIN0!\x02\x01\x05`\x1c\x02\x01\x03\x04\x00\xa3\x15\x04\x05LOGIN\x04\x0c"
			     "bob@corp.net" HERE),
			"ldap auto:alice@example.com|ldap auto:bob@corp.net"},
		{"SASL SCRAM", 389,
			DATA("0P\x02\x01\x01`K\x02\x01\x03\x04\x00\xa3"
			     "D\x04\rSCRAM-SHA-256\x04"
			     "3n,a=u:bob@corp.net,n=al=3Di=2Cce@example.com," HERE
			     "r=fyko09\x02\x01\x02`4\x02\x01\x03\x04\x00\xa3-\x04\rSCRAM-SHA-256\x04\x1c"
			     "c=biws,r=fyko,p=c0ffee5ec4e7"),
			"ldap auto:al=i,ce@example.com + authzid:u:bob@corp.net"},
		{"SASL SCRAM, refused at the name, as another", 389,
			DATA("05\x02\x01\x01`0\x02\x01\x03\x04\x00\xa3)\x04\rSCRAM-SHA-256\x04\x18n,,n=bob@corp.net," HERE
			     "r=fyko0:\x02\x01\x02`5\x02\x01\x03\x04\x00\xa3.\x04\rSCRAM-SHA-256\x04\x1dn,,n=alice@example.com," HERE
			     "r=fyko09\x02\x01\x03`4\x02\x01\x03\x04\x00\xa3-\x04\rSCRAM-SHA-256\x04\x1c"
			     "c=biws,r=fyko,p=c0ffee5ec4e7"),
			"ldap auto:bob@corp.net|ldap auto:alice@example.com"},
		{"GSS-SPNEGO with a bare NTLM", 389,
			DATA("0:\x02\x01\x01`5\x02\x01\x03\x04\x00\xa3.\x04\nGSS-SPNEGO\x04 NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
			     "0\x81\xbb\x02\x01\x02`\x81\xb5\x02\x01\x03\x04\x00\xa3\x81\xad\x04\nGSS-SPNEGO\x04\x81\x9eNTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00p\x00\x00\x00\x14\x00\x14\x00\x86\x00\x00\x00\x0e\x00\x0e\x00@\x00\x00\x00\"\x00\"\x00N\x00\x00\x00\x04\x00\x04\x00\x9a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x82\x88\xe2"
			     "E\x00X\x00"
			     "A\x00M\x00P\x00L\x00"
			     "E\x00"
			     "a\x00l\x00i\x00"
			     "c\x00"
			     "e\x00@\x00"
			     "e\x00x\x00"
			     "a\x00m\x00p\x00l\x00"
			     "e\x00.\x00"
			     "c\x00o\x00m\x00" HERE SECRET SECRET "w0rd" SECRET "-w0rdHOST"),
			"ldap ntlm:EXAMPLE\\alice@example.com"},
		{"Active Directory: NTLM without SASL", 389,
			DATA("00\x02\x01\x01`+\x02\x01\x03\x04\x04NTLM" HERE
			     "\x8a NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
			     "0\x81\xac\x02\x01\x02`\x81\xa6\x02\x01\x03\x04\x00\x8b\x81\x9eNTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00p\x00\x00\x00\x14\x00\x14\x00\x86\x00\x00\x00\x0e\x00\x0e\x00@\x00\x00\x00\"\x00\"\x00N\x00\x00\x00\x04\x00\x04\x00\x9a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x82\x88\xe2"
			     "E\x00X\x00"
			     "A\x00M\x00P\x00L\x00"
			     "E\x00"
			     "a\x00l\x00i\x00"
			     "c\x00"
			     "e\x00@\x00"
			     "e\x00x\x00"
			     "a\x00m\x00p\x00l\x00"
			     "e\x00.\x00"
			     "c\x00o\x00m\x00" HERE SECRET SECRET "w0rd" SECRET "-w0rdHOST"),
			"ldap auto:NTLM|ldap ntlm:EXAMPLE\\alice@example.com"},
		{"indefinite length", 389, DATA("0\x80\x02\x01\x01`\x80"), "over"},
		{"an element longer than its message", 389,
			DATA("0\x10\x02\x01\x01`\x7f\x02\x01\x03"), "over"},
		{"a bind that is cut short", 389,
			DATA("0\x06\x02\x01\x01`\x01\x02"
			     "0"),
			"over"},
	};

	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void test_http(void)
{
	static const struct row rows[] = {
		{"curl, Basic", 80,
			DATA("GET / HTTP/1.1\r\nHost: web.corp.net\r\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E
			     "\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"),
			"http auto:alice@example.com"},
		{"wget, asked first", 80,
			DATA("GET /x HTTP/1.1\r\nHost: web.corp.net\r\nUser-Agent: Wget/1.21.3\r\nConnection: Keep-Alive\r\n\r\nGET /x HTTP/1.1\r\nHost: web.corp.net\r\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:alice@example.com"},
		{"curl, Digest", 80,
			DATA("GET / HTTP/1.1\r\nAuthorization: Digest username=\"alice@example.com\"" HERE
			     ", realm=\"a@b\", nonce=\"x\", uri=\"/\", response=\"" DIGEST
			     "\"\r\n\r\n"),
			"http auto:alice@example.com"},
		{"Digest, folded", 80,
			DATA("GET / HTTP/1.1\r\nAuthorization: Digest realm=\"corp.net\",\r\n\tusername=\"alice\"" HERE
			     ",\r\n response=\"" DIGEST "\"\r\n\r\n"),
			"http auto:alice"},
		{"Basic, folded", 80,
			DATA("GET / HTTP/1.1\r\nAuthorization:\r\n Basic\r\n\t" B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:alice@example.com"},
		{"Bearer and bare tokens", 80,
			DATA("GET / HTTP/1.1\r\nAuthorization: Bearer " SECRET
			     "\r\nAuthorization: " SECRET "\r\nCookie: x=" SECRET "\r\n\r\n"),
			""},
		{"many headers", 80,
			DATA("GET / HTTP/1.1\r\nAuthorization: Basic " B "bob:" HERE SECRET E
			     "\r\nAuthorization:Basic " B "alice@example.com:" HERE SECRET E
			     "\r\n\r\n"),
			"http auto:bob|http auto:alice@example.com"},
		{"any case, any method", 80,
			DATA("FROB /x HTTP/1.0\r\naUTHORIZATION:  bASIC  " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:alice@example.com"},
		{"method of WebDAV, absolute", 80,
			DATA("MKCOL http://web.corp.net:8080/x HTTP/1.1\r\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:alice@example.com @web.corp.net:8080"},
		{"through a proxy", 3128,
			DATA("GET http://web.corp.net/x?y=@z HTTP/1.1\r\nProxy-Authorization: Basic " B
			     "bob@corp.net:" HERE SECRET E "\r\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:bob@corp.net|http auto:alice@example.com @web.corp.net:80"},
		{"through a proxy, IPv6", 3128,
			DATA("GET http://[2001:db8::1]:81/ HTTP/1.1\r\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:alice@example.com @2001:db8::1:81"},
		{"through a proxy, FTP", 3128,
			DATA("GET ftp://alice%40example.com:" SECRET "@ftp.corp.net/" HERE
			     "x HTTP/1.1\r\n\r\n"),
			"http auto:alice@example.com @ftp.corp.net:21"},
		{"through a proxy, FTP, badly escaped", 3128,
			DATA("GET ftp://alice@example.com:" SECRET "@ftp.corp.net:2121/" HERE
			     "x HTTP/1.1\r\n\r\n"),
			"http auto:alice@example.com @ftp.corp.net:2121"},
		{"CONNECT", 3128,
			DATA("CONNECT web.corp.net:443 HTTP/1.1\r\nHost: web.corp.net:443\r\nProxy-Authorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n\x16\x03\x01\x02"),
			"http auto:alice@example.com|over"},
		{"CONNECT, SMTP in the tunnel", 3128,
			DATA("CONNECT mail.corp.net:25 HTTP/1.1\r\n\r\nEHLO h\r\nAUTH PLAIN " B
					PLAIN("alice@example.com") E "\r\n"),
			"smtp auto:alice@example.com @mail.corp.net:25"},
		{"CONNECT, FTP in the tunnel", 3128,
			DATA("CONNECT ftp.corp.net:21 HTTP/1.1\r\n\r\nUSER alice@example.com\r" HERE
			     "\n"),
			"ftp auto:alice@example.com @ftp.corp.net:21"},
		{"CONNECT, refused, once more", 3128,
			DATA("CONNECT web.corp.net:80 HTTP/1.1\r\n\r\nCONNECT web.corp.net:80 HTTP/1.1\r\nProxy-Authorization: Basic " B
			     "bob:" HERE SECRET E
			     "\r\n\r\nGET / HTTP/1.1\r\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:bob|http auto:alice@example.com @web.corp.net:80"},
		{"body with a length", 80,
			DATA("POST / HTTP/1.1\r\nContent-Length: 44\r\n\r\nGET / HTTP/1.1\r\nAuthorization: Basic Yjp4\r\n\r\nGET / HTTP/1.1\r\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:alice@example.com"},
		{"chunked body", 80,
			DATA("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n2C;x=\"y\"\r\nGET / HTTP/1.1\r\nAuthorization: Basic Yjp4\r\n\r\n1\r\n\n\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:alice@example.com"},
		{"HTTP/2", 80, DATA("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "over"},
		{"upgraded", 80, DATA("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\x81\x85xxxx"),
			"over"},
		{"no colon", 80,
			DATA("GET / HTTP/1.1\r\nAuthorization: Basic " B "alice" E "\r\n\r\n"), ""},
		{"lines between requests", 80,
			DATA("GET / HTTP/1.1\n\n\r\n\r\nOPTIONS * HTTP/1.1\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\n\n"),
			"http auto:alice@example.com"},
		{"HTTP NTLM", 80,
			DATA("GET / HTTP/1.1\r\nAuthorization: NTLM " B
			     "NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" E
			     "\r\n\r\nGET / HTTP/1.1\r\nAuthorization: NTLM " B
			     "NTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00p\x00\x00\x00\x14\x00\x14\x00\x86\x00\x00\x00\x0e\x00\x0e\x00@\x00\x00\x00\"\x00\"\x00N\x00\x00\x00\x04\x00\x04\x00\x9a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x82\x88\xe2"
			     "E\x00X\x00"
			     "A\x00M\x00P\x00L\x00"
			     "E\x00"
			     "a\x00l\x00i\x00"
			     "c\x00"
			     "e\x00@\x00"
			     "e\x00x\x00"
			     "a\x00m\x00p\x00l\x00"
			     "e\x00.\x00"
			     "c\x00o\x00m\x00" HERE SECRET SECRET "w0rd" SECRET "-w0rdHOST" E
			     "\r\n\r\n"),
			"http ntlm:EXAMPLE\\alice@example.com"},
		{"HTTP Negotiate, NTLM in a wrapper", 80,
			DATA("GET / HTTP/1.1\r\nAuthorization: Negotiate " B "\xa1\x81\x80"
			     "0\x81}\xa2{\x04yNNTLMSSP\x00\x03\x00\x00\x00\x16\x00\x16\x00p\x00\x00\x00\x14\x00\x14\x00\x86\x00\x00\x00\x0e\x00\x0e\x00@\x00\x00\x00\"\x00\"\x00N\x00\x00\x00\x04\x00\x04\x00\x9a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x82\x88\xe2"
			     "E\x00X\x00"
			     "A\x00M\x00P\x00L\x00"
			     "E\x00"
			     "a\x00l\x00i\x00"
			     "c\x00"
			     "e\x00@\x00"
			     "e\x00x\x00"
			     "a\x00m\x00p\x00l\x00"
			     "e\x00.\x00"
			     "c\x00o\x00m\x00" HERE SECRET SECRET "w0rd" SECRET "-w0rdHOST" E
			     "\r\n\r\n"),
			"http ntlm:EXAMPLE\\alice@example.com"},
	};

	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void test_socks(void)
{
	static const struct row rows[] = {
		{"SOCKS 5, a name", 1080,
			DATA("\x05\x02\x00\x02\x05\x01\x00\x03\x0dmail.corp.net\x00\x19"
			     "EHLO h\r\nAUTH PLAIN " B PLAIN("alice@example.com") E "\r\n"),
			"smtp auto:alice@example.com @mail.corp.net:25"},
		{"SOCKS 5, IPv4", 1080,
			DATA("\x05\x01\x00\x05\x01\x00\x01\x01\x02\x03\x04\x00\x50"
			     "GET / HTTP/1.1\r\nAuthorization: Basic " B
			     "alice@example.com:" HERE SECRET E "\r\n\r\n"),
			"http auto:alice@example.com @1.2.3.4:80"},
		{"SOCKS 5, IPv6", 1080,
			DATA("\x05\x01\x00\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
			     "\x00\x15USER alice@example.com\r" HERE "\n"),
			"ftp auto:alice@example.com @2001:db8::1:21"},
		{"SOCKS 5, a login", 1080,
			DATA("\x05\x02\x00\x02\x01\x11"
			     "alice@example.com" HERE "\x0b" SECRET "\x05\x01\x00\x03\x01x\x00\x6e"
			     "USER bob\r" HERE "\n"),
			"socks auto:alice@example.com|pop auto:bob @x:110"},
		{"SOCKS 5, GSSAPI", 1080,
			DATA("\x05\x03\x00\x01\x02\x01\x01\x00\x03xxx\x01\x02\x00\x01y"
			     "\x05\x01\x00\x03\x01x\x00\x6eUSER bob\r" HERE "\n"),
			"pop auto:bob @x:110"},
		{"SOCKS 5, TLS in the tunnel", 1080,
			DATA("\x05\x01\x00\x05\x01\x00\x03\x01x\x01\xbb\x16\x03\x01"), "over"},
		{"SOCKS 4", 1080,
			DATA("\x04\x01\x00\x6e\x01\x02\x03\x04user\0USER bob\r" HERE "\n"),
			"pop auto:bob @1.2.3.4:110"},
		{"SOCKS 4a", 1080,
			DATA("\x04\x01\x00\x6e\x00\x00\x00\x01\0pop.corp.net\0USER bob\r" HERE
			     "\n"),
			"pop auto:bob @pop.corp.net:110"},
		{"PROXY line", 143,
			DATA("PROXY TCP4 127.0.0.1 127.0.0.1 1 143\r\nA1 LOGIN alice@example.com " HERE
					SECRET "\r\n"),
			"imap auto:alice@example.com"},
	};

	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void test_others(void)
{
	static const struct row rows[] = {
		{"TLS", 443, DATA("\x16\x03\x01\x02\x00\x01"), "over"},
		{"SSH", 22, DATA("SSH-2.0-OpenSSH_9.2\r\n"), "over"},
		{"IRC", 6667, DATA("PASS " SECRET "\r\nNICK alice\r\n"), "over"},
		{"Redis", 6379, DATA("*2\r\n$4\r\nAUTH\r\n"), "over"},
		{"Redis, inline", 6379, DATA("AUTH " SECRET " " SECRET "\r\nGET x\r\n"), ""},
		{"SOCKS 5, a command that is not known", 1080, DATA("\x05\x01\x00\x05\x02"),
			"over"},
		{"MySQL", 3306, DATA("\x20\x00\x00\x01\x85\xa6"), "over"},
		{"DNS", 53, DATA("\x00\x1c\x12\x34"), "over"},
		{"RTSP", 554,
			DATA("OPTIONS rtsp://x/ RTSP/1.0\r\nAuthorization: Basic YTpi\r\n\r\n"),
			"over"},
		{"tag without a command", 143, DATA("x secret\r\n"), "over"},
		{"word without an end", 25,
			DATA("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
			"over"},
	};

	check_rows(rows, sizeof(rows) / sizeof(*rows));
}
/* Of a name that is too long the end is kept, wherever it is cut. */
static void test_long(void)
{
	static char data[70000];
	static char want[AFENCE_SEEN_TEXT_MAX + 32];
	static const char domain[] = "@example.com";
	const size_t name = 1000;
	struct row row = {"a long name", 110, data, 0, want};

	for (size_t more = 0; more <= 60; more += 20) {
		size_t len = name + more,
		       kept = len + 12 < AFENCE_SEEN_TEXT_MAX ? len : AFENCE_SEEN_TEXT_MAX - 12;

		memset(data, 'x', sizeof(data));
		memcpy(data, "USER ", 5);
		memcpy(data + 5 + len, domain, 12);
		memcpy(data + 17 + len, "\r" HERE "\n", 3);
		row.len = len + 20;
		memset(want, 'x', sizeof(want));
		memcpy(want, "pop auto:", 9);
		memcpy(want + 9 + kept, domain, 13);
		check_row(&row);
	}
}

/* The end by itself: as much text as there may be, and no byte more. */
static void test_bytes(void)
{
	static char data[SESSION_MAX];
	struct row row = {"one byte fewer", 25, data, AFENCE_STREAM_BYTES, ""};

	memset(data, 'x', sizeof(data));
	memcpy(data, "EHLO h\r\n", 8);
	check_row(&row);
	row = (struct row){"too many bytes", 25, data, AFENCE_STREAM_BYTES + 1, "over"};
	check_row(&row);
}

/* What is passed over does not count, nor do requests that are over. */
static void test_large_body(void)
{
	static char data[SESSION_MAX];
	static const char last[] = "GET / HTTP/1.1\r\nAuthorization: Basic YTpi"
				   "\r\n";
	int len = snprintf(data, sizeof(data), "POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n");
	struct row row = {
		"a large body", 80, data, (size_t)len + 70000 + sizeof(last), "http auto:a"};

	memset(data + len, 'x', 70000);
	memcpy(data + len + 70000, last, 41);
	memcpy(data + len + 70000 + 39, "p" HERE "i\r\n", 5);
	row.len = (size_t)len + 70000 + 44;
	check_row(&row);
}

static CU_TestInfo tests[] = {
	{"SMTP", test_smtp},
	{"IMAP", test_imap},
	{"POP3 and FTP", test_pop},
	{"LDAP", test_ldap},
	{"HTTP", test_http},
	{"SOCKS and what else stands before", test_socks},
	{"other protocols", test_others},
	{"long names", test_long},
	{"many bytes", test_bytes},
	{"large bodies", test_large_body},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"stream", NULL, NULL, NULL, NULL, tests};
