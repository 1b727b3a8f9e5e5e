/* SPDX-License-Identifier: MIT */
/*
 * Checks of single values.  A pattern that is wider than its writer can have meant would open or
 * close the fence for strangers, so it is refused: public suffixes, and internal networks that
 * hold large parts of the internet.
 */
#include "check_parts.h"

#include <arpa/inet.h>
#include <err.h>
#include <libpsl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "af_registry.h"
#include "af_tables.h"

#define INTERNAL_IPV4_LEAST 8U /* shortest prefixes of internal networks */
#define INTERNAL_IPV6_LEAST 16U
#define REFUSAL_MAX         400

bool af_check_start(
	struct af_check *check, struct af_diagnostics *diagnostics, const struct af_token *token)
{
	check->diagnostics = diagnostics;
	check->token = token;
	check->quoted = token->kind == AFENCE_TOKEN_STRING;
	check->text = af_token_text(token, &check->len);
	return token->kind != AFENCE_TOKEN_BAD;
}

bool af_check_refuse(const struct af_check *check, const char *format, ...)
{
	char text[REFUSAL_MAX], shown[AFENCE_SHOWN_MAX];
	va_list values;

	if (check->diagnostics == NULL)
		return false;
	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	af_diagnose(check->diagnostics, AFENCE_ERROR, &check->token->at, "seen %s, expected %s",
		af_token_show(check->token, shown), text);
	return false;
}

/* Of the spellings that getaddrinfo() takes only those that people read alike. */
static bool is_full_form(const char *text, size_t len)
{
	char copy[AFENCE_ADDRESS_TEXT_MAX];
	struct in6_addr address;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return inet_pton(AF_INET, copy, &address) == 1 || inet_pton(AF_INET6, copy, &address) == 1;
}

/* The LEN bytes at TEXT are the address of the value, or what stands before its "/". */
static bool check_address(
	const struct af_check *check, const char *text, size_t len, struct af_address *out)
{
	char full[AFENCE_ADDRESS_TEXT_MAX];

	if (!af_address_parse(text, len, out))
		return af_check_refuse(check, "an address%s",
			len < check->len ? ", \"/\" and the length of a prefix" : "");
	if (is_full_form(text, len))
		return true;
	if (len < check->len)
		return af_check_refuse(check, "an address in full form before the \"/\"");
	return af_check_refuse(check, "an address in full form (did you mean \"%s\"?)",
		af_address_format(out, full));
}

/* Decimal digits without sign, blanks and needless zeros, and behind them END. */
static bool parse_number(const char *text, size_t len, const char *end, unsigned *out)
{
	size_t digits = strspn(text, "0123456789"), end_len = strlen(end);
	char copy[10];

	if (digits == 0 || digits >= sizeof(copy) || (digits > 1 && text[0] == '0') ||
		digits + end_len != len || memcmp(text + digits, end, end_len) != 0)
		return false;
	memcpy(copy, text, digits);
	copy[digits] = '\0';
	*out = (unsigned)strtoul(copy, NULL, 10);
	return true;
}

