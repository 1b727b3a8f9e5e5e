/* SPDX-License-Identifier: MIT */
/*
 * The entry point.  libsasl2 calls it once for sasl_client_init(), once for sasl_server_init(),
 * and again after sasl_done(); each call gets a context of its own, so that nothing here is
 * global and changes.
 *
 * Policy and name servers are read now, because a host may chroot afterwards.  Whatever goes
 * wrong with them, the host goes on and the built-in rules guard it.
 */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "af_policy.h"
#include "af_report.h"
#include "af_resolver.h"

int sasl_canonuser_init(const sasl_utils_t *utils, int max_version, int *out_version,
	sasl_canonuser_plug_t **plug, const char *plugname);

static const char *find_policy(bool *own_user)
{
	const char *path = secure_getenv("AUTHFENCE_POLICY");

	*own_user = path != NULL && path[0] == '/';
	return *own_user ? path : AFENCE_POLICY_PATH;
}

static bool is_fault(enum af_status status)
{
	return status != AFENCE_OK && status != AFENCE_ERR_ABSENT;
}

/* af_policy_enter() meets trouble in its first call only, so a process logs it once. */
static void enter_policy(const sasl_utils_t *utils)
{
	struct af_policy_trouble trouble;
	bool own_user;
	const char *path = find_policy(&own_user);
	const struct af_policy *policy = af_policy_enter(path, own_user, &trouble);
	char name[256];
	char text[1024];

	if (!is_fault(trouble.file) && !is_fault(trouble.previous))
		return;
	af_escape(path, strlen(path), name, sizeof(name));
	snprintf(text, sizeof(text), "authfence: %s: %s; %s.prev: %s; in force: %s", name,
		af_strerror(trouble.file), name, af_strerror(trouble.previous),
		policy == af_policy_builtin() ? "built-in policy" : "previous policy");
	utils->log(utils->conn, SASL_LOG_ERR, "%s", text);
}

/* NULL, out of memory: names stay unresolved, and reserved identities with them. */
static struct af_resolver *make_resolver(void)
{
	struct af_resolver_config config = {.has_server = false};
	struct af_resolver *resolver;
	struct af_settings settings;

	af_policy_settings(af_policy_current(), NULL, 0, &settings);
	config.has_server = settings.has_server;
	config.server = settings.server;
	config.port = settings.server_port;
	af_resolver_new(&config, &resolver);
	return resolver;
}

static void free_context(void *glob_context, const sasl_utils_t *utils)
{
	struct af_sasl *self = glob_context;

	(void)utils;
	if (self == NULL)
		return;
	af_resolver_free(self->resolver);
	free(self);
}

int sasl_canonuser_init(const sasl_utils_t *utils, int max_version, int *out_version,
	sasl_canonuser_plug_t **plug, const char *plugname)
{
	struct af_sasl *self;

	(void)plugname;
	if (utils == NULL || out_version == NULL || plug == NULL)
		return SASL_BADPARAM;
	if (max_version < SASL_CANONUSER_PLUG_VERSION)
		return SASL_BADVERS;
	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return SASL_NOMEM;
	enter_policy(utils);
	self->resolver = make_resolver();
	atomic_flag_clear(&self->reaping);
	self->plug.glob_context = self;
	/* The name of the built-in, which libsasl2 looks for unless configured otherwise; it takes
	 * the newest of that name. */
	self->plug.name = "INTERNAL";
	self->plug.canon_user_free = free_context;
	self->plug.canon_user_server = af_sasl_server;
	self->plug.canon_user_client = af_sasl_client;
	*out_version = SASL_CANONUSER_PLUG_VERSION;
	*plug = &self->plug;
	return SASL_OK;
}
