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
#define AFENCE_IMAGE_SECTIONS 24 /* at most; a bound for the reader's table */
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
	AFENCE_SECTION_SERVICES,    /* struct af_image_service: sorted by name */
	AFENCE_SECTION_CLAUSES,     /* struct af_image_clause: exceptions and protects */
	AFENCE_SECTION_EXCEPTED,  /* struct af_image_name: hash table, a slot's rule is a member */
	AFENCE_SECTION_PROTECTED, /* the same for protects */
	AFENCE_SECTION_MEMBERS,   /* struct af_image_member */
	AFENCE_SECTION_PLACES,    /* struct af_image_place */
	AFENCE_SECTION_VALUES,    /* uint32_t: ports, and strings that name services */
	AFENCE_SECTION_ORIGIN,    /* struct af_image_origin: one, or none if nobody activated it */
	AFENCE_SECTION_MODULES,   /* struct af_image_module: sorted by name, then host */
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
	uint8_t mode_after; /* enum af_mode: in force from mode_until on */
	uint8_t on_trial;   /* 1 if a rule or clause has a life other than AFENCE_LIFE_FULL */
	uint16_t reserved;  /* 0 */
	int64_t mode_until; /* seconds since 1970, UTC; 0: the mode has no end */
	uint8_t server[16]; /* as struct af_address */
};

/* What a `service` block says; AFENCE_UNSET where it leaves the global setting alone. */
#define AFENCE_UNSET       0xff
#define AFENCE_SERVICE_MAX 31 /* bytes of a service's name, as much as a decision keeps */
struct af_image_service {
	uint32_t name; /* string: canonical service, no name twice */
	uint8_t mode, on_block, unknown, resolve;
};

/*
 * A generation on trial ("apply --observe-new") has new rules that may only observe, and keeps
 * the old form of a changed one in force beside it.
 */
