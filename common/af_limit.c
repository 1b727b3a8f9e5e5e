/* SPDX-License-Identifier: MIT */
#include "af_limit.h"

#include <string.h>
#include <time.h>

#include "af_hash.h"

#define WINDOW_S 60

static _Atomic uint64_t *find_slot(struct af_limit *limit, const char *rule)
{
	uint32_t hash = rule != NULL ? af_hash_bytes(rule, strlen(rule)) : 0;

	hash += hash == 0;
	for (uint32_t i = 0; i < AFENCE_LIMITED_RULES; i++) {
		struct af_limit_slot *slot = &limit->slot[(hash + i) % AFENCE_LIMITED_RULES];
		uint32_t owner = 0;

		if (atomic_compare_exchange_strong(&slot->rule, &owner, hash) || owner == hash)
			return &slot->lines;
	}
	return &limit->slot[hash % AFENCE_LIMITED_RULES].lines;
}

bool af_limit_pass(struct af_limit *limit, const char *rule, uint32_t now, unsigned *suppressed)
{
	_Atomic uint64_t *slot = find_slot(limit, rule);
	uint64_t old = atomic_load(slot);
	uint64_t new;
	uint32_t lines;

	do {
		lines = (uint32_t)old;
		*suppressed = 0;
		if (old == 0 || now - (uint32_t)(old >> 32) >= WINDOW_S) {
			if (lines > AFENCE_LINES_A_MINUTE)
				*suppressed = lines - AFENCE_LINES_A_MINUTE;
			lines = 0;
			new = (uint64_t)now << 32 | 1;
		} else {
			new = lines == UINT32_MAX ? old : old + 1;
		}
	} while (!atomic_compare_exchange_weak(slot, &old, new));
	return lines < AFENCE_LINES_A_MINUTE;
}

uint32_t af_limit_now(void)
{
	struct timespec now = {0, 0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_sec + 1;
}
