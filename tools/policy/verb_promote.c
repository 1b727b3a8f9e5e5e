/* SPDX-License-Identifier: MIT */
/*
 * authfence policy promote: what only observed holds from now on.
 */
#include <inttypes.h>
#include <stdio.h>

#include "activation.h"
#include "verbs.h"

#define VERB "policy promote"

static const char help[] =
	"usage: authfence policy promote [--root DIR] [--format text|json]\n\n"
	"Makes the rules hold that only observe since \"authfence policy apply --observe-new\".\n\n"
	"exit status: 0 done, or nothing observes; 2 bad arguments, 3 could not finish\n";

static int say(const struct af_policy_request *request, uint64_t generation, size_t promoted)
{
	char line[100];
	json_t *object = json_pack("{s:I,s:I}", "generation", (json_int_t)generation, "promoted",
		(json_int_t)promoted);

	if (promoted == 0)
		snprintf(line, sizeof(line),
			"nothing is on trial, generation %" PRIu64 " stays active", generation);
	else
		snprintf(line, sizeof(line), "generation %" PRIu64 " active: %zu rule%s promoted",
			generation, promoted, promoted == 1 ? "" : "s");
	return af_activate_say(request, object, line);
}

static int promote(const struct af_policy_request *request, struct af_store *store)
{
	struct af_stored active, copy = {0};
	uint64_t base = 0;
	size_t promoted = 0;
	int status = AFENCE_EXIT_CLEAN;
	enum af_status found = af_store_use(store, AFENCE_GENERATION_ACTIVE, &active);

	if (found != AFENCE_OK && found != AFENCE_ERR_ABSENT)
		return AFENCE_EXIT_UNFINISHED;
	if (found == AFENCE_OK) {
		base = af_image_generation(&active.image);
		af_revise_copy(&active, &copy);
		promoted = af_revise_promote(&copy);
	}
	if (promoted > 0)
		status = af_activate(request, store, &copy, "promote", base);
	if (status == AFENCE_EXIT_CLEAN)
		status = say(
			request, promoted > 0 ? af_image_generation(&copy.image) : base, promoted);
	af_stored_free(&copy);
	af_stored_free(&active);
	return status;
}

int af_policy_promote(int argc, char **argv)
{
	const struct af_policy_usage usage = {VERB, help, NULL};
	struct af_policy_request request;
	struct af_store *store;
	int status = AFENCE_EXIT_UNFINISHED;

	if (!af_request_read(argc, argv, &usage, &request, &status))
		return status;
	status = AFENCE_EXIT_UNFINISHED;
	if (request.count > 0) {
		af_usage_error(VERB, "seen \"%s\", expected no argument", request.path[0]);
		status = AFENCE_EXIT_USAGE;
	} else if (af_store_lock(VERB, &request.root, &store)) {
		status = promote(&request, store);
		af_store_close(store);
	}
	af_request_close(&request);
	return status;
}
