/* SPDX-License-Identifier: MIT */
/*
 * The reader of compiled policies.  All distrust sits in af_image_open(): it follows every
 * offset and index of the image once, so that a look-up needs no check of its own and can
 * neither leave the image nor run for ever.  Relies on the bytes not changing afterwards.
 */
#include "af_image.h"

#include <string.h>

#include "af_hash.h"
#include "af_siphash.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "images are little endian and read in place"
#endif

#define IPV4_BITS 96 /* of the prefix ::ffff:0:0 */

_Static_assert(sizeof(struct af_image_header) == 632, "layout of the file");
_Static_assert(sizeof(struct af_image_settings) == 40, "layout of the file");
_Static_assert(sizeof(struct af_image_rule) == 20, "layout of the file");
_Static_assert(sizeof(struct af_image_name) == 12, "layout of the file");
_Static_assert(sizeof(struct af_image_network) == 28, "layout of the file");
_Static_assert(sizeof(struct af_image_service) == 8, "layout of the file");
_Static_assert(sizeof(struct af_image_clause) == 72, "layout of the file");
_Static_assert(sizeof(struct af_image_member) == 20, "layout of the file");
_Static_assert(sizeof(struct af_image_place) == 24, "layout of the file");
_Static_assert(sizeof(struct af_image_origin) == 120, "layout of the file");

static const uint32_t element_size[AFENCE_SECTION_TYPES_END] = {
	[AFENCE_SECTION_STRINGS] = sizeof(char),
	[AFENCE_SECTION_SETTINGS] = sizeof(struct af_image_settings),
	[AFENCE_SECTION_RULES] = sizeof(struct af_image_rule),
	[AFENCE_SECTION_IDENTITIES] = sizeof(struct af_image_name),
	[AFENCE_SECTION_TARGETS] = sizeof(struct af_image_name),
	[AFENCE_SECTION_NETWORKS] = sizeof(struct af_image_network),
	[AFENCE_SECTION_SERVICES] = sizeof(struct af_image_service),
	[AFENCE_SECTION_CLAUSES] = sizeof(struct af_image_clause),
	[AFENCE_SECTION_EXCEPTED] = sizeof(struct af_image_name),
	[AFENCE_SECTION_PROTECTED] = sizeof(struct af_image_name),
	[AFENCE_SECTION_MEMBERS] = sizeof(struct af_image_member),
	[AFENCE_SECTION_PLACES] = sizeof(struct af_image_place),
	[AFENCE_SECTION_VALUES] = sizeof(uint32_t),
	[AFENCE_SECTION_ORIGIN] = sizeof(struct af_image_origin),
};

uint64_t af_image_checksum(const uint8_t *bytes, size_t length)
{
	struct af_image_header header;
	struct af_siphash state;

	memcpy(&header, bytes, sizeof(header));
	header.checksum = 0;
	af_siphash_start(&state, UINT64_C(0x636e656668747561), UINT64_C(0x7963696c6f702065));
	af_siphash_add(&state, &header, sizeof(header));
	af_siphash_add(&state, bytes + sizeof(header), length - sizeof(header));
	return af_siphash_finish(&state);
}

/* A newer writer may lay out everything behind these fields differently, checksum included. */
static enum af_status check_header(const uint8_t *bytes, size_t length)
{
	const struct af_image_header *header = (const void *)bytes;

	if (length < sizeof(*header) || length > AFENCE_IMAGE_MAX || (uintptr_t)bytes % 8 != 0)
		return AFENCE_ERR_DAMAGED;
	if (memcmp(header->magic, AFENCE_IMAGE_MAGIC, sizeof(header->magic)) != 0 ||
		header->length != length)
		return AFENCE_ERR_DAMAGED;
	if (header->min_reader == 0 || header->min_reader > header->format)
		return AFENCE_ERR_DAMAGED;
	if (header->min_reader > AFENCE_IMAGE_FORMAT)
		return AFENCE_ERR_NEWER;
	if (header->section_count > AFENCE_IMAGE_SECTIONS || header->generation == 0 ||
		header->reserved != 0)
		return AFENCE_ERR_DAMAGED;
	if (header->checksum != af_image_checksum(bytes, length))
		return AFENCE_ERR_DAMAGED;
	return AFENCE_OK;
}

