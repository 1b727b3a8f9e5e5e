/* SPDX-License-Identifier: MIT */
/*
 * Hosts as strangers write them.  Nothing may look nearer than it is: whatever could be read in two
 * ways is kept as it stands, which is no name and therefore outside.
 */
#include "reading_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "af_domain.h"

#define DETAIL_MAX 600 /* nothing is added to a detail that is as long as this */
#define HOST_MAX   260 /* longer than any name */

void af_reading_free(struct af_reading *reading)
{
	af_names_free(&reading->hosts);
	free(reading->detail);
	*reading = (struct af_reading){0};
}

bool af_is_blank(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void trim(const char **text, size_t *len)
{
	for (; *len > 0 && af_is_blank(**text); --*len)
		++*text;
	while (*len > 0 && af_is_blank((*text)[*len - 1]))
		--*len;
}

/* How much of TEXT stays if MOST bytes may; no UTF-8 sequence is cut. */
static size_t shorten(const char *text, size_t len, size_t most)
{
	if (len <= most)
		return len;
	while (most > 0 && (text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

const char *af_quote(const char *text, size_t len, struct af_quote *out)
{
	size_t kept = shorten(text, len, AFENCE_QUOTE_MAX);

	for (size_t i = 0; i < kept; i++)
		out->text[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
	strcpy(out->text + kept, kept < len ? "..." : "");
	return out->text;
}

void af_reading_note(struct af_reading *reading, const char *format, ...)
{
	char *old = reading->detail, *note;
	va_list arguments;

	if (old != NULL && strlen(old) >= DETAIL_MAX)
		return;
	va_start(arguments, format);
	note = af_format_list(format, arguments);
	va_end(arguments);
	reading->detail = old != NULL ? af_format("%s, %s", old, note) : note;
	if (old != NULL)
		free(note);
	free(old);
}

void af_reading_strange(struct af_reading *reading, const char *format, ...)
{
	va_list arguments;

	af_reading_free(reading);
	reading->kind = AFENCE_READ_STRANGE;
	va_start(arguments, format);
	reading->detail = af_format_list(format, arguments);
	va_end(arguments);
}

const char *af_body_text(const struct af_body *body, size_t *len)
{
	static const char mark[] = "\xef\xbb\xbf";
	const char *text = body->text;

	*len = body->len;
	if (*len >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0) {
		text += strlen(mark);
		*len -= strlen(mark);
	}
	for (; *len > 0 && af_is_blank(*text); --*len)
		text++;
	return text;
}

bool af_reading_start(const struct af_body *body, struct af_reading *out)
{
	static const char *const pages[] = {"<!doctype html", "<html"};
	size_t len;
	const char *text = af_body_text(body, &len);

	if (body->status == 204)
		return false;
	if (len == 0)
		af_reading_strange(out, "an empty body");
	else if (memchr(text, '\0', len) != NULL)
		af_reading_strange(out, "a binary body");
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (curl_strnequal(text, pages[i], strlen(pages[i])))
			af_reading_strange(out, "an HTML page");
	return out->kind != AFENCE_READ_STRANGE;
}

/* A host that is lost could be the one outside, so too many are a finding. */
static void keep_host(struct af_reading *reading, char *host)
{
	bool full = reading->hosts.count == AFENCE_HOSTS_MAX;

	if (!af_names_have(&reading->hosts, host) && !full) {
		af_names_add(&reading->hosts, host);
		return;
	}
	if (full && !af_names_have(&reading->hosts, host) && reading->more++ == 0) {
		reading->certain = true;
		af_reading_note(reading, "more than %d hosts", AFENCE_HOSTS_MAX);
	}
	free(host);
}

/* NUL bytes and what is cut off leave a mark that no name can hold. */
static void copy_host(struct af_reading *reading, const char *text, size_t len)
{
	size_t kept = shorten(text, len, HOST_MAX);
	char *host = af_new(kept + sizeof("..."), 1);

	for (size_t i = 0; i < kept; i++)
		host[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a')
			  : text[i] == '\0'                ? '?'
							   : text[i];
	strcpy(host + kept, kept < len ? "..." : "");
	keep_host(reading, host);
}

static bool is_port(const char *text, size_t len)
{
	size_t digits = 0;

	while (digits < len && text[digits] >= '0' && text[digits] <= '9')
		digits++;
	return digits > 0 && digits == len;
}

/* Brackets and a port come off where what is left is plainly the host. */
static void plain_host(const char **host, size_t *len)
{
	const char *colon = memchr(*host, ':', *len);
	const char *close = **host == '[' ? memchr(*host, ']', *len) : NULL;
	size_t rest;

	if (close != NULL) {
		rest = *len - (size_t)(close + 1 - *host);
		if (rest == 0 || (close[1] == ':' && is_port(close + 2, rest - 1))) {
			*len = (size_t)(close - ++*host);
			return;
		}
	}
	if (colon != NULL && is_port(colon + 1, *len - (size_t)(colon + 1 - *host)))
		*len = (size_t)(colon - *host);
}

void af_reading_add_host(struct af_reading *reading, const char *host, size_t len)
{
	const char *at;

	trim(&host, &len);
	if (memmem(host, len, "://", 3) != NULL) {
		af_reading_add_url(reading, host, len);
		return;
	}
	at = memrchr(host, '@', len);
	if (at != NULL) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (len > 2 && memcmp(host, "*.", 2) == 0) {
		host += 2;
		len -= 2;
	}
	if (len > 0)
		plain_host(&host, &len);
	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len > 0)
		copy_host(reading, host, len);
}

/* Bytes up to the authority (RFC 3986 s3), 0: the LEN bytes at URL have none. */
static size_t skip_scheme(const char *url, size_t len)
{
	size_t i = 0;

	if (len >= 2 && memcmp(url, "//", 2) == 0)
		return 2;
	while (i < len && (af_domain_byte(url[i]) || url[i] == '+') && url[i] != '_')
		i++;
	return i > 0 && len - i >= 3 && memcmp(url + i, "://", 3) == 0 ? i + 3 : 0;
}

static size_t span_to(const char *text, size_t len, const char *ends)
{
	size_t i = 0;

	while (i < len && (text[i] == '\0' || strchr(ends, text[i]) == NULL))
		i++;
	return i;
}

/* Browsers drop control characters and take a backslash for a slash; others do not. */
static bool is_ambiguous(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == '\\' || text[i] == 0x7f)
			return true;
	return false;
}

/* Without a scheme: "mail.corp.net/ews" is meant for a host, "/ews" and "ews" are relative. */
static void add_reference(struct af_reading *reading, const char *url, size_t len)
{
	size_t first = span_to(url, len, "/?#");

	if (is_ambiguous(url, len))
		copy_host(reading, url, len);
	else if (*url != '.' && span_to(url, first, ".:") < first)
		af_reading_add_host(reading, url, first);
}

void af_reading_add_url(struct af_reading *reading, const char *url, size_t len)
{
	size_t start, authority;

	trim(&url, &len);
	start = skip_scheme(url, len);
	if (start == 0 && len > 0) {
		add_reference(reading, url, len);
		return;
	}
	authority = span_to(url + start, len - start, "/?#");
	if (authority == 0 || is_ambiguous(url + start, authority)) {
		if (len > 0)
			copy_host(reading, url, len);
	} else {
		af_reading_add_host(reading, url + start, authority);
	}
}
