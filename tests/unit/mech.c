/* SPDX-License-Identifier: MIT */
#include "mech.h"

#include <string.h>

typedef int name_callback(void *context, int id, const char **result, unsigned *len);
typedef int secret_callback(sasl_conn_t *conn, void *context, int id, sasl_secret_t **secret);

static int ask_name(const sasl_utils_t *utils, unsigned long id, const char **out)
{
	sasl_callback_ft proc;
	void *context;
	int code = utils->getcallback(utils->conn, id, &proc, &context);

	*out = NULL;
	return code == SASL_OK
		       ? ((name_callback *)(void (*)(void))proc)(context, (int)id, out, NULL)
		       : code;
}

static int ask_secret(const sasl_utils_t *utils, sasl_secret_t **out)
{
	sasl_callback_ft proc;
	void *context;
	int code = utils->getcallback(utils->conn, SASL_CB_PASS, &proc, &context);

	if (code != SASL_OK)
		return code;
	return ((secret_callback *)(void (*)(void))proc)(utils->conn, context, SASL_CB_PASS, out);
}

/* First the authorisation identity, if there is one, as PLAIN does. */
static int make_canonical(const sasl_client_params_t *params, const char *authzid,
	const char *authid, sasl_out_params_t *oparams)
{
	sasl_conn_t *conn = params->utils->conn;
	int code = SASL_OK;

	if (authzid == NULL || *authzid == '\0')
		return params->canon_user(
			conn, authid, 0, SASL_CU_AUTHID | SASL_CU_AUTHZID, oparams);
	code = params->canon_user(conn, authzid, 0, SASL_CU_AUTHZID, oparams);
	return code != SASL_OK ? code
			       : params->canon_user(conn, authid, 0, SASL_CU_AUTHID, oparams);
}

static int new_exchange(void *global, sasl_client_params_t *params, void **exchange)
{
	(void)global;
	*exchange = params->utils->malloc(4096);
	return *exchange != NULL ? SASL_OK : SASL_NOMEM;
}

static void free_exchange(void *exchange, const sasl_utils_t *utils)
{
	utils->free(exchange);
}

static int step(void *exchange, sasl_client_params_t *params, const char *in, unsigned in_len,
	sasl_interact_t **prompts, const char **out, unsigned *out_len, sasl_out_params_t *oparams)
{
	const char *authzid;
	const char *authid;
	sasl_secret_t *secret;
	char *end = exchange;
	int code;

	(void)in;
	(void)in_len;
	(void)prompts;
	*out = NULL;
	*out_len = 0;
	ask_name(params->utils, SASL_CB_USER, &authzid);
	if ((code = ask_name(params->utils, SASL_CB_AUTHNAME, &authid)) != SASL_OK ||
		(code = ask_secret(params->utils, &secret)) != SASL_OK ||
		(code = make_canonical(params, authzid, authid, oparams)) != SASL_OK)
		return code;
	memcpy(end, oparams->authid, oparams->alen);
	end += oparams->alen;
	*end++ = '\0';
	memcpy(end, secret->data, secret->len);
	*out = exchange;
	*out_len = (unsigned)(end - *out + (long)secret->len);
	oparams->doneflag = 1;
	return SASL_OK;
}

int mech_client_init(const sasl_utils_t *utils, int max_version, int *out_version,
	sasl_client_plug_t **plugs, int *count)
{
	static sasl_client_plug_t plug = {
		.mech_name = MECH_NAME,
		.security_flags = SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS,
		.features = SASL_FEAT_WANT_CLIENT_FIRST | SASL_FEAT_ALLOWS_PROXY,
		.mech_new = new_exchange,
		.mech_step = step,
		.mech_dispose = free_exchange,
	};

	(void)utils;
	(void)max_version;
	*out_version = SASL_CLIENT_PLUG_VERSION;
	*plugs = &plug;
	*count = 1;
	return SASL_OK;
}
