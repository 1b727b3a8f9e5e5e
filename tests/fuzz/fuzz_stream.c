/* SPDX-License-Identifier: MIT */
/*
 * A port, seven lengths of writes that are used in turn, then what is sent: whole, byte by byte, and
 * cut as the input says it tells the same at the same places.  What is told is bounded and never
 * empty, nothing is left unread but after a login, and once it is over it stays so.
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/preload/stream.h"

#define CUTS 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* All that was told, and where, in one number. */
struct told {
	uint64_t hash;
	size_t taken;
	bool over;
};

static void mix(struct told *told, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		told->hash = (told->hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
}

static void mix_login(struct told *told, const struct af_seen *seen)
{
	require(seen->count > 0 && seen->count <= AFENCE_SEEN_MAX && seen->service != NULL);
	require(memchr(seen->host, '\0', sizeof(seen->host)) != NULL);
	require(seen->port == 0 || *seen->host != '\0');
	mix(told, &told->taken, sizeof(told->taken));
	for (size_t i = 0; i < seen->count; i++) {
		require(seen->login[i].len > 0 && seen->login[i].len <= AFENCE_SEEN_TEXT_MAX);
		require(seen->login[i].form < AFENCE_FORM_COUNT);
		mix(told, &seen->login[i].form, sizeof(seen->login[i].form));
		mix(told, seen->login[i].text, seen->login[i].len);
	}
	mix(told, seen->host, strlen(seen->host) + 1);
	mix(told, &seen->port, sizeof(seen->port));
	mix(told, seen->service, strlen(seen->service));
}

/* One write; a copy of its own, so that a look beyond its end is found. */
static void feed_write(
	struct af_stream *stream, const uint8_t *bytes, size_t len, struct told *told)
{
	uint8_t *copy = malloc(len);
	size_t done = 0;

	memcpy(copy, bytes, len);
	while (done < len && !told->over) {
		size_t taken = 0;
		enum af_stream_event event =
			af_stream_feed(stream, copy + done, len - done, &taken);

		require(taken > 0 && taken <= len - done);
		require(event == AFENCE_STREAM_LOGIN || taken == len - done);
		done += taken;
		told->taken += taken;
		if (event == AFENCE_STREAM_LOGIN)
			mix_login(told, &stream->seen);
		told->over = event == AFENCE_STREAM_OVER;
	}
	if (told->over)
		require(af_stream_feed(stream, copy, len, &done) == AFENCE_STREAM_OVER &&
			done == len);
	free(copy);
}

static void run(
	const uint8_t *bytes, size_t len, uint16_t port, const uint8_t cut[CUTS], struct told *told)
{
	struct af_stream *stream = malloc(sizeof(*stream));
	size_t pos = 0;

	*told = (struct told){.hash = 0xcbf29ce484222325};
	af_stream_start(stream, port);
	for (unsigned i = 0; pos < len && !told->over; i++) {
		size_t part = cut != NULL ? cut[i % CUTS] + 1u : len;

		part = part < len - pos ? part : len - pos;
		feed_write(stream, bytes + pos, part, told);
		pos += part;
	}
	free(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ones[CUTS];
	struct told whole, bytes, cut;

	if (size < 1 + CUTS)
		return 0;
	run(data + 1 + CUTS, size - 1 - CUTS, data[0], NULL, &whole);
	run(data + 1 + CUTS, size - 1 - CUTS, data[0], ones, &bytes);
	run(data + 1 + CUTS, size - 1 - CUTS, data[0], data + 1, &cut);
	require(whole.over == bytes.over && whole.hash == bytes.hash);
	require(whole.over == cut.over && whole.hash == cut.hash);
	return 0;
}
