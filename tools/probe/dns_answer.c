/* SPDX-License-Identifier: MIT */
/*
 * Questions to and answers from a name server that may say anything.
 *
 * Packets are written here, since ares_create_query() of 1.18 does not know \DDD, which
 * ares_expand_name() writes; so the name that an answer gives can be asked for.
 */
#include "dns_parts.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "../memory.h"

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The byte that TEXT begins with; returns how many characters say it, 0: none do. */
static size_t read_byte(const char *text, uint8_t *out)
{
	unsigned value;

	*out = lower((uint8_t)text[0]);
	if (text[0] != '\\')
		return 1;
	*out = lower((uint8_t)text[1]);
	if (!is_digit(text[1]))
		return text[1] != '\0' ? 2 : 0;
	if (!is_digit(text[2]) || !is_digit(text[3]))
		return 0;
	value = (unsigned)(100 * (text[1] - '0') + 10 * (text[2] - '0') + text[3] - '0');
	*out = lower((uint8_t)value);
	return value <= UINT8_MAX ? 4 : 0;
}

/* The label that *text begins with; *text is moved behind it and its dot.  0: no label. */
static size_t read_label(const char **text, uint8_t label[NS_MAXLABEL])
{
	size_t len = 0;

	while (**text != '\0' && **text != '.') {
		uint8_t byte;
		size_t used = read_byte(*text, &byte);

		if (used == 0 || len == NS_MAXLABEL)
			return 0;
		label[len++] = byte;
		*text += used;
	}
	if (**text == '.' && *++*text == '\0')
		return 0;
	return len;
}

bool af_dns_query_write(const char *name, unsigned type, struct af_dns_query *out)
{
	const uint8_t end[] = {0, (uint8_t)(type >> 8), (uint8_t)type, 0, ns_c_in};
	size_t at = AFENCE_QUERY_HEADER;

	memset(out, 0, sizeof(*out));
	out->type = type;
	out->bytes[2] = 1; /* recursion desired */
	out->bytes[5] = 1; /* one question */
	while (*name != '\0') {
		uint8_t label[NS_MAXLABEL];
		size_t len = read_label(&name, label);

		if (len == 0 || at + 1 + len > AFENCE_QUERY_HEADER + NS_MAXCDNAME - 1)
			return false;
		out->bytes[at++] = (uint8_t)len;
		memcpy(out->bytes + at, label, len);
		at += len;
	}
	memcpy(out->bytes + at, end, sizeof(end));
	out->len = at + sizeof(end);
	return true;
}

bool af_dns_query_is_onion(const struct af_dns_query *query)
{
	static const uint8_t onion[] = "\5onion";
	const uint8_t *last = query->bytes + AFENCE_QUERY_HEADER;

	for (const uint8_t *label = last; *label != 0; label += *label + 1)
		last = label;
	return memcmp(last, onion, sizeof(onion)) == 0;
}

static const char *const rcodes[] = {
	[ns_r_formerr] = "the name server does not understand the question (FORMERR)",
	[ns_r_servfail] = "the name server failed (SERVFAIL)",
	[ns_r_notimpl] = "the name server does not know such questions (NOTIMP)",
	[ns_r_refused] = "the name server refused (REFUSED)",
};

/* The question comes back as it was, but for the case of letters; NULL: nothing is wrong so far. */
static const char *find_fault(const struct af_dns_query *query, const uint8_t *message, size_t len)
{
	unsigned rcode;

	if (len < AFENCE_QUERY_HEADER)
		return AFENCE_DNS_UNREADABLE;
	rcode = message[3] & 15;
	if (rcode != ns_r_noerror && rcode != ns_r_nxdomain)
		return rcode < sizeof(rcodes) / sizeof(rcodes[0])
			       ? rcodes[rcode]
			       : "the name server answers with an error";
	if (message[2] & 2)
		return "the answer is cut off";
	if (len < query->len)
		return AFENCE_DNS_UNREADABLE;
	for (size_t i = AFENCE_QUERY_HEADER; i < query->len; i++)
		if (lower(message[i]) != query->bytes[i])
			return "the answer is one to another question";
	return NULL;
}

static bool read_address(const struct af_record *r, struct af_dns_record *out)
{
	struct sockaddr_in four = {.sin_family = AF_INET};

	if (r->len != (r->type == ns_t_a ? sizeof(four.sin_addr) : sizeof(out->address)))
		return false;
	if (r->type == ns_t_aaaa) {
		memcpy(&out->address, r->data, sizeof(out->address));
		return true;
	}
	memcpy(&four.sin_addr, r->data, sizeof(four.sin_addr));
	return af_address_from_sockaddr((const struct sockaddr *)&four, &out->address, NULL);
}