static bool clear_host_bits(struct af_address *address, unsigned prefix)
{
	struct af_address before = *address;

	for (unsigned bit = prefix; bit < 128; bit++)
		address->byte[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return af_address_equal(&before, address);
}

/* True if the network holds much of a block whose addresses stand for those of IPv4. */
static bool holds_embedded(const struct af_address *network, unsigned prefix)
{
	for (size_t i = 0; i < af_blocks_count; i++) {
		const struct af_address_block *block = &af_blocks[i];

		if (block->embeds != 0 && prefix < block->embeds + INTERNAL_IPV4_LEAST &&
			(af_address_in(&block->address, network, prefix) ||
				af_address_in(network, &block->address, block->prefix)))
			return true;
	}
	return false;
}

/* True if the built-in table calls all of the network internal anyway. */
static bool is_near(const struct af_address *network, unsigned prefix)
{
	const struct af_address_block *block;

	return af_address_class(network, &block) <= AFENCE_TARGET_INTERNAL && block != NULL &&
	       block->prefix <= prefix;
}

static bool check_width(
	const struct af_check *check, const struct af_address *network, unsigned prefix)
{
	bool is_ipv4 = af_network_is_ipv4(network, prefix);
	unsigned least = is_ipv4 ? 96 + INTERNAL_IPV4_LEAST : INTERNAL_IPV6_LEAST;

	if (is_near(network, prefix))
		return true;
	if (prefix < least)
		return af_check_refuse(check,
			"a prefix of /%u or longer: so wide a network switches "
			"the fence off",
			is_ipv4 ? INTERNAL_IPV4_LEAST : INTERNAL_IPV6_LEAST);
	if (holds_embedded(network, prefix))
		return af_check_refuse(check, "a longer prefix: a network that holds the "
					      "addresses of IPv4 switches the fence off");
	return true;
}

static bool check_network(const struct af_check *check, const char *slash, enum af_rule_kind kind,
	struct af_pattern *out)
{
	size_t before = (size_t)(slash - check->text), after = check->len - before - 1;
	bool is_ipv4 = memchr(check->text, ':', before) == NULL;
	char network[AFENCE_NETWORK_TEXT_MAX];
	unsigned prefix;

	if (!check_address(check, check->text, before, &out->address))
		return false;
	if (!parse_number(slash + 1, after, "", &prefix) || prefix > (is_ipv4 ? 32 : 128))
		return af_check_refuse(
			check, "a prefix from 0 to %d behind the \"/\"", is_ipv4 ? 32 : 128);
	out->prefix = (uint8_t)(prefix + (is_ipv4 ? 96 : 0));
	if (!clear_host_bits(&out->address, out->prefix))
		return af_check_refuse(check, "a network without host bits (did you mean \"%s\"?)",
			af_network_format(&out->address, out->prefix, network));
	return kind != AFENCE_RULE_INTERNAL || check_width(check, &out->address, out->prefix);
}

/* An address in any spelling, or digits and dots that are none. */
static bool looks_like_address(const struct af_check *check)
{
	struct af_address address;

	return af_address_parse(check->text, check->len, &address) ||
	       (check->len > 0 && strspn(check->text, "0123456789.") >= check->len);
}

static bool is_public_suffix(const char *name)
{
	return psl_is_public_suffix2(psl_builtin(), name, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) !=
	       0;
}

/* The parents of an entry of the list are entries too, but for za and for nordland.no and others
 * in Norway; below each of these there is an entry that begins with one of these labels. */
static bool holds_public_suffix(const char *name)
{
	static const char *const below[] = {
		"co", "bo", "nes", "os", "sande", "valer", "xn--vler-qoa"};
	const char *dot = strchr(name, '.');
	char entry[sizeof("xn--vler-qoa.") + AFENCE_DOMAIN_MAX];

	if (dot != NULL && strcmp(dot, ".no") != 0)
		return false;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		snprintf(entry, sizeof(entry), "%s.%s", below[i], name);
		if (is_public_suffix(entry))
			return true;
	}
	return false;
}

/* Names of our registry may be wide: nobody's domain lies below them. */
static bool is_too_wide(const struct af_pattern *pattern)
{
	const char *name = pattern->domain.name;

	if (pattern->kind == AFENCE_RULE_EXTERNAL || af_registry_match(&pattern->domain) != NULL)
		return false;
	return is_public_suffix(name) ||
	       (pattern->reach != AFENCE_REACH_EXACT && holds_public_suffix(name));
}

size_t af_check_mark(const char *text, size_t len, uint8_t *reach)
{
	if (len > 2 && memcmp(text, "*.", 2) == 0) {
		*reach = AFENCE_REACH_BELOW;
		return 2;
	}
	*reach = len > 1 && text[0] == '.' ? AFENCE_REACH_BOTH : AFENCE_REACH_EXACT;
	return *reach == AFENCE_REACH_BOTH ? 1 : 0;
}

bool af_check_name_width(const struct af_check *check, const struct af_pattern *pattern)
{
	return !is_too_wide(pattern) ||
	       af_check_refuse(check,
		       "a longer name: \"%s\" covers a public suffix and so the domains of others",
		       pattern->domain.name);
}

static const char *const expected_name[AFENCE_RULE_KINDS] = {
	[AFENCE_RULE_RESERVE] = "a domain in quotes",
	[AFENCE_RULE_INTERNAL] = "an address, a network, or in quotes a name, *.name or .name",
	[AFENCE_RULE_EXTERNAL] = "an address, a network, or in quotes a name, *.name or .name",
};

