/* SPDX-License-Identifier: MIT */
/*
 * One canonical domain name and the walk over its suffixes.
 *
 * Canonical means: A-labels, lower case, no trailing dot, labels of 1 to 63 bytes out of
 * [a-z0-9_-], at most 253 bytes.  Only the two parsers below make one, so an unchecked string cannot reach a matcher.
 *
 * All functions are pure: no allocation for ASCII input, no lock, no file, thread safe.
 * Sources: RFC 1034 s3.1, RFC 1123 s2.1, RFC 5890, UTS 46.
 */
#ifndef AF_DOMAIN_H
#define AF_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "af_status.h"

#define AFENCE_DOMAIN_MAX 253 /* bytes of a name in presentation form, without the final dot */
#define AFENCE_LABEL_MAX  63  /* bytes of a label */

struct af_domain {
	uint8_t len; /* 0: no name */
	char name[AFENCE_DOMAIN_MAX + 1];
};

/*
 * Makes the canonical form of the LEN bytes at TEXT (UTF-8, U-labels or A-labels, any case, one
 * trailing dot allowed; no blanks).  libidn2 is asked only when a byte is over 0x7f, and its
 * answer is checked again, since it lets empty labels and blanks pass.
 *
 * AFENCE_OK: *out holds the name.  AFENCE_ERR_SYNTAX, AFENCE_ERR_MEMORY (libidn2's): out->len
 * is 0.
 */
enum af_status af_domain_parse(const char *text, size_t len, struct af_domain *out);

/*
 * The longest run of labels at the end of TEXT that makes a name: what stands right of a label
 * that is none.  Trailing dots are dropped.  False, out->len is 0: not even the last label is one.
 */
bool af_domain_parse_tail(const char *text, size_t len, struct af_domain *out);

/* True for a byte that a name can hold, dot included, in any case. */
bool af_domain_byte(char byte);

/* True if both names are equal, byte for byte. */
bool af_domain_equal(const struct af_domain *a, const struct af_domain *b);

/* A suffix of a name on a label boundary; text points into the name. */
struct af_suffix {
	const char *text;
	size_t len;
	uint32_t hash; /* af_hash_name() of the suffix */
};

/*
 * Steps *it from the shortest suffix (the top-level label) to the whole name: start with
 * it->text == NULL.  One pass over the bytes hashes every suffix.  Returns false after the
 * last one.  *it borrows from *domain.
 */
bool af_suffix_next(const struct af_domain *domain, struct af_suffix *it);

/* The hash that the steps of af_suffix_next() yield, for a name of LEN canonical bytes. */
uint32_t af_hash_name(const char *name, size_t len);

#endif
