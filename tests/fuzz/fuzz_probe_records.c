/* SPDX-License-Identifier: MIT */
/*
 * The first byte chooses the reader, the others are what a name server answers about example.com;
 * the question that it repeats is put right.  Whatever comes, an answer is whole or says what is
 * wrong with it, and what the reader takes of it are hosts.
 */
#include <arpa/nameser.h>
#include <stdint.h>
#include <stdlib.h>

#include "../unit/reading_rows.h"
#include "probe/dns_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	unsigned type;
	af_record_reader *read;
} readers[] = {
	{ns_t_mx, af_read_mx},
	{ns_t_srv, af_read_srv},
	{ns_t_a, af_read_addresses},
	{ns_t_aaaa, af_read_addresses},
	{ns_t_txt, af_read_mailconf},
	{ns_t_txt, af_read_pacc_txt},
	{ns_t_txt, af_read_mta_sts_txt},
	{ns_t_txt, af_read_realm},
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_answer(const struct af_dns_answer *answer)
{
	require((answer->end == AFENCE_DNS_FOUND) == (answer->count > 0));
	require((answer->end == AFENCE_DNS_FAILED) == (answer->why != NULL));
	for (size_t i = 1; i < answer->count; i++)
		require(answer->record[i - 1].priority <= answer->record[i].priority);
	for (size_t i = 0; i < answer->count; i++)
		require(answer->record[i].text == NULL ||
			answer->record[i].text[answer->record[i].text_len] == '\0');
}

static void check_reading(const struct af_reading *reading)
{
	const struct af_names *hosts = &reading->hosts;

	require(hosts->count <= AFENCE_HOSTS_MAX);
	require(reading->kind == AFENCE_READ_SETTINGS ||
		(reading->kind == AFENCE_READ_NOTHING && hosts->count == 0 && !reading->mixed));
	for (size_t i = 0; i < hosts->count; i++)
		require(*hosts->name[i] != '\0' && strlen(hosts->name[i]) < 300);
	for (const char *byte = reading->detail; byte != NULL && *byte != '\0'; byte++)
		require((unsigned char)*byte >= ' ' && byte - reading->detail < 2048);
}

static void read_twice(af_record_reader *read, const struct af_dns_answer *answer)
{
	static char said[READING_ROOM], again[READING_ROOM];
	struct af_reading first = {0}, second = {0};

	read(answer, "example.com", &first);
	check_reading(&first);
	read(answer, "example.com", &second);
	require(strcmp(reading_say(&first, said), reading_say(&second, again)) == 0);
	af_reading_free(&first);
	af_reading_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct af_names aliases = {0};
	struct af_dns_answer answer;
	struct af_dns_query query;
	uint8_t *message;
	size_t reader;

	if (size < 2)
		return 0;
	reader = *data % (sizeof(readers) / sizeof(readers[0]));
	message = malloc(size - 1);
	memcpy(message, data + 1, size - 1);
	require(af_dns_query_write("example.com", readers[reader].type, &query));
	if (size - 1 >= query.len)
		memcpy(message + AFENCE_QUERY_HEADER, query.bytes + AFENCE_QUERY_HEADER,
			query.len - AFENCE_QUERY_HEADER);
	af_dns_answer_read(&query, message, size - 1, &answer, &aliases);
	check_answer(&answer);
	if (answer.end == AFENCE_DNS_FOUND)
		read_twice(readers[reader].read, &answer);
	af_dns_answer_clear(&answer);
	af_names_free(&aliases);
	free(message);
	return 0;
}
