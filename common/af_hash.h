/* SPDX-License-Identifier: MIT */
/*
 * The hash of names, shared by the generator of the built-in tables, the image writer and the
 * readers: FNV-1a over the bytes from the last to the first, so that one pass over a name yields
 * the hash of every suffix.
 */
#ifndef AF_HASH_H
#define AF_HASH_H

#include <stddef.h>
#include <stdint.h>

#define AFENCE_HASH_START UINT32_C(2166136261)

static inline uint32_t af_hash_step(uint32_t hash, char byte)
{
	return (hash ^ (uint8_t)byte) * UINT32_C(16777619);
}

static inline uint32_t af_hash_bytes(const char *name, size_t len)
{
	uint32_t hash = AFENCE_HASH_START;

	while (len > 0)
		hash = af_hash_step(hash, name[--len]);
	return hash;
}

#endif
