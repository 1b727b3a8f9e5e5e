/* SPDX-License-Identifier: MIT */
/*
 * Answers of auto-configuration services and of the DNS, to what they name: as the formats have
 * them, as people write them, as nobody should, and hostile.  Domains of servers end in .net.
 */
#include "reading_rows.h"

#include <stdlib.h>

#include <nettle/base64.h>

#include "harness.h"

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

#define TEN(text)      text text text text text text text text text text
#define HUNDRED(text)  TEN(TEN(text))
#define THOUSAND(text) TEN(HUNDRED(text))

struct row {
	const char *name, *body, *want;
	const char *debug;   /* what x-debug-support says, decoded */
	const char *headers; /* or all headers */
	long status;         /* 0: 200 */
	size_t len;          /* of a body with NUL bytes */
	const char *domain;  /* NULL: example.com */
};

/* Header lines for ROW, freed by the caller. */
static char *make_headers(const struct row *row)
{
	size_t len = row->debug != NULL ? strlen(row->debug) : 0;
	char *text = calloc(BASE64_ENCODE_RAW_LENGTH(len) + 1, 1), *headers = NULL;

	if (row->debug != NULL) {
		base64_encode_raw(text, len, (const uint8_t *)row->debug);
		CU_ASSERT(asprintf(&headers, "Server: x\r\nX-Debug-Support:  %s \r\n", text) > 0);
	} else {
		headers = strdup(row->headers != NULL ? row->headers : "");
	}
	free(text);
	return headers;
}

static void check_rows(af_body_reader *read, const struct row *row, size_t count)
{
	static char said[READING_ROOM];

	for (; count > 0; count--, row++) {
		struct af_reading reading = {0};
		char *headers = make_headers(row);
		size_t len = row->len > 0 ? row->len : strlen(row->body);
		char *text = malloc(len + 1); /* so that a sanitizer sees the end */
		struct af_body body = {row->domain != NULL ? row->domain : "example.com", text, len,
			headers, row->status != 0 ? row->status : 200};

		memcpy(text, row->body, len);
		text[len] = '\0';
		read(&body, &reading);
		CHECK_STRING(row->name, reading_say(&reading, said), row->want);
		af_reading_free(&reading);
		free(headers);
		free(text);
	}
}

/* Helpers. */

struct host_row {
	const char *name, *text, *want;
	size_t len;
};

static void check_hosts(void (*add)(struct af_reading *reading, const char *text, size_t len),
	const struct host_row *row, size_t count)
{
	for (; count > 0; count--, row++) {
		struct af_reading reading = {0};

		add(&reading, row->text, row->len > 0 ? row->len : strlen(row->text));
		CHECK_STRING(row->name, reading.hosts.count > 0 ? reading.hosts.name[0] : "none",
			row->want);
		CHECK_NUMBER(row->name, reading.hosts.count, strcmp(row->want, "none") != 0);
		af_reading_free(&reading);
	}
}

static const struct host_row host_rows[] = {
	{"plain", "imap.a.net", "imap.a.net", 0},
	{"upper case", "IMAP.A.NET", "imap.a.net", 0},
	{"final dot", "a.net.", "a.net", 0},
	{"wildcard", "*.a.net", "a.net", 0},
	{"a star alone", "*", "*", 0},
	{"blanks", " \r\n\ta.net \n", "a.net", 0},
	{"port", "imap.a.net:993", "imap.a.net", 0},
	{"dot and port", "a.net.:993", "a.net", 0},
	{"port without a number", "a.net:", "a.net:", 0},
	{"what is no port", "example.com:a.net", "example.com:a.net", 0},
	{"two ports", "a.net:1:2", "a.net:1:2", 0},
	{"URL", "https://h.a.net/x", "h.a.net", 0},
	{"URL with a port", "imaps://h.a.net:993", "h.a.net", 0},
	{"address of a user", "8d7a@a.net", "a.net", 0},
	{"literal", "192.0.2.1", "192.0.2.1", 0},
	{"literal and port", "192.0.2.1:25", "192.0.2.1", 0},
	{"IPv6", "2001:DB8::1", "2001:db8::1", 0},
	{"IPv6 that ends as a port", "::25", "::25", 0},
	{"IPv6 in brackets", "[2001:db8::1]", "2001:db8::1", 0},
	{"IPv6 and port", "[2001:db8::1]:993", "2001:db8::1", 0},
	{"brackets and more", "[::1]a.net", "[::1]a.net", 0},
	{"open bracket", "[::1", "[::1", 0},
	{"two hosts", "a.net b.net", "a.net b.net", 0},
	{"path", "example.com/a.net", "example.com/a.net", 0},
	{"nothing", "", "none", 0},
	{"blanks alone", " \n", "none", 0},
	{"a dot", ".", "none", 0},
	{"at the end", "x@", "none", 0},
	{"NUL hides nothing", "example.com\0.a.net", "example.com?.a.net", 18},
	{"NUL at the end", "example.com\0", "example.com?", 12},
	{"U-label", "m\xc3\xbcll.net", "m\xc3\xbcll.net", 0},
	{"bad UTF-8", "\xff.net", "\xff.net", 0},
};

static void test_add_host(void)
{
	static const char end[] = ".example.com";
	struct af_reading reading = {0};
	char *text;

	check_hosts(af_reading_add_host, ROWS(host_rows));
	CU_ASSERT(asprintf(&text, "%s%s.a.net", THOUSAND("a"), end) > 0);
	af_reading_add_host(&reading, text, strlen(text));
	CHECK_NUMBER("a long one is cut", strlen(reading.hosts.name[0]), 263);
	CHECK_STRING("and marked", reading.hosts.name[0] + 259, "a...");
	af_reading_free(&reading);
	free(text);
}

