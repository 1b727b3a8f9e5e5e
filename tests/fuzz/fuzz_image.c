/* SPDX-License-Identifier: MIT */
/* Any bytes as an image: refused, or every look-up stays inside.  Length and checksum are made to
 * fit, since no search would ever hit upon them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "af_hash.h"
#include "af_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static size_t follow(const struct af_image *image, const struct af_image_rule *rule)
{
	size_t sum = 0;

	for (; rule != NULL; rule = af_image_rule(image, rule->next))
		sum += strlen(af_image_string(image, rule->name)) +
		       strlen(af_image_string(image, rule->file));
	return sum;
}

static size_t find_names(const struct af_image *image, unsigned table)
{
	const struct af_image_name *slot = image->section[table].data;
	size_t sum = 0;

	for (size_t i = 0; i < image->section[table].count; i++) {
		const char *name = "nothing";
		struct af_suffix suffix;
		const struct af_image_rule *rule;

		if (slot[i].name != AFENCE_IMAGE_NONE)
			name = af_image_string(image, slot[i].name);
		suffix = (struct af_suffix){name, strlen(name), af_hash_bytes(name, strlen(name))};
		rule = af_image_find_name(image, table, &suffix);
		if (rule == NULL && slot[i].name != AFENCE_IMAGE_NONE)
			abort();
		sum += follow(image, rule);
	}
	return sum;
}

static size_t find_networks(const struct af_image *image)
{
	const struct af_image_network *network = image->section[AFENCE_SECTION_NETWORKS].data;
	size_t sum = 0;

	for (size_t i = 0; i < image->section[AFENCE_SECTION_NETWORKS].count; i++) {
		const struct af_image_network *found;
		struct af_address address;

		memcpy(address.byte, network[i].address, sizeof(address.byte));
		found = af_image_find_network(image, &address);
		if (found == NULL)
			abort();
		for (; found != NULL; found = af_image_network_parent(image, found))
			sum += follow(image, af_image_rule(image, found->rule));
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct af_image_header header;
	volatile size_t sum = 0;
	struct af_image image;
	uint8_t *copy;

	if (length < sizeof(header))
		return af_image_open(bytes, length, &image) == AFENCE_OK;
	copy = malloc(length);
	memcpy(copy, bytes, length);
	memcpy(&header, copy, sizeof(header));
	header.length = length;
	memcpy(copy, &header, sizeof(header));
	header.checksum = af_image_checksum(copy, length);
	memcpy(copy, &header, sizeof(header));
	if (af_image_open(copy, length, &image) == AFENCE_OK)
		sum = find_names(&image, AFENCE_SECTION_IDENTITIES) +
		      find_names(&image, AFENCE_SECTION_TARGETS) + find_networks(&image);
	(void)sum;
	free(copy);
	return 0;
}
