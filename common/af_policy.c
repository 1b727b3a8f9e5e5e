/* SPDX-License-Identifier: MIT */
/*
 * The policy in force and what it says of names and addresses: the rows of the image, where there
 * is one, together with the built-in tables.  Relies on af_image_open() having verified the image.
 *
 * The one mutable global of the core is the pointer to the policy held (P3): set once, by
 * compare-and-exchange, never cleared, so readers need no lock.
 */
#include "af_policy.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "af_policy_file.h"

#define PREVIOUS_SUFFIX ".prev"

struct af_policy {
	const char *source;
	bool has_image; /* false: built in */
	struct af_image image;
	struct af_policy_file file;
};

static const struct af_policy builtin = {.source = "builtin"};
static _Atomic(const struct af_policy *) held;

const struct af_policy *af_policy_builtin(void)
{
	return &builtin;
}

/* The policy and the path it was loaded from are one piece of memory. */
static enum af_status new_policy(
	const char *path, const struct af_policy_file *file, struct af_policy **out)
{
	size_t room = strlen(path) + 1;
	struct af_policy *policy = malloc(sizeof(*policy) + room);
	enum af_status status;

	if (policy == NULL)
		return AFENCE_ERR_MEMORY;
	status = af_image_open(file->bytes, file->length, &policy->image);
	if (status != AFENCE_OK) {
		free(policy);
		return status;
	}
	policy->has_image = true;
	policy->file = *file;
	policy->source = memcpy(policy + 1, path, room);
	*out = policy;
	return AFENCE_OK;
}

enum af_status af_policy_load(const char *path, bool own_user, struct af_policy **out)
{
	struct af_policy_file file;
	enum af_status status;

	*out = NULL;
	status = af_policy_file_open(path, own_user, &file);
	if (status != AFENCE_OK)
		return status;
	status = new_policy(path, &file, out);
	if (status != AFENCE_OK)
		af_policy_file_close(&file);
	return status;
}

void af_policy_free(const struct af_policy *policy)
{
	if (policy == NULL || policy == &builtin)
		return;
	af_policy_file_close(&policy->file);
	free((void *)(uintptr_t)policy);
}

static enum af_status load_previous(const char *path, bool own_user, struct af_policy **out)
{
	char previous[PATH_MAX];
	size_t len = strlen(path);

	if (len + sizeof(PREVIOUS_SUFFIX) > sizeof(previous))
		return AFENCE_ERR_LIMIT;
	memcpy(previous, path, len);
	memcpy(previous + len, PREVIOUS_SUFFIX, sizeof(PREVIOUS_SUFFIX));
	return af_policy_load(previous, own_user, out);
}

const struct af_policy *af_policy_open(
	const char *path, bool own_user, struct af_policy_trouble *trouble)
{
	struct af_policy *loaded = NULL;

	trouble->previous = AFENCE_OK;
	trouble->file = af_policy_load(path, own_user, &loaded);
	if (trouble->file != AFENCE_OK)
		trouble->previous = load_previous(path, own_user, &loaded);
	return loaded != NULL ? loaded : &builtin;
}

/* The host's errno is its own: libraries and signal handlers around us rely on it. */
const struct af_policy *af_policy_enter(
	const char *path, bool own_user, struct af_policy_trouble *trouble)
{
	const struct af_policy *policy = atomic_load_explicit(&held, memory_order_acquire);
	struct af_policy_trouble met = {AFENCE_OK, AFENCE_OK};
	const struct af_policy *opened;
	int saved = errno;

	if (policy == NULL) {
		opened = af_policy_open(path, own_user, &met);
		/* Of two threads that come first at once, one keeps the other's. */
		if (atomic_compare_exchange_strong(&held, &policy, opened))
			policy = opened;
		else
			af_policy_free(opened);
	}
	if (trouble != NULL)
		*trouble = met;
	errno = saved;
	return policy;
}

const struct af_policy *af_policy_current(void)
{
	const struct af_policy *policy = atomic_load_explicit(&held, memory_order_acquire);

	return policy != NULL ? policy : &builtin;
}

const char *af_policy_source(const struct af_policy *policy)
{
	return policy->source;
}

uint64_t af_policy_generation(const struct af_policy *policy)
{
	return policy->has_image ? af_image_generation(&policy->image) : 0;
}

int64_t af_policy_created(const struct af_policy *policy)
{
	return policy->has_image ? af_image_created(&policy->image) : 0;
}

static const struct af_settings default_settings = {
	.mode = AFENCE_MODE_ENFORCE,
	.on_block = AFENCE_ON_BLOCK_CUT,
	.log_identity = AFENCE_LOG_FULL,
	.resolve = true,
	.within_ms = AFENCE_WITHIN_MS_DEFAULT,
};

void af_policy_settings(
	const struct af_policy *policy, const char *service, time_t now, struct af_settings *out)
{
	const struct af_image_settings *from;

	(void)service; /* no image says anything of a single service yet */
	(void)now;
	*out = default_settings;
	if (!policy->has_image)
		return;
	from = af_image_settings(&policy->image);
	out->mode = (enum af_mode)from->mode;
	out->on_block = (enum af_on_block)from->on_block;
	out->log_identity = (enum af_log_identity)from->log_identity;
	out->unknown_allow = from->unknown != 0;
	out->resolve = from->resolve != 0;
	out->within_ms = from->within_ms;
	out->has_server = from->has_server != 0;
	memcpy(out->server.byte, from->server, sizeof(out->server.byte));
	out->server_port = from->server_port;
}

