/* SPDX-License-Identifier: MIT */
/*
 * What a set of policy files says, freed from its syntax: settings, and patterns in the order of
 * the text.
 */
#ifndef AF_POLICY_RULES_H
#define AF_POLICY_RULES_H

#include "af_address.h"
#include "af_domain.h"
#include "af_image.h"
#include "diagnostics.h"

/* Settings that may be made once in all files of a layer together. */
enum af_setting {
	AFENCE_SETTING_NONE, /* may be said again and again */
	AFENCE_SETTING_MODE,
	AFENCE_SETTING_ON_BLOCK,
	AFENCE_SETTING_IDENTITY,
	AFENCE_SETTING_SERVER,
	AFENCE_SETTING_WITHIN,
	AFENCE_SETTINGS
};

/* What one value of a reserve, internal or external says. */
struct af_pattern {
	uint8_t kind;              /* enum af_rule_kind */
	uint8_t reach;             /* enum af_rule_reach; 0: a network */
	uint8_t prefix;            /* of a network, 0 to 128 */
	struct af_address address; /* of a network */
	struct af_domain domain;   /* else */
};

/* The same with its strings in the pools. */
struct af_rule_row {
	uint8_t kind, reach, prefix;
	uint8_t life; /* enum af_life */
	struct af_address address;
	uint32_t name;   /* in names: "internal:*.corp.lan" */
	uint32_t domain; /* in names: the tail of it, "corp.lan" */
	uint32_t file;   /* in files */
	uint32_t line;
	struct af_place at; /* source NULL: taken over from an image */
};

/* An `exception` or `protect`; the ranges name elements of the arrays of af_rules. */
struct af_clause_row {
	uint8_t kind;                   /* enum af_clause_kind */
	uint8_t life;                   /* enum af_life */
	uint32_t name;                  /* in names: "exception:lab-imap" */
	uint32_t reason, owner, ticket; /* in names; AFENCE_IMAGE_NONE: none */
	uint32_t file, line;
	int64_t expires; /* last second, or AFENCE_NEVER */
	struct af_image_range members, places, ports, services;
	struct af_place at; /* of its name; source NULL: taken over from an image */
};

struct af_member_row {
	uint32_t clause;        /* index */
	uint32_t domain, local; /* in names; local AFENCE_IMAGE_NONE: any */
	uint8_t reach;          /* enum af_rule_reach */
	struct af_place at;
};

struct af_target_row {
	uint8_t reach, prefix;     /* as struct af_pattern */
	struct af_address address; /* of a network */
	uint32_t name;             /* in names; of a network AFENCE_IMAGE_NONE */
};

/* Settings that a `service` block may make. */
enum af_service_setting {
	AFENCE_SERVICE_MODE,
	AFENCE_SERVICE_ON_BLOCK,
	AFENCE_SERVICE_UNKNOWN,
	AFENCE_SERVICE_RESOLVE,
	AFENCE_SERVICE_SETTINGS
};

struct af_service_row {
	uint32_t name;                          /* in names, canonical */
	uint8_t value[AFENCE_SERVICE_SETTINGS]; /* AFENCE_UNSET */
	/* Where each layer made it; source NULL: it did not. */
	struct af_place made[AFENCE_SERVICE_SETTINGS][AFENCE_LAYERS];
};

/* A server of `pam-module`, or that the module has none. */
struct af_module_row {
	uint32_t name, host; /* in names, canonical; host AFENCE_IMAGE_NONE: local */
	uint32_t file, line;
	struct af_place at; /* of the name */
};

/* `expect VERDICT IDENTITY to HOST [at ADDRESS] [port N] [via SERVICE] [on DATE];` */
struct af_expect_row {
	bool allow;
	uint32_t identity, host, service; /* in names; service AFENCE_IMAGE_NONE: none */
	bool has_address;
	struct af_address address;
	uint16_t port;      /* 0: none */
	int64_t on;         /* first second of the day; INT64_MIN: the day of the compilation */
	struct af_place at; /* of the keyword */
};

/* NUL terminated strings, named by their offset. */
struct af_pool {
	char *bytes;
	size_t used, room;
};

/* A growing array: `count` elements are in use. */
#define AFENCE_ROWS(type)           \
	struct {                    \
		size_t count, room; \
		type *row;          \
	}

struct af_rules {
	struct af_diagnostics *diagnostics; /* borrowed */
	int64_t now;                        /* the time of the compilation */
	struct af_image_settings settings;
	/* Where each layer made a setting; source NULL: not yet. */
	struct af_place made[AFENCE_SETTINGS][AFENCE_LAYERS];
	size_t row_count, row_room;
	struct af_rule_row *row;
	AFENCE_ROWS(struct af_clause_row) clause;
	AFENCE_ROWS(struct af_member_row) member;
	AFENCE_ROWS(struct af_target_row) target;
	AFENCE_ROWS(uint32_t) value; /* ports, and services in names */
	AFENCE_ROWS(struct af_service_row) service;
	AFENCE_ROWS(struct af_expect_row) expect;
	AFENCE_ROWS(struct af_module_row) module;
	AFENCE_ROWS(struct af_source *) list; /* files of `reserve file`, owned */
	struct af_pool names, files;
	uint32_t file; /* in files: the one that is being read */
	/* Reads the list at PATH of a `reserve file` as af_source_load() does, which NULL stands for;
	 * PATH is below the root folder that the policy file is below. */
	enum af_status (*load)(void *context, const char *path, struct af_source *out);
	void *load_context;
};

/* The word that a kind of rule begins with: "reserve", "internal", "external". */
extern const char *const af_rule_word[AFENCE_RULE_KINDS];

/* Starts with the defaults; NOW, seconds since 1970, is what expiry is measured against.  Freed with
 * af_rules_free(), which must come after the diagnostics were printed. */
void af_rules_start(struct af_rules *rules, struct af_diagnostics *diagnostics, int64_t now);

void af_rules_free(struct af_rules *rules);

/* From here on rules come from the file PATH. */
void af_rules_enter_file(struct af_rules *rules, const char *path);

/* SETTING is made at PLACE.  True: it is to be taken.  A second time in the same layer is reported
 * with both places; where a later layer has spoken, an earlier one is passed over. */
bool af_rules_make(struct af_rules *rules, enum af_setting setting, const char *word,
	const struct af_place *place);

/* The same for the setting of a service, whose row MADE is of. */
bool af_rules_make_once(struct af_rules *rules, struct af_place made[AFENCE_LAYERS],
	const char *word, const struct af_place *place);

/* PATTERN stands at PLACE, in the file that was entered last. */
void af_rules_add(
	struct af_rules *rules, const struct af_pattern *pattern, const struct af_place *place);

/* A string of the names. */
const char *af_rules_string(const struct af_rules *rules, uint32_t offset);

/* Adds TEXT to the names. */
uint32_t af_rules_add_string(struct af_rules *rules, const char *text, size_t len);

#define AFENCE_NETWORK_TEXT_MAX (AFENCE_ADDRESS_TEXT_MAX + 4)

/* "10.20.0.0/16", "2001:db8::1"; a prefix of full length is left out.  Returns TEXT. */
char *af_network_format(
	const struct af_address *address, unsigned prefix, char text[AFENCE_NETWORK_TEXT_MAX]);

/* True for an IPv4 network: PREFIX counts from the start of the IPv4-mapped form. */
bool af_network_is_ipv4(const struct af_address *address, unsigned prefix);

#endif