/* Programs take such a name for an address, so it never gets to the DNS. */
static bool ends_in_number(const struct af_domain *domain)
{
	const char *dot = strrchr(domain->name, '.');
	const char *last = dot != NULL ? dot + 1 : domain->name;

	return last[strspn(last, "0123456789")] == '\0';
}

bool af_check_domain(
	const struct af_check *check, size_t at, const char *expected, struct af_domain *out)
{
	enum af_status status = af_domain_parse(check->text + at, check->len - at, out);

	if (status == AFENCE_ERR_MEMORY)
		errx(3, "%s", af_strerror(status));
	if (!check->quoted)
		return af_check_refuse(check, "%s", expected);
	if (status == AFENCE_OK && !ends_in_number(out))
		return true;
	return af_check_refuse(check, "a domain name: labels of letters, digits, \"-\" and \"_\" "
				      "between dots, the last one not a number");
}

static bool check_name(const struct af_check *check, enum af_rule_kind kind, struct af_pattern *out)
{
	size_t mark = af_check_mark(check->text, check->len, &out->reach);

	if (!af_check_domain(check, mark, expected_name[kind], &out->domain))
		return false;
	if (kind == AFENCE_RULE_RESERVE && mark > 0)
		return af_check_refuse(check,
			"the domain alone, for a reserve covers all below it "
			"(did you mean \"%s\"?)",
			out->domain.name);
	if (kind == AFENCE_RULE_RESERVE)
		out->reach = AFENCE_REACH_BOTH;
	return af_check_name_width(check, out);
}

static bool check_pattern(
	const struct af_check *check, enum af_rule_kind kind, struct af_pattern *out)
{
	const char *slash = memchr(check->text, '/', check->len);

	memset(out, 0, sizeof(*out));
	out->kind = (uint8_t)kind;
	if (slash == NULL && !looks_like_address(check))
		return check_name(check, kind, out);
	if (kind == AFENCE_RULE_RESERVE)
		return af_check_refuse(check, "a domain, no address or network");
	if (slash != NULL)
		return check_network(check, slash, kind, out);
	out->prefix = 128;
	return check_address(check, check->text, check->len, &out->address);
}

bool af_read_pattern(struct af_diagnostics *diagnostics, const struct af_token *token,
	enum af_rule_kind kind, struct af_pattern *out)
{
	struct af_check check;

	return af_check_start(&check, diagnostics, token) && check_pattern(&check, kind, out);
}

bool af_read_listed(
	struct af_diagnostics *diagnostics, const struct af_token *token, struct af_pattern *out)
{
	struct af_check check;

	af_check_start(&check, diagnostics, token);
	check.quoted = true;
	return check_pattern(&check, AFENCE_RULE_RESERVE, out);
}

bool af_read_address(
	struct af_diagnostics *diagnostics, const struct af_token *token, struct af_address *out)
{
	struct af_check check;

	return af_check_start(&check, diagnostics, token) &&
	       check_address(&check, check.text, check.len, out);
}

static const char *unquoted(const struct af_token *token)
{
	return token->kind == AFENCE_TOKEN_STRING ? ", without quotes" : "";
}

bool af_read_number(struct af_diagnostics *diagnostics, const struct af_token *token,
	unsigned least, unsigned most, unsigned *out)
{
	struct af_check check;

	if (!af_check_start(&check, diagnostics, token))
		return false;
	if (token->kind == AFENCE_TOKEN_WORD && parse_number(check.text, check.len, "", out) &&
		*out >= least && *out <= most)
		return true;
	return af_check_refuse(&check, "a number from %u to %u%s", least, most, unquoted(token));
}

bool af_read_duration(struct af_diagnostics *diagnostics, const struct af_token *token,
	unsigned most, unsigned *out)
{
	static const struct {
		const char *name;
		unsigned ms;
	} unit[] = {{"ms", 1}, {"s", 1000}};
	struct af_check check;

	if (!af_check_start(&check, diagnostics, token))
		return false;
	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
		if (token->kind == AFENCE_TOKEN_WORD &&
			parse_number(check.text, check.len, unit[i].name, out) && *out > 0 &&
			*out <= most / unit[i].ms) {
			*out *= unit[i].ms;
			return true;
		}
	return af_check_refuse(&check, "a duration from 1ms to %us, such as 300ms or 1s%s",
		most / 1000, unquoted(token));
}