static struct af_rule describe(const struct af_policy *policy, const struct af_image_rule *rule)
{
	return (struct af_rule){
		.name = af_image_string(&policy->image, rule->name),
		.file = af_image_string(&policy->image, rule->file),
		.line = rule->line,
	};
}

/* R2, R3: what the registry reserves by itself, and under which name. */
static const char *const builtin_rule[] = {
	[AFENCE_NAME_NONE] = NULL,
	[AFENCE_NAME_DOCUMENTATION] = "builtin:documentation",
	[AFENCE_NAME_TESTING] = "builtin:testing",
	[AFENCE_NAME_SPECIAL] = NULL,
};

/* The walk goes from the shortest suffix to the longest: of each kind the last match stays. */
void af_policy_judge_domain(
	const struct af_policy *policy, const struct af_domain *domain, struct af_domain_fact *out)
{
	const struct af_image_rule *reserve = NULL, *found;
	const struct af_registry_row *row;
	struct af_suffix suffix = {.text = NULL};

	memset(out, 0, sizeof(*out));
	while (af_suffix_next(domain, &suffix)) {
		row = af_registry_find(&suffix);
		if (row != NULL) {
			out->known = row;
			if (builtin_rule[row->class] != NULL)
				out->rule.name = builtin_rule[row->class];
		}
		if (!policy->has_image)
			continue;
		found = af_image_find_name(&policy->image, AFENCE_SECTION_IDENTITIES, &suffix);
		if (found != NULL)
			reserve = found;
	}
	if (reserve != NULL)
		out->rule = describe(policy, reserve);
	out->reserved = out->rule.name != NULL;
}

static const enum af_row row_of_kind[AFENCE_RULE_KINDS] = {
	[AFENCE_RULE_RESERVE] = AFENCE_ROW_NONE,
	[AFENCE_RULE_INTERNAL] = AFENCE_ROW_INTERNAL,
	[AFENCE_RULE_EXTERNAL] = AFENCE_ROW_EXTERNAL,
};

/* Of the rules on one name or network that have REACH (0: any), the external one, else the
 * first; NULL if none has it. */
static const struct af_image_rule *pick_rule(
	const struct af_image *image, const struct af_image_rule *rule, unsigned reach)
{
	const struct af_image_rule *picked = NULL;

	for (; rule != NULL; rule = af_image_rule(image, rule->next)) {
		if (reach != 0 && (rule->reach & reach) == 0)
			continue;
		if (picked == NULL || rule->kind == AFENCE_RULE_EXTERNAL)
			picked = rule;
	}
	return picked;
}

static enum af_row answer(
	const struct af_policy *policy, const struct af_image_rule *picked, struct af_rule *rule)
{
	if (picked == NULL)
		return AFENCE_ROW_NONE;
	*rule = describe(policy, picked);
	return row_of_kind[picked->kind];
}

enum af_row af_policy_name_row(
	const struct af_policy *policy, const struct af_domain *name, struct af_rule *rule)
{
	const struct af_image_rule *picked = NULL, *found;
	struct af_suffix suffix = {.text = NULL};

	memset(rule, 0, sizeof(*rule));
	if (!policy->has_image)
		return AFENCE_ROW_NONE;
	while (af_suffix_next(name, &suffix)) {
		found = af_image_find_name(&policy->image, AFENCE_SECTION_TARGETS, &suffix);
		found = pick_rule(&policy->image, found,
			suffix.len == name->len ? AFENCE_REACH_EXACT : AFENCE_REACH_BELOW);
		if (found != NULL)
			picked = found;
	}
	return answer(policy, picked, rule);
}

enum af_row af_policy_address_row(
	const struct af_policy *policy, const struct af_address *address, struct af_rule *rule)
{
	const struct af_image_network *network;

	memset(rule, 0, sizeof(*rule));
	if (!policy->has_image)
		return AFENCE_ROW_NONE;
	network = af_image_find_network(&policy->image, address);
	if (network == NULL)
		return AFENCE_ROW_NONE;
	return answer(policy,
		pick_rule(&policy->image, af_image_rule(&policy->image, network->rule), 0), rule);
}

enum af_target_class af_policy_address_class(const struct af_policy *policy,
	const struct af_address *address, enum af_row *row, struct af_rule *rule,
	const struct af_address_block **block)
{
	enum af_target_class builtin_class = af_address_class(address, block);
	struct af_address inner;

	*row = af_policy_address_row(policy, address, rule);
	if (*row == AFENCE_ROW_NONE && policy->has_image && af_address_embedded(address, &inner))
		*row = af_policy_address_row(policy, &inner, rule);
	if (*row == AFENCE_ROW_NONE)
		return builtin_class;
	return *row == AFENCE_ROW_INTERNAL ? AFENCE_TARGET_INTERNAL : AFENCE_TARGET_EXTERNAL;
}
