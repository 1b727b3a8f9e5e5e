/* SPDX-License-Identifier: MIT */
/*
 * authfence policy history and rollback.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../output/json.h"
#include "activation.h"
#include "af_decide.h"
#include "verbs.h"

#define HISTORY  "policy history"
#define ROLLBACK "policy rollback"

/* What rollback goes to, beside the generations. */
#define BUILT_IN 0
#define BEFORE   UINT64_MAX

static const char history_help[] =
	"usage: authfence policy history [--root DIR] [--format text|json]\n\n"
	"Lists the generations that were in force: when, how, by whom, from what.  The one in force\n"
	"is marked with \"*\"; BASE is the one that was replaced or, of a rollback, gone back to.\n\n"
	"exit status: 0 listed, 2 bad arguments, 3 a generation is damaged or can not be read\n";

static const char rollback_help[] =
	"usage: authfence policy rollback [--root DIR] [--format text|json] [GENERATION]\n\n"
	"Puts the content of an earlier generation in force again, under a new number.  Without\n"
	"GENERATION: the one that was in force before, as far as it says something else; before the\n"
	"first one was the built-in policy, which is generation 0.\n\n"
	"exit status: 0 in force, 2 bad arguments, 3 could not finish or no such generation\n";

struct row {
	uint64_t generation;
	bool active;
	enum af_status status;
	struct af_stored image;
};

static void hex(const uint8_t sources[32], char text[65])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", sources[i]);
}

