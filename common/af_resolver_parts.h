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

/* A DNS message of LEN bytes, of which those from AT on are still to be read. */
struct af_message {
	const uint8_t *bytes;
	size_t len;
	size_t at;
};

struct af_record {
	char *owner;  /* as af_message_name() */
	char *target; /* of a CNAME, likewise; else NULL */
	unsigned type;
	const uint8_t *data; /* within the message */
	size_t len;
};

#define AFENCE_RECORDS_MAX 256 /* more than fits a resolution in any case; bounds the work */

struct af_records {
	size_t count;
	struct af_record record[AFENCE_RECORDS_MAX];
};

/* The next name as c-ares writes it, in lower case, for ares_free_string().  NULL: it is broken, or
 * no memory. */
char *af_message_name(struct af_message *m);

/*
 * Reads header, question and answer section (RFC 1035 s4.1); what follows is not looked at.  False:
 * not a whole answer, be it that there is nothing; free *out all the same.
 */
bool af_message_read(struct af_message *m, struct af_records *out);
void af_records_free(struct af_records *records);

/* The names that a question leads to, itself first; borrowed. */
struct af_aliases {
	size_t count;
	const char *name[1 + AFENCE_CNAMES_MAX];
};

/* Adds what the CNAMEs of an answer lead to, in whatever order they stand.  False: there are more
 * than fit. */
bool af_aliases_follow(const struct af_records *records, struct af_aliases *aliases);
bool af_aliases_have(const struct af_aliases *aliases, const char *name);

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

struct af_channel_config {
	int flags; /* besides those that keep search list and aliases out */
	int timeout_ms;
	int tries;
	int64_t *deadline; /* of af_resolver_clock(): nothing is read after it; borrowed */
};

/* A channel to SERVERS for ares_destroy(), on which environment and resolv.conf have no say. */
enum af_status af_channel_open(struct ares_addr_port_node *servers,
	const struct af_channel_config *config, ares_channel *out);

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
