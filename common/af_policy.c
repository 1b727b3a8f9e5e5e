/* SPDX-License-Identifier: MIT */
/*
 * The policy in force and what it says of names and addresses: the rows of the image, where there
 * is one, together with the built-in tables.  Relies on af_image_open() having verified the image.
 */
#include "af_policy_parts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "af_resolver.h"

/* What holds in the two views of an image. */
#define LIVES_NORMAL (1U << AFENCE_LIFE_FULL | 1U << AFENCE_LIFE_REPLACED)
#define LIVES_TRIAL  (1U << AFENCE_LIFE_FULL | 1U << AFENCE_LIFE_TRIAL)

static const struct af_policy builtin = {.source = "builtin"};

const struct af_policy *af_policy_builtin(void)
{
	return &builtin;
}

static void set_view(struct af_policy *view, unsigned lives)
{
	size_t count;

	view->has_image = true;
	view->lives = (uint8_t)lives;
	memset(view->has_clause, 0, sizeof(view->has_clause));
	view->trial = NULL;
	memset(&view->file, 0, sizeof(view->file));
	af_image_services(&view->image, &count);
	view->has_services = count > 0;
	for (const struct af_image_clause *clause = af_image_clauses(&view->image, &count);
		count > 0; clause++, count--)
		view->has_clause[clause->kind] = true;
}

