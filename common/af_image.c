/* SPDX-License-Identifier: MIT */
/*
 * The reader of compiled policies.  All distrust sits in af_image_open(): it follows every
 * offset and index of the image once (af_image_check.c), so that a look-up needs no check of its
 * own and can neither leave the image nor run for ever.  Relies on the bytes not changing
 * afterwards.
 */
#include "af_image.h"

#include <string.h>

#include "af_image_parts.h"
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
_Static_assert(sizeof(struct af_image_module) == 16, "layout of the file");

const uint32_t af_image_element_size[AFENCE_SECTION_TYPES_END] = {
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
	[AFENCE_SECTION_MODULES] = sizeof(struct af_image_module),
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
	if (section->size != af_image_element_size[section->type] ||
		image->section[section->type].data != NULL)
		return false;
	image->section[section->type].data = image->bytes + section->offset;
	image->section[section->type].count = (size_t)section->count;
	return true;
}

enum af_status af_image_open(const uint8_t *bytes, size_t length, struct af_image *out)
{
	const struct af_image_header *header = (const void *)bytes;
	struct af_image image = {.bytes = bytes, .length = length};
	enum af_status status = check_header(bytes, length);

	memset(out, 0, sizeof(*out));
	if (status != AFENCE_OK)
		return status;
	for (uint32_t i = 0; i < header->section_count; i++)
		if (!take_section(&image, &header->section[i]))
			return AFENCE_ERR_DAMAGED;
	if (!af_image_check(&image))
		return AFENCE_ERR_DAMAGED;
	*out = image;
	return AFENCE_OK;
}

static const void *elements(
	const struct af_image *image, enum af_image_section_type type, size_t *count)
{
	*count = image->section[type].count;
	return *count == 0 ? NULL : image->section[type].data;
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

const struct af_image_origin *af_image_origin(const struct af_image *image)
{
	return elements(image, AFENCE_SECTION_ORIGIN, &(size_t){0});
}

const struct af_image_service *af_image_find_service(const struct af_image *image, const char *name)
{
	size_t low = 0, high;
	const struct af_image_service *service = af_image_services(image, &high);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, af_image_string(image, service[middle].name));

		if (order == 0)
			return &service[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct af_image_name *af_image_find_slot(
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

const struct af_image_rule *af_image_find_name(const struct af_image *image,
	enum af_image_section_type table, const struct af_suffix *suffix)
{
	const struct af_image_name *slot =
		af_image_find_slot(image, table, suffix->hash, suffix->text, suffix->len);

	return slot == NULL ? NULL : af_image_rule(image, slot->rule);
}

const struct af_image_member *af_image_find_member(
	const struct af_image *image, enum af_clause_kind kind, const struct af_suffix *suffix)
{
	const struct af_image_member *member = image->section[AFENCE_SECTION_MEMBERS].data;
	const struct af_image_name *slot = af_image_find_slot(
		image, af_image_table_of(kind), suffix->hash, suffix->text, suffix->len);

	return slot == NULL ? NULL : &member[slot->rule];
}

const struct af_image_member *af_image_next_member(
	const struct af_image *image, const struct af_image_member *member)
{
	const struct af_image_member *first = image->section[AFENCE_SECTION_MEMBERS].data;

	return member->next == AFENCE_IMAGE_NONE ? NULL : &first[member->next];
}

const struct af_image_clause *af_image_clause_of(
	const struct af_image *image, const struct af_image_member *member)
{
	const struct af_image_clause *clause = image->section[AFENCE_SECTION_CLAUSES].data;

	return &clause[member->clause];
}

const struct af_image_rule *af_image_rules(const struct af_image *image, size_t *count)
{
	return elements(image, AFENCE_SECTION_RULES, count);
}

const struct af_image_service *af_image_services(const struct af_image *image, size_t *count)
{
	return elements(image, AFENCE_SECTION_SERVICES, count);
}

const struct af_image_clause *af_image_clauses(const struct af_image *image, size_t *count)
{
	return elements(image, AFENCE_SECTION_CLAUSES, count);
}

const struct af_image_network *af_image_networks(const struct af_image *image, size_t *count)
{
	return elements(image, AFENCE_SECTION_NETWORKS, count);
}

const struct af_image_module *af_image_modules(const struct af_image *image, size_t *count)
{
	return elements(image, AFENCE_SECTION_MODULES, count);
}

const struct af_image_member *af_image_members(
	const struct af_image *image, const struct af_image_range *range)
{
	const struct af_image_member *member = image->section[AFENCE_SECTION_MEMBERS].data;

	return range->count == 0 ? NULL : &member[range->first];
}

const struct af_image_place *af_image_places(
	const struct af_image *image, const struct af_image_range *range)
{
	const struct af_image_place *place = image->section[AFENCE_SECTION_PLACES].data;

	return range->count == 0 ? NULL : &place[range->first];
}

const uint32_t *af_image_values(const struct af_image *image, const struct af_image_range *range)
{
	const uint32_t *value = image->section[AFENCE_SECTION_VALUES].data;

	return range->count == 0 ? NULL : &value[range->first];
}

bool af_image_has_host_bits(const uint8_t address[16], unsigned prefix)
{
	for (unsigned bit = prefix; bit < 128; bit++)
		if ((address[bit / 8] & 0x80 >> bit % 8) != 0)
			return true;
	return false;
}

struct af_address af_image_base(const struct af_image_network *network)
{
	struct af_address address;

	memcpy(address.byte, network->address, sizeof(address.byte));
	return address;
}

bool af_image_is_in(const struct af_address *address, const struct af_image_network *network)
{
	struct af_address base = af_image_base(network);

	return af_address_in(address, &base, network->prefix);
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

	return af_image_is_in(address, network) &&
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
	struct af_address base = af_image_base(network);

	return around != NULL && holds(around, &base) ? around : NULL;
}
