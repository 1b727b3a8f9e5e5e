/* SPDX-License-Identifier: MIT */
/* Any bytes as an image: refused, or every look-up stays inside and finds what is there.  Length and
 * checksum are made to fit, since no search would ever hit upon them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/image_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct af_image image;
	uint8_t *copy;

	if (length < sizeof(struct af_image_header))
		return af_image_open(bytes, length, &image) == AFENCE_OK;
	copy = malloc(length);
	memcpy(copy, bytes, length);
	repair_image(copy, length);
	if (af_image_open(copy, length, &image) == AFENCE_OK && walk_image(&image).wrong > 0)
		abort();
	free(copy);
	return 0;
}
