/* SPDX-License-Identifier: MIT */
/*
 * One try of a request, with libcurl 7.81 or later.
 *
 * CURLOPT_NOSIGNAL stays off: there is one thread and nothing is resolved, so no alarm is ever set,
 * and only so does libcurl keep SIGPIPE away while TLS writes to a closed connection.
 */
#include "web_parts.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../memory.h"
#include "../names.h"

static void add_text(struct af_web_text *text, const char *bytes, size_t len)
{
	text->text = af_grow(text->text, text->len, len + 1, &text->room, 1);
	memcpy(text->text + text->len, bytes, len);
	text->len += len;
	text->text[text->len] = '\0';
}

static void clear_text(struct af_web_text *text)
{
	text->len = 0;
	if (text->text != NULL)
		text->text[0] = '\0';
}

/* RFC 9112 s5.2: a line that begins with a blank goes on with the one before. */
static void unfold(struct af_web_text *headers, const char *line)
{
	if (line[0] != ' ' && line[0] != '\t')
		return;
	while (headers->len > 0 && strchr("\r\n", headers->text[headers->len - 1]) != NULL)
		headers->len--;
}

/* A NUL becomes a blank: what is behind it must neither vanish nor lengthen a host name. */
static void keep_line(struct af_web_text *headers, const char *line, size_t len)
{
	char *nul;

	unfold(headers, line);
	add_text(headers, line, len);
	while ((nul = memchr(headers->text, '\0', headers->len)) != NULL)
		*nul = ' ';
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
	struct af_web_transfer *transfer = context;
	size_t len = size * count;
	long status = 0;

	transfer->header_bytes += len;
	if (transfer->header_bytes > AFENCE_WEB_HEADERS)
		return 0;
	if (transfer->header_end || len == 0)
		return len;
	if (line[0] != '\r' && line[0] != '\n') {
		keep_line(&transfer->headers, line, len);
		return len;
	}
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	transfer->header_end = status >= 200;
	if (!transfer->header_end)
		clear_text(&transfer->headers);
	return len;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct af_web_transfer *transfer = context;
	size_t room = AFENCE_WEB_BODY - transfer->content.len;
	size_t len = size * count;

	transfer->cut = len > room;
	add_text(&transfer->content, bytes, transfer->cut ? room : len);
	return transfer->cut ? 0 : len;
}

static const struct {
	CURLoption option;
	long value;
} numbers[] = {
#if LIBCURL_VERSION_NUM < 0x075500
	{CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS},
#endif
	{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1}, /* one request, one connection: W4 */
	{CURLOPT_FOLLOWLOCATION, 0},
	{CURLOPT_HTTP09_ALLOWED, 0},
	{CURLOPT_NETRC, CURL_NETRC_IGNORED},
	{CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
	{CURLOPT_SSL_VERIFYPEER, 1},
	{CURLOPT_SSL_VERIFYHOST, 2},
	{CURLOPT_SSL_SESSIONID_CACHE, 0},
	{CURLOPT_TIMEOUT, AFENCE_WEB_SECONDS},
	{CURLOPT_CONNECTTIMEOUT, AFENCE_WEB_CONNECT},
};

static const struct {
	CURLoption option;
	const char *value;
} strings[] = {
#if LIBCURL_VERSION_NUM >= 0x075500
	{CURLOPT_PROTOCOLS_STR, "http,https"},
#endif
	{CURLOPT_PROXY, ""}, /* none of the environment either */
	{CURLOPT_USERAGENT, AFENCE_WEB_AGENT},
};

/* The system's folder of certificates must not stand beside the file. */
static bool trust(CURL *pattern, const char *cacert)
{
	return cacert == NULL ||
	       (curl_easy_setopt(pattern, CURLOPT_CAINFO, cacert) == CURLE_OK &&
		       curl_easy_setopt(pattern, CURLOPT_CAPATH, NULL) == CURLE_OK);
}

CURL *af_web_pattern(const char *cacert)
{
	CURL *pattern = curl_easy_init();
	bool good = pattern != NULL && trust(pattern, cacert) &&
		    curl_easy_setopt(pattern, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
		    curl_easy_setopt(pattern, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK;

	for (size_t i = 0; good && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		good = curl_easy_setopt(pattern, numbers[i].option, numbers[i].value) == CURLE_OK;
	for (size_t i = 0; good && i < sizeof(strings) / sizeof(strings[0]); i++)
		good = curl_easy_setopt(pattern, strings[i].option, strings[i].value) == CURLE_OK;
	if (good)
		return pattern;
	curl_easy_cleanup(pattern);
	return NULL;
}

static bool describe(CURL *easy, struct af_web_transfer *transfer)
{
	const char *body = transfer->body;

	return curl_easy_setopt(easy, CURLOPT_URL, transfer->url) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->header) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_RESOLVE, transfer->resolve) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to) == CURLE_OK &&
	       (!transfer->post || curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) == CURLE_OK) &&
	       curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error) == CURLE_OK;
}

