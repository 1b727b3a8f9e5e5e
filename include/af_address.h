/* SPDX-License-Identifier: MIT */
/*
 * Addresses: text to bytes, bytes to class.
 *
 * The block table is generated at build time from common/registry/addresses.tsv (IANA IPv4 and
 * IPv6 special-purpose registries, source and date per row).  The question is the opposite of an
 * SSRF filter's: what is not known to be near is external.
 *
 * Pure functions, thread safe.
 */
#ifndef AF_ADDRESS_H
#define AF_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

/* From harmless to harmful: the worst of several is the greatest. */
enum af_target_class {
	AFENCE_TARGET_LOCAL,
	AFENCE_TARGET_INTERNAL,
	AFENCE_TARGET_UNKNOWN,
	AFENCE_TARGET_EXTERNAL,
};

/* "local", "internal", "unknown", "external". */
const char *af_target_class_string(enum af_target_class class);

/*
 * An IPv4 address is kept as its IPv4-mapped IPv6 form (::ffff:a.b.c.d), so that one table and
 * one comparison serve both.  A zone id is dropped: it names an interface, not a place.
 */
struct af_address {
	uint8_t byte[16];
};

#define AFENCE_ADDRESS_TEXT_MAX 46 /* INET6_ADDRSTRLEN, NUL included */

struct af_address_block {
	struct af_address address;
	uint8_t prefix;     /* length in bits, 96 to 128 for IPv4 */
	const char *cidr;   /* "192.88.99.0/24" */
	const char *name;   /* "deprecated 6to4 relay anycast" */
	const char *source; /* "RFC 7526" */
	enum af_target_class class;
	uint8_t embeds; /* bit offset of an embedded IPv4 address, 0: none */
	bool inverted;  /* the embedded address is xored with ffffffff (Teredo) */
};

bool af_address_equal(const struct af_address *a, const struct af_address *b);

/* True if A lies in the network NET of PREFIX bits (0 to 128). */
bool af_address_in(const struct af_address *a, const struct af_address *net, unsigned prefix);

/*
 * Reads a literal as glibc's getaddrinfo() does: dotted quad, the short and the octal and hex
 * forms of inet_aton() (127.1, 0x7f.1, 2130706433), IPv6 with or without brackets and zone id.
 * False if the LEN bytes at TEXT are no address.
 */
bool af_address_parse(const char *text, size_t len, struct af_address *out);

/* Takes the address (and, if PORT is not NULL, the port in host order) of an AF_INET or AF_INET6
 * socket address; false for every other family. */
bool af_address_from_sockaddr(const struct sockaddr *sa, struct af_address *out, uint16_t *port);

/* Text form, IPv4 dotted; returns TEXT. */
const char *af_address_format(const struct af_address *a, char text[AFENCE_ADDRESS_TEXT_MAX]);

/* True if A lies in a block whose addresses hold an IPv4 address (NAT64, 6to4 ...): *out is it. */
bool af_address_embedded(const struct af_address *a, struct af_address *out);

/*
 * The class by the built-in table alone: the most specific block decides, an embedded IPv4
 * address by what it embeds (unwrapped once).  *block, if asked for, is the deciding row, or
 * NULL where no row matched (external).
 */
enum af_target_class af_address_class(
	const struct af_address *a, const struct af_address_block **block);

#endif
