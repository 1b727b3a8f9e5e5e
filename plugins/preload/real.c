/* SPDX-License-Identifier: MIT */
/*
 * A hook may run before our constructor: constructors of other libraries write and close, too.  So
 * each pointer starts at a function of ours that looks all of them up and goes on.
 *
 * dlsym() gives the default version.  Where there is an older one (fdopen() on i386) only programs
 * of the last century ask for it.
 */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define FIRST_CALL(type, name, parameters, arguments, failed) \
	static type first_##name parameters                   \
	{                                                     \
		af_real_find();                               \
		return af_real.name arguments;                \
	}                                                     \
	static type no_##name parameters                      \
	{                                                     \
		errno = ENOSYS;                               \
		return (failed);                              \
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
AFENCE_REAL_FUNCTIONS(FIRST_CALL)
#pragma GCC diagnostic pop

struct af_real af_real = {
#define FIRST_POINTER(type, name, parameters, arguments, failed) .name = first_##name,
	AFENCE_REAL_FUNCTIONS(FIRST_POINTER)};

/* write() and close() first: a malloc() of the program's own, which a failing dlsym() calls, may
 * need them. */
void af_real_find(void)
{
	void *found;

#define FIND_NEXT(type, name, parameters, arguments, failed) \
	found = dlsym(RTLD_NEXT, #name);                     \
	af_real.name = found != NULL ? (__typeof__(af_real.name))found : no_##name;
	AFENCE_REAL_FUNCTIONS(FIND_NEXT)
}

/* ---- other libraries ---- */

/* Where nobody else knows: a call from the program itself, or made in its name. */
static const struct {
	const char *prefix;
	const char *library;
} libraries[] = {
	{"SSL_", "libssl.so.3"},
	{"SSL_", "libssl.so.1.1"},
	{"BIO_", "libcrypto.so.3"},
	{"BIO_", "libcrypto.so.1.1"},
	{"ERR_", "libcrypto.so.3"},
	{"gnutls_", "libgnutls.so.30"},
	{"gsasl_", "libgsasl.so.18"},
	{"gsasl_", "libgsasl.so.7"},
	{"nghttp2_", "libnghttp2.so.14"},
};

static void *find_in(const char *library, int flags, const char *symbol)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD | flags);
	void *found = handle != NULL ? dlsym(handle, symbol) : NULL;

	if (handle != NULL)
		dlclose(handle);
	return found;
}

static const struct link_map *map_of(const void *address)
{
	const struct link_map *map = NULL;
	Dl_info info;

	return dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 ? map : NULL;
}

/*
 * From the caller's own scope.  It is kept loaded, so that SITE never becomes another's.
 *
 * A function that ends in a jump to another hooked one (gnutls_record_send() to _send2()) makes that
 * hook's return address ours; our own scope would give the hook itself.
 */
static void *find_from(const void *site, const char *symbol)
{
	const struct link_map *map = map_of(site);

	if (map == NULL || map->l_name[0] == '\0' || map == map_of(&af_real))
		return NULL;
	return find_in(map->l_name, RTLD_NODELETE, symbol);
}

static void *find(const char *symbol, const void *site)
{
	void *found = find_from(site, symbol);

	if (found == NULL)
		found = dlsym(RTLD_NEXT, symbol);
	for (size_t i = 0; found == NULL && i < sizeof(libraries) / sizeof(*libraries); i++) {
		if (strncmp(symbol, libraries[i].prefix, strlen(libraries[i].prefix)) == 0)
			found = find_in(libraries[i].library, RTLD_NODELETE, symbol);
	}
	return found;
}

#define SITES 256
#define TRIED 8

/* A few places call; each is looked up once.  A slot is written by whoever claims it. */
static struct site {
	atomic_flag claimed;
	_Atomic(const void *) site; /* NULL: not written yet */
	const char *symbol;
	void *found;
} sites[SITES];

static struct site *place_of(const void *site, unsigned step)
{
	uintptr_t number = (uintptr_t)site;

	return &sites[((number >> 2) ^ (number >> 10) ^ step) % SITES];
}

void *af_real_of(const char *symbol, const void *site)
{
	void *found;

	for (unsigned step = 0; step < TRIED; step++) {
		struct site *place = place_of(site, step);

		if (atomic_load_explicit(&place->site, memory_order_acquire) == site &&
			place->symbol == symbol)
			return place->found;
	}
	found = find(symbol, site);
	for (unsigned step = 0; found != NULL && step < TRIED; step++) {
		struct site *place = place_of(site, step);

		if (atomic_flag_test_and_set(&place->claimed))
			continue;
		place->symbol = symbol;
		place->found = found;
		atomic_store_explicit(&place->site, site, memory_order_release);
		break;
	}
	return found;
}
