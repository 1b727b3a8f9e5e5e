/* SPDX-License-Identifier: MIT */
/*
 * The first byte chooses the reader, the second whether the bytes in front of the first NUL are
 * headers.  Whatever a body holds, hosts are not empty and not too many, the detail is one short
 * line, and the same is read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../unit/reading_rows.h"
#include "probe/reading.h"

#define DETAIL_MOST 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static af_body_reader *const readers[] = {
	af_read_autodetect,
	af_read_pox,
	af_read_autodiscover_json,
	af_read_autoconfig,
	af_read_ispdb,
	af_read_pacc,
	af_read_jmap,
	af_read_mta_sts,
	af_read_any,
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_reading(const struct af_reading *reading)
{
	const struct af_names *hosts = &reading->hosts;

	require(hosts->count <= AFENCE_HOSTS_MAX);
	require(reading->kind == AFENCE_READ_SETTINGS || (hosts->count == 0 && !reading->certain));
	require(reading->kind != AFENCE_READ_STRANGE || reading->detail != NULL);
	for (size_t i = 0; i < hosts->count; i++)
		require(*hosts->name[i] != '\0' && strlen(hosts->name[i]) < 300);
	for (const char *byte = reading->detail; byte != NULL && *byte != '\0'; byte++)
		require((unsigned char)*byte >= ' ' && byte - reading->detail < DETAIL_MOST);
}

/* The bytes of a stranger in a block of their own, so that what is read behind them is seen. */
static char *copy(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char said[READING_ROOM], again[READING_ROOM];
	struct af_reading first = {0}, second = {0};
	struct af_body body = {.domain = "example.com", .status = 200};
	char *text, *headers = NULL;
	size_t reader, head = 0;

	if (size < 2)
		return 0;
	reader = data[0] % (sizeof(readers) / sizeof(readers[0]));
	body.status = (data[1] & 2) != 0 ? 204 : 200;
	if ((data[1] & 1) != 0) {
		headers = copy(data + 2, size - 2);
		head = strlen(headers);
		head += head < size - 2;
	}
	body.len = size - 2 - head;
	body.text = text = copy(data + 2 + head, body.len);
	body.headers = headers != NULL ? headers : "";
	readers[reader](&body, &first);
	check_reading(&first);
	readers[reader](&body, &second);
	require(strcmp(reading_say(&first, said), reading_say(&second, again)) == 0);
	af_reading_free(&first);
	af_reading_free(&second);
	free(headers);
	free(text);
	return 0;
}
