/* SPDX-License-Identifier: MIT */
/* SipHash-2-4 with a 64 bit result (Aumasson and Bernstein, 2012). */
#ifndef AF_SIPHASH_H
#define AF_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct af_siphash {
	uint64_t v[4];
	uint64_t tail; /* bytes not yet mixed in, little endian */
	uint64_t length;
};

void af_siphash_start(struct af_siphash *state, uint64_t k0, uint64_t k1);
void af_siphash_add(struct af_siphash *state, const void *bytes, size_t len);
uint64_t af_siphash_finish(struct af_siphash *state);

#endif
