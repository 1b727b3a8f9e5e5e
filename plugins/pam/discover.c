/* SPDX-License-Identifier: MIT */
/*
 * From the name of a service to the servers behind the guard.  Whatever does not fit together makes
 * it unknown: of files that libpam did not read nothing can be concluded.
 */
#include "discover.h"

#include <link.h>
#include <stdio.h>
#include <string.h>

#include "modules.h"

#define OWN_NAME     "pam_authfence.so"
#define LINES_MAX    64 /* forwarding lines whose configuration is read */
#define SUSPECTS_MAX 16
#define NAME_ROOM    256

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool is_module(const struct af_pam_entry *entry)
{
	return !entry->broken && !entry->substack;
}

/* D4: the rows for the module NAME; *count of them. */
static const struct af_image_module *find_rows(
	const struct af_pam_scope *scope, const char *name, size_t *count)
{
	const struct af_image *image =
		scope->policy != NULL ? af_policy_image(scope->policy) : NULL;
	const struct af_image_module *row;
	size_t all, first = 0, end;

	*count = 0;
	row = image != NULL ? af_image_modules(image, &all) : NULL;
	if (row == NULL)
		return NULL;
	while (first < all && strcmp(af_image_string(image, row[first].name), name) != 0)
		first++;
	for (end = first; end < all; end++)
		if (strcmp(af_image_string(image, row[end].name), name) != 0)
			break;
	*count = end - first;
	return row + first;
}

static bool is_settled_local(const struct af_pam_scope *scope, const char *name)
{
	size_t count;
	const struct af_image_module *row = find_rows(scope, name, &count);

	return count > 0 && row->host == AFENCE_IMAGE_NONE;
}

/* True if policy says what the module is. */
static bool settle(const struct af_pam_scope *scope, const struct af_pam_question *question,
	struct af_pam_discovery *out)
{
	size_t count;
	const struct af_image_module *row =
		find_rows(scope, af_pam_entry_name(question->entry), &count);

	for (size_t i = 0; i < count; i++) {
		const char *host;

		if (row[i].host == AFENCE_IMAGE_NONE)
			continue;
		host = af_image_string(af_policy_image(scope->policy), row[i].host);
		af_pam_add_host(question, host, strlen(host), 0, NULL, out);
	}
	return count > 0;
}

/* A line of another facility is one of `session`, which D2 has put there. */
static bool counts(const struct af_pam_scope *scope, const struct af_pam_entry *entry)
{
	const struct af_pam_module *module = af_pam_module_find(af_pam_entry_name(entry));

	return is_module(entry) &&
	       (entry->facility == scope->facility || (module != NULL && module->in_session));
}

static void ask_reader(
	const struct af_pam_question *question, unsigned *lines, struct af_pam_discovery *out)
{
	const struct af_pam_module *module;

	if (af_pam_entry_kind(question->entry, &module) == AFENCE_PAM_LOCAL)
		return;
	if (module == NULL)
		af_pam_add_unknown(question, NULL, "a module that is not known", out);
	else if (module->read == NULL)
		af_pam_add_unknown(question, NULL, "its servers cannot be known", out);
	else if (++*lines > LINES_MAX)
		af_pam_add_unknown(question, NULL, "too many such lines", out);
	else
		module->read(question, out);
}

void af_pam_discover_from(const struct af_pam_scope *scope, const struct af_pam_stack *stack,
	size_t from, struct af_pam_discovery *out)
{
	struct af_pam_question question = {
		.files = scope->files, .user = scope->user, .confdir = scope->confdir};
	unsigned lines = 0;

	for (size_t i = from; i < stack->count; i++) {
		question.entry = &stack->entry[i];
		if (counts(scope, question.entry) && !settle(scope, &question, out))
			ask_reader(&question, &lines, out);
	}
}

static void set_unknown(struct af_pam_discovery *out, const char *what, const char *where)
{
	if (!out->unknown)
		snprintf(out->why, sizeof(out->why), "%s%s%s", where != NULL ? where : "",
			where != NULL ? ": " : "", what);
	out->unknown = true;
}

/* D2 */
static bool is_own(const struct af_pam_scope *scope, const struct af_pam_entry *entry)
{
	if (!is_module(entry) || entry->facility != scope->facility ||
		strcmp(af_pam_entry_name(entry), OWN_NAME) != 0 || entry->count != scope->own_count)
		return false;
	for (size_t i = 0; i < entry->count; i++)
		if (strcmp(entry->argument[i], scope->own[i]) != 0)
			return false;
	return true;
}

/* The index behind the own line; where that is not found, all lines count. */
static size_t find_start(const struct af_pam_scope *scope, const struct af_pam_stack *stack,
	struct af_pam_discovery *out)
{
	for (size_t i = 0; scope->own != NULL && i < stack->count; i++)
		if (is_own(scope, &stack->entry[i]))
			return i + 1;
	if (scope->own != NULL)
		set_unknown(out, "no line of " OWN_NAME " with these arguments", scope->service);
	return 0;
}

