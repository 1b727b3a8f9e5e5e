/* SPDX-License-Identifier: MIT */
/*
 * authfence policy show: what is in force, as policy text that parses back to itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../names.h"
#include "../output/json.h"
#include "af_policy.h"
#include "print.h"
#include "request.h"
#include "verbs.h"

#define SHOW "policy show"

static const char help[] =
	"usage: authfence policy show [OPTION...]\n\n"
	"Prints the active policy as policy text that compiles to one which decides the same;\n"
	"`expect` cases are not part of it.  Comments tell where each rule was written, and what\n"
	"is on trial or ends.\n\n"
	"      --policy FILE       a compiled policy instead of the active one\n"
	"      --root DIR          the policy of the system below DIR\n"
	"      --format text|json  text (the default), or one JSON object\n"
	"  -h, --help              this text\n\n"
	"exit status: 0 printed, 2 bad arguments or no usable policy, 3 could not print\n";

/* NULL after a complaint.  No active file at all: the built-in rules are what is in force. */
static const struct af_policy *load(const struct af_policy_request *request, const char *file)
{
	char *name = file != NULL ? af_format("%s", file)
				  : af_format("%s%s", request->root.prefix, AFENCE_POLICY_PATH);
	char *path = af_absolute_path(name);
	struct af_policy *loaded = NULL;
	const struct af_policy *policy;
	enum af_status status = AFENCE_ERR_SYSTEM;

	if (path != NULL)
		status = af_policy_load(path, true, &loaded);
	policy = loaded;
	if (status == AFENCE_ERR_ABSENT && file == NULL)
		policy = af_policy_builtin();
	else if (status != AFENCE_OK)
		af_usage_error(SHOW, "\"%s\": %s, expected a compiled policy", name,
			status == AFENCE_ERR_SYSTEM ? strerror(errno) : af_strerror(status));
	free(path);
	free(name);
	return policy;
}

static int show(const struct af_policy_request *request, const struct af_policy *policy)
{
	const struct af_print print = {.image = af_policy_image(policy),
		.source = af_policy_source(policy),
		.now = request->now};

	if (request->format == AFENCE_FORMAT_JSON)
		return af_json_print(af_print_json(&print)) ? AFENCE_EXIT_CLEAN
							    : AFENCE_EXIT_UNFINISHED;
	af_print_policy(&print, stdout);
	return AFENCE_EXIT_CLEAN;
}

int af_policy_show(int argc, char **argv)
{
	const char *file = NULL;
	const struct af_policy_option option[] = {
		{.name = "policy", .value = &file}, {.name = NULL}};
	const struct af_policy_usage usage = {.verb = SHOW, .help = help, .option = option};
	struct af_policy_request request;
	const struct af_policy *policy;
	int status;

	if (!af_request_read(argc, argv, &usage, &request, &status))
		return status;
	status = AFENCE_EXIT_USAGE;
	if (request.count > 0) {
		af_usage_error(SHOW, "\"%s\" stands behind the options, expected nothing",
			request.path[0]);
	} else {
		policy = load(&request, file);
		if (policy != NULL)
			status = show(&request, policy);
		af_policy_free(policy);
	}
	af_request_close(&request);
	return status;
}
