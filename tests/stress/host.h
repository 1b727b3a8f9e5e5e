/* SPDX-License-Identifier: MIT */
/*
 * What every client and server of libsasl2 brings along: the path to the plugins and callbacks
 * for names, password and log.  The only mechanism of a client is that of tests/unit/mech.c, so
 * that libsasl2-modules need not be there.
 */
#ifndef HOST_H
#define HOST_H

#include <sasl/sasl.h>
#include <stddef.h>

/* As a mail client knows it; borrowed as long as the connection lives. */
struct host_login {
	const char *authid;
	const char *authzid; /* NULL: none */
};

#define HOST_SECRET    "secret"
#define HOST_FAR       "192.88.99.7" /* external by the built-in table */
#define HOST_CALLBACKS 4

/* libsasl2 keeps callbacks of all shapes as one type. */
#define HOST_PROC(function) ((int (*)(void))(void (*)(void))(function))

/*
 * sasl_client_init() with plugins from FOLDER alone, whatever the environment says.  Gives up if
 * FOLDER has the plugin and libsasl2 does not load it.
 */
void host_start_client(const char *folder);

/* The same for a server; CALLBACKS has static storage. */
void host_start_server(const char *folder, const sasl_callback_t *callbacks);

/* For sasl_client_new(). */
void host_callbacks(const struct host_login *login, sasl_callback_t out[HOST_CALLBACKS]);

/* A SASL_CB_LOG that drops everything but gives up at a line with the secret. */
int host_log(void *context, int level, const char *message);

/* Says "PROGRAM: WHAT" and ends the process with status 3: the test could not be made. */
void host_give_up(const char *what);

#endif