/* What stood before the guard has got the password, and is to be told. */
static void find_misplaced(const struct af_pam_scope *scope, const struct af_pam_stack *stack,
	size_t start, struct af_pam_discovery *out)
{
	const struct af_pam_module *module;

	for (size_t i = 0; i + 1 < start && out->before == NULL; i++) {
		const struct af_pam_entry *entry = &stack->entry[i];

		if (counts(scope, entry) &&
			af_pam_entry_kind(entry, &module) == AFENCE_PAM_FORWARDER &&
			!is_settled_local(scope, af_pam_entry_name(entry)))
			out->before = entry;
	}
}

/* ---- D3 ---- */

/* Mapped modules that may send a password and were not seen in a stack. */
struct suspects {
	const struct af_pam_scope *scope;
	char name[SUSPECTS_MAX][NAME_ROOM];
	bool cleared[SUSPECTS_MAX];
	size_t count;
};

static bool is_suspect(const struct af_pam_scope *scope, const char *name)
{
	const struct af_pam_module *row = af_pam_module_find(name);
	size_t len = strlen(name);

	if (is_settled_local(scope, name))
		return false;
	if (row != NULL)
		return row->kind != AFENCE_PAM_LOCAL;
	return len > 7 && strncmp(name, "pam_", 4) == 0 && strcmp(name + len - 3, ".so") == 0;
}

/* Called under a lock of the loader, so it only takes notes. */
static int note_suspect(struct dl_phdr_info *info, size_t size, void *context)
{
	struct suspects *suspects = context;
	const char *name = last_part(info->dlpi_name);

	(void)size;
	if (!is_suspect(suspects->scope, name))
		return 0;
	if (suspects->count == SUSPECTS_MAX)
		return 1;
	snprintf(suspects->name[suspects->count++], NAME_ROOM, "%s", name);
	return 0;
}

static void clear_suspects(struct suspects *suspects, const struct af_pam_stack *stack)
{
	for (size_t i = 0; i < suspects->count; i++)
		for (size_t n = 0; n < stack->count && !suspects->cleared[i]; n++)
			suspects->cleared[i] =
				is_module(&stack->entry[n]) &&
				strcmp(af_pam_entry_name(&stack->entry[n]), suspects->name[i]) == 0;
}

static const char *first_suspect(const struct suspects *suspects)
{
	for (size_t i = 0; i < suspects->count; i++)
		if (!suspects->cleared[i])
			return suspects->name[i];
	return NULL;
}

static void clear_by_service(struct suspects *suspects, const char *service)
{
	struct af_pam_stack stack;

	for (int i = 0; i < AFENCE_PAM_FACILITIES && first_suspect(suspects) != NULL; i++) {
		af_pam_stack_read(suspects->scope->files, service, suspects->scope->confdir,
			(enum af_pam_facility)i, &stack);
		clear_suspects(suspects, &stack);
		af_pam_stack_free(&stack);
	}
}

static void check_mapped(const struct af_pam_scope *scope, const struct af_pam_stack *stack,
	struct af_pam_discovery *out)
{
	struct suspects suspects = {.scope = scope};

	if (dl_iterate_phdr(note_suspect, &suspects) != 0)
		set_unknown(out, "too many modules in this process", NULL);
	clear_suspects(&suspects, stack);
	clear_by_service(&suspects, scope->service);
	clear_by_service(&suspects, "other");
	if (first_suspect(&suspects) != NULL)
		set_unknown(out, "in this process, but not in the files of the service",
			first_suspect(&suspects));
}

/* ---- */

static void read_stack(const struct af_pam_scope *scope, struct af_pam_stack *out)
{
	struct af_pam_stack session;

	af_pam_stack_read(scope->files, scope->service, scope->confdir, scope->facility, out);
	if (scope->facility != AFENCE_PAM_AUTH)
		return;
	af_pam_stack_read(
		scope->files, scope->service, scope->confdir, AFENCE_PAM_SESSION, &session);
	af_pam_stack_append(out, &session);
}

void af_pam_discover(
	const struct af_pam_scope *scope, struct af_pam_stack *stack, struct af_pam_discovery *out)
{
	size_t start;

	memset(out, 0, sizeof(*out));
	read_stack(scope, stack);
	if (stack->trouble != AFENCE_OK)
		set_unknown(out, stack->trouble_text, stack->trouble_file);
	else if (stack->refused && scope->mapped)
		set_unknown(out, "a stack that libpam would not take", scope->service);
	/* pam_start(3) drops the folders of a service's name, pam_set_item(3) does not. */
	if (scope->mapped && scope->service != NULL && strchr(scope->service, '/') != NULL)
		set_unknown(out, "the name of the service is a path", NULL);
	start = find_start(scope, stack, out);
	af_pam_discover_from(scope, stack, start, out);
	find_misplaced(scope, stack, start, out);
	if (scope->mapped)
		check_mapped(scope, stack, out);
}

static int is_appender(struct dl_phdr_info *info, size_t size, void *context)
{
	const struct af_pam_module *row = af_pam_module_find(last_part(info->dlpi_name));

	(void)size, (void)context;
	return row != NULL && row->appends;
}

bool af_pam_appender_is_mapped(void)
{
	return dl_iterate_phdr(is_appender, NULL) != 0;
}
