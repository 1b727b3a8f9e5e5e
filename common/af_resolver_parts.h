/* SPDX-License-Identifier: MIT */
/* What the resolver is made of: hosts file, DNS questions, DNS answers, cache. */
#ifndef AF_RESOLVER_PARTS_H
#define AF_RESOLVER_PARTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Newer versions prefer calls that the oldest one supported, 1.18, does not have. */
#define CARES_NO_DEPRECATED
#include <ares.h>

#include "af_resolver.h"

/* Append unless already there.  False: no room, so something is cut off. */
bool af_resolution_add_address(struct af_resolution *resolution, const struct af_address *address);
bool af_resolution_add_cname(struct af_resolution *resolution, const struct af_domain *name);

/* CLOCK_MONOTONIC in milliseconds. */
int64_t af_resolver_clock(void);

/*
 * Looks NAME up in the hosts file at PATH, as "files" of nsswitch.conf does: all lines, both
 * families.  False: not listed; *out is unchanged.
 */
bool af_hosts_find(const char *path, const struct af_domain *name, struct af_resolution *out);

/*
 * Adds to *out what the LEN bytes of a DNS message answer to the question for TYPE (ns_t_a or
 * ns_t_aaaa) of NAME.  True: a whole, consistent answer, be it that there is nothing.
 */
bool af_answer_read(const uint8_t *message, size_t len, const struct af_domain *name, unsigned type,
	struct af_resolution *out);

#define AFENCE_SERVERS_MAX 3 /* as resolv.conf(5) */

/* A list as c-ares wants it, linked from the first on. */
struct af_servers {
	struct ares_addr_port_node node[AFENCE_SERVERS_MAX];
};

/* The one server of a configuration, or those of /etc/resolv.conf. */
enum af_status af_servers_get(const struct af_resolver_config *config, struct af_servers *out);

/* Asks for A and AAAA until both are answered or af_resolver_clock() reaches DEADLINE; *out is
 * empty before. */
void af_dns_ask(struct af_servers *servers, const struct af_domain *name, int64_t deadline,
	struct af_resolution *out);

#define AFENCE_CACHE_MAX 256

struct af_cache_entry;

struct af_cache {
	pthread_mutex_t lock;
	size_t next; /* where the next answer goes: the oldest one */
	struct af_cache_entry *entry[AFENCE_CACHE_MAX];
};

struct af_cache *af_cache_new(void); /* NULL: no memory */
void af_cache_free(struct af_cache *cache);

/* Neither ever waits: a lock that another thread holds, or held when this process was forked
 * off, means that nothing is found or kept. */
bool af_cache_get(struct af_cache *cache, const struct af_domain *name, struct af_resolution *out);
void af_cache_put(struct af_cache *cache, const struct af_domain *name,
	const struct af_resolution *resolution);

#endif