static const struct host_row url_rows[] = {
	{"https", "https://h.a.net/x/y?z#w", "h.a.net", 0},
	{"any scheme", "Git+SSH.2-x://h.a.net", "h.a.net", 0},
	{"port, user", "http://u:p@h.a.net:8080?x", "h.a.net", 0},
	{"two users", "http://example.com@b@h.a.net", "h.a.net", 0},
	{"IPv6", "https://[2001:db8::1]:443/", "2001:db8::1", 0},
	{"no scheme", "//h.a.net/x", "h.a.net", 0},
	{"fragment", "https://h.a.net#@example.com", "h.a.net", 0},
	{"query", "https://h.a.net?@example.com", "h.a.net", 0},
	{"template", "https://h.a.net/{accountId}/", "h.a.net", 0},
	{"template of a host", "https://{h}.a.net/", "{h}.a.net", 0},
	{"encoded host", "https://%68.a.net/", "%68.a.net", 0},
	{"backslash", "https://example.com\\@a.net/", "https://example.com\\@a.net/", 0},
	{"slash, backslash", "/\\a.net/", "/\\a.net/", 0},
	{"slash, tab", "/\t/a.net/", "/\t/a.net/", 0},
	{"blank in a host", "https://a .net/", "https://a .net/", 0},
	{"blank in a path", "https://a.net/x y", "a.net", 0},
	{"no host", "https:///x", "https:///x", 0},
	{"file", "file:///etc/passwd", "file:///etc/passwd", 0},
	{"absolute path", "/jmap/", "none", 0},
	{"relative path", "jmap/session.json", "none", 0},
	{"dots", "../a.b", "none", 0},
	{"query alone", "?a.b", "none", 0},
	{"host without a scheme", "h.a.net/ews", "h.a.net", 0},
	{"host and port", "h.a.net:443/ews", "h.a.net", 0},
	{"issuer", "login.a.net", "login.a.net", 0},
	{"mail", "mailto:x@a.net", "a.net", 0},
	{"one slash", "https:/a.net", "https:", 0},
	{"nothing", "", "none", 0},
	{"blanks", " https://a.net \n", "a.net", 0},
	{"NUL", "https://example.com\0.a.net/", "https://example.com?.a.net/", 27},
};

static void test_add_url(void)
{
	check_hosts(af_reading_add_url, ROWS(url_rows));
}

static void test_many_hosts(void)
{
	struct af_reading reading = {0};
	char name[32];

	for (int i = 0; i < 2 * (AFENCE_HOSTS_MAX + 1); i++) {
		snprintf(name, sizeof(name), "h%d.a.net", i / 2);
		af_reading_add_host(&reading, name, strlen(name));
		CHECK_NUMBER(name, reading.certain, i / 2 == AFENCE_HOSTS_MAX);
	}
	CHECK_NUMBER("most", reading.hosts.count, AFENCE_HOSTS_MAX);
	CHECK_STRING("each once", reading.hosts.name[AFENCE_HOSTS_MAX - 1], "h63.a.net");
	CHECK_STRING("said once", reading.detail, "more than 64 hosts");
	af_reading_free(&reading);
}

/* What is no answer of any format. */

#define HTML_5 "\n <!DOCTYPE html><html><head><title>Example Domain</title></head></html>"
#define XHTML                                                                                              \
	"<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://x/\">" \
	"<html xmlns=\"http://www.w3.org/1999/xhtml\"><body/></html>"

static const struct row broken_rows[] = {
	{.name = "nothing", .body = "", .want = "strange: (an empty body)"},
	{.name = "blanks", .body = " \r\n", .want = "strange: (an empty body)"},
	{.name = "byte order mark", .body = "\xef\xbb\xbf", .want = "strange: (an empty body)"},
	{.name = "HTML 5", .body = HTML_5, .want = "strange: (an HTML page)"},
	{.name = "old HTML", .body = "<HTML><BODY>", .want = "strange: (an HTML page)"},
	{.name = "NUL", .body = "{}\0", .len = 3, .want = "strange: (a binary body)"},
	{.name = "no content", .body = "", .status = 204, .want = "nothing:"},
};

static void test_broken(void)
{
	static af_body_reader *const readers[] = {af_read_autodetect, af_read_pox,
		af_read_autodiscover_json, af_read_autoconfig, af_read_ispdb, af_read_pacc,
		af_read_jmap, af_read_mta_sts, af_read_any};

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		check_rows(readers[i], ROWS(broken_rows));
}

static const struct row broken_json[] = {
	{.name = "array", .body = "[]", .want = "strange: (JSON, but no object)"},
	{.name = "text",
		.body = "hello",
		.want = "strange: (JSON: '[' or '{' expected near 'hello')"},
	{.name = "XML", .body = "<a/>", .want = "strange: (JSON: '[' or '{' expected near '<')"},
	{.name = "cut",
		.body = "{\"a\":",
		.want = "strange: (JSON: unexpected token near end of file)"},
	{.name = "more behind",
		.body = "{} x",
		.want = "strange: (JSON: end of file expected near 'x')"},
	{.name = "bad UTF-8",
		.body = "{\"a\":\"\xff\"}",
		.want = "strange: (JSON: unable to decode byte 0xff near '\"')"},
	{.name = "NUL in a text",
		.body = "{\"a\":\"\\u0000\"}",
		.want = "strange: (JSON: \\u0000 is not allowed without JSON_ALLOW_NUL "
			"near '\"\\u0000\"')"},
	{.name = "UTF-16", .body = "\xff\xfe{\0}\0", .len = 6, .want = "strange: (a binary body)"},
	{.name = "deep",
		.body = "{\"a\":" THOUSAND("[[[") "}",
		.want = "strange: (JSON: maximum parsing depth reached near '[')"},
};

static void test_broken_json(void)
{
	static af_body_reader *const readers[] = {
		af_read_autodetect, af_read_autodiscover_json, af_read_pacc, af_read_jmap};

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		check_rows(readers[i], ROWS(broken_json));
}