static bool take_section(struct af_image *image, const struct af_image_section *section)
{
	if (section->offset < sizeof(struct af_image_header) || section->offset % 8 != 0 ||
		section->offset > image->length || section->size == 0 ||
		section->count > (image->length - section->offset) / section->size)
		return false;
	if (section->type == 0 || section->type >= AFENCE_SECTION_TYPES_END)
		return true; /* of a newer writer */
	if (section->size != element_size[section->type] ||
		image->section[section->type].data != NULL)
		return false;
	image->section[section->type].data = image->bytes + section->offset;
	image->section[section->type].count = (size_t)section->count;
	return true;
}

static bool check_strings(const struct af_image *image)
{
	size_t count = image->section[AFENCE_SECTION_STRINGS].count;

	return count == 0 || *af_image_string(image, (uint32_t)(count - 1)) == '\0';
}

static bool is_string(const struct af_image *image, uint32_t offset)
{
	return offset < image->section[AFENCE_SECTION_STRINGS].count;
}

static bool check_settings(const struct af_image *image)
{
	static const uint8_t nowhere[16];
	const struct af_image_settings *settings = af_image_settings(image);

	return image->section[AFENCE_SECTION_SETTINGS].count == 1 &&
	       settings->mode <= AFENCE_MODE_OFF && settings->on_block <= AFENCE_ON_BLOCK_REFUSE &&
	       settings->log_identity <= AFENCE_LOG_NONE && settings->unknown <= 1 &&
	       settings->resolve <= 1 && settings->has_server <= 1 && settings->within_ms > 0 &&
	       settings->within_ms <= AFENCE_WITHIN_MS_MAX && settings->reserved == 0 &&
	       (settings->has_server == 1 ||
		       (settings->server_port == 0 &&
			       memcmp(settings->server, nowhere, sizeof(nowhere)) == 0));
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

/* A chain only ever leads on to greater indices, so it ends. */
static bool check_rules(const struct af_image *image)
{
	size_t count = image->section[AFENCE_SECTION_RULES].count;

	for (uint32_t i = 0; i < count; i++) {
		const struct af_image_rule *rule = af_image_rule(image, i);

		if (home_of(rule) == 0 || rule->reserved != 0 || rule->line == 0 ||
			!is_string(image, rule->name) || !is_string(image, rule->file))
			return false;
		if (rule->next != AFENCE_IMAGE_NONE &&
			(rule->next <= i || !is_rule_of(image, rule->next, home_of(rule))))
			return false;
	}
	return true;
}

static const struct af_image_name *find_slot(
	const struct af_image *image, unsigned table, uint32_t hash, const char *text, size_t len)
{
	const struct af_image_name *slot = image->section[table].data;
	size_t mask = image->section[table].count - 1;

	if (image->section[table].count == 0)
		return NULL;
	for (size_t i = hash & mask; slot[i].name != AFENCE_IMAGE_NONE; i = (i + 1) & mask) {
		const char *name = af_image_string(image, slot[i].name);

		if (slot[i].hash == hash && strncmp(name, text, len) == 0 && name[len] == '\0')
			return &slot[i];
	}
	return NULL;
}

/* The name stands where a search for it ends, and its rule is one for this table. */
static bool check_slot(
	const struct af_image *image, unsigned table, const struct af_image_name *slot)
{
	const char *name = af_image_string(image, slot->name);
	size_t len = strlen(name);

	return slot->hash == af_hash_bytes(name, len) && is_rule_of(image, slot->rule, table) &&
	       find_slot(image, table, slot->hash, name, len) == slot;
}

/* Offsets first, and the free slots that bound a search; only then is a name looked for. */
static bool check_names(const struct af_image *image, unsigned table)
{
	const struct af_image_name *slot = image->section[table].data;
	size_t count = image->section[table].count, used = 0;

	if ((count & (count - 1)) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (slot[i].name == AFENCE_IMAGE_NONE)
			continue;
		if (!is_string(image, slot[i].name))
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

static bool check_identities(const struct af_image *image)
{
	return check_names(image, AFENCE_SECTION_IDENTITIES);
}

static bool check_targets(const struct af_image *image)
{
	return check_names(image, AFENCE_SECTION_TARGETS);
}

static struct af_address address_of(const struct af_image_network *network)
{
	struct af_address address;

	memcpy(address.byte, network->address, sizeof(address.byte));
	return address;
}

static bool is_in(const struct af_address *address, const struct af_image_network *network)
{
	struct af_address base = address_of(network);

	return af_address_in(address, &base, network->prefix);
}

static bool has_host_bits(const struct af_image_network *network)
{
	for (unsigned bit = network->prefix; bit < 128; bit++)
		if ((network->address[bit / 8] & 0x80 >> bit % 8) != 0)
			return true;
	return false;
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
		struct af_address base = address_of(&network[i]);
		uint32_t parent = i == 0 ? AFENCE_IMAGE_NONE : (uint32_t)(i - 1);

		if (network[i].prefix > 128 || has_host_bits(&network[i]) ||
			!is_rule_of(image, network[i].rule, AFENCE_SECTION_NETWORKS))
			return false;
		if (i > 0 && compare_networks(&network[i - 1], &network[i]) >= 0)
			return false;
		while (parent != AFENCE_IMAGE_NONE && !is_in(&base, &network[parent]))
			parent = network[parent].parent;
		if (network[i].parent != parent)
			return false;
	}
	return true;
}

enum af_status af_image_open(const uint8_t *bytes, size_t length, struct af_image *out)
{
	/* In this order: each relies on those before it. */
	static bool (*const check[])(const struct af_image *) = {check_strings, check_settings,
		check_rules, check_identities, check_targets, check_networks};
	const struct af_image_header *header = (const void *)bytes;
	struct af_image image = {.bytes = bytes, .length = length};
	enum af_status status = check_header(bytes, length);

	memset(out, 0, sizeof(*out));
	if (status != AFENCE_OK)
		return status;
	for (uint32_t i = 0; i < header->section_count; i++)
		if (!take_section(&image, &header->section[i]))
			return AFENCE_ERR_DAMAGED;
	for (size_t i = 0; i < sizeof(check) / sizeof(check[0]); i++)
		if (!check[i](&image))
			return AFENCE_ERR_DAMAGED;
	*out = image;
	return AFENCE_OK;
}

uint64_t af_image_generation(const struct af_image *image)
{
	return ((const struct af_image_header *)(const void *)image->bytes)->generation;
}

int64_t af_image_created(const struct af_image *image)
{
	return ((const struct af_image_header *)(const void *)image->bytes)->created;
}

const struct af_image_settings *af_image_settings(const struct af_image *image)
{
	return image->section[AFENCE_SECTION_SETTINGS].data;
}

const char *af_image_string(const struct af_image *image, uint32_t offset)
{
	return (const char *)image->section[AFENCE_SECTION_STRINGS].data + offset;
}

const struct af_image_rule *af_image_rule(const struct af_image *image, uint32_t index)
{
	const struct af_image_rule *rule = image->section[AFENCE_SECTION_RULES].data;

	return index == AFENCE_IMAGE_NONE ? NULL : &rule[index];
}

const struct af_image_rule *af_image_find_name(const struct af_image *image,
	enum af_image_section_type table, const struct af_suffix *suffix)
{
	const struct af_image_name *slot =
		find_slot(image, table, suffix->hash, suffix->text, suffix->len);

	return slot == NULL ? NULL : af_image_rule(image, slot->rule);
}

static const struct af_image_network *network_around(
	const struct af_image *image, const struct af_image_network *network)
{
	const struct af_image_network *first = image->section[AFENCE_SECTION_NETWORKS].data;

	return network->parent == AFENCE_IMAGE_NONE ? NULL : &first[network->parent];
}

/* The IPv4-mapped form is ours: who writes ::/0 means IPv6. */
static bool holds(const struct af_image_network *network, const struct af_address *address)
{
	static const struct af_address ipv4 = {{[10] = 0xff, [11] = 0xff}};

	return is_in(address, network) &&
	       (network->prefix >= IPV4_BITS || !af_address_in(address, &ipv4, IPV4_BITS));
}

/* The last network that begins at or before ADDRESS: if none of it and those around it holds
 * ADDRESS, none does. */
const struct af_image_network *af_image_find_network(
	const struct af_image *image, const struct af_address *address)
{
	const struct af_image_network *network = image->section[AFENCE_SECTION_NETWORKS].data;
	size_t low = 0, high = image->section[AFENCE_SECTION_NETWORKS].count;
	const struct af_image_network *found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(network[middle].address, address->byte, sizeof(address->byte)) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	found = low == 0 ? NULL : &network[low - 1];
	while (found != NULL && !holds(found, address))
		found = network_around(image, found);
	return found;
}

const struct af_image_network *af_image_network_parent(
	const struct af_image *image, const struct af_image_network *network)
{
	const struct af_image_network *around = network_around(image, network);
	struct af_address base = address_of(network);

	return around != NULL && holds(around, &base) ? around : NULL;
}
