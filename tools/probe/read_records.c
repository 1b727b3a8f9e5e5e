/* SPDX-License-Identifier: MIT */
/* Records of the DNS. */
#include "reading_parts.h"

#include <string.h>

#include "af_address.h"

/* The hosts of MX or SRV records; *root is how many name the root instead. */
static void take_hosts(const struct af_dns_answer *answer, struct af_reading *out, size_t *root)
{
	*root = 0;
	for (size_t i = 0; i < answer->count; i++) {
		const char *host = answer->record[i].text;

		if (host == NULL || *host == '\0' || strcmp(host, ".") == 0)
			++*root;
		else
			af_reading_add_host(out, host, strlen(host));
	}
	if (*root < answer->count)
		out->kind = AFENCE_READ_SETTINGS;
}

void af_read_mx(const struct af_dns_answer *answer, const char *domain, struct af_reading *out)
{
	size_t root;

	(void)domain;
	take_hosts(answer, out, &root);
	out->mixed = root > 0 && root < answer->count;
	if (root == answer->count)
		af_reading_note(out, "null MX (RFC 7505)");
}

void af_read_srv(const struct af_dns_answer *answer, const char *domain, struct af_reading *out)
{
	size_t root;

	(void)domain;
	take_hosts(answer, out, &root);
	if (root == answer->count)
		af_reading_note(out, "decidedly absent (RFC 2782)");
}

void af_read_addresses(
	const struct af_dns_answer *answer, const char *domain, struct af_reading *out)
{
	char text[AFENCE_ADDRESS_TEXT_MAX];

	(void)domain;
	out->kind = AFENCE_READ_SETTINGS;
	for (size_t i = 0; i < answer->count; i++) {
		af_address_format(&answer->record[i].address, text);
		af_reading_add_host(out, text, strlen(text));
	}
}

/* The text of RECORD behind TAG, NULL: it has another; *len is the length. */
static const char *find_tag(const struct af_dns_record *record, const char *tag, size_t *len)
{
	const char *text = record->text != NULL ? record->text : "";
	size_t first = strlen(tag);

	*len = record->text_len;
	for (; *len > 0 && af_is_blank(*text); --*len)
		text++;
	if (*len < first || !curl_strnequal(text, tag, first))
		return NULL;
	*len -= first;
	return text + first;
}

void af_read_mailconf(
	const struct af_dns_answer *answer, const char *domain, struct af_reading *out)
{
	const char *url;
	size_t len;

	(void)domain;
	for (size_t i = 0; i < answer->count; i++) {
		url = find_tag(&answer->record[i], "mailconf=", &len);
		if (url == NULL)
			continue;
		out->kind = AFENCE_READ_SETTINGS;
		af_reading_add_url(out, url, len);
	}
}

/* SETTINGS if one of the records has the version TAG ("v=STSv1"), and no other word. */
static void find_version(
	const struct af_dns_answer *answer, const char *tag, struct af_reading *out)
{
	const struct af_dns_record *record;
	struct af_quote quote;
	const char *rest;
	size_t len;

	for (size_t i = 0; i < answer->count; i++) {
		record = &answer->record[i];
		rest = find_tag(record, tag, &len);
		if (rest == NULL || (len > 0 && *rest != ';' && !af_is_blank(*rest)))
			continue;
		out->kind = AFENCE_READ_SETTINGS;
		af_reading_note(out, "%s", af_quote(record->text, record->text_len, &quote));
	}
}

void af_read_pacc_txt(
	const struct af_dns_answer *answer, const char *domain, struct af_reading *out)
{
	(void)domain;
	find_version(answer, "v=UAAC1", out);
}

void af_read_mta_sts_txt(
	const struct af_dns_answer *answer, const char *domain, struct af_reading *out)
{
	(void)domain;
	find_version(answer, "v=STSv1", out);
}

void af_read_realm(const struct af_dns_answer *answer, const char *domain, struct af_reading *out)
{
	(void)domain;
	for (size_t i = 0; i < answer->count; i++) {
		const struct af_dns_record *record = &answer->record[i];

		if (record->text_len == 0)
			continue;
		out->kind = AFENCE_READ_SETTINGS;
		af_reading_add_host(out, record->text, record->text_len);
	}
}
