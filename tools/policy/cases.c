/* SPDX-License-Identifier: MIT */
/*
 * `expect VERDICT IDENTITY to HOST [at ADDRESS] [port N] [via SERVICE] [on DATE];`
 */
#include <string.h>

#include "check.h"
#include "reading.h"

#define FIRST_QUALIFIER 4

/* Its token goes to the case; false: reported. */
struct qualifier {
	const char *expected;
	bool (*read)(
		struct af_rules *rules, const struct af_token *token, struct af_expect_row *out);
};

static bool read_at(struct af_rules *rules, const struct af_token *token, struct af_expect_row *out)
{
	out->has_address = true;
	return af_read_address(rules->diagnostics, token, &out->address);
}

static bool read_port(
	struct af_rules *rules, const struct af_token *token, struct af_expect_row *out)
{
	unsigned port;

	if (!af_read_number(rules->diagnostics, token, 1, AFENCE_PORT_MAX, &port))
		return false;
	out->port = (uint16_t)port;
	return true;
}

static bool read_via(
	struct af_rules *rules, const struct af_token *token, struct af_expect_row *out)
{
	char service[AFENCE_SERVICE_MAX + 1];

	if (!af_read_service(rules->diagnostics, token, service))
		return false;
	out->service = af_rules_add_string(rules, service, strlen(service));
	return true;
}

static bool read_on(struct af_rules *rules, const struct af_token *token, struct af_expect_row *out)
{
	return af_read_day(rules->diagnostics, token, &out->on);
}

static const char *const qualifier_words[] = {"at", "port", "via", "on", NULL};
static const struct qualifier qualifiers[] = {
	{"an address", read_at},
	{"the number of a port", read_port},
	{"a service such as imap", read_via},
	{"a day as YYYY-MM-DD", read_on},
};

static bool read_qualifiers(const struct af_reading *reading, struct af_expect_row *out)
{
	const struct af_token *seen[sizeof(qualifiers) / sizeof(qualifiers[0])] = {NULL};

	for (size_t i = FIRST_QUALIFIER; i < reading->count; i += 2) {
		const struct af_token *token = af_token_at(reading, i);
		int index = af_word_index(token, qualifier_words);

		if (index < 0) {
			af_complain_choice(
				reading, token, "at, port, via, on or \";\"", qualifier_words);
			return false;
		}
		if (seen[index] != NULL) {
			af_complain(reading, token, "it once in a case");
			return false;
		}
		seen[index] = token;
		if (!af_has_value(reading, i + 1, qualifiers[index].expected) ||
			!qualifiers[index].read(reading->rules, af_token_at(reading, i + 1), out))
			return false;
	}
	return true;
}

static bool read_identity(const struct af_reading *reading, struct af_expect_row *out)
{
	const struct af_token *token = af_token_at(reading, 1);
	char text[AFENCE_PROSE_MAX + 1];

	if (!af_has_value(reading, 1, "an identity in quotes"))
		return false;
	if (!af_read_prose(reading->rules->diagnostics, token, false, text))
		return false;
	out->identity = af_rules_add_string(reading->rules, text, strlen(text));
	return true;
}

/* to HOST */
static bool read_host(const struct af_reading *reading, struct af_expect_row *out)
{
	static const char *const words[] = {"to", NULL};
	char text[AFENCE_PROSE_MAX + 1];

	if (!af_has_value(reading, 2, "\"to\" and a host"))
		return false;
	if (af_word_index(af_token_at(reading, 2), words) < 0) {
		af_complain_choice(reading, af_token_at(reading, 2), "\"to\"", words);
		return false;
	}
	if (!af_has_value(reading, 3, "a host in quotes, or an address") ||
		!af_read_host(reading->rules->diagnostics, af_token_at(reading, 3), true, text))
		return false;
	out->host = af_rules_add_string(reading->rules, text, strlen(text));
	return true;
}

static bool read_verdict(const struct af_reading *reading, struct af_expect_row *out)
{
	static const char *const words[] = {"block", "allow", NULL};
	const struct af_token *token = af_token_at(reading, 0);
	int index = reading->count > 0 ? af_word_index(token, words) : -1;

	out->allow = index == 1;
	if (index < 0)
		af_complain_choice(reading, token, "allow or block", words);
	return index >= 0;
}

void af_read_expect(const struct af_reading *reading)
{
	struct af_expect_row row = {
		.service = AFENCE_IMAGE_NONE, .on = INT64_MIN, .at = reading->node->name.at};

	if (!read_verdict(reading, &row) || !read_identity(reading, &row) ||
		!read_host(reading, &row) || !read_qualifiers(reading, &row))
		return;
	*AFENCE_PUSH(&reading->rules->expect) = row;
}
