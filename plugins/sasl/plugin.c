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

#include <stdlib.h>
#include <string.h>

int sasl_canonuser_init(const sasl_utils_t *utils, int max_version, int *out_version,
	sasl_canonuser_plug_t **plug, const char *plugname);

static const char *find_policy(bool *own_user)
{
	const char *path = secure_getenv("AUTHFENCE_POLICY");

	*own_user = path != NULL && path[0] == '/';
	return *own_user ? path : AFENCE_POLICY_PATH;
}

void af_sasl_acquire(struct af_sasl *self, const sasl_utils_t *utils, struct af_hold *out)
{
	static const char program[] = "authfence: ";
	struct af_policy_trouble trouble;
	char text[sizeof(program) - 1 + AFENCE_TROUBLE_MAX];
	char *said = text + sizeof(program) - 1;
	unsigned suppressed;

	af_policy_acquire(self->policy, self->own_user, out, &trouble);
	if (trouble.file == AFENCE_OK && trouble.previous == AFENCE_OK)
		return;
	memcpy(text, program, sizeof(program) - 1);
	af_policy_describe_trouble(self->policy, &trouble, false, out->policy, said);
	if (*said != '\0' && af_limit_pass(&self->limit, self->policy, af_limit_now(), &suppressed))
		utils->log(utils->conn, SASL_LOG_ERR, "%s", text);
}

static void free_context(void *glob_context, const sasl_utils_t *utils)
{
	struct af_sasl *self = glob_context;

	(void)utils;
	if (self == NULL)
		return;
	af_resolvers_free(&self->resolvers);
	free(self->policy);
	free(self);
}

/* What a host can no more reach after a chroot. */
static bool prepare(struct af_sasl *self, const sasl_utils_t *utils)
{
	struct af_hold hold;

	self->policy = strdup(find_policy(&self->own_user));
	if (self->policy == NULL)
		return false;
	atomic_flag_clear(&self->reaping);
	af_sasl_acquire(self, utils, &hold);
	af_resolvers_find(&self->resolvers, hold.policy);
	af_policy_release(&hold);
	return true;
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
	if (!prepare(self, utils)) {
		free_context(self, utils);
		return SASL_NOMEM;
	}
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