static const struct row broken_xml[] = {
	{.name = "JSON", .body = "{}", .want = "strange: (XML: not well-formed (invalid token))"},
	{.name = "XHTML", .body = XHTML, .want = "strange: (XML: a document type declaration)"},
	{.name = "entities",
		.body = "<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d SYSTEM \"/etc/passwd\">]><a>&b;&d;</a>",
		.want = "strange: (XML: a document type declaration)"},
	{.name = "unknown entity",
		.body = "<a>&nbsp;</a>",
		.want = "strange: (XML: undefined entity)"},
	{.name = "cut", .body = "<a><b>", .want = "strange: (XML: no element found)"},
	{.name = "more behind",
		.body = "<a/><b/>",
		.want = "strange: (XML: junk after document element)"},
	{.name = "other encoding",
		.body = "<?xml version=\"1.0\" encoding=\"windows-1252\"?><a/>",
		.want = "strange: (XML: unknown encoding)"},
	{.name = "bad UTF-8",
		.body = "<a>\xff</a>",
		.want = "strange: (XML: not well-formed (invalid token))"},
	{.name = "deep",
		.body = TEN("<a>") TEN("<a>") TEN("<a>") TEN("<a>"),
		.want = "strange: (XML: too many elements in each other)"},
	{.name = "deep at the end",
		.body = TEN("<a>") TEN("<a>") TEN("<a>") "<a><a><a/></a></a>",
		.want = "strange: (XML: too many elements in each other)"},
	{.name = "wide",
		.body = "<a>" TEN(THOUSAND("<a/><a b=''/>")),
		.want = "strange: (XML: too many elements)"},
};

static void test_broken_xml(void)
{
	static af_body_reader *const readers[] = {af_read_pox, af_read_autoconfig, af_read_ispdb};

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		check_rows(readers[i], ROWS(broken_xml));
}

/* Formats. */

#define PROVIDER                                                                                       \
	"\"provider\":{\"Id\":\"seeatest\",\"Protocols\":[{\"Protocol\":\"imap\",\"Hostname\":"        \
	"\"imapgms.jnet.sei.co.jp\",\"Port\":993,\"Encryption\":\"Ssl\"},{\"Protocol\":\"smtp\","      \
	"\"Hostname\":\"smtpgms.jnet.sei.co.jp\",\"Port\":465,\"Encryption\":\"Ssl\"}],\"CreatedAt\":" \
	"\"2020-02-03T05:31:23\",\"UpdatedAt\":\"2020-02-03T09:12:59\",\"IsCrowdsourced\":false}"
#define DEBUG                                                                                    \
	"{\"decision\":\"autoDv2 > autoDv1 > db provider\",\"autoD\":{\"v1\":null,\"v2\":null}," \
	"\"db\":{" PROVIDER                                                                      \
	",\"domain\":{\"Domain\":\"example.com\",\"ProviderId\":\"seeatest\"}}}"
#define INCIDENT                                                                                    \
	"{\"email\":\"email@example.com\",\"services\":[],\"protocols\":[{\"protocol\":\"imap\","   \
	"\"hostname\":\"imapgms.jnet.sei.co.jp\",\"port\":993,\"encryption\":\"ssl\",\"username\":" \
	"\"email@example.com\",\"validated\":false},{\"protocol\":\"smtp\",\"hostname\":"           \
	"\"smtpgms.jnet.sei.co.jp\",\"port\":465,\"encryption\":\"ssl\",\"username\":"              \
	"\"email@example.com\",\"validated\":false}]}"
#define ENTERED \
	"provider seeatest, entered 2020-02-03T05:31:23, changed 2020-02-03T09:12:59, not crowdsourced"
#define SEEATEST "settings: imapgms.jnet.sei.co.jp smtpgms.jnet.sei.co.jp (" ENTERED ")"