static void format_time(int64_t seconds, char text[32])
{
	time_t time = (time_t)seconds;
	struct tm parts;

	if (gmtime_r(&time, &parts) == NULL ||
		strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		snprintf(text, 32, "-");
}

static void format_mode(const struct af_image *image, char text[64])
{
	const struct af_image_settings *settings = af_image_settings(image);
	char until[32];

	format_time(settings->mode_until, until);
	snprintf(text, 64, settings->mode_until != 0 ? "%s until %s" : "%s",
		af_mode_string((enum af_mode)settings->mode), until);
}

static void print_row(const struct row *row)
{
	const struct af_image_origin nobody = {.action = "-", .who = "-"}, *origin;
	char when[32], sources[65] = "-", mode[64];

	printf("%c %10" PRIu64 "  ", row->active ? '*' : ' ', row->generation);
	if (row->status != AFENCE_OK) {
		printf("%s\n", af_strerror(row->status));
		return;
	}
	origin = af_image_origin(&row->image.image);
	if (origin == NULL)
		origin = &nobody;
	else
		hex(origin->sources, sources);
	format_time(af_image_created(&row->image.image), when);
	format_mode(&row->image.image, mode);
	printf("%s  %-8s  %-12s  %-12.12s  %6" PRIu64 "  %s%s\n", when, origin->action, origin->who,
		sources, origin->base, mode,
		af_image_settings(&row->image.image)->on_trial ? ", on trial" : "");
}

static json_t *json_row(const struct row *row)
{
	const struct af_image *image = &row->image.image;
	const struct af_image_origin *origin;
	char when[32], sources[65] = "";

	if (row->status != AFENCE_OK)
		return json_pack("{s:I,s:b,s:s}", "generation", (json_int_t)row->generation,
			"active", row->active, "error", af_strerror(row->status));
	origin = af_image_origin(image);
	format_time(af_image_created(image), when);
	if (origin != NULL)
		hex(origin->sources, sources);
	return json_pack("{s:I,s:b,s:s,s:s?,s:s?,s:s?,s:I,s:s,s:b}", "generation",
		(json_int_t)row->generation, "active", row->active, "created", when, "action",
		origin != NULL ? origin->action : NULL, "who", origin != NULL ? origin->who : NULL,
		"sources", origin != NULL ? sources : NULL, "base",
		(json_int_t)(origin != NULL ? origin->base : 0), "mode",
		af_mode_string((enum af_mode)af_image_settings(image)->mode), "on_trial",
		af_image_settings(image)->on_trial);
}

/* Prints or, into LIST, collects one row; true if it is whole. */
static bool show_row(struct af_store *store, uint64_t generation, uint64_t active, json_t *list)
{
	struct row row = {.generation = generation, .active = generation == active};
	bool whole;

	row.status = af_store_load(store, generation, &row.image);
	whole = row.status == AFENCE_OK;
	if (list != NULL)
		json_array_append_new(list, json_row(&row));
	else
		print_row(&row);
	af_stored_free(&row.image);
	return whole;
}

/* The generation in force; 0: none, or (after a complaint, *whole false) it can not be used. */
static uint64_t find_active(struct af_store *store, bool *whole)
{
	struct af_stored active;
	enum af_status status = af_store_use(store, AFENCE_GENERATION_ACTIVE, &active);
	uint64_t generation = status == AFENCE_OK ? af_image_generation(&active.image) : 0;

	*whole = status == AFENCE_OK || status == AFENCE_ERR_ABSENT;
	af_stored_free(&active);
	return generation;
}

static int show_history(const struct af_policy_request *request, struct af_store *store)
{
	bool whole, listed = false;
	uint64_t active = find_active(store, &whole), *generation;
	size_t count = af_store_list(store, &generation);
	json_t *list = request->format == AFENCE_FORMAT_JSON ? json_array() : NULL;

	if (list == NULL && (count > 0 || active != 0))
		printf("  %10s  %-20s  %-8s  %-12s  %-12s  %6s  %s\n", "GENERATION", "CREATED",
			"ACTION", "WHO", "SOURCES", "BASE", "MODE");
	for (size_t i = 0; i < count; i++) {
		whole &= show_row(store, generation[i], active, list);
		listed |= generation[i] == active;
	}
	if (active != 0 && !listed)
		whole &= show_row(store, active, active, list);
	else if (count == 0 && active == 0 && list == NULL)
		puts("no generation yet: the built-in policy is in force");
	free(generation);
	if (list != NULL)
		af_json_print(json_pack("{s:o}", "generations", list));
	return whole ? AFENCE_EXIT_CLEAN : AFENCE_EXIT_UNFINISHED;
}

int af_policy_history(int argc, char **argv)
{
	const struct af_policy_usage usage = {HISTORY, history_help, NULL};
	struct af_policy_request request;
	struct af_store *store;
	int status;

	if (!af_request_read(argc, argv, &usage, &request, &status))
		return status;
	status = AFENCE_EXIT_UNFINISHED;
	if (request.count > 0) {
		af_usage_error(HISTORY, "seen \"%s\", expected no argument", request.path[0]);
		status = AFENCE_EXIT_USAGE;
	} else if (af_store_open(HISTORY, &request.root, &store)) {
		status = show_history(&request, store);
		af_store_close(store);
	}
	af_request_close(&request);
	return status;
}

/* Goes from base to base, so that a generation that never came into force is passed by, and a second
 * rollback goes further back; a base is older, so this ends. */
static uint64_t find_before(struct af_store *store, const struct af_stored *active)
{
	const struct af_image_origin *origin = af_image_origin(&active->image);
	uint64_t base = origin != NULL ? origin->base : BUILT_IN, last = UINT64_MAX;
	struct af_stored image;
	bool same = true;

	while (same && base != BUILT_IN && base < last &&
		af_store_load(store, base, &image) == AFENCE_OK) {
		same = af_revise_same(active, &image);
		last = base;
		origin = af_image_origin(&image.image);
		if (same)
			base = origin != NULL ? origin->base : BUILT_IN;
		af_stored_free(&image);
	}
	return base;
}

/* An active one that can not be used has left no trace of what was before it: the newest whole one
 * then. */
static uint64_t find_newest(struct af_store *store)
{
	uint64_t *generation, found = BUILT_IN;
	size_t count = af_store_list(store, &generation);
	struct af_stored image;

	while (count > 0 && found == BUILT_IN) {
		if (af_store_load(store, generation[--count], &image) == AFENCE_OK)
			found = generation[count];
		af_stored_free(&image);
	}
	free(generation);
	return found;
}

static void list_there(struct af_store *store)
{
	uint64_t *generation;
	size_t count = af_store_list(store, &generation);

	fprintf(stderr, "authfence " ROLLBACK ": in the history:%s", count == 0 ? " nothing" : "");
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, " %" PRIu64, generation[i]);
	fputc('\n', stderr);
	free(generation);
}

