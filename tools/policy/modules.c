/* SPDX-License-Identifier: MIT */
/*
 * `pam-module "pam_foo.so" local;`, `pam-module "pam_bar.so" target "host.name", ...;`
 */
#include <string.h>

#include "check.h"
#include "reading.h"

#define FIRST_HOST 2

static bool read_name(const struct af_reading *reading, char out[AFENCE_PROSE_MAX + 1])
{
	static const char expected[] = "the file of a PAM module in quotes, such as "
				       "\"pam_foo.so\", without a folder";
	const struct af_token *token = af_token_at(reading, 0);
	size_t len;

	if (!af_has_value(reading, 0, expected) ||
		!af_read_prose(reading->rules->diagnostics, token, false, out))
		return false;
	len = strlen(out);
	if (len > 3 && strcmp(out + len - 3, ".so") == 0 && strchr(out, '/') == NULL)
		return true;
	af_complain(reading, token, expected);
	return false;
}

/* A module is local or has servers. */
static bool fits(const struct af_reading *reading, const char *name, bool local)
{
	const struct af_rules *rules = reading->rules;
	const struct af_token *token = af_token_at(reading, 0);
	char shown[AFENCE_SHOWN_MAX];

	for (size_t i = 0; i < rules->module.count; i++) {
		const struct af_module_row *row = &rules->module.row[i];

		if (strcmp(af_rules_string(rules, row->name), name) != 0 ||
			(!local && row->host != AFENCE_IMAGE_NONE))
			continue;
		af_token_show(token, shown);
		af_diagnose(rules->diagnostics, AFENCE_ERROR, &token->at,
			"seen %s again, expected it to be local, said once, or to have targets",
			shown);
		af_diagnose(rules->diagnostics, AFENCE_NOTE, &row->at, "%s %s here", shown,
			row->host == AFENCE_IMAGE_NONE ? "is local" : "has a target");
		return false;
	}
	return true;
}

/* HOST NULL: the module is local. */
static void add(const struct af_reading *reading, const char *name, const char *host)
{
	struct af_rules *rules = reading->rules;
	const struct af_token *token = af_token_at(reading, 0);
	struct af_module_row row = {
		.name = af_rules_add_string(rules, name, strlen(name)),
		.host = host == NULL ? AFENCE_IMAGE_NONE
				     : af_rules_add_string(rules, host, strlen(host)),
		.file = rules->file,
		.line = token->at.line,
		.at = token->at,
	};

	*AFENCE_PUSH(&rules->module) = row;
}

/* In the one form in which it is compared. */
static void add_host(const struct af_reading *reading, const char *name, const char *host)
{
	char text[AFENCE_ADDRESS_TEXT_MAX];
	struct af_address address;
	struct af_domain domain;

	if (af_address_parse(host, strlen(host), &address))
		add(reading, name, af_address_format(&address, text));
	else if (af_domain_parse(host, strlen(host), &domain) == AFENCE_OK)
		add(reading, name, domain.name);
}

static void read_targets(const struct af_reading *reading, const char *name)
{
	char host[AFENCE_PROSE_MAX + 1];

	if (af_has_comma(reading, FIRST_HOST)) {
		af_complain(reading, af_token_at(reading, FIRST_HOST), "no \",\" before it");
		return;
	}
	if (!af_has_value(reading, FIRST_HOST, "a host in quotes, or an address"))
		return;
	for (size_t i = FIRST_HOST; i < reading->count; i++) {
		const struct af_token *token = af_token_at(reading, i);

		if (i > FIRST_HOST && af_list_at(reading, i) == NULL)
			return;
		if (af_read_host(reading->rules->diagnostics, token, false, host))
			add_host(reading, name, host);
	}
}

void af_read_module(const struct af_reading *reading)
{
	static const char *const words[] = {"local", "target", NULL};
	const struct af_token *what = af_token_at(reading, 1);
	char name[AFENCE_PROSE_MAX + 1];
	int index;

	if (!read_name(reading, name))
		return;
	index = reading->count > 1 ? af_word_index(what, words) : -1;
	if (af_has_comma(reading, 1))
		af_complain(reading, what, "no \",\" before it");
	else if (index < 0)
		af_complain_choice(reading, what, "local or target", words);
	else if (!fits(reading, name, index == 0))
		return;
	else if (index == 1)
		read_targets(reading, name);
	else if (af_ends_at(reading, FIRST_HOST))
		add(reading, name, NULL);
}