static const struct row autodetect_rows[] = {
	{.name = "the incident", .body = INCIDENT, .debug = DEBUG, .want = SEEATEST},
	{.name = "without the header",
		.body = INCIDENT,
		.want = "settings: imapgms.jnet.sei.co.jp smtpgms.jnet.sei.co.jp"},
	{.name = "204 with the record",
		.body = "",
		.status = 204,
		.debug = DEBUG,
		.want = SEEATEST},
	{.name = "empty with the record",
		.body = "{\"services\":[],\"protocols\":[]}",
		.debug = DEBUG,
		.want = SEEATEST},
	{.name = "page with the record",
		.body = "<html>",
		.debug = DEBUG,
		.want = "settings: imapgms.jnet.sei.co.jp smtpgms.jnet.sei.co.jp (an HTML page, " ENTERED
			")"},
	{.name = "honest", .body = "{\"services\":[],\"protocols\":[]}", .want = "nothing:"},
	{.name = "honest, the record is empty",
		.body = "{\"services\":[],\"protocols\":[]}",
		.debug = "{\"decision\":\"none\",\"db\":{\"provider\":null,\"domain\":null}}",
		.want = "nothing:"},
	{.name = "honest, null",
		.body = "{\"email\":\"x\",\"services\":null,\"protocols\":null}",
		.want = "nothing:"},
	{.name = "blanks, mark",
		.body = "\xef\xbb\xbf \n{\"protocols\" : {} }\n",
		.want = "nothing:"},
	{.name = "a service",
		.body = "{\"services\":[\"office365\",\"outlook\"],\"protocols\":[]}",
		.want = "settings certain: (service office365, service outlook)"},
	{.name = "a service in a text",
		.body = "{\"services\":\"google\"}",
		.want = "settings certain: (service google)"},
	{.name = "a service is an object",
		.body = "{\"services\":[{\"Host\":\"a.net\"}]}",
		.want = "settings certain: a.net"},
	{.name = "no service",
		.body = "{\"services\":\"\",\"protocols\":false}",
		.want = "nothing:"},
	{.name = "neither",
		.body = "{\"error\":\"x\"}",
		.want = "strange: (JSON, but neither services nor protocols)"},
	{.name = "protocols are an object",
		.body = "{\"protocols\":{\"imap\":{\"hostname\":\"a.net\"},\"smtp\":{\"host\":\"b.net\"}}}",
		.want = "settings: a.net b.net"},
	{.name = "keys in other cases",
		.body = "{\"Protocols\":[{\"HostName\":\"A.net\"},{\"HOSTNAME\":\"b.net:993\"}]}",
		.want = "settings: a.net b.net"},
	{.name = "null hides nothing",
		.body = "{\"protocols\":null,\"Protocols\":[{\"hostname\":\"a.net\"}]}",
		.want = "settings: a.net"},
	{.name = "elsewhere in an entry",
		.body = "{\"protocols\":[{\"protocol\":\"imap\",\"in\":{\"server\":{\"hostname\":\"a.net\","
			"\"type\":\"ssl\"}}}]}",
		.want = "settings: a.net"},
	{.name = "a host is an object",
		.body = "{\"protocols\":[{\"hostname\":{\"value\":\"a.net\",\"port\":1}}]}",
		.want = "settings: a.net"},
	{.name = "a host is a list",
		.body = "{\"protocols\":[{\"hostname\":[\"a.net\",[\"b.net\"]]}]}",
		.want = "settings: a.net b.net"},
	{.name = "a host is a number",
		.body = "{\"protocols\":[{\"hostname\":7},3,null,true]}",
		.want = "settings:"},
	{.name = "no host",
		.body = "{\"protocols\":[{\"protocol\":\"eas\"}]}",
		.want = "settings:"},
	{.name = "a URL",
		.body = "{\"protocols\":[{\"hostname\":\"https://a.net/x\"}]}",
		.want = "settings: a.net"},
	{.name = "protocols are a text", .body = "{\"protocols\":\"imap\"}", .want = "settings:"},
	{.name = "twice the same key",
		.body = "{\"protocols\":[{\"hostname\":\"a.net\",\"hostname\":\"b.net\"}]}",
		.want = "settings: b.net"},
	{.name = "user names are no hosts",
		.body = "{\"protocols\":[{\"hostname\":\"a.net\",\"username\":\"x@b.net\"}]}",
		.want = "settings: a.net"},
	{.name = "other parts of the header",
		.body = "",
		.status = 204,
		.debug = "{\"autoD\":{\"v1\":{\"Hostname\":\"a.net\"}},\"db\":[]}",
		.want = "nothing:"},
	{.name = "hosts of the domain alone",
		.body = "",
		.status = 204,
		.debug = "{\"DB\":{\"domain\":{\"Protocols\":[{\"Hostname\":\"a.net\"}]}}}",
		.want = "settings: a.net"},
	{.name = "a provider without hosts",
		.body = "",
		.status = 204,
		.debug = "{\"db\":{\"domain\":{\"Domain\":\"example.com\",\"ProviderId\":\"x\"}}}",
		.want = "settings: (provider x)"},
	{.name = "a domain without a provider",
		.body = "",
		.status = 204,
		.debug = "{\"db\":{\"domain\":{\"Domain\":\"example.com\",\"ProviderId\":null}}}",
		.want = "nothing:"},
	{.name = "crowdsourced, odd types",
		.body = "",
		.status = 204,
		.debug =
			"{\"db\":{\"provider\":{\"Id\":7,\"IsCrowdsourced\":true,\"CreatedAt\":[]}}}",
		.want = "nothing: (crowdsourced)"},
	{.name = "two lines in a text",
		.body = "",
		.status = 204,
		.debug = "{\"db\":{\"provider\":{\"Id\":\"a\\nb\\u007f\"}}}",
		.want = "settings: (provider a b )"},
	{.name = "a long text",
		.body = "",
		.status = 204,
		.debug = "{\"db\":{\"provider\":{\"Id\":\"" HUNDRED("xy") "\"}}}",
		.want = "settings: (provider " TEN("xyxyxyxyxyxy") "...)"},
	{.name = "header: no base64",
		.body = "",
		.status = 204,
		.headers = "x-debug-support: {!}\r\n",
		.want = "nothing: (x-debug-support cannot be decoded)"},
	{.name = "header: no JSON",
		.body = INCIDENT,
		.headers = "x-debug-support: aGVsbG8=\r\n",
		.want = "settings: imapgms.jnet.sei.co.jp smtpgms.jnet.sei.co.jp "
			"(x-debug-support cannot be decoded)"},
	{.name = "header: an array",
		.body = "",
		.status = 204,
		.headers = "x-debug-support: W10=\r\n",
		.want = "nothing: (x-debug-support cannot be decoded)"},
	{.name = "header: empty",
		.body = "",
		.status = 204,
		.headers = "x-debug-support:\r\n",
		.want = "nothing: (x-debug-support cannot be decoded)"},
	{.name = "header: not filled up, blanks",
		.body = "",
		.status = 204,
		.headers = "x-debug-support: eyJkYiI6eyJ wcm92aWRlciI6\teyJJZCI6Ij8+fiJ9fX0\r\n",
		.want = "settings: (provider ?>~)"},
	{.name = "header: alphabet of URLs",
		.body = "",
		.status = 204,
		.headers = "x-debug-support: eyJkYiI6eyJwcm92aWRlciI6eyJJZCI6Ij8-fiJ9fX0\r\n",
		.want = "settings: (provider ?>~)"},
	{.name = "header: too long",
		.body = "",
		.status = 204,
		.headers = "x-debug-support: " TEN(TEN(THOUSAND("e30="))) "\r\n",
		.want = "nothing: (x-debug-support cannot be decoded)"},
	{.name = "other header",
		.body = "",
		.status = 204,
		.headers = "x-debug: e30=\r\n",
		.want = "nothing:"},
};

static void test_autodetect(void)
{
	check_rows(af_read_autodetect, ROWS(autodetect_rows));
}

