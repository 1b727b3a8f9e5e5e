/* SPDX-License-Identifier: MIT */
/*
 * The last answers, failures too: a ring, so the place that is written next holds the oldest
 * one.  An entry is allocated when it is needed, since most processes never resolve.
 *
 * The lock is only ever tried.  A process that forks while another thread holds it leaves the
 * child a lock that nobody will release.
 */
#include "af_resolver_parts.h"

#include <stdlib.h>

#define LIFE_MS 30000

struct af_cache_entry {
	struct af_domain name;
	int64_t stored;
	struct af_resolution resolution;
};

struct af_cache *af_cache_new(void)
{
	struct af_cache *cache = calloc(1, sizeof(*cache));

	if (cache != NULL && pthread_mutex_init(&cache->lock, NULL) != 0) {
		free(cache);
		cache = NULL;
	}
	return cache;
}

void af_cache_free(struct af_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < AFENCE_CACHE_MAX; i++)
		free(cache->entry[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

bool af_cache_get(struct af_cache *cache, const struct af_domain *name, struct af_resolution *out)
{
	int64_t now = af_resolver_clock();
	bool found = false;

	if (pthread_mutex_trylock(&cache->lock) != 0)
		return false;
	for (size_t i = 0; i < AFENCE_CACHE_MAX && !found; i++) {
		const struct af_cache_entry *entry = cache->entry[i];

		found = entry != NULL && now - entry->stored < LIFE_MS &&
			af_domain_equal(&entry->name, name);
		if (found)
			*out = entry->resolution;
	}
	pthread_mutex_unlock(&cache->lock);
	return found;
}

void af_cache_put(struct af_cache *cache, const struct af_domain *name,
	const struct af_resolution *resolution)
{
	struct af_cache_entry *entry = malloc(sizeof(*entry));
	struct af_cache_entry *old = entry;

	if (entry == NULL)
		return;
	entry->name = *name;
	entry->stored = af_resolver_clock();
	entry->resolution = *resolution;
	if (pthread_mutex_trylock(&cache->lock) == 0) {
		old = cache->entry[cache->next];
		cache->entry[cache->next] = entry;
		cache->next = (cache->next + 1) % AFENCE_CACHE_MAX;
		pthread_mutex_unlock(&cache->lock);
	}
	free(old);
}
