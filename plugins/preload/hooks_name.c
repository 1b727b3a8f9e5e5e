/* SPDX-License-Identifier: MIT */
/*
 * The resolver's functions are listened to, never called.
 */
#include "name.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "real.h"

#define NAMES 256

static struct name {
	atomic_flag busy;
	bool used;
	struct af_address address;
	char text[AFENCE_SEEN_HOST_MAX + 1];
} names[NAMES];

/* The entry of ADDRESS, taken; or NULL. */
static struct name *enter(const struct af_address *address)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct name *name = &names[i];

		if (atomic_flag_test_and_set(&name->busy))
			continue;
		if (name->used && af_address_equal(&name->address, address))
			return name;
		atomic_flag_clear(&name->busy);
	}
	return NULL;
}

void af_name_note(const struct af_address *address, const char *text)
{
	static _Atomic unsigned next;
	struct name *name = enter(address);
	size_t len = strnlen(text, sizeof(name->text));

	if (name == NULL) {
		name = &names[atomic_fetch_add(&next, 1) % NAMES];
		if (atomic_flag_test_and_set(&name->busy))
			return;
	}
	name->used = len < sizeof(name->text);
	name->address = *address;
	if (name->used)
		memcpy(name->text, text, len + 1);
	atomic_flag_clear(&name->busy);
}

void af_name_find(const struct af_address *address, char text[AFENCE_SEEN_HOST_MAX + 1])
{
	struct name *name = enter(address);

	text[0] = '\0';
	if (name == NULL)
		return;
	memcpy(text, name->text, sizeof(name->text));
	atomic_flag_clear(&name->busy);
}

int getaddrinfo(
	const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int result = af_real.getaddrinfo(node, service, hints, out);
	struct af_address address;

	if (result != 0 || node == NULL)
		return result;
	for (const struct addrinfo *info = *out; info != NULL; info = info->ai_next)
		if (info->ai_addr != NULL &&
			af_address_from_sockaddr(info->ai_addr, &address, NULL))
			af_name_note(&address, node);
	return result;
}

/* ---- the older ones ---- */

static bool read_entry(const struct hostent *entry, const char *bytes, struct af_address *out)
{
	struct sockaddr_in6 long_form = {.sin6_family = AF_INET6};
	struct sockaddr_in short_form = {.sin_family = AF_INET};

	if (entry->h_addrtype == AF_INET6) {
		memcpy(&long_form.sin6_addr, bytes, sizeof(long_form.sin6_addr));
		return af_address_from_sockaddr((struct sockaddr *)&long_form, out, NULL);
	}
	memcpy(&short_form.sin_addr, bytes, sizeof(short_form.sin_addr));
	return entry->h_addrtype == AF_INET &&
	       af_address_from_sockaddr((struct sockaddr *)&short_form, out, NULL);
}

static void note_entry(const struct hostent *entry, const char *name)
{
	struct af_address address;

	if (entry == NULL || name == NULL)
		return;
	for (char **bytes = entry->h_addr_list; *bytes != NULL; bytes++)
		if (read_entry(entry, *bytes, &address))
			af_name_note(&address, name);
}

struct hostent *gethostbyname(const char *name)
{
	struct hostent *entry = af_real.gethostbyname(name);

	note_entry(entry, name);
	return entry;
}

struct hostent *gethostbyname2(const char *name, int family)
{
	struct hostent *entry = af_real.gethostbyname2(name, family);

	note_entry(entry, name);
	return entry;
}

int gethostbyname_r(const char *name, struct hostent *entry, char *room, size_t size,
	struct hostent **out, int *error)
{
	int result = af_real.gethostbyname_r(name, entry, room, size, out, error);

	note_entry(result == 0 ? *out : NULL, name);
	return result;
}

int gethostbyname2_r(const char *name, int family, struct hostent *entry, char *room, size_t size,
	struct hostent **out, int *error)
{
	int result = af_real.gethostbyname2_r(name, family, entry, room, size, out, error);

	note_entry(result == 0 ? *out : NULL, name);
	return result;
}
