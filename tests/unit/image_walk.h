/* SPDX-License-Identifier: MIT */
/*
 * Everything that the reader gives away of an open image, touched once: whatever bytes it was made
 * of, nothing may lie outside, lead round in a ring, or not be found under its own name.
 */
#ifndef IMAGE_WALK_H
#define IMAGE_WALK_H

#include <stdlib.h>
#include <string.h>

#include "af_hash.h"
#include "af_image.h"

/* What was met; `wrong` counts what contradicts itself. */
struct walk {
	const struct af_image *image;
	size_t bytes, rules, services, names, networks, clauses, members, places, values, modules,
		wrong;
};

static inline struct af_suffix af_whole(const char *name)
{
	return (struct af_suffix){name, strlen(name), af_hash_bytes(name, strlen(name))};
}

static inline void walk_string(struct walk *walk, uint32_t offset)
{
	walk->bytes += strlen(af_image_string(walk->image, offset));
}

/* More steps than there are rules are a ring. */
static inline void walk_chain(struct walk *walk, const struct af_image_rule *rule)
{
	size_t left;

	af_image_rules(walk->image, &left);
	for (; rule != NULL && left > 0; rule = af_image_rule(walk->image, rule->next), left--)
		walk_string(walk, rule->name);
	walk->wrong += rule != NULL;
}

static inline void walk_rules(struct walk *walk)
{
	const struct af_image_rule *rule = af_image_rules(walk->image, &walk->rules);

	for (size_t i = 0; i < walk->rules; i++) {
		walk_string(walk, rule[i].file);
		walk_chain(walk, &rule[i]);
		walk->wrong += rule[i].kind >= AFENCE_RULE_KINDS || rule[i].life >= AFENCE_LIVES;
	}
}

static inline void walk_services(struct walk *walk)
{
	const struct af_image_service *service = af_image_services(walk->image, &walk->services);

	for (size_t i = 0; i < walk->services; i++) {
		const char *name = af_image_string(walk->image, service[i].name);

		walk->wrong += af_image_find_service(walk->image, name) != &service[i] ||
			       strlen(name) > AFENCE_SERVICE_MAX;
	}
	walk->wrong += af_image_find_service(walk->image, "\x7f") != NULL && walk->services == 0;
}

static inline void walk_names(struct walk *walk, enum af_image_section_type table)
{
	const struct af_image_name *slot = walk->image->section[table].data;
	struct af_suffix suffix = af_whole("nothing.of.the.kind");

	af_image_find_name(walk->image, table, &suffix);
	for (size_t i = 0; i < walk->image->section[table].count; i++) {
		if (slot[i].name == AFENCE_IMAGE_NONE)
			continue;
		suffix = af_whole(af_image_string(walk->image, slot[i].name));
		walk->wrong += af_image_find_name(walk->image, table, &suffix) !=
			       af_image_rule(walk->image, slot[i].rule);
		walk->names++;
	}
}

static inline void walk_networks(struct walk *walk)
{
	const struct af_image_network *network = af_image_networks(walk->image, &walk->networks);

	for (size_t i = 0; i < walk->networks; i++) {
		const struct af_image_network *found;
		struct af_address address;
		size_t left = walk->networks;

		memcpy(address.byte, network[i].address, sizeof(address.byte));
		found = af_image_find_network(walk->image, &address);
		walk->wrong += found == NULL;
		for (; found != NULL && left > 0; left--) {
			walk_chain(walk, af_image_rule(walk->image, found->rule));
			found = af_image_network_parent(walk->image, found);
		}
		walk->wrong += found != NULL;
	}
}

/* The member is on the chain of its domain. */
static inline void walk_member(
	struct walk *walk, enum af_clause_kind kind, const struct af_image_member *member)
{
	struct af_suffix suffix = af_whole(af_image_string(walk->image, member->domain));
	const struct af_image_member *found = af_image_find_member(walk->image, kind, &suffix);

