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

/* Settings that may be made once in all files together. */
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
	struct af_address address;
	uint32_t name;   /* in names: "internal:*.corp.lan" */
	uint32_t domain; /* in names: the tail of it, "corp.lan" */
	uint32_t file;   /* in files */
	uint32_t line;
};

/* NUL terminated strings, named by their offset. */
struct af_pool {
	char *bytes;
	size_t used, room;
};

struct af_rules {
	struct af_diagnostics *diagnostics; /* borrowed */
	struct af_image_settings settings;
	struct af_place made[AFENCE_SETTINGS]; /* where; source NULL: not yet */
	size_t row_count, row_room;
	struct af_rule_row *row;
	struct af_pool names, files;
	uint32_t file; /* in files: the one that is being read */
};

/* The word that a kind of rule begins with: "reserve", "internal", "external". */
extern const char *const af_rule_word[AFENCE_RULE_KINDS];

/* Starts with the defaults; freed with af_rules_free(). */
void af_rules_start(struct af_rules *rules, struct af_diagnostics *diagnostics);

void af_rules_free(struct af_rules *rules);

/* From here on rules come from the file PATH. */
void af_rules_enter_file(struct af_rules *rules, const char *path);

/* SETTING is made at PLACE; a second time is reported with both places. */
void af_rules_make(struct af_rules *rules, enum af_setting setting, const char *word,
	const struct af_place *place);

void af_rules_add(struct af_rules *rules, const struct af_pattern *pattern, uint32_t line);

#define AFENCE_NETWORK_TEXT_MAX (AFENCE_ADDRESS_TEXT_MAX + 4)

/* "10.20.0.0/16", "2001:db8::1"; a prefix of full length is left out.  Returns TEXT. */
char *af_network_format(
	const struct af_address *address, unsigned prefix, char text[AFENCE_NETWORK_TEXT_MAX]);

/* True for an IPv4 network: PREFIX counts from the start of the IPv4-mapped form. */
bool af_network_is_ipv4(const struct af_address *address, unsigned prefix);

#endif
