/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/mech.h"

static int give_name(void *context, int id, const char **result, unsigned *len)
{
	const struct host_login *login = context;

	*result = id == SASL_CB_USER ? login->authzid : login->authid;
	if (len != NULL)
		*len = *result != NULL ? (unsigned)strlen(*result) : 0;
	return SASL_OK;
}

/* Laid out as a sasl_secret_t; one for all threads, since nobody writes to it. */
static const struct {
	unsigned long len;
	unsigned char data[sizeof(HOST_SECRET)];
} secret = {sizeof(HOST_SECRET) - 1, HOST_SECRET};

static int give_secret(sasl_conn_t *conn, void *context, int id, sasl_secret_t **out)
{
	(void)conn;
	(void)context;
	(void)id;
	*out = (sasl_secret_t *)(uintptr_t)&secret;
	return SASL_OK;
}

void host_give_up(const char *what)
{
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(3);
}

int host_log(void *context, int level, const char *message)
{
	(void)context;
	(void)level;
	if (strstr(message, HOST_SECRET) != NULL)
		host_give_up("the secret stands in the log");
	return SASL_OK;
}

/* libsasl2 looks the machine's own name up for every client, by DNS where /etc/hosts does not have
 * it, unless a dot stands in it.  Without root it may do so. */
static void give_machine_a_domain(void)
{
	static const char name[] = "client.sei.co.jp";

	if (unshare(CLONE_NEWUTS) == 0 && sethostname(name, sizeof(name) - 1) != 0)
		host_give_up("no name for the machine");
}

static void prepare(const char *folder)
{
	static char path[4096];

	give_machine_a_domain();
	snprintf(path, sizeof(path), "%s", folder);
	unsetenv("SASL_PATH");
	sasl_set_path(SASL_PATH_TYPE_PLUGIN, path);
}

static void check_plugin(const char *folder)
{
	char file[4200];
	void *plugin;

	snprintf(file, sizeof(file), "%s/libauthfence.so", folder);
	if (access(file, F_OK) != 0)
		return;
	plugin = dlopen(file, RTLD_NOLOAD | RTLD_NOW);
	if (plugin == NULL)
		host_give_up("libsasl2 has not loaded the plugin");
	dlclose(plugin);
}

void host_start_client(const char *folder)
{
	static const sasl_callback_t callbacks[] = {
		{SASL_CB_LOG, HOST_PROC(host_log), NULL},
		{SASL_CB_LIST_END, NULL, NULL},
	};

	prepare(folder);
	if (sasl_client_init(callbacks) != SASL_OK ||
		sasl_client_add_plugin("test", mech_client_init) != SASL_OK)
		host_give_up("libsasl2 does not start as a client");
	check_plugin(folder);
}

void host_start_server(const char *folder, const sasl_callback_t *callbacks)
{
	prepare(folder);
	if (sasl_server_init(callbacks, "authfence") != SASL_OK)
		host_give_up("libsasl2 does not start as a server");
	check_plugin(folder);
}

void host_callbacks(const struct host_login *login, sasl_callback_t out[HOST_CALLBACKS])
{
	void *context = (void *)login;

	out[0] = (sasl_callback_t){SASL_CB_AUTHNAME, HOST_PROC(give_name), context};
	out[1] = (sasl_callback_t){SASL_CB_USER, HOST_PROC(give_name), context};
	out[2] = (sasl_callback_t){SASL_CB_PASS, HOST_PROC(give_secret), NULL};
	out[3] = (sasl_callback_t){SASL_CB_LIST_END, NULL, NULL};
}
