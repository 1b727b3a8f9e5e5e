/* SPDX-License-Identifier: MIT */
/*
 * Files of PAM, one behind the other with a byte FF between them: the service "s", "c", "d", "other"
 * and pam.conf.  Whatever they hold, the entries of each facility are bounded and whole, the same
 * once more, and none is lost where two stacks are put together.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../plugins/pam/control.h"
#include "../../plugins/pam/modules.h"
#include "../unit/memory_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_entry(const struct af_pam_entry *entry, enum af_pam_facility facility)
{
	struct af_pam_control control;
	const struct af_pam_module *module;

	require(entry->facility == facility && entry->depth <= AFENCE_PAM_DEPTH_MAX);
	require(*entry->file == '/' && entry->line > 0);
	require(!entry->substack || !entry->broken);
	require(entry->broken || *entry->module != '\0' || entry->substack);
	if (entry->argument != NULL)
		require(entry->argument[entry->count] == NULL);
	for (size_t i = 0; i < entry->count; i++)
		require(strchr(entry->argument[i], '#') == NULL);
	af_pam_control_parse(entry->control, &control);
	for (int code = 0; code < AFENCE_PAM_CODES; code++)
		require(control.action[code] != 0);
	af_pam_entry_kind(entry, &module);
}

static bool same(const struct af_pam_stack *a, const struct af_pam_stack *b)
{
	if (a->count != b->count || a->trouble != b->trouble || a->refused != b->refused)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->entry[i].line != b->entry[i].line ||
			strcmp(a->entry[i].module, b->entry[i].module) != 0)
			return false;
	return true;
}

static void check_facility(const struct af_pam_files *files, const char *confdir,
	enum af_pam_facility facility, struct af_pam_stack *all)
{
	struct af_pam_stack stack, again;
	size_t count;

	af_pam_stack_read(files, "s", confdir, facility, &stack);
	af_pam_stack_read(files, "S", confdir, facility, &again);
	require(same(&stack, &again) && stack.count <= AFENCE_PAM_ENTRIES_MAX);
	require(stack.trouble == AFENCE_OK || stack.trouble_text != NULL);
	for (size_t i = 0; i < stack.count; i++)
		check_entry(&stack.entry[i], facility);
	count = all->count + stack.count;
	af_pam_stack_append(all, &stack);
	require(all->count == count && stack.count == 0);
	af_pam_stack_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory_file file[] = {{.path = "/etc/pam.d/s"}, {.path = "/etc/pam.d/c"},
		{.path = "/etc/pam.d/d"}, {.path = "/etc/pam.d/other"}, {.path = "/etc/pam.conf"}};
	struct memory_files memory = {.file = file};
	const struct af_pam_files files = MEMORY_FILES(&memory);
	struct af_pam_stack all = {0};
	char *text = malloc(size + 1), *rest = text;

	memcpy(text, data, size);
	text[size] = '\0';
	while (rest != NULL && memory.count < sizeof(file) / sizeof(file[0]))
		file[memory.count++].text = strsep(&rest, "\xff");
	/* pam.conf counts where there is nothing else. */
	if (memory.count == 5 && size % 2 == 0)
		memory.file = &file[4], memory.count = 1;
	for (int i = 0; i < AFENCE_PAM_FACILITIES; i++)
		check_facility(&files, i == 0 && size % 3 == 0 ? "/etc/pam.d" : NULL,
			(enum af_pam_facility)i, &all);
	af_pam_stack_free(&all);
	free(text);
	return 0;
}