	for (size_t left = walk->image->section[AFENCE_SECTION_MEMBERS].count;
		found != NULL && found != member && left > 0; left--)
		found = af_image_next_member(walk->image, found);
	walk->wrong += found != member;
	if (member->local != AFENCE_IMAGE_NONE)
		walk_string(walk, member->local);
	walk->members++;
}

static inline void walk_lists(struct walk *walk, const struct af_image_clause *clause)
{
	const struct af_image_member *member = af_image_members(walk->image, &clause->members);
	const struct af_image_place *place = af_image_places(walk->image, &clause->places);
	const uint32_t *port = af_image_values(walk->image, &clause->ports);
	const uint32_t *service = af_image_values(walk->image, &clause->services);

	for (uint32_t i = 0; i < clause->members.count; i++) {
		walk->wrong += af_image_clause_of(walk->image, &member[i]) != clause;
		walk_member(walk, (enum af_clause_kind)clause->kind, &member[i]);
	}
	for (uint32_t i = 0; i < clause->places.count; i++, walk->places++)
		if (place[i].reach != 0)
			walk_string(walk, place[i].name);
	for (uint32_t i = 0; i < clause->ports.count; i++, walk->values++)
		walk->wrong += port[i] == 0 || port[i] > UINT16_MAX;
	for (uint32_t i = 0; i < clause->services.count; i++, walk->values++)
		walk_string(walk, service[i]);
}

static inline void walk_clauses(struct walk *walk)
{
	const struct af_image_clause *clause = af_image_clauses(walk->image, &walk->clauses);

	for (size_t i = 0; i < walk->clauses; i++) {
		walk_string(walk, clause[i].name);
		walk_string(walk, clause[i].file);
		walk_string(walk, clause[i].reason);
		walk_string(walk, clause[i].owner);
		if (clause[i].ticket != AFENCE_IMAGE_NONE)
			walk_string(walk, clause[i].ticket);
		walk_lists(walk, &clause[i]);
	}
}

static inline void walk_modules(struct walk *walk)
{
	const struct af_image_module *module = af_image_modules(walk->image, &walk->modules);

	for (size_t i = 0; i < walk->modules; i++) {
		walk_string(walk, module[i].name);
		walk_string(walk, module[i].file);
		if (module[i].host != AFENCE_IMAGE_NONE)
			walk_string(walk, module[i].host);
		walk->wrong += module[i].line == 0;
	}
}

static inline void walk_single(struct walk *walk)
{
	const struct af_image_settings *settings = af_image_settings(walk->image);
	const struct af_image_origin *origin = af_image_origin(walk->image);

	walk->wrong += af_image_generation(walk->image) == 0 || settings->within_ms == 0;
	if (origin != NULL)
		walk->bytes += strlen(origin->action) + strlen(origin->who) + origin->sources[31];
}

/* IMAGE is open. */
static inline struct walk walk_image(const struct af_image *image)
{
	struct walk walk = {.image = image};

	walk_single(&walk);
	walk_rules(&walk);
	walk_services(&walk);
	walk_names(&walk, AFENCE_SECTION_IDENTITIES);
	walk_names(&walk, AFENCE_SECTION_TARGETS);
	walk_networks(&walk);
	walk_clauses(&walk);
	walk_modules(&walk);
	return walk;
}

/* Makes the checksum fit, so that only the checks of structure are left. */
static inline void seal_image(uint8_t *bytes, size_t length)
{
	struct af_image_header header;

	memcpy(&header, bytes, sizeof(header));
	header.checksum = af_image_checksum(bytes, length);
	memcpy(bytes, &header, sizeof(header));
}

/* The length too. */
static inline void repair_image(uint8_t *bytes, size_t length)
{
	struct af_image_header header;

	memcpy(&header, bytes, sizeof(header));
	header.length = length;
	memcpy(bytes, &header, sizeof(header));
	seal_image(bytes, length);
}

#endif