/* Strings of at most 255 bytes, one after the other (RFC 1035 s3.3.14), put together. */
static bool read_text(const struct af_record *r, struct af_dns_record *out)
{
	const uint8_t *at = r->data;
	const uint8_t *end = r->data + r->len;

	out->text = af_new(r->len + 1, 1);
	while (at < end) {
		size_t len = *at++;

		if (len > (size_t)(end - at))
			return false;
		memcpy(out->text + out->text_len, at, len);
		out->text_len += len;
		at += len;
	}
	return true;
}

/* MX (RFC 1035 s3.3.9) and SRV (RFC 2782): numbers of 16 bits, then a name. */
static bool read_host(const uint8_t *message, const struct af_record *r, struct af_dns_record *out)
{
	uint16_t *number[] = {&out->priority, &out->weight, &out->port};
	size_t numbers = r->type == ns_t_mx ? 1 : 3;
	size_t start = (size_t)(r->data - message);
	struct af_message m = {message, start + r->len, start + 2 * numbers};
	char *host;

	if (r->len <= 2 * numbers)
		return false;
	for (size_t i = 0; i < numbers; i++)
		*number[i] = (uint16_t)(r->data[2 * i] << 8 | r->data[2 * i + 1]);
	host = af_message_name(&m);
	if (host == NULL)
		return false;
	out->text = af_format("%s", host);
	out->text_len = strlen(host);
	ares_free_string(host);
	return m.at == m.len;
}

static bool read_data(const uint8_t *message, const struct af_record *r, struct af_dns_record *out)
{
	memset(out, 0, sizeof(*out));
	if (r->type == ns_t_a || r->type == ns_t_aaaa)
		return read_address(r, out);
	return r->type == ns_t_txt ? read_text(r, out) : read_host(message, r, out);
}

/* Behind those of the same priority; of no type but MX and SRV is there another than 0. */
static void sort_in(struct af_dns_answer *out)
{
	struct af_dns_record last = out->record[out->count - 1];
	size_t at = out->count - 1;

	for (; at > 0 && out->record[at - 1].priority > last.priority; at--)
		out->record[at] = out->record[at - 1];
	out->record[at] = last;
}

static const char *read_records(const uint8_t *message, const struct af_records *records,
	unsigned type, const struct af_aliases *names, struct af_dns_answer *out)
{
	out->record = af_new(records->count, sizeof(*out->record));
	for (size_t i = 0; i < records->count; i++) {
		const struct af_record *r = &records->record[i];

		if (r->type != type && r->type != ns_t_cname)
			continue;
		if (!af_aliases_have(names, r->owner))
			return "the answer has a record of another name";
		if (r->type != type)
			continue;
		if (!read_data(message, r, &out->record[out->count++]))
			return "a record of the answer cannot be read";
		sort_in(out);
	}
	return NULL;
}

static const char *read_message(const struct af_dns_query *query, const uint8_t *message,
	size_t len, struct af_dns_answer *out, struct af_names *aliases)
{
	struct af_message question = {query->bytes, query->len, AFENCE_QUERY_HEADER};
	struct af_message m = {message, len, 0};
	char *name = af_message_name(&question);
	struct af_aliases names = {1, {name}};
	struct af_records records;
	const char *why = NULL;

	if (!af_message_read(&m, &records) || name == NULL)
		why = AFENCE_DNS_UNREADABLE;
	else if (!af_aliases_follow(&records, &names))
		why = "the answer has too many aliases";
	else
		why = read_records(message, &records, query->type, &names, out);
	for (size_t i = 1; why == NULL && i < names.count; i++)
		af_names_add(aliases, af_format("%s", names.name[i]));
	af_records_free(&records);
	ares_free_string(name);
	return why;
}

void af_dns_answer_read(const struct af_dns_query *query, const uint8_t *message, size_t len,
	struct af_dns_answer *out, struct af_names *aliases)
{
	const char *why = find_fault(query, message, len);

	memset(out, 0, sizeof(*out));
	if (why == NULL)
		why = read_message(query, message, len, out, aliases);
	if (why != NULL) {
		af_dns_answer_clear(out);
		out->end = AFENCE_DNS_FAILED;
		out->why = why;
	} else if (out->count > 0) {
		out->end = AFENCE_DNS_FOUND;
	} else {
		out->end = (message[3] & 15) == ns_r_nxdomain ? AFENCE_DNS_NXDOMAIN
							      : AFENCE_DNS_NODATA;
	}
}

void af_dns_answer_clear(struct af_dns_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		free(answer->record[i].text);
	free(answer->record);
	memset(answer, 0, sizeof(*answer));
}