void af_web_transfer_start(struct af_web_transfer *transfer, CURLM *multi, CURL *pattern)
{
	clear_text(&transfer->content);
	clear_text(&transfer->headers);
	transfer->header_bytes = 0;
	transfer->header_end = transfer->cut = false;
	transfer->error[0] = '\0';
	transfer->easy = curl_easy_duphandle(pattern);
	if (transfer->easy == NULL || !describe(transfer->easy, transfer) ||
		curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
		errx(3, "out of memory");
	transfer->tries++;
}

/* How libcurl ends; what is in no row is BROKEN and stays so. */
static const struct ending {
	CURLcode code;
	enum af_web_end end;
	bool again;
} endings[] = {
	{CURLE_OK, AFENCE_WEB_ANSWERED, false},
	{CURLE_OPERATION_TIMEDOUT, AFENCE_WEB_TIMEOUT, false},
	{CURLE_COULDNT_CONNECT, AFENCE_WEB_UNREACHED, true},
	{CURLE_COULDNT_RESOLVE_HOST, AFENCE_WEB_UNREACHED, false},
	{CURLE_INTERFACE_FAILED, AFENCE_WEB_UNREACHED, false},
	{CURLE_GOT_NOTHING, AFENCE_WEB_BROKEN, true},
	{CURLE_PARTIAL_FILE, AFENCE_WEB_BROKEN, true},
	{CURLE_RECV_ERROR, AFENCE_WEB_BROKEN, true},
	{CURLE_SEND_ERROR, AFENCE_WEB_BROKEN, true},
	{CURLE_PEER_FAILED_VERIFICATION, AFENCE_WEB_TLS, false},
	{CURLE_SSL_CACERT_BADFILE, AFENCE_WEB_TLS, false},
	{CURLE_SSL_CERTPROBLEM, AFENCE_WEB_TLS, false},
	{CURLE_SSL_CIPHER, AFENCE_WEB_TLS, false},
	{CURLE_SSL_CONNECT_ERROR, AFENCE_WEB_TLS, false},
	{CURLE_SSL_CRL_BADFILE, AFENCE_WEB_TLS, false},
	{CURLE_SSL_ENGINE_INITFAILED, AFENCE_WEB_TLS, false},
	{CURLE_SSL_INVALIDCERTSTATUS, AFENCE_WEB_TLS, false},
	{CURLE_SSL_ISSUER_ERROR, AFENCE_WEB_TLS, false},
	{CURLE_SSL_SHUTDOWN_FAILED, AFENCE_WEB_TLS, false},
};

static struct ending find_ending(CURLcode code)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (endings[i].code == code)
			return endings[i];
	return (struct ending){code, AFENCE_WEB_BROKEN, false};
}

/* Statuses that ask for patience: RFC 6585 s4, RFC 9110 s15.6.3 to s15.6.5. */
static bool is_busy(long status)
{
	static const long busy[] = {429, 502, 503, 504};

	for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++)
		if (busy[i] == status)
			return true;
	return false;
}

/* A time-out before there was a connection; one that is used again counts as made at once. */
static bool never_connected(CURL *easy)
{
	curl_off_t connected = 0, ready = 0;

	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	return connected == 0 && ready == 0;
}

static const char *reason(const struct af_web_transfer *transfer, CURLcode code)
{
	if (code == CURLE_OK)
		return "";
	if (transfer->cut)
		return "the body is too long";
	if (transfer->header_bytes > AFENCE_WEB_HEADERS)
		return "the headers are too long";
	return transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
}

static void close_easy(struct af_web_transfer *transfer, CURLM *multi)
{
	if (transfer->easy != NULL) {
		curl_multi_remove_handle(multi, transfer->easy);
		curl_easy_cleanup(transfer->easy);
	}
	transfer->easy = NULL;
}

bool af_web_transfer_end(struct af_web_transfer *transfer, CURLM *multi, CURLcode code)
{
	struct af_web_answer *answer = &transfer->answer;
	struct ending ending = find_ending(code);

	if (code == CURLE_OUT_OF_MEMORY)
		errx(3, "out of memory");
	if (code == CURLE_OPERATION_TIMEDOUT && never_connected(transfer->easy))
		ending.end = AFENCE_WEB_UNREACHED;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	close_easy(transfer, multi);
	answer->end = transfer->cut ? AFENCE_WEB_CUT : ending.end;
	answer->why = reason(transfer, code);
	if (transfer->content.len > 0)
		answer->body = transfer->content.text;
	answer->len = transfer->content.len;
	if (transfer->headers.len > 0)
		answer->headers = transfer->headers.text;
	return transfer->tries < AFENCE_WEB_TRIES &&
	       (ending.again || (code == CURLE_OK && is_busy(answer->status)));
}

void af_web_transfer_stop(struct af_web_transfer *transfer, CURLM *multi)
{
	close_easy(transfer, multi);
	transfer->answer = (struct af_web_answer){
		.end = AFENCE_WEB_STOPPED, .why = "stopped", .body = "", .headers = ""};
}

char *af_web_header(const char *headers, const char *name)
{
	size_t len = strlen(name);
	const char *value = NULL;

	for (const char *line = headers; *line != '\0' && value == NULL; line += *line == '\n') {
		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			value = line + len + 1;
		line += strcspn(line, "\n");
	}
	if (value == NULL)
		return NULL;
	value += strspn(value, " \t");
	len = strcspn(value, "\r\n");
	while (len > 0 && strchr(" \t", value[len - 1]) != NULL)
		len--;
	return af_format("%.*s", (int)len, value);
}
