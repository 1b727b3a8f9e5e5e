/* SPDX-License-Identifier: MIT */
/*
 * Look-up in the built-in registry of names.  Every login passes here once per label of its
 * domain, so a name that is not listed is turned away by its hash alone, nearly always at the
 * first slot.
 */
#include "af_registry.h"

#include <string.h>

#include "af_tables.h"

const char *af_name_class_string(enum af_name_class class)
{
	switch (class) {
	case AFENCE_NAME_NONE:
		return "none";
	case AFENCE_NAME_DOCUMENTATION:
		return "documentation";
	case AFENCE_NAME_TESTING:
		return "testing";
	case AFENCE_NAME_SPECIAL:
		return "special";
	}
	return "none";
}

const struct af_registry_row *af_registry_find(const struct af_suffix *suffix)
{
	for (uint32_t at = suffix->hash;; at++) {
		unsigned slot = af_name_slots[at % AFENCE_NAME_SLOTS];
		const struct af_registry_row *row;

		if (slot == 0)
			return NULL;
		row = &af_names[slot - 1];
		if (row->len == suffix->len && memcmp(row->name, suffix->text, row->len) == 0)
			return row;
	}
}

const struct af_registry_row *af_registry_match(const struct af_domain *domain)
{
	const struct af_registry_row *found = NULL;
	struct af_suffix suffix = {0};

	while (af_suffix_next(domain, &suffix)) {
		const struct af_registry_row *row = af_registry_find(&suffix);

		if (row != NULL)
			found = row;
	}
	return found;
}

const struct af_registry_row *af_registry_rows(size_t *count)
{
	*count = af_names_count;
	return af_names;
}
