/* SPDX-License-Identifier: MIT */
/*
 * Where would the rest of this stack send the password, and under which name?
 *
 * D1  All forwarders behind the guard's own line count, whatever jumps lie between: too many targets
 *     refuse a login too much, one too few is a leak.
 * D2  The own line is the one with this module's name and the same arguments; of several such the
 *     first.  In auth, session lines of modules that send what they kept in auth count too.
 * D3  What is mapped into the process is the check: libpam has loaded every module of the stack
 *     before it calls the first.  A forwarder that is mapped and was not found means that the files
 *     are not those that libpam read: unknown.  It loads the modules of all facilities, of the
 *     service and of "other", so each of these is looked at before that is said.
 * D4  A `pam-module` row of the policy settles a module before its reader is asked.
 */
#ifndef PAM_DISCOVER_H
#define PAM_DISCOVER_H

#include "af_policy.h"
#include "reader.h"

struct af_pam_scope {
	const struct af_pam_files *files;
	const struct af_policy *policy;
	const char *service;
	const char *confdir;
	enum af_pam_facility facility; /* AUTH or PASSWORD */
	const char *user;
	/* The guard's own arguments; NULL: all of the stack counts (doctor says which line). */
	const char *const *own;
	size_t own_count;
	bool mapped; /* D3 applies: the stack is that of this process */
};

/*
 * Fills *out; out->found borrows from *stack, which is the caller's to free with af_pam_stack_free()
 * in every case.  Nothing found and nothing unknown: nothing sends the password out.
 */
void af_pam_discover(
	const struct af_pam_scope *scope, struct af_pam_stack *stack, struct af_pam_discovery *out);

/* The same for the entries of STACK from FROM on: for doctor. */
void af_pam_discover_from(const struct af_pam_scope *scope, const struct af_pam_stack *stack,
	size_t from, struct af_pam_discovery *out);

/* True if a module that may append a realm or domain is mapped into this process: else a bare name
 * stays bare, and no file needs to be looked at. */
bool af_pam_appender_is_mapped(void);

#endif
