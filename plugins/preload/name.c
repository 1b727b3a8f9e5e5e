/* SPDX-License-Identifier: MIT */
#include "name.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define NAMES 256

static struct name {
	atomic_flag busy;
	bool used;
	uint16_t port;
	struct af_address address;
	char text[AFENCE_SEEN_HOST_MAX + 1];
} names[NAMES];

/* The entry of ADDRESS and PORT, taken; or NULL. */
static struct name *enter(const struct af_address *address, uint16_t port)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct name *name = &names[i];

		if (atomic_flag_test_and_set(&name->busy))
			continue;
		if (name->used && name->port == port && af_address_equal(&name->address, address))
			return name;
		atomic_flag_clear(&name->busy);
	}
	return NULL;
}

void af_name_note(const struct af_address *address, uint16_t port, const char *text)
{
	static _Atomic unsigned next;
	struct name *name = enter(address, port);
	size_t len = strnlen(text, sizeof(name->text));

	if (name == NULL) {
		name = &names[atomic_fetch_add(&next, 1) % NAMES];
		if (atomic_flag_test_and_set(&name->busy))
			return;
	}
	name->used = len < sizeof(name->text);
	name->port = port;
	name->address = *address;
	if (name->used)
		memcpy(name->text, text, len + 1);
	atomic_flag_clear(&name->busy);
}

void af_name_find(
	const struct af_address *address, uint16_t port, char text[AFENCE_SEEN_HOST_MAX + 1])
{
	struct name *name = enter(address, port);

	text[0] = '\0';
	if (name == NULL)
		return;
	memcpy(text, name->text, sizeof(name->text));
	atomic_flag_clear(&name->busy);
}