/* The content to go back to; false after a complaint. */
static bool find_content(struct af_store *store, uint64_t generation, struct af_stored *out)
{
	if (generation == BUILT_IN)
		return af_revise_empty(out);
	if (af_store_use(store, generation, out) == AFENCE_OK)
		return true;
	af_usage_error(ROLLBACK, "generation %" PRIu64 " is not there, or not whole", generation);
	list_there(store);
	return false;
}

static int say_back(const struct af_policy_request *request, uint64_t made, uint64_t base)
{
	char content[40] = "the built-in policy", line[100];

	if (base != BUILT_IN)
		snprintf(content, sizeof(content), "the content of %" PRIu64, base);
	snprintf(line, sizeof(line), "generation %" PRIu64 " active: %s", made, content);
	return af_activate_say(request,
		json_pack("{s:I,s:I}", "generation", (json_int_t)made, "base", (json_int_t)base),
		line);
}

static int go_back(
	const struct af_policy_request *request, struct af_store *store, uint64_t generation)
{
	int status = AFENCE_EXIT_UNFINISHED;
	struct af_stored from, copy;

	if (find_content(store, generation, &from)) {
		af_revise_copy(&from, &copy);
		status = af_activate(request, store, &copy, "rollback", generation);
		if (status == AFENCE_EXIT_CLEAN)
			status = say_back(request, af_image_generation(&copy.image), generation);
		af_stored_free(&copy);
	}
	af_stored_free(&from);
	return status;
}

static bool read_generation(const struct af_policy_request *request, uint64_t *out)
{
	char again[24] = "";

	*out = BEFORE;
	if (request->count == 0)
		return true;
	*out = strtoull(request->path[0], NULL, 10);
	snprintf(again, sizeof(again), "%" PRIu64, *out);
	if (request->count == 1 && *out != BEFORE && strcmp(again, request->path[0]) == 0)
		return true;
	af_usage_error(ROLLBACK,
		"seen \"%s\", expected one generation: its number, or 0 for the built-in policy",
		request->path[request->count - 1]);
	return false;
}

/* The built-in policy is no step back from itself, as an image or without one. */
static bool is_built_in(enum af_status found, const struct af_stored *active)
{
	struct af_stored empty;
	bool same = found == AFENCE_ERR_ABSENT;

	if (found == AFENCE_OK) {
		same = af_revise_empty(&empty) && af_revise_same(active, &empty);
		af_stored_free(&empty);
	}
	return same;
}

static int go_before(const struct af_policy_request *request, struct af_store *store)
{
	struct af_stored active;
	enum af_status found = af_store_use(store, AFENCE_GENERATION_ACTIVE, &active);
	uint64_t before = found == AFENCE_OK ? find_before(store, &active) : find_newest(store);
	bool nothing = before == BUILT_IN && is_built_in(found, &active);

	af_stored_free(&active);
	if (!nothing)
		return go_back(request, store, before);
	af_usage_error(ROLLBACK, "the built-in policy is in force, there is none before it");
	list_there(store);
	return AFENCE_EXIT_UNFINISHED;
}

static int roll_back(const struct af_policy_request *request, uint64_t generation)
{
	struct af_store *store;
	int status;

	if (!af_store_lock(ROLLBACK, &request->root, &store))
		return AFENCE_EXIT_UNFINISHED;
	status = generation == BEFORE ? go_before(request, store)
				      : go_back(request, store, generation);
	af_store_close(store);
	return status;
}

int af_policy_rollback(int argc, char **argv)
{
	const struct af_policy_usage usage = {ROLLBACK, rollback_help, NULL};
	struct af_policy_request request;
	uint64_t generation;
	int status;

	if (!af_request_read(argc, argv, &usage, &request, &status))
		return status;
	status = read_generation(&request, &generation) ? roll_back(&request, generation)
							: AFENCE_EXIT_USAGE;
	af_request_close(&request);
	return status;
}
