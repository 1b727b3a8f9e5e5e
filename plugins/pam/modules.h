/* SPDX-License-Identifier: MIT */
/*
 * What PAM modules do with a password, as one table: keep it on the machine, send it (or something
 * made of it) to a server, or nobody knows.  A new module is a row here and, where its servers can
 * be known, a reader (reader.h).
 */
#ifndef PAM_MODULES_H
#define PAM_MODULES_H

#include <stdbool.h>

#include "reader.h"
#include "stack.h"

enum af_pam_kind {
	AFENCE_PAM_LOCAL,     /* no credential leaves the machine */
	AFENCE_PAM_FORWARDER, /* it does */
	AFENCE_PAM_OPAQUE,    /* runs code or asks for servers that nothing can be known of */
};

struct af_pam_module {
	const char *name; /* file without ".so" */
	enum af_pam_kind kind;
	/* Forwards only with one of these arguments ("host=" matches any value), up to a NULL; NULL:
	 * always. */
	const char *const *needs;
	bool in_session;     /* sends at session open what it kept in auth */
	bool appends;        /* may put a realm or domain behind a bare name */
	af_pam_reader *read; /* NULL: its servers are unknown */
};

/* The row of a module by its file name ("pam_ldap.so"), or NULL: opaque. */
const struct af_pam_module *af_pam_module_find(const char *file);

/* What ENTRY does with a password given its arguments; *module gets its row or NULL. */
enum af_pam_kind af_pam_entry_kind(
	const struct af_pam_entry *entry, const struct af_pam_module **module);

/* The rows, in order of name, for doctor and tests. */
const struct af_pam_module *af_pam_modules(size_t *count);

#endif
