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

int af_sasl_canonicalise(const sasl_utils_t *utils, const char *realm, const char *user,
	unsigned user_len, char *out, unsigned out_max, unsigned *out_len)
{
	size_t lead = 0;
	size_t len;
	size_t total;
	bool append;

	if (utils == NULL || user == NULL)
		return SASL_BADPARAM;
	while (lead < user_len && is_blank(user[lead]))
		lead++;
	len = user_len - lead;
	while (len > 0 && is_blank(user[lead + len - 1]))
		len--;
	/* So " a" and "" are refused, and a name of blanks alone becomes an empty one. */
	if (lead == len) {
		utils->seterror(utils->conn, 0, "All-whitespace username.");
		return SASL_FAIL;
	}
	append = realm != NULL && !has_at(user, user_len);
	total = append ? len + 1 + strlen(realm) : len;

	memmove(out, user + lead, min(len, out_max));
	if (append) {
		if (len >= out_max)
			return SASL_BUFOVER;
		out[len] = '@';
		memcpy(out + len + 1, realm, min(total, out_max) - len - 1);
	}
	out[min(total, out_max)] = '\0';
	if (total > out_max)
		return SASL_BUFOVER;
	if (out_len != NULL)
		*out_len = (unsigned)total;
	return SASL_OK;
}

int af_sasl_server(void *glob_context, sasl_server_params_t *params, const char *user,
	unsigned user_len, unsigned flags, char *out, unsigned out_max, unsigned *out_len)
{
	(void)glob_context;
	(void)flags;
	return af_sasl_canonicalise(
		params->utils, params->user_realm, user, user_len, out, out_max, out_len);
}
