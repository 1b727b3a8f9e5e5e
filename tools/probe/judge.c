/* SPDX-License-Identifier: MIT */
#include "judge.h"

#include <arpa/nameser.h>
#include <string.h>

#include "af_target.h"

/* The resolver that the policy core sees: answers that are there already, nothing else. */
struct known_answers {
	struct af_resolver base; /* first */
	const struct af_probe_dns *dns;
};

static void look_up(struct af_resolver *self, const struct af_domain *name, unsigned budget_ms,
	struct af_resolution *out)
{
	const struct known_answers *known = (const struct known_answers *)self;

	(void)budget_ms;
	af_probe_dns_resolution(known->dns, name->name, out);
}

static bool is_reserved(const struct af_policy *policy, const struct af_domain *name)
{
	struct af_domain_fact fact;

	af_policy_judge_domain(policy, name, &fact);
	return fact.reserved;
}

bool af_judge_needs_addresses(const struct af_policy *policy, const char *host)
{
	struct af_address address;
	struct af_domain name;

	return !af_address_parse(host, strlen(host), &address) &&
	       af_domain_parse(host, strlen(host), &name) == AFENCE_OK &&
	       !is_reserved(policy, &name);
}

static bool has_failed(const struct af_probe_dns *dns, const char *host, unsigned type)
{
	const struct af_dns_answer *answer = af_probe_dns_known(dns, host, type);

	return answer != NULL && answer->end == AFENCE_DNS_FAILED;
}

enum af_place af_judge_place(
	const struct af_policy *policy, const struct af_probe_dns *dns, const char *host)
{
	struct known_answers known = {{look_up}, dns};
	struct af_request request = {.host = host, .resolver = &known.base};
	struct af_address address;
	struct af_domain name;
	struct af_settings settings;
	struct af_scene scene;
	struct af_target target;

	if (!af_address_parse(host, strlen(host), &address)) {
		if (af_domain_parse(host, strlen(host), &name) != AFENCE_OK)
			return AFENCE_PLACE_OUTSIDE;
		if (is_reserved(policy, &name))
			return AFENCE_PLACE_HARMLESS;
	}
	af_policy_settings(policy, NULL, 0, &settings);
	settings.resolve = true;
	af_target_judge(policy, &request, NULL, &settings, &scene, &target);
	if (target.class == AFENCE_TARGET_LOCAL || target.class == AFENCE_TARGET_INTERNAL)
		return AFENCE_PLACE_HARMLESS;
	if (target.class == AFENCE_TARGET_UNKNOWN &&
		(has_failed(dns, host, ns_t_a) || has_failed(dns, host, ns_t_aaaa)))
		return AFENCE_PLACE_UNKNOWN;
	return AFENCE_PLACE_OUTSIDE;
}