static const struct row autodiscover_rows[] = {
	{.name = "known",
		.body = "{\"Protocol\":\"AutodiscoverV1\",\"Url\":\"https://a.net/x.xml\"}",
		.want = "settings: a.net"},
	{.name = "another case",
		.body = "{\"protocol\":\"Ews\",\"url\":\"HTTPS://A.net/\"}",
		.want = "settings: a.net"},
	{.name = "a list",
		.body = "{\"Url\":[\"https://a.net/\",{\"x\":\"https://b.net\"}]}",
		.want = "settings: a.net b.net"},
	{.name = "relative", .body = "{\"Url\":\"/ews\"}", .want = "settings:"},
	{.name = "a number", .body = "{\"Url\":1}", .want = "settings:"},
	{.name = "empty", .body = "{\"Url\":\"\"}", .want = "nothing:"},
	{.name = "error",
		.status = 400,
		.body = "{\"ErrorCode\":\"InvalidProtocol\",\"ErrorMessage\":\"x\"}",
		.want = "nothing: (error InvalidProtocol)"},
	{.name = "error is a number", .body = "{\"errorcode\":5}", .want = "nothing:"},
	{.name = "error and URL",
		.body = "{\"ErrorCode\":\"x\",\"Url\":\"https://a.net\"}",
		.want = "settings: a.net"},
	{.name = "neither", .body = "{}", .want = "strange: (JSON, but neither Url nor ErrorCode)"},
};

static void test_autodiscover_json(void)
{
	check_rows(af_read_autodiscover_json, ROWS(autodiscover_rows));
}

#define NS_POX "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\""
#define NS_OUTLOOK \
	"xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\""
#define POX(inner)                                                            \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<Autodiscover " NS_POX \
	"><Response " NS_OUTLOOK ">" inner "</Response></Autodiscover>"
#define ACCOUNT(inner) POX("<Account><AccountType>email</AccountType>" inner "</Account>")

static const struct row pox_rows[] = {
	{.name = "IMAP and SMTP",
		.body = ACCOUNT(
			"<Action>settings</Action><Protocol><Type>IMAP</Type><Server>imap.a.net</Server>"
			"<Port>993</Port></Protocol><Protocol><Type>SMTP</Type>"
			"<Server> smtp.a.net\n</Server></Protocol>"),
		.want = "settings: imap.a.net smtp.a.net"},
	{.name = "Exchange",
		.body = ACCOUNT(
			"<Protocol><Type>EXCH</Type><Server>0e1b-2f@a.net</Server>"
			"<ServerDN>/o=x</ServerDN><ServerVersion>73C</ServerVersion><AD>dc.a.net</AD>"
			"<PublicFolderServer>pf.a.net</PublicFolderServer>"
			"<EwsUrl>https://ews.a.net/e</EwsUrl><EcpUrl-um>?x=y.z</EcpUrl-um></Protocol>"),
		.want = "settings: a.net dc.a.net pf.a.net ews.a.net"},
	{.name = "inner and outer",
		.body = ACCOUNT(
			"<Protocol><Type>WEB</Type><Internal><OWAUrl AuthenticationMethod=\"Basic\">"
			"https://in.a.net/owa/</OWAUrl><Protocol><ASUrl>https://as.a.net</ASUrl>"
			"</Protocol></Internal><External><Server>out.a.net</Server></External></Protocol>"),
		.want = "settings: in.a.net as.a.net out.a.net"},
	{.name = "prefixes",
		.body = "<a:Autodiscover xmlns:a=\"x\"><b:Response xmlns:b=\"y\"><b:Account><b:Protocol>"
			"<b:Server>a.net</b:Server></b:Protocol></b:Account></b:Response></a:Autodiscover>",
		.want = "settings: a.net"},
	{.name = "prefixes of nobody",
		.body = "<a:Autodiscover><Response><c:Server>a.net</c:Server></Response></a:Autodiscover>",
		.want = "settings: a.net"},
	{.name = "other case",
		.body = "<autodiscover><RESPONSE><account><SERVER>a.net</SERVER></account></RESPONSE>"
			"</autodiscover>",
		.want = "settings: a.net"},
	{.name = "text in parts",
		.body = ACCOUNT("<Server>a<!-- x -->.<![CDATA[ne]]>&#116;<x>b.net</x></Server>"),
		.want = "settings: a.net"},
	{.name = "references",
		.body = ACCOUNT("<EwsUrl>https://a.net/?b&amp;c=1</EwsUrl>"),
		.want = "settings: a.net"},
	{.name = "redirect to an address",
		.body = ACCOUNT(
			"<Action>redirectAddr</Action><RedirectAddr>x@a.net</RedirectAddr>"),
		.want = "settings moved: a.net"},
	{.name = "redirect to an address, and a server",
		.body = ACCOUNT("<RedirectAddr>x@a.net</RedirectAddr>"
				"<Protocol><Server>a.net</Server></Protocol>"),
		.want = "settings: a.net"},
	{.name = "redirect to an address, and no server",
		.body = ACCOUNT("<RedirectAddr>x@a.net</RedirectAddr>"
				"<Protocol><Server> </Server></Protocol>"),
		.want = "settings moved: a.net"},
	{.name = "redirect to a URL",
		.body = ACCOUNT(
			"<Action>redirectUrl</Action><RedirectUrl>https://a.net/x</RedirectUrl>"),
		.want = "settings: a.net"},
	{.name = "a device",
		.body = POX(
			"<User><EMailAddress>x@example.com</EMailAddress></User><Action><Settings><Server>"
			"<Type>MobileSync</Type><Url>https://as.a.net/A</Url><Name>https://b.net/A</Name>"
			"</Server></Settings></Action>"),
		.want = "settings: as.a.net b.net"},
	{.name = "a device, redirected",
		.body = POX("<Action><Redirect>x@a.net</Redirect></Action>"),
		.want = "settings moved: a.net"},
	{.name = "error",
		.body = POX("<Error Time=\"10:00\" Id=\"1\"><ErrorCode>500</ErrorCode>"
			    "<Message>The e-mail address\ncannot be found.</Message></Error>"),
		.want = "nothing: (error 500, The e-mail address cannot be found.)"},
	{.name = "error of a device",
		.body = POX("<User><EMailAddress>x@example.com</EMailAddress></User><Action><Error>"
			    "<Status>1</Status><Message>x</Message></Error></Action>"),
		.want = "nothing: (x)"},
	{.name = "error beside an account",
		.body = ACCOUNT("<Error><ErrorCode>600</ErrorCode></Error>"),
		.want = "nothing: (error 600)"},
	{.name = "error beside a server",
		.body = ACCOUNT("<Error/><Protocol><Server>a.net</Server></Protocol>"),
		.want = "settings: a.net"},
	{.name = "account without servers",
		.body = ACCOUNT("<Action>settings</Action>"),
		.want = "settings:"},
	{.name = "empty response", .body = POX(""), .want = "nothing:"},
	{.name = "no response",
		.body = "<Autodiscover><Request><Server>a.net</Server></Request></Autodiscover>",
		.want = "strange: (XML, but no Autodiscover response)"},
	{.name = "an empty root",
		.body = "<Autodiscover/>",
		.want = "strange: (XML, but no Autodiscover response)"},
	{.name = "other XML",
		.body = "<a><Response><Server>a.net</Server></Response></a>",
		.want = "strange: (XML, but no Autodiscover response)"},
	{.name = "blanks first",
		.body = "\r\n" ACCOUNT("<Server>a.net</Server>"),
		.want = "settings: a.net"},
	{.name = "cut after the server",
		.body = "<Autodiscover><Response><Server>a.net</Server>",
		.want = "strange: (XML: no element found)"},
	{.name = "Latin 1",
		.body = "<?xml version='1.0' encoding='iso-8859-1'?><Autodiscover><Response><Server>"
			"a.net</Server><x>\xe4</x></Response></Autodiscover>",
		.want = "settings: a.net"},
};

