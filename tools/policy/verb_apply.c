/* SPDX-License-Identifier: MIT */
/*
 * authfence policy apply: sources to the policy in force, or nothing at all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../output/json.h"
#include "activation.h"
#include "build.h"
#include "trial.h"
#include "verbs.h"

#define VERB "policy apply"

static const char help[] =
	"usage: authfence policy apply [OPTION...] [SOURCE...]\n\n"
	"Compiles the policy files, runs their expect cases on the result and puts it in force, all\n"
	"or nothing.  Every process takes it over within a second.  Without SOURCE: *.policy of\n"
	"/usr/lib/authfence/policy.d and /etc/authfence/policy.d.\n\n"
	"      --dry-run         say what would be put in force, and change nothing\n"
	"      --observe-new     rules that are new and could refuse only observe, until\n"
	"                        \"authfence policy promote\"\n"
	"      --root DIR        work on the root folder DIR\n"
	"      --format FORMAT   text or json\n"
	"  -h, --help            this text\n\n"
	"environment: SOURCE_DATE_EPOCH, seconds since 1970, dates the generation\n"
	"exit status: 0 in force, 2 bad arguments or policy, 3 could not finish; after 2 and 3 the\n"
	"policy in force is what it was\n";

struct apply {
	struct af_policy_request request;
	bool dry_run, observe_new;
	struct af_store *store;
	struct af_stored active;
	struct af_build build;
	struct af_image image; /* of the build */
	uint64_t generation;
};

static json_t *describe(const struct apply *apply, bool changed)
{
	const struct af_compiled *image = &apply->build.image;
	json_t *object = af_build_json(&apply->build);

	json_object_set_new(object, "generation", json_integer((json_int_t)apply->generation));
	json_object_set_new(object, "changed", json_boolean(changed));
	json_object_set_new(object, "active", json_boolean(!apply->dry_run || !changed));
	json_object_set_new(object, "rules",
		json_pack("{s:I,s:I,s:I,s:I,s:I}", "reserve",
			(json_int_t)image->count[AFENCE_RULE_RESERVE], "internal",
			(json_int_t)image->count[AFENCE_RULE_INTERNAL], "external",
			(json_int_t)image->count[AFENCE_RULE_EXTERNAL], "exception",
			(json_int_t)image->clauses[AFENCE_CLAUSE_EXCEPTION], "protect",
			(json_int_t)image->clauses[AFENCE_CLAUSE_PROTECT]));
	af_activate_json_trial(object, &apply->image);
	return object;
}

static int say_done(const struct apply *apply)
{
	const struct af_compiled *image = &apply->build.image;
	size_t warnings = apply->build.diagnostics.warnings;

	if (apply->request.format == AFENCE_FORMAT_JSON)
		return af_activate_say(&apply->request, describe(apply, true), "");
	printf("generation %" PRIu64 " %s: %zu reserve, %zu internal, %zu external, %zu exception, "
	       "%zu protect; %zu expect case%s passed, %zu warning%s\n",
		apply->generation, apply->dry_run ? "would be active" : "active",
		image->count[AFENCE_RULE_RESERVE], image->count[AFENCE_RULE_INTERNAL],
		image->count[AFENCE_RULE_EXTERNAL], image->clauses[AFENCE_CLAUSE_EXCEPTION],
		image->clauses[AFENCE_CLAUSE_PROTECT], apply->build.passed,
		apply->build.passed == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	af_activate_print_trial(&apply->image);
	if (!apply->dry_run)
		puts("the way back: authfence policy rollback");
	return AFENCE_EXIT_CLEAN;
}

static int say_unchanged(struct apply *apply)
{
	char line[80];

	apply->generation = af_image_generation(&apply->active.image);
	snprintf(line, sizeof(line), "unchanged, generation %" PRIu64 " stays active",
		apply->generation);
	return af_activate_say(&apply->request, describe(apply, false), line);
}

/* The bytes that the expect cases were judged on are those that go into force. */
static int finish(struct apply *apply)
{
	struct af_stored built = {
		.bytes = apply->build.image.bytes, .length = apply->build.image.length};

	if (af_image_open(built.bytes, built.length, &apply->image) != AFENCE_OK) {
		af_usage_error(VERB, "the compiler made no valid image");
		return AFENCE_EXIT_UNFINISHED;
	}
	if (apply->active.bytes != NULL && af_revise_same(&apply->active, &built))
		return say_unchanged(apply);
	if (!apply->dry_run && !af_store_activate(apply->store, built.bytes, built.length))
		return AFENCE_EXIT_UNFINISHED;
	return say_done(apply);
}

static int build(struct apply *apply)
{
	struct af_image_origin origin;
	struct af_stamp stamp = {.created = apply->request.now, .origin = &origin};
	enum af_status found = af_store_use(apply->store, AFENCE_GENERATION_ACTIVE, &apply->active);
	bool has_active = found == AFENCE_OK;
	int status;

	/* A damaged one is replaced; one that may be whole is not passed over. */
	if (found == AFENCE_ERR_SYSTEM)
		return AFENCE_EXIT_UNFINISHED;

	stamp.generation = apply->generation = af_store_next(apply->store);
	if (stamp.generation == 0)
		return AFENCE_EXIT_UNFINISHED;
	af_build_read(&apply->request, &apply->build);
	af_store_sign(&origin, "apply");
	memcpy(origin.sources, apply->build.digest, sizeof(origin.sources));
	origin.base = has_active ? af_image_generation(&apply->active.image) : 0;
	if (apply->observe_new && apply->build.diagnostics.errors == 0)
		af_trial_mark(&apply->build.rules, has_active ? &apply->active.image : NULL);
	status = af_build_finish(&apply->request, &stamp, ", nothing activated", &apply->build);
	return status == AFENCE_EXIT_CLEAN ? finish(apply) : status;
}

int af_policy_apply(int argc, char **argv)
{
	struct apply apply = {0};
	const struct af_policy_option option[] = {{"dry-run", NULL, &apply.dry_run, 0},
		{"observe-new", NULL, &apply.observe_new, 0}, {NULL, NULL, NULL, 0}};
	const struct af_policy_usage usage = {VERB, help, option};
	int status;
	bool opened;

	if (!af_request_read(argc, argv, &usage, &apply.request, &status))
		return status;
	opened = apply.dry_run ? af_store_open(VERB, &apply.request.root, &apply.store)
			       : af_store_lock(VERB, &apply.request.root, &apply.store);
	status = opened ? build(&apply) : AFENCE_EXIT_UNFINISHED;
	af_build_free(&apply.build);
	af_stored_free(&apply.active);
	af_store_close(apply.store);
	af_request_close(&apply.request);
	return status;
}
