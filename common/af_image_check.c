/* SPDX-License-Identifier: MIT */
/*
 * Verification of what is in the sections: every offset and index is followed once.  Clauses are
 * in af_image_clauses.c.
 */
#include <string.h>

#include "af_hash.h"
#include "af_image_parts.h"

static bool check_strings(const struct af_image *image)
{
	size_t count = image->section[AFENCE_SECTION_STRINGS].count;

	return count == 0 || *af_image_string(image, (uint32_t)(count - 1)) == '\0';
}

static bool has_end(const struct af_image_settings *settings)
{
	return settings->mode_until > 0 ? settings->mode_after <= AFENCE_MODE_OFF
					: settings->mode_until == 0 && settings->mode_after == 0;
}

static bool check_settings(const struct af_image *image)
{
	static const uint8_t nowhere[16];
	const struct af_image_settings *settings = af_image_settings(image);

	return image->section[AFENCE_SECTION_SETTINGS].count == 1 &&
	       settings->mode <= AFENCE_MODE_OFF && has_end(settings) &&
	       settings->on_block <= AFENCE_ON_BLOCK_REFUSE &&
	       settings->log_identity <= AFENCE_LOG_NONE && settings->unknown <= 1 &&
	       settings->resolve <= 1 && settings->has_server <= 1 && settings->within_ms > 0 &&
	       settings->within_ms <= AFENCE_WITHIN_MS_MAX && settings->on_trial <= 1 &&
	       settings->reserved == 0 &&
	       (settings->has_server == 1 ||
		       (settings->server_port == 0 &&
			       memcmp(settings->server, nowhere, sizeof(nowhere)) == 0));
}

static bool is_text(const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len < room;
}

static bool check_origin(const struct af_image *image)
{
	const struct af_image_origin *origin = af_image_origin(image);

	return image->section[AFENCE_SECTION_ORIGIN].count <= 1 &&
	       (origin == NULL || (is_text(origin->action, sizeof(origin->action)) &&
					  is_text(origin->who, sizeof(origin->who))));
}

static bool is_value(uint8_t value, unsigned most)
{
	return value <= most || value == AFENCE_UNSET;
}

static bool check_services(const struct af_image *image)
{
	size_t count;
	const struct af_image_service *service = af_image_services(image, &count);

	for (size_t i = 0; i < count; i++) {
		if (!is_value(service[i].mode, AFENCE_MODE_OFF) ||
			!is_value(service[i].on_block, AFENCE_ON_BLOCK_REFUSE) ||
			!is_value(service[i].unknown, 1) || !is_value(service[i].resolve, 1) ||
			!af_image_is_service(image, service[i].name))
			return false;
		if (i > 0 && strcmp(af_image_string(image, service[i - 1].name),
				     af_image_string(image, service[i].name)) >= 0)
			return false;
	}
	return true;
}

/* The section whose elements a rule can hang on; 0 for a rule that makes no sense. */
static unsigned home_of(const struct af_image_rule *rule)
{
	if (rule->kind == AFENCE_RULE_RESERVE)
		return rule->reach == AFENCE_REACH_BOTH ? AFENCE_SECTION_IDENTITIES : 0;
	if (rule->kind >= AFENCE_RULE_KINDS || rule->reach > AFENCE_REACH_BOTH)
		return 0;
	return rule->reach == 0 ? AFENCE_SECTION_NETWORKS : AFENCE_SECTION_TARGETS;
}

static bool is_rule_of(const struct af_image *image, uint32_t index, unsigned home)
{
	return index < image->section[AFENCE_SECTION_RULES].count &&
	       home_of(af_image_rule(image, index)) == home;
}

/* New rules that could refuse may be on trial; what is gone from a policy is gone at once. */
static bool is_life(const struct af_image *image, const struct af_image_rule *rule)
{
	return rule->life == AFENCE_LIFE_FULL ||
	       (rule->life == AFENCE_LIFE_TRIAL && rule->kind != AFENCE_RULE_INTERNAL &&
		       af_image_settings(image)->on_trial == 1);
}

/* A chain only ever leads on to greater indices, so it ends. */
static bool check_rules(const struct af_image *image)
{
	size_t count = image->section[AFENCE_SECTION_RULES].count;

	for (uint32_t i = 0; i < count; i++) {
		const struct af_image_rule *rule = af_image_rule(image, i);

		if (home_of(rule) == 0 || !is_life(image, rule) || rule->reserved != 0 ||
			rule->line == 0 || !af_image_is_string(image, rule->name) ||
			!af_image_is_string(image, rule->file))
			return false;
		if (rule->next != AFENCE_IMAGE_NONE &&
			(rule->next <= i || !is_rule_of(image, rule->next, home_of(rule))))
			return false;
	}
	return true;
}

/* For a table of rules or one of members. */
static bool is_of_table(
	const struct af_image *image, unsigned table, const struct af_image_name *slot)
{
	if (table == AFENCE_SECTION_IDENTITIES || table == AFENCE_SECTION_TARGETS)
		return is_rule_of(image, slot->rule, table);
	return af_image_is_member_of(image, slot->rule, table, af_image_string(image, slot->name));
}

/* The name stands where a search for it ends, and its rule is one for this table. */
static bool check_slot(
	const struct af_image *image, unsigned table, const struct af_image_name *slot)
{
	const char *name = af_image_string(image, slot->name);
	size_t len = strnlen(name, AFENCE_DOMAIN_MAX + 1);

	return len <= AFENCE_DOMAIN_MAX && slot->hash == af_hash_bytes(name, len) &&
	       is_of_table(image, table, slot) &&
	       af_image_find_slot(image, table, slot->hash, name, len) == slot;
}

