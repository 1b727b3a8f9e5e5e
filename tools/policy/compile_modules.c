/* SPDX-License-Identifier: MIT */
/*
 * Lays out what is said of modules of PAM, sorted, each server of a module once.
 */
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "compile_parts.h"

struct said {
	const char *name, *host; /* host "": local */
	const struct af_module_row *row;
};

/* Of rows that say the same, the first of the text stays in front. */
static int compare(const void *left, const void *right)
{
	const struct said *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order == 0)
		order = strcmp(a->host, b->host);
	return order != 0 ? order : (a->row > b->row) - (a->row < b->row);
}

static bool is_same(const struct said *a, const struct said *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->host, b->host) == 0;
}

static void add(struct af_layout *layout, const struct af_module_row *row)
{
	struct af_image_module *module = af_layout_append(layout, AFENCE_SECTION_MODULES, 1);

	module->name = af_layout_string(layout, row->name);
	module->host = row->host == AFENCE_IMAGE_NONE ? AFENCE_IMAGE_NONE
						      : af_layout_string(layout, row->host);
	module->file = row->file;
	module->line = row->line;
}

void af_layout_modules(struct af_layout *layout)
{
	const struct af_rules *from = layout->from;
	size_t count = from->module.count;
	struct said *said = af_new(count, sizeof(*said));

	for (size_t i = 0; i < count; i++) {
		const struct af_module_row *row = &from->module.row[i];

		said[i] = (struct said){af_rules_string(from, row->name),
			row->host == AFENCE_IMAGE_NONE ? "" : af_rules_string(from, row->host),
			row};
	}
	qsort(said, count, sizeof(*said), compare);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !is_same(&said[i - 1], &said[i]))
			add(layout, said[i].row);
	free(said);
}
