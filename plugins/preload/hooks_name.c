/* SPDX-License-Identifier: MIT */
/*
 * The resolver's functions are listened to, never called.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "name.h"
#include "real.h"

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
			af_name_note(&address, 0, node);
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
			af_name_note(&address, 0, name);
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