static void test_pox(void)
{
	check_rows(af_read_pox, ROWS(pox_rows));
}

#define CONFIG(inner) \
	"<?xml version=\"1.0\"?><clientConfig version=\"1.1\">" inner "</clientConfig>"
#define MAIL(inner) CONFIG("<emailProvider id=\"p.net\">" inner "</emailProvider>")
#define IMAP_HOST(name)                                 \
	"<incomingServer type=\"imap\"><hostname>" name \
	"</hostname><port>993</port></incomingServer>"
#define NO_CONFIG "strange: (XML, but no clientConfig)"

static const struct row autoconfig_rows[] = {
	{.name = "as documented",
		.body = MAIL("<domain>a.net</domain><displayName>A.net</displayName>" IMAP_HOST(
			"imap.a.net") "<outgoingServer type=\"smtp\"><hostname>smtp.a.net</hostname></outgoingServer>"
				      "<documentation url=\"https://doc.net/\"/>"),
		.want = "settings: imap.a.net smtp.a.net (provider p.net)"},
	{.name = "name space",
		.body = "<clientConfig xmlns=\"urn:x\" xmlns:y=\"urn:y\"><emailProvider>" IMAP_HOST(
			"a.net") "</emailProvider></clientConfig>",
		.want = "settings: a.net"},
	{.name = "prefix",
		.body = "<x:clientConfig xmlns:x=\"y\"><x:hostname>a.net</x:hostname></x:clientConfig>",
		.want = "settings: a.net"},
	{.name = "version 1.2",
		.body = CONFIG(
			"<emailProvider id=\"p\"><incomingServer type=\"jmap\"><url>https://j.net/x</url>"
			"</incomingServer></emailProvider><calendar><serverURL>https://c.net/</serverURL>"
			"</calendar><oAuth2><issuer>i.net</issuer><authURL>https://au.net/a</authURL>"
			"<tokenURL>https://t.net/t</tokenURL></oAuth2>"),
		.want = "settings: j.net c.net i.net au.net t.net (provider p)"},
	{.name = "login page",
		.body = CONFIG("<webMail><loginPage url=\"https://w.net/\"/>"
			       "<loginPageInfo url=\"https://v.net/\"/></webMail>"),
		.want = "settings: w.net v.net"},
	{.name = "placeholders",
		.body = MAIL(IMAP_HOST("imap.%EMAILDOMAIN%") IMAP_HOST("%EMAILLOCALPART%.a.net")
				IMAP_HOST("%EMAILADDRESS%") IMAP_HOST("%OTHER%.net")),
		.want = "settings: imap.example.com user.a.net example.com %other%.net (provider p.net)"},
	{.name = "placeholders in a URL",
		.body = CONFIG("<url>https://mail.%EMAILDOMAIN%:443/%EMAILADDRESS%/</url>"),
		.want = "settings: mail.example.com"},
	{.name = "port and URL as host",
		.body = CONFIG(IMAP_HOST("a.net:993") IMAP_HOST("imaps://b.net/")),
		.want = "settings: a.net b.net"},
	{.name = "an empty host", .body = CONFIG(IMAP_HOST(" ")), .want = "settings:"},
	{.name = "no server", .body = MAIL(""), .want = "settings: (provider p.net)"},
	{.name = "nothing in it", .body = CONFIG("\n"), .want = "nothing:"},
	{.name = "listed is for others",
		.body = MAIL("<domain>example.com</domain>"),
		.want = "settings: (provider p.net)"},
	{.name = "other XML",
		.body = "<config><hostname>a.net</hostname></config>",
		.want = NO_CONFIG},
	{.name = "not the root",
		.body = "<x><clientConfig><hostname>a.net</hostname></clientConfig></x>",
		.want = NO_CONFIG},
	{.name = "a longer name",
		.body = "<clientConfigs><hostname>a.net</hostname></clientConfigs>",
		.want = NO_CONFIG},
	{.name = "XHTML without a type",
		.body = "<?xml version=\"1.0\"?><html><url>https://a.net</url></html>",
		.want = NO_CONFIG},
};

static void test_autoconfig(void)
{
	check_rows(af_read_autoconfig, ROWS(autoconfig_rows));
}