enum af_life {
	AFENCE_LIFE_FULL,     /* holds */
	AFENCE_LIFE_TRIAL,    /* new: holds only in the trial view, which refuses nothing */
	AFENCE_LIFE_REPLACED, /* old: holds everywhere but in the trial view */
	AFENCE_LIFE_OVER,     /* was replaced, and the new one promoted: holds nowhere */
	AFENCE_LIVES
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
	uint8_t kind;     /* enum af_rule_kind */
	uint8_t reach;    /* enum af_rule_reach; 0 for a network */
	uint8_t life;     /* enum af_life */
	uint8_t reserved; /* 0 */
	uint32_t name;    /* string: "reserve:dev.acme.internal" */
	uint32_t file;    /* string: source file */
	uint32_t line;    /* 1 and up */
	uint32_t next;    /* next rule on the same name or network, or AFENCE_IMAGE_NONE */
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

enum af_clause_kind { AFENCE_CLAUSE_EXCEPTION, AFENCE_CLAUSE_PROTECT, AFENCE_CLAUSE_KINDS };

#define AFENCE_NEVER INT64_MAX /* a clause that does not expire */

/* `count` elements of another section from `first` on, where the range before ends; first is 0 if
 * there are none. */
struct af_image_range {
	uint32_t first, count;
};

/* An `exception` or `protect`. */
struct af_image_clause {
	uint8_t kind; /* enum af_clause_kind */
	uint8_t life; /* enum af_life */
	uint16_t reserved;
	uint32_t name;                  /* string: "exception:lab-imap" */
	uint32_t file;                  /* string: source file */
	uint32_t line;                  /* 1 and up */
	int64_t expires;                /* last second in which it holds, or AFENCE_NEVER */
	uint32_t reason;                /* string */
	uint32_t owner;                 /* string */
	uint32_t ticket;                /* string, or AFENCE_IMAGE_NONE */
	uint32_t padding;               /* 0 */
	struct af_image_range members;  /* at least one */
	struct af_image_range places;   /* at least one */
	struct af_image_range ports;    /* in VALUES; none: any port, an unknown one too */
	struct af_image_range services; /* in VALUES, strings; none: any service */
};

/* An identity pattern of a clause: those of one clause lie together, those on one domain and of
 * one kind of clause are chained by `next`, which only leads to greater indices. */
struct af_image_member {
	uint32_t clause; /* index */
	uint32_t domain; /* string, canonical */
	uint32_t local;  /* string: the local part, or AFENCE_IMAGE_NONE: any */
	uint32_t next;   /* member, or AFENCE_IMAGE_NONE */
	uint8_t reach;   /* enum af_rule_reach */
	uint8_t reserved[3];
};

/* A target pattern of a clause. */
struct af_image_place {
	uint8_t reach;  /* enum af_rule_reach; 0: a network */
	uint8_t prefix; /* of a network, 0 to 128 */
	uint16_t reserved;
	uint32_t name;       /* string, canonical; of a network AFENCE_IMAGE_NONE */
	uint8_t address[16]; /* of a network, host bits zero; else zero */
};

/* Who made the generation active, how, and from what; fixed in size so that it can be replaced. */
#define AFENCE_ORIGIN_ACTION_MAX 16
#define AFENCE_ORIGIN_WHO_MAX    64
struct af_image_origin {
	char action[AFENCE_ORIGIN_ACTION_MAX]; /* "apply", "mode", "rollback", "promote" */
	char who[AFENCE_ORIGIN_WHO_MAX];       /* user name, NUL terminated */
	uint8_t sources[32];                   /* SHA-256 of the sources; zero: it had none */
	uint64_t base; /* generation that its content was taken from, 0: none */
};

/* What a `pam-module` says of a module of PAM: one row for each server, or one that it has none. */
struct af_image_module {
	uint32_t name; /* string: "pam_foo.so" */
	uint32_t host; /* string: canonical name or literal, or AFENCE_IMAGE_NONE: local */
	uint32_t file; /* string: source file */
	uint32_t line; /* 1 and up */
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

/* NULL if the image has none. */
const struct af_image_origin *af_image_origin(const struct af_image *image);

/* The `service` block on the canonical NAME, or NULL. */
const struct af_image_service *af_image_find_service(
	const struct af_image *image, const char *name);

/* First rule on exactly the name SUFFIX among the identities or targets (TABLE is one of the
 * two section types), or NULL. */
const struct af_image_rule *af_image_find_name(const struct af_image *image,
	enum af_image_section_type table, const struct af_suffix *suffix);

/* First member on exactly the domain SUFFIX among those of clauses of KIND, or NULL. */
const struct af_image_member *af_image_find_member(
	const struct af_image *image, enum af_clause_kind kind, const struct af_suffix *suffix);

/* The next member on the same domain, or NULL. */
const struct af_image_member *af_image_next_member(
	const struct af_image *image, const struct af_image_member *member);

const struct af_image_clause *af_image_clause_of(
	const struct af_image *image, const struct af_image_member *member);

/* The COUNT (out) elements of a section, as verified; NULL if there are none. */
const struct af_image_rule *af_image_rules(const struct af_image *image, size_t *count);
const struct af_image_service *af_image_services(const struct af_image *image, size_t *count);
const struct af_image_clause *af_image_clauses(const struct af_image *image, size_t *count);
const struct af_image_network *af_image_networks(const struct af_image *image, size_t *count);
const struct af_image_module *af_image_modules(const struct af_image *image, size_t *count);

/* The elements that a range of a clause names. */
const struct af_image_member *af_image_members(
	const struct af_image *image, const struct af_image_range *range);
const struct af_image_place *af_image_places(
	const struct af_image *image, const struct af_image_range *range);
const uint32_t *af_image_values(const struct af_image *image, const struct af_image_range *range);

/* The smallest network that ADDRESS lies in, or NULL; af_image_network_parent() goes outwards.  An
 * IPv4 address lies in networks of IPv4 only, whatever IPv6 network its mapped form is in. */
const struct af_image_network *af_image_find_network(
	const struct af_image *image, const struct af_address *address);
const struct af_image_network *af_image_network_parent(
	const struct af_image *image, const struct af_image_network *network);

#endif
