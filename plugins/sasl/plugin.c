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

static bool is_same_server(const struct af_resolver_config *a, const struct af_resolver_config *b)
{
	return a->has_server == b->has_server &&
	       (!a->has_server || (a->port == b->port && af_address_equal(&a->server, &b->server)));
}

static struct af_sasl_resolver *make_resolver(const struct af_resolver_config *config)
{
	struct af_sasl_resolver *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return NULL;
	made->config = *config;
	if (af_resolver_new(config, &made->resolver) == AFENCE_OK)
		return made;
	free(made);
	return NULL;
}

/* The list grows at its head only; two threads that make the same one at once leave it twice. */
struct af_resolver *af_sasl_find_resolver(struct af_sasl *self, const struct af_policy *policy)
{
	struct af_resolver_config config;
	struct af_sasl_resolver *head = atomic_load(&self->resolvers);
	struct af_sasl_resolver *made;
	struct af_settings settings;

	af_policy_settings(policy, NULL, 0, &settings);
	af_policy_name_server(&settings, &config);
	for (struct af_sasl_resolver *known = head; known != NULL; known = known->next)
		if (is_same_server(&known->config, &config))
			return known->resolver;
	made = make_resolver(&config);
	if (made == NULL)
		return NULL;
	made->next = head;
	while (!atomic_compare_exchange_weak(&self->resolvers, &made->next, made))
		;
	return made->resolver;
}

static void free_context(void *glob_context, const sasl_utils_t *utils)
{
	struct af_sasl *self = glob_context;
	struct af_sasl_resolver *next;

	(void)utils;
	if (self == NULL)
		return;
	for (struct af_sasl_resolver *known = atomic_load(&self->resolvers); known != NULL;
		known = next) {
		next = known->next;
		af_resolver_free(known->resolver);
		free(known);
	}
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
	af_sasl_find_resolver(self, hold.policy);
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
