/* SPDX-License-Identifier: MIT */
/*
 * The compiled policy: layout, verification, look-up.
 *
 * An image is one immutable run of bytes, little endian, every section aligned to 8:
 *
 *     header | sections in any order
 *
 * The checksum (SipHash-2-4, fixed key: it finds accidents, trust comes from the owner of the
 * file) covers the whole image with the checksum field taken as zero.  A reader ignores section
 * types it does not know, so a newer writer may add some; `min_reader` tells when it must not.
 * af_image_open() checks every offset and index once; look-ups then need no further checks.
 *
 * Look-ups are pure functions over constant memory: no lock, no allocation, thread safe.
 */
#ifndef AF_IMAGE_H
#define AF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "af_address.h"
#include "af_domain.h"
#include "af_status.h"

#define AFENCE_IMAGE_MAGIC    "AFPOLICY"
#define AFENCE_IMAGE_FORMAT   1
#define AFENCE_IMAGE_SECTIONS 16 /* at most; a bound for the reader's table */
#define AFENCE_IMAGE_MAX      (UINT64_C(1) << 30)
#define AFENCE_IMAGE_NONE     UINT32_MAX /* "no such index or offset" */

struct af_image_header {
	char magic[8];
	uint32_t format;     /* version that wrote it */
	uint32_t min_reader; /* oldest version that may read it */
	uint64_t length;     /* of the whole image in bytes */
	uint64_t checksum;
	uint64_t generation; /* 1 and up */
	int64_t created;     /* seconds since 1970, UTC */
	uint32_t section_count;
	uint32_t reserved; /* 0 */
	struct af_image_section {
		uint32_t type;
		uint32_t size; /* of one element in bytes */
		uint64_t offset;
		uint64_t count;
	} section[AFENCE_IMAGE_SECTIONS];
};

enum af_image_section_type {
	AFENCE_SECTION_STRINGS = 1, /* char: NUL terminated strings, the last byte is NUL */
	AFENCE_SECTION_SETTINGS,    /* struct af_image_settings: exactly one */
	AFENCE_SECTION_RULES,       /* struct af_image_rule */
	AFENCE_SECTION_IDENTITIES,  /* struct af_image_name: hash table of identity domains */
	AFENCE_SECTION_TARGETS,     /* struct af_image_name: hash table of target names */
	AFENCE_SECTION_NETWORKS,    /* struct af_image_network: sorted by address, then prefix */
	AFENCE_SECTION_TYPES_END
};

enum af_mode { AFENCE_MODE_ENFORCE, AFENCE_MODE_OBSERVE, AFENCE_MODE_OFF };
enum af_on_block { AFENCE_ON_BLOCK_CUT, AFENCE_ON_BLOCK_REFUSE };
enum af_log_identity { AFENCE_LOG_FULL, AFENCE_LOG_DOMAIN, AFENCE_LOG_NONE };

#define AFENCE_WITHIN_MS_DEFAULT 1000
#define AFENCE_WITHIN_MS_MAX     10000

struct af_image_settings {
	uint8_t mode;         /* enum af_mode */
	uint8_t on_block;     /* enum af_on_block */
	uint8_t log_identity; /* enum af_log_identity */
	uint8_t unknown;      /* 0: an unknown target is blocked, 1: allowed */
	uint8_t resolve;      /* 0: never, 1: where the rules allow it */
	uint8_t has_server;
	uint16_t server_port;
	uint32_t within_ms; /* resolve budget, 1 to AFENCE_WITHIN_MS_MAX */
	uint8_t server[16]; /* as struct af_address */
	uint32_t reserved;  /* 0 */
};

enum af_rule_kind {
	AFENCE_RULE_RESERVE,
	AFENCE_RULE_INTERNAL,
	AFENCE_RULE_EXTERNAL,
	AFENCE_RULE_KINDS
};

/* What a pattern matches relative to the name it hangs on. */
enum af_rule_reach {
	AFENCE_REACH_EXACT = 1, /* host.name: the name itself */
	AFENCE_REACH_BELOW = 2, /* *.name: everything below it */
	AFENCE_REACH_BOTH = 3,  /* .name, and every reserve */
};

struct af_image_rule {
	uint8_t kind;  /* enum af_rule_kind */
	uint8_t reach; /* enum af_rule_reach; 0 for a network */
	uint16_t reserved;
	uint32_t name; /* string: "reserve:dev.acme.internal" */
	uint32_t file; /* string: source file */
	uint32_t line; /* 1 and up */
	uint32_t next; /* next rule on the same name or network, or AFENCE_IMAGE_NONE */
};

/*
 * Open addressing, linear probing; count is a power of two (or 0: no names), at most half of
 * the slots are taken, a free one has name == AFENCE_IMAGE_NONE.  The slot of a name is
 * hash & (count - 1) and on.
 */
struct af_image_name {
	uint32_t hash; /* af_hash_name() */
	uint32_t name; /* string, canonical */
	uint32_t rule; /* first of its rules */
};

/* A network; `parent` is the index of the smallest network around it, or AFENCE_IMAGE_NONE. */
struct af_image_network {
	uint8_t address[16]; /* as struct af_address, host bits zero */
	uint32_t prefix;     /* 0 to 128 */
	uint32_t rule;
	uint32_t parent;
};

/* A verified image; the fields are the reader's own. */
struct af_image {
	const uint8_t *bytes;
	size_t length;
	struct {
		const void *data;
		size_t count;
	} section[AFENCE_SECTION_TYPES_END];
};

/* The checksum of LENGTH bytes (at least a header) at BYTES. */
uint64_t af_image_checksum(const uint8_t *bytes, size_t length);

/*
 * Verifies the LENGTH bytes at BYTES (aligned to 8, borrowed for the life of *out) and fills
 * *out.  AFENCE_ERR_DAMAGED: cut, changed or inconsistent.  AFENCE_ERR_NEWER: min_reader is over
 * AFENCE_IMAGE_FORMAT.
 */
enum af_status af_image_open(const uint8_t *bytes, size_t length, struct af_image *out);

uint64_t af_image_generation(const struct af_image *image);
int64_t af_image_created(const struct af_image *image);
const struct af_image_settings *af_image_settings(const struct af_image *image);

/* The string at OFFSET of a verified image; lives as long as the image. */
const char *af_image_string(const struct af_image *image, uint32_t offset);

/* The rule at INDEX, or NULL for AFENCE_IMAGE_NONE. */
const struct af_image_rule *af_image_rule(const struct af_image *image, uint32_t index);

/* First rule on exactly the name SUFFIX among the identities or targets (TABLE is one of the
 * two section types), or NULL. */
const struct af_image_rule *af_image_find_name(const struct af_image *image,
	enum af_image_section_type table, const struct af_suffix *suffix);

/* The smallest network that ADDRESS lies in, or NULL; af_image_network_parent() goes outwards.  An
 * IPv4 address lies in networks of IPv4 only, whatever IPv6 network its mapped form is in. */
const struct af_image_network *af_image_find_network(
	const struct af_image *image, const struct af_address *address);
const struct af_image_network *af_image_network_parent(
	const struct af_image *image, const struct af_image_network *network);

#endif
