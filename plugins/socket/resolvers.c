/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "evidence.h"

struct af_resolver_place {
	struct af_resolver_config config;
	struct af_resolver *resolver;
	struct af_resolver_place *next;
};

static bool is_same_server(const struct af_resolver_config *a, const struct af_resolver_config *b)
{
	return a->has_server == b->has_server &&
	       (!a->has_server || (a->port == b->port && af_address_equal(&a->server, &b->server)));
}

static struct af_resolver_place *make_resolver(const struct af_resolver_config *config)
{
	struct af_resolver_place *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return NULL;
	made->config = *config;
	if (af_resolver_new(config, &made->resolver) == AFENCE_OK)
		return made;
	free(made);
	return NULL;
}

/* The list grows at its head only; two threads that make the same one at once leave it twice. */
struct af_resolver *af_resolvers_find(
	struct af_resolvers *resolvers, const struct af_policy *policy)
{
	struct af_resolver_config config;
	struct af_resolver_place *head = atomic_load(&resolvers->first);
	struct af_resolver_place *made;
	struct af_settings settings;

	af_policy_settings(policy, NULL, 0, &settings);
	af_policy_name_server(&settings, &config);
	for (struct af_resolver_place *known = head; known != NULL; known = known->next)
		if (is_same_server(&known->config, &config))
			return known->resolver;
	made = make_resolver(&config);
	if (made == NULL)
		return NULL;
	made->next = head;
	while (!atomic_compare_exchange_weak(&resolvers->first, &made->next, made))
		;
	return made->resolver;
}

void af_resolvers_free(struct af_resolvers *resolvers)
{
	struct af_resolver_place *next;

	for (struct af_resolver_place *known = atomic_load(&resolvers->first); known != NULL;
		known = next) {
		next = known->next;
		af_resolver_free(known->resolver);
		free(known);
	}
}
