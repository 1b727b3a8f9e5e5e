/* SPDX-License-Identifier: MIT */
/*
 * libsasl2's own canonicalisation, quirks included.  Servers compare these bytes with what stands
 * in their user data bases, so that a difference, an improvement too, would lock people out.
 * The behaviour was taken from version 2.1.28.
 */
#include "canon.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "plugin.h"

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A blank is what the host's locale says, for a char of either sign. */
static bool is_blank(char c)
{
	return isspace((int)c) != 0;
}

/* The built-in looks for "@" up to the NUL, so past the given length where none stands there;
 * that much is not repeated. */
static bool has_at(const char *user, size_t len)
{
	return memchr(user, '@', strnlen(user, len)) != NULL;
}

/* The name without the blanks around it; *len is its length before and after. */
static const char *trim(const char *name, size_t *len)
{
	while (*len > 0 && is_blank(*name)) {
		name++;
		(*len)--;
	}
	while (*len > 0 && is_blank(name[*len - 1]))
		(*len)--;
	return name;
}

/* Where OUT is too small it is filled, NUL included, and the refusal comes afterwards. */
static int write_name(
	const char *name, size_t len, const char *realm, char *out, size_t max, unsigned *out_len)
{
	size_t total = realm != NULL ? len + 1 + strlen(realm) : len;

	memmove(out, name, min(len, max));
	if (realm != NULL) {
		if (len >= max)
			return SASL_BUFOVER;
		out[len] = '@';
		memcpy(out + len + 1, realm, min(total, max) - len - 1);
	}
	out[min(total, max)] = '\0';
	if (total > max)
		return SASL_BUFOVER;
	if (out_len != NULL)
		*out_len = (unsigned)total;
	return SASL_OK;
}

int af_sasl_canonicalise(const sasl_utils_t *utils, const char *realm, const char *user,
	unsigned user_len, char *out, unsigned out_max, unsigned *out_len)
{
	size_t len = user_len;
	const char *name;

	if (utils == NULL || user == NULL)
		return SASL_BADPARAM;
	name = trim(user, &len);
	/* Blanks in front are weighed against what is left: "" and " a" are refused, while a name
	 * of blanks alone becomes an empty one. */
	if (name == user + len) {
		utils->seterror(utils->conn, 0, "All-whitespace username.");
		return SASL_FAIL;
	}
	if (realm != NULL && has_at(user, user_len))
		realm = NULL;
	return write_name(name, len, realm, out, out_max, out_len);
}

int af_sasl_server(void *glob_context, sasl_server_params_t *params, const char *user,
	unsigned user_len, unsigned flags, char *out, unsigned out_max, unsigned *out_len)
{
	(void)glob_context;
	(void)flags;
	return af_sasl_canonicalise(
		params->utils, params->user_realm, user, user_len, out, out_max, out_len);
}
