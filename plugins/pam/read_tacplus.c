/* SPDX-License-Identifier: MIT */
/*
 * pam_tacplus: "server=host[:port]" in the arguments, as often as there are servers; without one
 * nothing is sent.  Derived modules take a file of servers ("include="), in a form of their own.
 */
#include <string.h>

#include "reader.h"

static const char server[] = "server=";

void af_pam_read_tacplus(const struct af_pam_question *question, struct af_pam_discovery *out)
{
	const struct af_pam_entry *entry = question->entry;
	size_t skip = sizeof(server) - 1;

	for (size_t i = 0; i < entry->count; i++) {
		const char *argument = entry->argument[i];

		if (strncmp(argument, server, skip) == 0)
			af_pam_add_hostport(
				question, argument + skip, strlen(argument + skip), NULL, out);
	}
	if (af_pam_entry_value(entry, "include=") != NULL)
		af_pam_add_unknown(question, NULL, "servers from a file (include=)", out);
}