/* Both views and the path are one piece of memory. */
enum af_status af_policy_borrow(
	const char *source, const uint8_t *bytes, size_t length, struct af_policy **out)
{
	size_t room = strlen(source) + 1;
	struct af_policy *view = malloc(2 * sizeof(*view) + room);
	enum af_status status;

	*out = NULL;
	if (view == NULL)
		return AFENCE_ERR_MEMORY;
	status = af_image_open(bytes, length, &view[0].image);
	if (status != AFENCE_OK) {
		free(view);
		return status;
	}
	set_view(&view[0], LIVES_NORMAL);
	view[0].source = memcpy(&view[2], source, room);
	view[1] = view[0];
	view[1].lives = LIVES_TRIAL;
	if (af_image_settings(&view->image)->on_trial != 0)
		view[0].trial = &view[1];
	*out = view;
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
	status = af_policy_borrow(path, file.bytes, file.length, out);
	if (status == AFENCE_OK)
		(*out)->file = file;
	else
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

	if (len + sizeof(AFENCE_PREVIOUS_SUFFIX) > sizeof(previous))
		return AFENCE_ERR_LIMIT;
	memcpy(previous, path, len);
	memcpy(previous + len, AFENCE_PREVIOUS_SUFFIX, sizeof(AFENCE_PREVIOUS_SUFFIX));
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

const struct af_policy *af_policy_trial(const struct af_policy *policy)
{
	return policy->trial;
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

const struct af_image *af_policy_image(const struct af_policy *policy)
{
	return policy->has_image ? &policy->image : NULL;
}

void af_policy_name_server(const struct af_settings *settings, struct af_resolver_config *out)
{
	out->has_server = settings->has_server;
	out->server = settings->server;
	out->port = settings->server_port;
}

time_t af_policy_now(const struct af_policy *policy)
{
	time_t created = (time_t)af_policy_created(policy), now = time(NULL);

	return now > created ? now : created;
}

static const struct af_settings default_settings = {
	.mode = AFENCE_MODE_ENFORCE,
	.on_block = AFENCE_ON_BLOCK_CUT,
	.log_identity = AFENCE_LOG_FULL,
	.resolve = true,
	.within_ms = AFENCE_WITHIN_MS_DEFAULT,
};

/* The clock is asked only for a mode that ends. */
static enum af_mode mode_at(
	const struct af_policy *policy, const struct af_image_settings *from, time_t now)
{
	if (from->mode_until == 0)
		return (enum af_mode)from->mode;
	if (now == 0)
		now = af_policy_now(policy);
	return (enum af_mode)(now < from->mode_until ? from->mode : from->mode_after);
}

static void add_service(const struct af_image_service *from, struct af_settings *out)
{
	if (from->mode != AFENCE_UNSET)
		out->mode = (enum af_mode)from->mode;
	if (from->on_block != AFENCE_UNSET)
		out->on_block = (enum af_on_block)from->on_block;
	if (from->unknown != AFENCE_UNSET)
		out->unknown_allow = from->unknown != 0;
	if (from->resolve != AFENCE_UNSET)
		out->resolve = from->resolve != 0;
}

void af_policy_settings(
	const struct af_policy *policy, const char *service, time_t now, struct af_settings *out)
{
	const struct af_image_settings *from;
	const struct af_image_service *row = NULL;

	*out = default_settings;
	if (!policy->has_image)
		return;
	from = af_image_settings(&policy->image);
	out->mode = mode_at(policy, from, now);
	out->on_block = (enum af_on_block)from->on_block;
	out->log_identity = (enum af_log_identity)from->log_identity;
	out->unknown_allow = from->unknown != 0;
	out->resolve = from->resolve != 0;
	out->within_ms = from->within_ms;
	out->has_server = from->has_server != 0;
	memcpy(out->server.byte, from->server, sizeof(out->server.byte));
	out->server_port = from->server_port;
	if (policy->has_services && service != NULL)
		row = af_image_find_service(&policy->image, service);
	if (row != NULL)
		add_service(row, out);
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

/* The first of the rules on one name or network that holds in this view, or NULL. */
static const struct af_image_rule *skip_dead(
	const struct af_policy *policy, const struct af_image_rule *rule)
{
	while (rule != NULL && !af_policy_holds(policy, rule->life))
		rule = af_image_rule(&policy->image, rule->next);
	return rule;
}

static const struct af_image_rule *find_reserve(
	const struct af_policy *policy, const struct af_suffix *suffix)
{
	return skip_dead(
		policy, af_image_find_name(&policy->image, AFENCE_SECTION_IDENTITIES, suffix));
}

static bool is_protected(
	const struct af_policy *policy, const struct af_suffix *suffix, unsigned reach)
{
	const struct af_image *image = &policy->image;
	const struct af_image_member *member =
		af_image_find_member(image, AFENCE_CLAUSE_PROTECT, suffix);

	for (; member != NULL; member = af_image_next_member(image, member))
		if ((member->reach & reach) != 0 &&
			af_policy_holds(policy, af_image_clause_of(image, member)->life))
			return true;
	return false;
}

static unsigned reach_of(const struct af_suffix *suffix, const struct af_domain *name)
{
	return suffix->len == name->len ? AFENCE_REACH_EXACT : AFENCE_REACH_BELOW;
}

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
		found = find_reserve(policy, &suffix);
		if (found != NULL)
			reserve = found;
		if (policy->has_clause[AFENCE_CLAUSE_PROTECT] && !out->protected)
			out->protected = is_protected(policy, &suffix, reach_of(&suffix, domain));
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

/* Of the rules on one name or network that hold and have REACH (0: any), the external one, else
 * the first; NULL if there is none. */
static const struct af_image_rule *pick_rule(
	const struct af_policy *policy, const struct af_image_rule *rule, unsigned reach)
{
	const struct af_image_rule *picked = NULL;

	for (; rule != NULL; rule = af_image_rule(&policy->image, rule->next)) {
		if (!af_policy_holds(policy, rule->life) ||
			(reach != 0 && (rule->reach & reach) == 0))
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
		found = pick_rule(policy, found, reach_of(&suffix, name));
		if (found != NULL)
			picked = found;
	}
	return answer(policy, picked, rule);
}

enum af_row af_policy_address_row(
	const struct af_policy *policy, const struct af_address *address, struct af_rule *rule)
{
	const struct af_image *image = &policy->image;
	const struct af_image_network *network = NULL;
	const struct af_image_rule *picked = NULL;

	memset(rule, 0, sizeof(*rule));
	if (policy->has_image)
		network = af_image_find_network(image, address);
	for (; network != NULL && picked == NULL; network = af_image_network_parent(image, network))
		picked = pick_rule(policy, af_image_rule(image, network->rule), 0);
	return answer(policy, picked, rule);
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
