/* SPDX-License-Identifier: MIT */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"

const char *const af_rule_word[AFENCE_RULE_KINDS] = {
	[AFENCE_RULE_RESERVE] = "reserve",
	[AFENCE_RULE_INTERNAL] = "internal",
	[AFENCE_RULE_EXTERNAL] = "external",
};

static const char *const reach_mark[] = {
	[0] = "",
	[AFENCE_REACH_EXACT] = "",
	[AFENCE_REACH_BELOW] = "*.",
	[AFENCE_REACH_BOTH] = ".",
};

/* Offsets of an image have 32 bits; the compiler refuses a pool that comes near. */
static uint32_t add_string(struct af_pool *pool, const char *text)
{
	size_t len = strlen(text) + 1, offset = pool->used;

	if (offset > AFENCE_IMAGE_MAX)
		return 0;
	pool->bytes = af_grow(pool->bytes, pool->used, len, &pool->room, 1);
	memcpy(pool->bytes + offset, text, len);
	pool->used += len;
	return (uint32_t)offset;
}

void af_rules_start(struct af_rules *rules, struct af_diagnostics *diagnostics, int64_t now)
{
	*rules = (struct af_rules){
		.diagnostics = diagnostics,
		.now = now,
		.settings = {.mode = AFENCE_MODE_ENFORCE,
			.on_block = AFENCE_ON_BLOCK_CUT,
			.log_identity = AFENCE_LOG_FULL,
			.resolve = 1,
			.within_ms = AFENCE_WITHIN_MS_DEFAULT},
	};
}

void af_rules_free(struct af_rules *rules)
{
	free(rules->row);
	free(rules->names.bytes);
	free(rules->files.bytes);
	memset(rules, 0, sizeof(*rules));
}

void af_rules_enter_file(struct af_rules *rules, const char *path)
{
	rules->file = add_string(&rules->files, path);
}

bool af_rules_make(struct af_rules *rules, enum af_setting setting, const char *word,
	const struct af_place *place)
{
	struct af_place *made = &rules->made[setting];

	if (setting == AFENCE_SETTING_NONE)
		return true;
	if (made->source == NULL) {
		*made = *place;
		return true;
	}
	af_diagnose(rules->diagnostics, AFENCE_ERROR, place,
		"seen \"%s\" again, expected it once in all files", word);
	af_diagnose(rules->diagnostics, AFENCE_NOTE, made, "\"%s\" is set here first", word);
	return false;
}

void af_rules_add(struct af_rules *rules, const struct af_pattern *pattern, uint32_t line)
{
	char name[AFENCE_DOMAIN_MAX + 16], network[AFENCE_NETWORK_TEXT_MAX];
	bool is_name = pattern->reach != 0;
	const char *tail = is_name ? pattern->domain.name
				   : af_network_format(&pattern->address, pattern->prefix, network);
	/* A reserve always reaches down, so its mark is left out. */
	const char *mark = pattern->kind == AFENCE_RULE_RESERVE ? "" : reach_mark[pattern->reach];
	struct af_rule_row *row;

	snprintf(name, sizeof(name), "%s:%s%s", af_rule_word[pattern->kind], mark, tail);
	rules->row =
		af_grow(rules->row, rules->row_count, 1, &rules->row_room, sizeof(*rules->row));
	row = &rules->row[rules->row_count++];
	*row = (struct af_rule_row){.kind = pattern->kind,
		.reach = pattern->reach,
		.prefix = pattern->prefix,
		.address = pattern->address,
		.name = add_string(&rules->names, name),
		.file = rules->file,
		.line = line};
	row->domain = row->name + (uint32_t)(strlen(name) - strlen(tail));
}

bool af_network_is_ipv4(const struct af_address *address, unsigned prefix)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return prefix >= 96 && memcmp(address->byte, mapped, sizeof(mapped)) == 0;
}

char *af_network_format(
	const struct af_address *address, unsigned prefix, char text[AFENCE_NETWORK_TEXT_MAX])
{
	unsigned shown = prefix - (af_network_is_ipv4(address, prefix) ? 96 : 0);
	size_t len;

	af_address_format(address, text);
	len = strlen(text);
	if (prefix < 128)
		snprintf(text + len, AFENCE_NETWORK_TEXT_MAX - len, "/%u", shown);
	return text;
}