static const struct row ispdb_rows[] = {
	{.name = "somebody else",
		.body = MAIL("<domain>a.net</domain>" IMAP_HOST("i.net")),
		.want = "settings: i.net (provider p.net)"},
	{.name = "listed",
		.body = MAIL(
			"<domain>a.net</domain><domain> Example.COM. </domain>" IMAP_HOST("i.net")),
		.want = "settings certain: i.net (provider p.net, listed there as example.com)"},
	{.name = "without servers",
		.body = CONFIG("<emailProvider><domain>example.com</domain></emailProvider>"),
		.want = "settings certain: (listed there as example.com)"},
	{.name = "a parent",
		.domain = "dev.corp.example.com",
		.body = CONFIG("<domain>corp.example.com</domain>"),
		.want = "settings certain: (listed there as dev.corp.example.com)"},
	{.name = "a star",
		.domain = "dev.corp.example.com",
		.body = CONFIG("<domain>*.example.com</domain>"),
		.want = "settings certain: (listed there as dev.corp.example.com)"},
	{.name = "a placeholder",
		.body = CONFIG("<domain>%EMAILDOMAIN%</domain>"),
		.want = "settings certain: (listed there as example.com)"},
	{.name = "a child",
		.body = CONFIG("<domain>dev.example.com</domain>"),
		.want = "settings:"},
	{.name = "an end without a dot",
		.domain = "notexample.com",
		.body = CONFIG("<domain>example.com</domain>"),
		.want = "settings:"},
	{.name = "an empty one", .body = CONFIG("<domain/>"), .want = "settings:"},
	{.name = "other XML", .body = "<x><domain>example.com</domain></x>", .want = NO_CONFIG},
};

static void test_ispdb(void)
{
	check_rows(af_read_ispdb, ROWS(ispdb_rows));
}

static const struct row pacc_rows[] = {
	{.name = "as documented",
		.body = "{\"protocols\":{\"imap\":{\"host\":\"imap.a.net\"},\"jmap\":{\"url\":"
			"\"https://j.a.net/.well-known/jmap\"}},\"authentication\":{\"oauth-public\":{\"issuer\":"
			"\"https://auth.a.net\"},\"password\":true},\"info\":{\"provider\":{\"name\":\"A\\tB\"},"
			"\"help\":{\"url\":\"https://help.net\"}}}",
		.want = "settings: imap.a.net j.a.net auth.a.net (provider A B)"},
	{.name = "a list, other cases",
		.body = "{\"Protocols\":[{\"imap\":{\"Host\":\"a.net\"}},{\"URL\":\"//b.net\"}]}",
		.want = "settings: a.net b.net"},
	{.name = "a host without an object",
		.body = "{\"protocols\":{\"host\":\"a.net\"}}",
		.want = "settings: a.net"},
	{.name = "no host", .body = "{\"protocols\":{\"imap\":{}}}", .want = "settings:"},
	{.name = "login alone",
		.body = "{\"authentication\":{\"password\":true}}",
		.want = "settings:"},
	{.name = "nothing", .body = "{\"protocols\":{}}", .want = "nothing:"},
	{.name = "null",
		.body = "{\"protocols\":null}",
		.want = "strange: (JSON, but no protocols)"},
	{.name = "other JSON",
		.body = "{\"url\":\"https://a.net\"}",
		.want = "strange: (JSON, but no protocols)"},
};

static void test_pacc(void)
{
	check_rows(af_read_pacc, ROWS(pacc_rows));
}

static const struct row jmap_rows[] = {
	{.name = "session",
		.body = "{\"capabilities\":{\"urn:ietf:params:jmap:websocket\":{\"url\":\"wss://w.net/\"}},"
			"\"apiUrl\":\"https://j.net/api/\",\"downloadUrl\":\"https://d.net/{accountId}/{blobId}\","
			"\"uploadUrl\":\"https://u.net/{accountId}/\",\"eventSourceUrl\":\"https://e.net/?{x}\"}",
		.want = "settings: w.net j.net d.net u.net e.net"},
	{.name = "relative", .body = "{\"apiUrl\":\"/jmap/\"}", .want = "settings:"},
	{.name = "template of a host",
		.body = "{\"APIURL\":\"https://{accountId}.a.net/\"}",
		.want = "settings: {accountid}.a.net"},
	{.name = "a problem",
		.body = "{\"type\":\"about:blank\",\"status\":404}",
		.want = "strange: (JSON, but no JMAP session)"},
	{.name = "null",
		.body = "{\"apiUrl\":null}",
		.want = "strange: (JSON, but no JMAP session)"},
};

static void test_jmap(void)
{
	check_rows(af_read_jmap, ROWS(jmap_rows));
}

#define NO_POLICY "strange: (no MTA-STS policy)"

static const struct row mta_sts_rows[] = {
	{.name = "as documented",
		.body = "version: STSv1\r\nmode: enforce\r\nmx: mail.a.net\r\nmx: *.b.net\r\nmax_age: 604800\r\n",
		.want = "settings: mail.a.net b.net"},
	{.name = "other order, ends, cases",
		.body = "MX:A.net\n\n mode : testing\nVersion:stsv1",
		.want = "settings: a.net"},
	{.name = "no policy any more",
		.body = "version: STSv1\nmode: none\nmax_age: 86400\n",
		.want = "nothing: (mode none)"},
	{.name = "none, but servers",
		.body = "version: STSv1\nmode: none\nmx: a.net\n",
		.want = "settings: a.net"},
	{.name = "no server", .body = "version: STSv1\nmode: enforce\n", .want = "settings:"},
	{.name = "an empty server",
		.body = "version: STSv1\nmode: none\nmx:\n",
		.want = "settings:"},
	{.name = "other version", .body = "version: STSv11\nmx: a.net\n", .want = NO_POLICY},
	{.name = "no version", .body = "mx: a.net\n", .want = NO_POLICY},
	{.name = "a line without a colon", .body = "version: STSv1\nhello\n", .want = NO_POLICY},
	{.name = "bad UTF-8", .body = "version: STSv1\nx: \xff\n", .want = NO_POLICY},
	{.name = "JSON", .body = "{\"version\": \"STSv1\"}", .want = NO_POLICY},
};

static void test_mta_sts(void)
{
	check_rows(af_read_mta_sts, ROWS(mta_sts_rows));
}

static const struct row any_rows[] = {
	{.name = "text", .body = "hello", .want = "strange: (an answer without a login)"},
	{.name = "XML",
		.body = "<multistatus/>",
		.status = 207,
		.want = "strange: (an answer without a login)"},
};

static void test_any(void)
{
	check_rows(af_read_any, ROWS(any_rows));
}

/* Records. */

#define RECORDS 4

