/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses: bounded, one channel a question, no state shared with the host.
 *
 * The core calls through struct af_resolver only, so a plugin that never resolves (PAM) hands
 * NULL to af_decide() and links no resolver.  af_resolver_new() gives the c-ares one.
 */
#ifndef AF_RESOLVER_H
#define AF_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "af_address.h"
#include "af_domain.h"
#include "af_status.h"

#define AFENCE_ADDRESSES_MAX 64
#define AFENCE_CNAMES_MAX    16

struct af_resolution {
	/* A and AAAA each ended in an answer, NODATA or NXDOMAIN, and nothing was cut off. */
	bool complete;
	size_t address_count;
	struct af_address address[AFENCE_ADDRESSES_MAX];
	size_t cname_count; /* aliases followed, in order, without duplicates */
	struct af_domain cname[AFENCE_CNAMES_MAX];
};

struct af_resolver {
	/*
	 * Looks NAME up and fills *out whatever happens; never waits longer than BUDGET_MS
	 * milliseconds.  May be called by several threads at once.
	 */
	void (*resolve)(struct af_resolver *self, const struct af_domain *name, unsigned budget_ms,
		struct af_resolution *out);
};

struct af_resolver_config {
	bool has_server; /* false: the name servers of /etc/resolv.conf, else 127.0.0.1 */
	struct af_address server;
	uint16_t port; /* host order, 0: 53 */
};

/*
 * A resolver over c-ares.  Name servers are read now (before a chroot), once.  /etc/hosts is
 * honoured at each question; answers, failures too, are kept for 30 s, at most 256 of them.
 * HOSTALIASES, RES_OPTIONS and LOCALDOMAIN have no say.  CONFIG is copied.
 *
 * Thread safe; safe across fork() (a child that inherits a held lock goes on without the
 * cache).  AFENCE_ERR_MEMORY: *out is NULL.
 */
enum af_status af_resolver_new(const struct af_resolver_config *config, struct af_resolver **out);

/* Frees a resolver of af_resolver_new(); NULL is fine.  No question may be under way. */
void af_resolver_free(struct af_resolver *resolver);

#endif