/* Offsets first, and the free slots that bound a search; only then is a name looked for. */
static bool check_table(const struct af_image *image, unsigned table)
{
	const struct af_image_name *slot = image->section[table].data;
	size_t count = image->section[table].count, used = 0;

	if ((count & (count - 1)) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (slot[i].name == AFENCE_IMAGE_NONE)
			continue;
		if (!af_image_is_string(image, slot[i].name))
			return false;
		used++;
	}
	if (used > count / 2)
		return false;
	for (size_t i = 0; i < count; i++)
		if (slot[i].name != AFENCE_IMAGE_NONE && !check_slot(image, table, &slot[i]))
			return false;
	return true;
}

static bool check_tables(const struct af_image *image)
{
	return check_table(image, AFENCE_SECTION_IDENTITIES) &&
	       check_table(image, AFENCE_SECTION_TARGETS) &&
	       check_table(image, AFENCE_SECTION_EXCEPTED) &&
	       check_table(image, AFENCE_SECTION_PROTECTED) && af_image_check_chains(image);
}

static int compare_networks(const struct af_image_network *a, const struct af_image_network *b)
{
	int order = memcmp(a->address, b->address, sizeof(a->address));

	return order != 0 ? order : (a->prefix > b->prefix) - (a->prefix < b->prefix);
}

/* In sorted order the networks around one are its predecessor or the predecessor's parents. */
static bool check_networks(const struct af_image *image)
{
	const struct af_image_network *network = image->section[AFENCE_SECTION_NETWORKS].data;
	size_t count = image->section[AFENCE_SECTION_NETWORKS].count;

	for (size_t i = 0; i < count; i++) {
		struct af_address base = af_image_base(&network[i]);
		uint32_t parent = i == 0 ? AFENCE_IMAGE_NONE : (uint32_t)(i - 1);

		if (network[i].prefix > 128 ||
			af_image_has_host_bits(network[i].address, network[i].prefix) ||
			!is_rule_of(image, network[i].rule, AFENCE_SECTION_NETWORKS))
			return false;
		if (i > 0 && compare_networks(&network[i - 1], &network[i]) >= 0)
			return false;
		while (parent != AFENCE_IMAGE_NONE && !af_image_is_in(&base, &network[parent]))
			parent = network[parent].parent;
		if (network[i].parent != parent)
			return false;
	}
	return true;
}

static bool is_module(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && strcmp(name + len - 3, ".so") == 0 && strchr(name, '/') == NULL;
}

static bool is_host(const char *host)
{
	size_t len = strnlen(host, AFENCE_DOMAIN_MAX + 1);
	struct af_address address;
	struct af_domain domain;

	return len <= AFENCE_DOMAIN_MAX &&
	       (af_address_parse(host, len, &address) ||
		       (af_domain_parse(host, len, &domain) == AFENCE_OK &&
			       strcmp(domain.name, host) == 0));
}

/* A module that is local has no other row, and none has a server twice. */
static bool follows(const struct af_image *image, const struct af_image_module *row)
{
	int order = strcmp(af_image_string(image, row[-1].name), af_image_string(image, row->name));

	if (order != 0)
		return order < 0;
	return row[-1].host != AFENCE_IMAGE_NONE && row->host != AFENCE_IMAGE_NONE &&
	       strcmp(af_image_string(image, row[-1].host), af_image_string(image, row->host)) < 0;
}

static bool check_modules(const struct af_image *image)
{
	size_t count;
	const struct af_image_module *row = af_image_modules(image, &count);

	for (size_t i = 0; i < count; i++) {
		if (row[i].line == 0 || !af_image_is_string(image, row[i].file) ||
			!af_image_is_string(image, row[i].name) ||
			!is_module(af_image_string(image, row[i].name)))
			return false;
		if (row[i].host != AFENCE_IMAGE_NONE &&
			(!af_image_is_string(image, row[i].host) ||
				!is_host(af_image_string(image, row[i].host))))
			return false;
		if (i > 0 && !follows(image, &row[i]))
			return false;
	}
	return true;
}

/* The other way round, a life is looked at where it stands. */
static bool check_trial(const struct af_image *image)
{
	const struct af_image_rule *rule = image->section[AFENCE_SECTION_RULES].data;
	const struct af_image_clause *clause = image->section[AFENCE_SECTION_CLAUSES].data;

	if (af_image_settings(image)->on_trial == 0)
		return true;
	for (size_t i = 0; i < image->section[AFENCE_SECTION_RULES].count; i++)
		if (rule[i].life != AFENCE_LIFE_FULL)
			return true;
	for (size_t i = 0; i < image->section[AFENCE_SECTION_CLAUSES].count; i++)
		if (clause[i].life != AFENCE_LIFE_FULL)
			return true;
	return false;
}

bool af_image_check(const struct af_image *image)
{
	/* In this order: each relies on those before it. */
	static bool (*const check[])(const struct af_image *) = {check_strings, check_settings,
		check_origin, check_services, check_rules, af_image_check_clauses, check_tables,
		check_networks, check_modules, check_trial};

	for (size_t i = 0; i < sizeof(check) / sizeof(check[0]); i++)
		if (!check[i](image))
			return false;
	return true;
}
