/* SPDX-License-Identifier: MIT */
/*
 * What the sub-verbs share of their command lines: --root, --format, --help, SOURCE..., the clock.
 */
#ifndef AF_POLICY_REQUEST_H
#define AF_POLICY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../arguments.h"
#include "../root.h"

struct af_policy_request {
	const char *verb;      /* "policy apply", for complaints */
	struct af_root root;   /* open; of --root, else "/" */
	enum af_format format; /* of --format, else text */
	char **path;           /* what stands behind the options */
	size_t count;
	int64_t now; /* SOURCE_DATE_EPOCH, else the clock */
};

/* An option of one sub-verb; each may stand once. */
struct af_policy_option {
	const char *name;   /* without dashes; NULL ends a list of them */
	const char **value; /* where the value goes, NULL before; NULL: the option takes none */
	bool *given;        /* set to true, or NULL */
	int letter;         /* its short form, or 0 */
};

struct af_policy_usage {
	const char *verb;                      /* "policy apply" */
	const char *help;                      /* what --help prints */
	const struct af_policy_option *option; /* beyond the shared ones; NULL: none */
};

/*
 * Reads ARGV.  True: *out is the caller's to end with af_request_close().  False: *status is what to
 * exit with, after the help was printed or a complaint.
 */
bool af_request_read(int argc, char **argv, const struct af_policy_usage *usage,
	struct af_policy_request *out, int *status);

void af_request_close(struct af_policy_request *request);

#endif
