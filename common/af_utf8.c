/* SPDX-License-Identifier: MIT */
#include "af_utf8.h"

#include <stdint.h>

/* By length: the bits of the first byte that tell it, and the least code point it may hold. */
static const struct {
	uint8_t mask;
	uint8_t lead;
	uint32_t least;
} shape[] = {
	[1] = {0x80, 0x00, 0},
	[2] = {0xe0, 0xc0, 0x80},
	[3] = {0xf0, 0xe0, 0x800},
	[4] = {0xf8, 0xf0, 0x10000},
};

/* Characters that end a line, steer a terminal or turn the reading direction. */
static const struct {
	uint32_t first, last;
} unprintable[] = {
	{0x0, 0x1f},
	{0x7f, 0x9f},
	{0x200e, 0x200f},
	{0x2028, 0x202e},
	{0x2066, 0x2069},
	{0xfeff, 0xfeff},
};

static size_t decode(const char *text, size_t len, uint32_t *out)
{
	for (size_t n = 1; n <= 4 && n <= len; n++) {
		uint8_t first = (uint8_t)text[0];
		uint32_t c = first & (uint8_t)~shape[n].mask;

		if ((first & shape[n].mask) != shape[n].lead)
			continue;
		for (size_t i = 1; i < n; i++) {
			uint8_t byte = (uint8_t)text[i];

			if ((byte & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (byte & 0x3f);
		}
		if (c < shape[n].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
		*out = c;
		return n;
	}
	return 0;
}

size_t af_utf8_sequence(const char *text, size_t len)
{
	uint32_t c;

	return decode(text, len, &c);
}

size_t af_utf8_printable(const char *text, size_t len)
{
	uint32_t c = 0;
	size_t taken = decode(text, len, &c);

	for (size_t i = 0; i < sizeof(unprintable) / sizeof(unprintable[0]); i++)
		if (taken > 0 && c >= unprintable[i].first && c <= unprintable[i].last)
			return 0;
	return taken;
}
