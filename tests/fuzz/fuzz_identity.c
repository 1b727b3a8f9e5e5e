/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a name and as an identity of each form: what must hold of every result, and that a
 * label no name can hold does not hide the name behind it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "af_hash.h"
#include "af_identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_domain(const struct af_domain *domain)
{
	struct af_suffix it = {.text = NULL};
	struct af_domain again;
	size_t len = 0;

	require(domain->len > 0 && domain->len <= AFENCE_DOMAIN_MAX);
	require(strlen(domain->name) == domain->len);
	require(af_domain_parse(domain->name, domain->len, &again) == AFENCE_OK);
	require(af_domain_equal(domain, &again));
	require(af_domain_parse_tail(domain->name, domain->len, &again));
	require(af_domain_equal(domain, &again));
	while (af_suffix_next(domain, &it)) {
		require(it.len > len && it.text + it.len == domain->name + domain->len);
		require(it.hash == af_hash_bytes(it.text, it.len));
		len = it.len;
	}
	require(len == domain->len);
}

/* True if NAME is among the names in IDENTITY, each of which is canonical. */
static bool find_run(const struct af_identity *identity, const struct af_domain *name)
{
	struct af_domain run;
	size_t pos = 0;
	bool found = false;

	while (af_identity_next_run(identity, &pos, &run)) {
		check_domain(&run);
		found |= name != NULL && af_domain_equal(&run, name);
	}
	require(run.len == 0);
	return found;
}

static void check_form(const char *text, size_t len, enum af_form form)
{
	struct af_identity identity;

	af_identity_parse(text, len, form, &identity);
	require(identity.count <= AFENCE_PRINCIPALS_MAX);
	require(!identity.malformed || identity.count == 0);
	require(identity.len == 0 ||
		(identity.text >= text && identity.text + identity.len <= text + len));
	for (size_t i = 0; i < identity.count; i++) {
		const struct af_principal *principal = &identity.principal[i];

		check_domain(&principal->domain);
		require(principal->local == NULL
				? principal->local_len == 0
				: principal->local >= text &&
					  principal->local + principal->local_len <= text + len);
	}
	find_run(&identity, NULL);
}

static void check_hidden(const char *text, size_t len)
{
	char login[1024] = "user@\x01.";
	const size_t front = strlen(login);
	struct af_identity identity;
	struct af_domain domain;

	if (af_domain_parse(text, len, &domain) != AFENCE_OK)
		return;
	check_domain(&domain);
	if (front + len > sizeof(login))
		return;
	memcpy(login + front, text, len);
	af_identity_parse(login, front + len, AFENCE_FORM_AUTO, &identity);
	require(identity.malformed && find_run(&identity, &domain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	for (int form = 0; form < AFENCE_FORM_COUNT; form++)
		check_form(text, size, (enum af_form)form);
	check_hidden(text, size);
	return 0;
}
