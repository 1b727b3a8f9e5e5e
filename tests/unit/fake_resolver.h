/* SPDX-License-Identifier: MIT */
/*
 * A resolver out of a table, for tests of what is made of its answers; the real one has a suite
 * of its own (resolver).
 */
#ifndef FAKE_RESOLVER_H
#define FAKE_RESOLVER_H

#include <string.h>

#include "af_resolver.h"

struct fake_resolver {
	struct af_resolver resolver;
	unsigned questions;
};

static const struct {
	const char *name, *first, *second;
	bool complete;
} fake_names[] = {
	{"far.net", "198.51.99.7", "2606:4700::1", true},
	{"near.net", "10.1.2.3", "fd00::3", true},
	{"mixed.net", "10.1.2.3", "2606:4700::1", true},
	{"half.net", "10.1.2.3", NULL, false}, /* AAAA never came */
	{"half-far.net", "198.51.99.7", NULL, false},
	{"loop.net", "127.0.0.1", NULL, true},
	{"none.net", NULL, NULL, true},
};

static void fake_resolve(struct af_resolver *self, const struct af_domain *name, unsigned budget_ms,
	struct af_resolution *out)
{
	struct fake_resolver *fake = (struct fake_resolver *)self;

	(void)budget_ms;
	fake->questions++;
	out->complete = false;
	out->address_count = 0;
	out->cname_count = 0;
	for (size_t i = 0; i < sizeof(fake_names) / sizeof(fake_names[0]); i++) {
		const char *text[] = {fake_names[i].first, fake_names[i].second};

		if (strcmp(fake_names[i].name, name->name) != 0)
			continue;
		out->complete = fake_names[i].complete;
		for (size_t j = 0; j < 2; j++)
			if (text[j] != NULL)
				af_address_parse(text[j], strlen(text[j]),
					&out->address[out->address_count++]);
	}
}

static inline void fake_resolver_start(struct fake_resolver *fake)
{
	fake->resolver.resolve = fake_resolve;
	fake->questions = 0;
}

#endif
