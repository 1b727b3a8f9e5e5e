/* SPDX-License-Identifier: MIT */
/*
 * DNS answers, bytes from a stranger.
 *
 * The parsers of c-ares take address records of any owner and drop the alias chain of an answer
 * without addresses, so the answer section is read here; names are expanded by c-ares.  An
 * address counts if its owner is the name asked for or was reached from it through CNAMEs.  An
 * answer with a record that nobody asked for is not believed at all: the connecting program may
 * use that record.
 */
#include "af_resolver_parts.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER_LEN 12

/* Of the second word of the header, RFC 1035 s4.1.1. */
#define FLAG_RESPONSE  0x8000U
#define FLAG_OPCODE    0x7800U
#define FLAG_AUTHORITY 0x0400U
#define FLAG_TRUNCATED 0x0200U
#define FLAG_RECURSION 0x0080U
#define FLAG_RCODE     0x000fU

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The next COUNT bytes, or NULL. */
static const uint8_t *read_bytes(struct af_message *m, size_t count)
{
	const uint8_t *bytes = m->bytes + m->at;

	if (count > m->len - m->at)
		return NULL;
	m->at += count;
	return bytes;
}

char *af_message_name(struct af_message *m)
{
	char *name = NULL;
	long used = 0;

	if (m->at == m->len || ares_expand_name(m->bytes + m->at, m->bytes, (int)m->len, &name,
				       &used) != ARES_SUCCESS)
		return NULL;
	if (read_bytes(m, (size_t)used) == NULL) {
		ares_free_string(name);
		return NULL;
	}
	for (char *p = name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
	return name;
}

/* What is set in *out is freed by af_records_free(), whether or not the rest is whole. */
static bool read_record(struct af_message *m, struct af_record *out)
{
	const uint8_t *fixed;

	memset(out, 0, sizeof(*out));
	out->owner = af_message_name(m);
	fixed = out->owner != NULL ? read_bytes(m, NS_RRFIXEDSZ) : NULL;
	if (fixed == NULL)
		return false;
	/* A record of a class other than IN is none of ours, whatever its type. */
	out->type = get16(fixed + 2) == ns_c_in ? get16(fixed) : ns_t_invalid;
	out->len = get16(fixed + 8);
	out->data = read_bytes(m, out->len);
	if (out->data == NULL)
		return false;
	if (out->type == ns_t_cname) {
		struct af_message whole = {m->bytes, m->at, (size_t)(out->data - m->bytes)};

		out->target = af_message_name(&whole);
		return out->target != NULL && whole.at == m->at;
	}
	return true;
}

bool af_message_read(struct af_message *m, struct af_records *out)
{
	const uint8_t *header = read_bytes(m, HEADER_LEN);
	unsigned flags = header != NULL ? get16(header + 2) : 0;
	size_t records = header != NULL ? get16(header + 6) : 0;
	char *question = NULL;
	bool whole;

	out->count = 0;
	if (m->len > UINT16_MAX ||
		(flags & (FLAG_RESPONSE | FLAG_OPCODE | FLAG_TRUNCATED)) != FLAG_RESPONSE ||
		get16(header + 4) != 1 || records > AFENCE_RECORDS_MAX)
		return false;
	if ((flags & FLAG_RCODE) != ns_r_noerror && (flags & FLAG_RCODE) != ns_r_nxdomain)
		return false;
	/* Empty and neither of authority nor recursive: a referral, no answer (as glibc has it). */
	if ((flags & (FLAG_RCODE | FLAG_AUTHORITY | FLAG_RECURSION)) == 0 && records == 0)
		return false;
	question = af_message_name(m);
	whole = question != NULL && read_bytes(m, NS_QFIXEDSZ) != NULL;
	ares_free_string(question);
	while (whole && out->count < records)
		whole = read_record(m, &out->record[out->count++]);
	return whole;
}

void af_records_free(struct af_records *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		ares_free_string(answer->record[i].owner);
		ares_free_string(answer->record[i].target);
	}
}

bool af_aliases_have(const struct af_aliases *chain, const char *name)
{
	for (size_t i = 0; i < chain->count; i++)
		if (strcmp(chain->name[i], name) == 0)
			return true;
	return false;
}

/* Loops and several targets of one name are harmless. */
bool af_aliases_follow(const struct af_records *answer, struct af_aliases *chain)
{
	for (size_t i = 0; i < chain->count; i++) {
		for (size_t j = 0; j < answer->count; j++) {
			const struct af_record *r = &answer->record[j];

			if (r->target == NULL || strcmp(r->owner, chain->name[i]) != 0 ||
				af_aliases_have(chain, r->target))
				continue;
			if (chain->count > AFENCE_CNAMES_MAX)
				return false;
			chain->name[chain->count++] = r->target;
		}
	}
	return true;
}

static bool add_address(const struct af_record *r, struct af_resolution *out)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct af_address address;

	if (r->len != (r->type == ns_t_a ? sizeof(four.sin_addr) : sizeof(address)))
		return false;
	if (r->type == ns_t_aaaa) {
		memcpy(&address, r->data, sizeof(address));
	} else {
		memcpy(&four.sin_addr, r->data, sizeof(four.sin_addr));
		af_address_from_sockaddr((const struct sockaddr *)&four, &address, NULL);
	}
	return af_resolution_add_address(out, &address);
}

/* A name that cannot be written canonically matches no policy, so it is left out. */
static bool add_cname(const char *name, struct af_resolution *out)
{
	struct af_domain domain;

	return af_domain_parse(name, strlen(name), &domain) != AFENCE_OK ||
	       af_resolution_add_cname(out, &domain);
}

/* Goes on after a fault: what there is is evidence all the same. */
static bool judge(const struct af_records *answer, const struct af_domain *name, unsigned type,
	struct af_resolution *out)
{
	struct af_aliases chain = {1, {name->name}};
	bool good = af_aliases_follow(answer, &chain);

	for (size_t i = 1; i < chain.count; i++)
		good &= add_cname(chain.name[i], out);
	for (size_t i = 0; i < answer->count; i++) {
		const struct af_record *r = &answer->record[i];

		if (r->type != type && r->type != ns_t_cname)
			continue;
		if (!af_aliases_have(&chain, r->owner))
			good = false;
		else if (r->type == type)
			good &= add_address(r, out);
	}
	return good;
}

bool af_answer_read(const uint8_t *message, size_t len, const struct af_domain *name, unsigned type,
	struct af_resolution *out)
{
	struct af_message m = {message, len, 0};
	struct af_records answer;
	bool good = af_message_read(&m, &answer) && judge(&answer, name, type, out);

	af_records_free(&answer);
	return good;
}
