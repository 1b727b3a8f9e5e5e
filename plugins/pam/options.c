/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>

#include "af_hostport.h"

#define WORD_SHOWN 100 /* bytes of a word in a log line */

/* Reads the value behind "=" (or NULL); returns NULL, or what was expected. */
typedef const char *reader(struct af_pam_options *out, const char *value);

/*
 * An empty host is a target of which nothing is known.  Of too many targets the last place is one
 * of those.
 */
static const char *read_target(struct af_pam_options *out, const char *value)
{
	struct af_pam_target *target = &out->target[out->target_count];
	size_t len = strlen(value);
	char *host;

	if (out->target_count > AFENCE_PAM_TARGETS)
		return "fewer targets";
	out->target_count++;
	if (out->target_count > AFENCE_PAM_TARGETS)
		return "fewer targets";
	if (len >= sizeof(target->host))
		return "HOST[:PORT]";
	memcpy(target->host, value, len + 1);
	if (af_hostport_split(target->host, &host, &target->port) != NULL)
		host = target->host + len;
	memmove(target->host, host, strlen(host) + 1);
	if (*target->host != '\0')
		return NULL;
	target->port = 0;
	return "HOST[:PORT]";
}

static const char *read_domain(struct af_pam_options *out, const char *value)
{
	out->domain = *value != '\0' ? value : NULL;
	return out->domain != NULL ? NULL : "a domain name";
}

static const char *read_service(struct af_pam_options *out, const char *value)
{
	out->service = *value != '\0' ? value : NULL;
	return out->service != NULL ? NULL : "a service name";
}

static const char *read_policy(struct af_pam_options *out, const char *value)
{
	out->policy = value;
	return *value == '/' ? NULL : "an absolute path";
}

static const char *read_unknown(struct af_pam_options *out, const char *value)
{
	out->unknown_allow = strcmp(value, "allow") == 0;
	out->has_unknown = out->unknown_allow || strcmp(value, "block") == 0;
	return out->has_unknown ? NULL : "block or allow";
}

static const char *read_observe(struct af_pam_options *out, const char *value)
{
	out->observe = value == NULL;
	return out->observe ? NULL : "no value";
}

static const char *read_quiet(struct af_pam_options *out, const char *value)
{
	out->quiet = value == NULL;
	return out->quiet ? NULL : "no value";
}

static const char *read_debug(struct af_pam_options *out, const char *value)
{
	out->debug = value == NULL;
	return out->debug ? NULL : "no value";
}

static const char *read_confdir(struct af_pam_options *out, const char *value)
{
	out->confdir = *value == '/' ? value : NULL;
	return out->confdir != NULL ? NULL : "an absolute path";
}

static const char *read_discover(struct af_pam_options *out, const char *value)
{
	out->discover = strcmp(value, "yes") == 0;
	out->has_discover = out->discover || strcmp(value, "no") == 0;
	return out->has_discover ? NULL : "yes or no";
}

static const struct {
	const char *name;
	bool valued;
	reader *read;
} table[] = {
	{"target", true, read_target},
	{"domain", true, read_domain},
	{"service", true, read_service},
	{"policy", true, read_policy},
	{"unknown", true, read_unknown},
	{"confdir", true, read_confdir},
	{"discover", true, read_discover},
	{"observe", false, read_observe},
	{"quiet", false, read_quiet},
	{"debug", false, read_debug},
};

static const char words[] =
	"target=, domain=, service=, policy=, unknown=, confdir=, discover=, observe, quiet or "
	"debug";

/* NULL, or what was expected instead of WORD. */
static const char *read_word(struct af_pam_options *out, const char *word)
{
	size_t len = strcspn(word, "=");
	const char *value = word[len] == '=' ? word + len + 1 : NULL;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strlen(table[i].name) != len || memcmp(table[i].name, word, len) != 0)
			continue;
		if (table[i].valued && value == NULL)
			break;
		return table[i].read(out, value);
	}
	out->misread = true;
	return words;
}

/* A word that is not ours is shown without its value: that may be a secret for another module. */
void af_pam_options_read(
	const pam_handle_t *pamh, int count, const char **word, struct af_pam_options *out)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < count; i++) {
		const char *expected = read_word(out, word[i]);
		int shown = expected == words ? (int)strcspn(word[i], "=") : WORD_SHOWN;

		if (expected != NULL)
			pam_syslog(pamh, LOG_ERR, "argument %d: seen \"%.*s\", expected %s", i + 1,
				shown, word[i], expected);
	}
	if (!out->has_discover)
		out->discover = out->target_count == 0;
}