struct record_row {
	const char *name;
	af_record_reader *read;
	const char *text[RECORDS];
	const char *want;
	size_t len; /* of a first text with NUL bytes */
};

static const struct record_row record_rows[] = {
	{"MX", af_read_mx, {"mx1.a.net", "MX2.a.net.", "mx1.a.net"},
		"settings: mx1.a.net mx2.a.net", 0},
	{"null MX", af_read_mx, {""}, "nothing: (null MX (RFC 7505))", 0},
	{"null MX, written", af_read_mx, {"."}, "nothing: (null MX (RFC 7505))", 0},
	{"null MX twice", af_read_mx, {"", ""}, "nothing: (null MX (RFC 7505))", 0},
	{"null MX first", af_read_mx, {"", "a.net"}, "settings mixed: a.net", 0},
	{"null MX last", af_read_mx, {"a.net", "b.net", ""}, "settings mixed: a.net b.net", 0},
	{"SRV", af_read_srv, {"a.net", "b.net"}, "settings: a.net b.net", 0},
	{"absent", af_read_srv, {""}, "nothing: (decidedly absent (RFC 2782))", 0},
	{"absent beside others", af_read_srv, {"", "a.net"}, "settings: a.net", 0},
	{"odd bytes of a name", af_read_srv, {"a\\.b\\000c.net"}, "settings: a\\.b\\000c.net", 0},
	{"mailconf", af_read_mailconf, {"v=spf1 -all", "mailconf=https://a.net/x.xml"},
		"settings: a.net", 0},
	{"mailconf, case, blanks", af_read_mailconf, {" MailConf= https://A.net "},
		"settings: a.net", 0},
	{"mailconf, two", af_read_mailconf, {"mailconf=https://a.net", "mailconf=https://b.net"},
		"settings: a.net b.net", 0},
	{"mailconf of nothing", af_read_mailconf, {"mailconf="}, "settings:", 0},
	{"no mailconf", af_read_mailconf,
		{"v=spf1 -all", "", "mailconf", "xmailconf=https://a.net"}, "nothing:", 0},
	{"mailconf, NUL", af_read_mailconf, {"mailconf=https://example.com\0.a.net/"},
		"settings: https://example.com?.a.net/", 36},
	{"PACC", af_read_pacc_txt, {"v=UAAC1; a=sha256; d=AAAA"},
		"settings: (v=UAAC1; a=sha256; d=AAAA)", 0},
	{"PACC, bare", af_read_pacc_txt, {"V=uaac1"}, "settings: (V=uaac1)", 0},
	{"PACC, other version", af_read_pacc_txt, {"v=UAAC10; a=b", "v=UAAC"}, "nothing:", 0},
	{"MTA-STS", af_read_mta_sts_txt, {"x", "v=STSv1; id=20260101;"},
		"settings: (v=STSv1; id=20260101;)", 0},
	{"MTA-STS, NUL, lines", af_read_mta_sts_txt, {"v=STSv1;\0\nid"}, "settings: (v=STSv1;  id)",
		12},
	{"no MTA-STS", af_read_mta_sts_txt, {"v=spf1 -all"}, "nothing:", 0},
	{"realm", af_read_realm, {"CORP.A.NET"}, "settings: corp.a.net", 0},
	{"realms", af_read_realm, {"A.NET", "", "a.net", "B.NET"}, "settings: a.net b.net", 0},
	{"no realm", af_read_realm, {""}, "nothing:", 0},
	{"realm, NUL", af_read_realm, {"EXAMPLE.COM\0.A.NET"}, "settings: example.com?.a.net", 18},
};

static void test_records(void)
{
	static char said[READING_ROOM];

	for (size_t i = 0; i < sizeof(record_rows) / sizeof(record_rows[0]); i++) {
		const struct record_row *row = &record_rows[i];
		struct af_dns_record record[RECORDS] = {{.priority = 0}};
		struct af_dns_answer answer = {.end = AFENCE_DNS_FOUND, .record = record};
		struct af_reading reading = {0};

		for (; answer.count < RECORDS && row->text[answer.count] != NULL; answer.count++) {
			record[answer.count].text = (char *)row->text[answer.count];
			record[answer.count].text_len = strlen(row->text[answer.count]);
		}
		if (row->len > 0)
			record[0].text_len = row->len;
		row->read(&answer, "example.com", &reading);
		CHECK_STRING(row->name, reading_say(&reading, said), row->want);
		af_reading_free(&reading);
	}
}

static void test_addresses(void)
{
	static char said[READING_ROOM];
	struct af_dns_record record[2] = {{.priority = 0}};
	struct af_dns_answer answer = {.end = AFENCE_DNS_FOUND, .record = record, .count = 2};
	struct af_reading reading = {0};

	CU_ASSERT(af_address_parse("192.0.2.1", 9, &record[0].address));
	CU_ASSERT(af_address_parse("192.0.2.2", 9, &record[1].address));
	af_read_addresses(&answer, "example.com", &reading);
	CU_ASSERT(af_address_parse("2001:db8::1", 11, &record[1].address));
	af_read_addresses(&answer, "example.com", &reading);
	CHECK_STRING("A, then AAAA", reading_say(&reading, said),
		"settings: 192.0.2.1 192.0.2.2 2001:db8::1");
	af_reading_free(&reading);
}

static CU_TestInfo tests[] = {
	{"a host", test_add_host},
	{"a URL", test_add_url},
	{"many hosts", test_many_hosts},
	{"no answer at all", test_broken},
	{"no JSON", test_broken_json},
	{"no XML", test_broken_xml},
	{"autodetect", test_autodetect},
	{"autodiscover, JSON", test_autodiscover_json},
	{"autodiscover, XML", test_pox},
	{"autoconfig", test_autoconfig},
	{"provider data base", test_ispdb},
	{"PACC", test_pacc},
	{"JMAP", test_jmap},
	{"MTA-STS", test_mta_sts},
	{"any answer", test_any},
	{"records", test_records},
	{"addresses", test_addresses},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"probe_reading", NULL, NULL, NULL, NULL, tests};
