/* SPDX-License-Identifier: MIT */
/*
 * The resolver as af_decide() sees it: hosts file, then cache, then DNS, as "files dns" of
 * nsswitch.conf, which is what the connecting program most likely asks too.
 */
#include "af_resolver.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "af_resolver_parts.h"

#define HOSTS_PATH "/etc/hosts"

struct resolver {
	struct af_resolver base; /* first: this is what the caller holds */
	struct af_servers servers;
	struct af_cache *cache;
};

bool af_resolution_add_address(struct af_resolution *resolution, const struct af_address *address)
{
	for (size_t i = 0; i < resolution->address_count; i++)
		if (af_address_equal(&resolution->address[i], address))
			return true;
	if (resolution->address_count == AFENCE_ADDRESSES_MAX)
		return false;
	resolution->address[resolution->address_count++] = *address;
	return true;
}

bool af_resolution_add_cname(struct af_resolution *resolution, const struct af_domain *name)
{
	for (size_t i = 0; i < resolution->cname_count; i++)
		if (af_domain_equal(&resolution->cname[i], name))
			return true;
	if (resolution->cname_count == AFENCE_CNAMES_MAX)
		return false;
	resolution->cname[resolution->cname_count++] = *name;
	return true;
}

int64_t af_resolver_clock(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void resolve(struct af_resolver *self, const struct af_domain *name, unsigned budget_ms,
	struct af_resolution *out)
{
	struct resolver *resolver = (struct resolver *)self;
	int64_t deadline = af_resolver_clock() + budget_ms;

	memset(out, 0, sizeof(*out));
	if (name->len == 0 || af_hosts_find(HOSTS_PATH, name, out) ||
		af_cache_get(resolver->cache, name, out))
		return;
	if (af_resolver_clock() >= deadline)
		return;
	af_dns_ask(&resolver->servers, name, deadline, out);
	af_cache_put(resolver->cache, name, out);
}

enum af_status af_resolver_new(const struct af_resolver_config *config, struct af_resolver **out)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	enum af_status status = AFENCE_ERR_MEMORY;

	*out = NULL;
	if (resolver == NULL)
		goto out;
	resolver->base.resolve = resolve;
	resolver->cache = af_cache_new();
	if (resolver->cache == NULL)
		goto out;
	status = af_servers_get(config, &resolver->servers);
	if (status != AFENCE_OK)
		goto out;
	*out = &resolver->base;
	resolver = NULL;
out:
	if (resolver != NULL)
		af_resolver_free(&resolver->base);
	return status;
}

void af_resolver_free(struct af_resolver *resolver)
{
	struct resolver *own = (struct resolver *)resolver;

	if (own == NULL)
		return;
	af_cache_free(own->cache);
	free(own);
}
