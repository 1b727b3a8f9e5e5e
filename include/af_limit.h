/* SPDX-License-Identifier: MIT */
/*
 * Log lines within bounds: so many a minute for each rule, then a count of what was held back.
 *
 * Lock free, because a lock that another thread holds during fork() stays locked in the child.
 * Thread safe.  Memory is the caller's.
 */
#ifndef AF_LIMIT_H
#define AF_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define AFENCE_LINES_A_MINUTE 10
#define AFENCE_LIMITED_RULES  32 /* rules counted apart; further ones share */

/* All zero at first. */
struct af_limit {
	struct af_limit_slot {
		_Atomic uint32_t rule; /* hash of the rule's name, 0: free */
		_Atomic uint64_t
			lines; /* second of the first line, then lines since (32 bits each) */
	} slot[AFENCE_LIMITED_RULES];
};

/*
 * Counts a line of RULE (NULL: none) at second NOW, as af_limit_now() gives it.  True: write it,
 * and say that *suppressed lines were held back before it.
 */
bool af_limit_pass(struct af_limit *limit, const char *rule, uint32_t now, unsigned *suppressed);

/* Seconds of a clock that nobody sets; never 0. */
uint32_t af_limit_now(void);

#endif
