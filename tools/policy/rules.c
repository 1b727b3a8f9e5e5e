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
static uint32_t add_string(struct af_pool *pool, const char *text, size_t len)
{
	size_t offset = pool->used;

	if (offset > AFENCE_IMAGE_MAX)
		return 0;
	pool->bytes = af_grow(pool->bytes, pool->used, len + 1, &pool->room, 1);
	memcpy(pool->bytes + offset, text, len);
	pool->bytes[offset + len] = '\0';
	pool->used += len + 1;
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
	for (size_t i = 0; i < rules->list.count; i++) {
		af_source_free(rules->list.row[i]);
		free(rules->list.row[i]);
	}
	free(rules->list.row);
	free(rules->row);
	free(rules->clause.row);
	free(rules->member.row);
	free(rules->target.row);
	free(rules->value.row);
	free(rules->service.row);
	free(rules->expect.row);
	free(rules->module.row);
	free(rules->names.bytes);
	free(rules->files.bytes);
	memset(rules, 0, sizeof(*rules));
}

void af_rules_enter_file(struct af_rules *rules, const char *path)
{
	rules->file = add_string(&rules->files, path, strlen(path));
}

bool af_rules_make_once(struct af_rules *rules, struct af_place made[AFENCE_LAYERS],
	const char *word, const struct af_place *place)
{
	enum af_layer layer = place->source->layer;

	if (made[layer].source != NULL) {
		af_diagnose(rules->diagnostics, AFENCE_ERROR, place,
			"seen \"%s\" again, expected it once in all files", word);
		af_diagnose(rules->diagnostics, AFENCE_NOTE, &made[layer],
			"\"%s\" is set here first", word);
		return false;
	}
	made[layer] = *place;
	for (unsigned later = layer + 1U; later < AFENCE_LAYERS; later++)
		if (made[later].source != NULL)
			return false;
	return true;
}

bool af_rules_make(struct af_rules *rules, enum af_setting setting, const char *word,
	const struct af_place *place)
{
	return setting == AFENCE_SETTING_NONE ||
	       af_rules_make_once(rules, rules->made[setting], word, place);
}

const char *af_rules_string(const struct af_rules *rules, uint32_t offset)
{
	return rules->names.bytes + offset;
}

uint32_t af_rules_add_string(struct af_rules *rules, const char *text, size_t len)
{
	return add_string(&rules->names, text, len);
}

void af_rules_add(
	struct af_rules *rules, const struct af_pattern *pattern, const struct af_place *place)
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
		.name = add_string(&rules->names, name, strlen(name)),
		.file = rules->file,
		.line = place->line,
		.at = *place};
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
