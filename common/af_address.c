/* SPDX-License-Identifier: MIT */
/*
 * Addresses: literals, text form, built-in class.
 *
 * The attack to keep in mind is a spelling that this file reads one way and the connecting
 * program another; so text is left to libc's own inet_aton() and inet_pton(), which glibc's
 * getaddrinfo() asks too, and only what they let slip is checked here.
 */
#include "af_address.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "af_tables.h"

#define LITERAL_MAX 255

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

const char *af_target_class_string(enum af_target_class class)
{
	switch (class) {
	case AFENCE_TARGET_LOCAL:
		return "local";
	case AFENCE_TARGET_INTERNAL:
		return "internal";
	case AFENCE_TARGET_UNKNOWN:
		return "unknown";
	case AFENCE_TARGET_EXTERNAL:
		return "external";
	}
	return "unknown";
}

bool af_address_equal(const struct af_address *a, const struct af_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool af_address_in(const struct af_address *a, const struct af_address *net, unsigned prefix)
{
	unsigned bytes = prefix / 8;
	unsigned bits = prefix % 8;

	if (prefix > 128 || memcmp(a, net, bytes) != 0)
		return false;
	return bits == 0 || (a->byte[bytes] ^ net->byte[bytes]) >> (8 - bits) == 0;
}

static void set_ipv4(const void *bytes, struct af_address *out)
{
	memcpy(out->byte, mapped_prefix, sizeof(mapped_prefix));
	memcpy(out->byte + sizeof(mapped_prefix), bytes, 4);
}

/* inet_aton() stops at a blank and calls the rest comment: such text never reaches it. */
static bool parse_ipv4(const char *text, struct af_address *out)
{
	struct in_addr in;

	if (text[strspn(text, "0123456789abcdefABCDEFxX.")] != '\0' || inet_aton(text, &in) == 0)
		return false;
	set_ipv4(&in, out);
	return true;
}

static bool parse_ipv6(char *text, struct af_address *out)
{
	char *zone = strchr(text, '%');

	if (zone != NULL && zone[1] == '\0')
		return false;
	if (zone != NULL)
		*zone = '\0';
	return inet_pton(AF_INET6, text, out) == 1;
}

bool af_address_parse(const char *text, size_t len, struct af_address *out)
{
	char copy[LITERAL_MAX + 1];

	memset(out, 0, sizeof(*out));
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len > LITERAL_MAX || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return parse_ipv4(copy, out) || parse_ipv6(copy, out);
}

bool af_address_from_sockaddr(const struct sockaddr *sa, struct af_address *out, uint16_t *port)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	uint16_t network_port;

	memset(out, 0, sizeof(*out));
	if (sa->sa_family == AF_INET) {
		memcpy(&four, sa, sizeof(four));
		set_ipv4(&four.sin_addr, out);
		network_port = four.sin_port;
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&six, sa, sizeof(six));
		memcpy(out, &six.sin6_addr, sizeof(*out));
		network_port = six.sin6_port;
	} else {
		return false;
	}
	if (port != NULL)
		*port = ntohs(network_port);
	return true;
}

const char *af_address_format(const struct af_address *a, char text[AFENCE_ADDRESS_TEXT_MAX])
{
	bool four = memcmp(a->byte, mapped_prefix, sizeof(mapped_prefix)) == 0;

	/* Cannot fail: the families are known and the room is what they need. */
	inet_ntop(four ? AF_INET : AF_INET6, a->byte + (four ? sizeof(mapped_prefix) : 0), text,
		AFENCE_ADDRESS_TEXT_MAX);
	return text;
}

static const struct af_address_block *find_block(const struct af_address *a)
{
	for (size_t i = 0; i < af_blocks_count; i++)
		if (af_address_in(a, &af_blocks[i].address, af_blocks[i].prefix))
			return &af_blocks[i];
	return NULL;
}

static void unwrap(
	const struct af_address *a, const struct af_address_block *block, struct af_address *out)
{
	uint8_t four[4];

	for (size_t i = 0; i < sizeof(four); i++) {
		four[i] = a->byte[block->embeds / 8 + i];
		if (block->inverted)
			four[i] = (uint8_t)~four[i];
	}
	set_ipv4(four, out);
}

bool af_address_embedded(const struct af_address *a, struct af_address *out)
{
	const struct af_address_block *block = find_block(a);

	if (block == NULL || block->embeds == 0)
		return false;
	unwrap(a, block, out);
	return true;
}

enum af_target_class af_address_class(
	const struct af_address *a, const struct af_address_block **block)
{
	const struct af_address_block *found = find_block(a);
	struct af_address inner;

	/* Once is enough: no block embeds an address within the IPv4 ones. */
	if (found != NULL && found->embeds != 0) {
		unwrap(a, found, &inner);
		found = find_block(&inner);
	}
	if (block != NULL)
		*block = found;
	return found != NULL ? found->class : AFENCE_TARGET_EXTERNAL;
}
