/* SPDX-License-Identifier: MIT */
/*
 * Runs in a process that has nothing but the three standard streams: the guard cuts connections
 * that it takes for that of a refused login, and must find none.
 */
#include "canary.h"

#include <dlfcn.h>
#include <link.h>
#include <sasl/sasl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../output/json.h"
#include "af_decide.h"
#include "af_policy.h"

#define SERVICE   "imap"
#define PORT      993
#define PEER      AFENCE_CANARY_TARGET ";993"
#define ORDINARY  "canary" /* without a domain, so that no policy can reserve it */
#define FILE_NAME "libauthfence.so"
#define CALL(f)   ((int (*)(void))(void (*)(void))(f))

/* Otherwise each trial would leave a refusal in the log of the machine. */
static int log_nowhere(void *context, int level, const char *message)
{
	(void)context;
	(void)level;
	(void)message;
	return SASL_OK;
}

static int give_name(void *context, int id, const char **result, unsigned *len)
{
	*result = id == SASL_CB_USER ? "" : context;
	if (len != NULL)
		*len = (unsigned)strlen(*result);
	return SASL_OK;
}

/* Mechanisms ask for something to send before they ask about the name; it is nobody's. */
static int give_nothing(sasl_conn_t *conn, void *context, int id, sasl_secret_t **result)
{
	static sasl_secret_t empty;

	(void)conn;
	(void)context;
	(void)id;
	*result = &empty;
	return SASL_OK;
}

static int start_login(const char *identity, const char *mechanism, json_t **out)
{
	const sasl_callback_t callbacks[] = {
		{SASL_CB_LOG, CALL(log_nowhere), NULL},
		{SASL_CB_USER, CALL(give_name), NULL},
		{SASL_CB_AUTHNAME, CALL(give_name), (void *)(uintptr_t)identity},
		{SASL_CB_PASS, CALL(give_nothing), NULL},
		{SASL_CB_LIST_END, NULL, NULL},
	};
	const char *answer, *chosen = "";
	sasl_conn_t *conn = NULL;
	unsigned len;
	int code = sasl_client_new(SERVICE, AFENCE_CANARY_TARGET, NULL, PEER, callbacks, 0, &conn);

	if (code == SASL_OK)
		code = sasl_setprop(conn, SASL_AUTH_EXTERNAL, identity);
	if (code == SASL_OK)
		code = sasl_client_start(conn, mechanism, NULL, &answer, &len, &chosen);
	*out = json_pack("{s:i,s:s,s:s}", "code", code, "mechanism", mechanism, "detail",
		conn != NULL ? sasl_errdetail(conn) : sasl_errstring(code, NULL, NULL));
	sasl_dispose(&conn);
	return code;
}

/* EXTERNAL is part of the library itself, and passes the guard too. */
static json_t *try_login(const char *identity)
{
	json_t *result;

	if (start_login(identity, "PLAIN", &result) != SASL_NOMECH)
		return result;
	json_decref(result);
	start_login(identity, "EXTERNAL", &result);
	return result;
}

static int note_guard(struct dl_phdr_info *info, size_t size, void *context)
{
	const char *slash = strrchr(info->dlpi_name, '/');

	(void)size;
	if (slash != NULL && strcmp(slash + 1, FILE_NAME) == 0)
		json_array_append_new(
			context, af_json_text(info->dlpi_name, strlen(info->dlpi_name)));
	return 0;
}

static json_t *list_guards(void)
{
	json_t *list = json_array();

	dl_iterate_phdr(note_guard, list);
	return list;
}

/* What the loader says of a plugin that libsasl2 passed over. */
static json_t *explain_load(const char *plugin)
{
	const char *text = NULL;

	if (plugin != NULL && dlopen(plugin, RTLD_NOW) == NULL)
		text = dlerror();
	return text != NULL ? af_json_text(text, strlen(text)) : json_null();
}

/* What the guard has to say under the policy that this process would get. */
static json_t *expect(void)
{
	const char *own = secure_getenv("AUTHFENCE_POLICY");
	bool is_own = own != NULL && *own == '/';
	struct af_request request = {.stack = AFENCE_STACK_SASL,
		.service = SERVICE,
		.login = {{AFENCE_CANARY_IDENTITY, strlen(AFENCE_CANARY_IDENTITY),
			AFENCE_FORM_AUTO}},
		.login_count = 1,
		.host = AFENCE_CANARY_TARGET,
		.port = PORT,
		.has_peer = true,
		.peer = {.port = PORT},
		.now = time(NULL)};
	struct af_policy_trouble trouble;
	struct af_decision decision;
	const struct af_policy *policy =
		af_policy_open(is_own ? own : AFENCE_POLICY_PATH, is_own, &trouble);
	json_t *out;

	af_address_parse(request.host, strlen(request.host), &request.peer.address);
	af_decide(policy, &request, &decision);
	out = json_pack("{s:i,s:s,s:o}", "verdict", (int)decision.verdict, "reason",
		af_reason_string(decision.reason), "policy",
		af_json_text(af_policy_source(policy), strlen(af_policy_source(policy))));
	af_policy_free(policy);
	return out;
}

int af_canary_try(const char *plugin)
{
	static const sasl_callback_t callbacks[] = {
		{SASL_CB_LOG, CALL(log_nowhere), NULL}, {SASL_CB_LIST_END, NULL, NULL}};
	int code = sasl_client_init(callbacks);
	json_t *guards = list_guards();
	bool found = json_array_size(guards) > 0;

	return af_json_print(json_pack("{s:i,s:o,s:o,s:o,s:o,s:o}", "init", code, "guards", guards,
		       "load", found ? json_null() : explain_load(plugin), "canary",
		       try_login(AFENCE_CANARY_IDENTITY), "ordinary", try_login(ORDINARY), "expect",
		       expect()))
		       ? 0
		       : 3;
}
