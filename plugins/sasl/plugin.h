/* SPDX-License-Identifier: MIT */
/*
 * What one initialisation of the plugin holds, and the two callbacks that work with it.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdatomic.h>

#include "af_limit.h"
#include "af_policy.h"
#include "../socket/evidence.h"

struct af_sasl {
	sasl_canonuser_plug_t plug; /* its glob_context is this structure */
	char *policy;               /* path */
	bool own_user;
	struct af_resolvers resolvers;
	struct af_limit limit;
	atomic_flag reaping; /* see af_cut() */
};

/* The policy in force, to be given back with af_policy_release(); logs what went wrong with it. */
void af_sasl_acquire(struct af_sasl *self, const sasl_utils_t *utils, struct af_hold *out);

/* The client's callback (guard.c): judges the identity, then does what libsasl2 does. */
int af_sasl_client(void *glob_context, sasl_client_params_t *params, const char *user,
	unsigned user_len, unsigned flags, char *out, unsigned out_max, unsigned *out_len);

/* The server's callback (canon.c): only what libsasl2 does. */
int af_sasl_server(void *glob_context, sasl_server_params_t *params, const char *user,
	unsigned user_len, unsigned flags, char *out, unsigned out_max, unsigned *out_len);

#endif
