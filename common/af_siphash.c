/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 as published: two rounds a word, four at the end.  A run may be added in pieces;
 * words are taken eight bytes at a time wherever the pieces allow it.
 */
#include "af_siphash.h"

#include <endian.h>
#include <string.h>

static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void run_rounds(uint64_t v[4], int rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static void mix_word(struct af_siphash *state, uint64_t word)
{
	state->v[3] ^= word;
	run_rounds(state->v, 2);
	state->v[0] ^= word;
}

static void add_byte(struct af_siphash *state, uint8_t byte)
{
	state->tail |= (uint64_t)byte << (state->length % 8 * 8);
	state->length++;
	if (state->length % 8 == 0) {
		mix_word(state, state->tail);
		state->tail = 0;
	}
}

void af_siphash_start(struct af_siphash *state, uint64_t k0, uint64_t k1)
{
	state->v[0] = k0 ^ UINT64_C(0x736f6d6570736575);
	state->v[1] = k1 ^ UINT64_C(0x646f72616e646f6d);
	state->v[2] = k0 ^ UINT64_C(0x6c7967656e657261);
	state->v[3] = k1 ^ UINT64_C(0x7465646279746573);
	state->tail = 0;
	state->length = 0;
}

void af_siphash_add(struct af_siphash *state, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t word;

	for (; len > 0 && state->length % 8 != 0; len--)
		add_byte(state, *at++);
	for (; len >= 8; at += 8, len -= 8) {
		memcpy(&word, at, sizeof(word));
		mix_word(state, le64toh(word));
		state->length += 8;
	}
	for (; len > 0; len--)
		add_byte(state, *at++);
}

uint64_t af_siphash_finish(struct af_siphash *state)
{
	mix_word(state, state->tail | state->length << 56);
	state->v[2] ^= 0xff;
	run_rounds(state->v, 4);
	return state->v[0] ^ state->v[1] ^ state->v[2] ^ state->v[3];
}
