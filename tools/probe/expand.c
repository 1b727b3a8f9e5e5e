/* SPDX-License-Identifier: MIT */
#include "expand.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "../names.h"

/* What a path or a query may hold as it is (RFC 3986 s3.3); "@" among them. */
static bool is_plain(char byte)
{
	return af_domain_byte(byte) || strchr("~!$'()*,;:@", byte) != NULL;
}

static char *encode(const char *value)
{
	char *encoded = af_format("%s", ""), *longer;

	for (; *value != '\0'; value++) {
		longer = af_format(
			is_plain(*value) ? "%s%c" : "%s%%%02X", encoded, (unsigned char)*value);
		free(encoded);
		encoded = longer;
	}
	return encoded;
}

/* The value of the letter after a percent sign, freed by the caller; NULL: it is none of ours. */
static char *value_of(char letter, const struct af_words *words)
{
	switch (letter) {
	case 'D':
		return af_format("%s", words->domain);
	case 'A':
		return af_format("%s@%s", words->local, words->domain);
	case 'R':
		return af_format("%s", words->random);
	case 'S':
		return af_format("%s", words->target != NULL ? words->target : "<TARGET>");
	case 'B':
		return af_format("%s", words->mx != NULL ? words->mx : "<MX>");
	case 'F':
		return af_format("%s", words->parent != NULL ? words->parent : "<MX-PARENT>");
	default:
		return NULL;
	}
}

/* Names in angle brackets stand for what is not known; they are read by people. */
static char *put_in(char letter, const struct af_words *words, bool url)
{
	char *value = value_of(letter, words), *encoded;

	if (value == NULL || !url || *value == '<')
		return value;
	encoded = encode(value);
	free(value);
	return encoded;
}

char *af_expand(const char *template, const struct af_words *words, bool url)
{
	char *text = NULL, *value;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		err(3, NULL);
	for (; *template != '\0'; template ++) {
		value = *template == '%' ? put_in(template[1], words, url) : NULL;
		if (value != NULL) {
			fputs(value, out);
			template ++;
		} else {
			fputc(*template, out);
		}
		free(value);
	}
	if (fclose(out) != 0)
		err(3, NULL);
	return text;
}

/* A part of the URL in memory that free() frees; NULL: it has none. */
static char *part(CURLU *url, CURLUPart which, unsigned flags)
{
	char *text = NULL, *copy;

	if (curl_url_get(url, which, &text, flags) != CURLUE_OK)
		return NULL;
	copy = af_format("%s", text);
	curl_free(text);
	return copy;
}

static void lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* Brackets of an IPv6 address, zone and a final dot come off. */
static char *plain_host(char *host)
{
	size_t len = strlen(host);

	if (*host == '[') {
		memmove(host, host + 1, len);
		host[strcspn(host, "]%")] = '\0';
	} else if (len > 1 && host[len - 1] == '.') {
		host[len - 1] = '\0';
	}
	lower(host);
	return host;
}

/* The name as the DNS knows it (RFC 5891) takes the place of one that is not in ASCII. */
static bool use_ascii(CURLU *url, char **host)
{
	struct af_domain name;
	bool ascii = true;

	for (const char *p = *host; *p != '\0'; p++)
		ascii &= (unsigned char)*p < 0x80;
	if (ascii)
		return true;
	if (af_domain_parse(*host, strlen(*host), &name) != AFENCE_OK)
		return false;
	free(*host);
	*host = af_format("%s", name.name);
	return curl_url_set(url, CURLUPART_HOST, *host, 0) == CURLUE_OK;
}

static bool take_parts(CURLU *url, struct af_url *out)
{
	char *scheme = part(url, CURLUPART_SCHEME, 0);
	char *port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	bool web = scheme != NULL && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

	out->host = part(url, CURLUPART_HOST, 0);
	if (web && port != NULL && out->host != NULL && *plain_host(out->host) != '\0' &&
		use_ascii(url, &out->host)) {
		out->secure = strcmp(scheme, "https") == 0;
		out->port = (uint16_t)strtoul(port, NULL, 10);
		out->text = part(url, CURLUPART_URL, 0);
	}
	free(scheme);
	free(port);
	return out->text != NULL;
}

bool af_url_read(const char *reference, const char *base, struct af_url *out)
{
	static const CURLUPart dropped[] = {
		CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_FRAGMENT};
	CURLU *url = curl_url();
	bool read;

	*out = (struct af_url){0};
	if (url == NULL)
		err(3, NULL);
	read = (base == NULL || curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK) &&
	       curl_url_set(url, CURLUPART_URL, reference,
		       CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) == CURLUE_OK;
	for (size_t i = 0; read && i < sizeof(dropped) / sizeof(dropped[0]); i++)
		curl_url_set(url, dropped[i], NULL, 0);
	read = read && take_parts(url, out);
	curl_url_cleanup(url);
	if (!read)
		af_url_free(out);
	return read;
}

void af_url_free(struct af_url *url)
{
	free(url->text);
	free(url->host);
	*url = (struct af_url){0};
}
