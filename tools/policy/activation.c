/* SPDX-License-Identifier: MIT */
#include "activation.h"

#include <stdio.h>
#include <string.h>

#include "../output/json.h"
#include "trial.h"

#define NAMES_SHOWN 20

int af_activate(const struct af_policy_request *request, struct af_store *store,
	struct af_stored *copy, const char *action, uint64_t base)
{
	struct af_stamp stamp = {.generation = af_store_next(store), .created = request->now};
	struct af_image_origin origin;
	const struct af_image_origin *old;

	if (stamp.generation == 0)
		return AFENCE_EXIT_UNFINISHED;
	if (!af_revise_finish(copy, &stamp)) {
		af_usage_error(request->verb, "the changed policy is no valid image");
		return AFENCE_EXIT_UNFINISHED;
	}
	old = af_image_origin(&copy->image);
	af_store_sign(&origin, action);
	if (old != NULL)
		memcpy(origin.sources, old->sources, sizeof(origin.sources));
	origin.base = base;
	stamp.origin = &origin;
	if (!af_revise_finish(copy, &stamp) || !af_store_activate(store, copy->bytes, copy->length))
		return AFENCE_EXIT_UNFINISHED;
	return AFENCE_EXIT_CLEAN;
}

void af_activate_json_trial(json_t *object, const struct af_image *image)
{
	json_t *list = json_array();
	struct af_names names;

	af_trial_names(image, &names);
	for (size_t i = 0; i < names.count; i++)
		json_array_append_new(list, af_json_text(names.name[i], strlen(names.name[i])));
	af_names_free(&names);
	json_object_set_new(object, "observing", list);
}

void af_activate_print_trial(const struct af_image *image)
{
	struct af_names names;

	af_trial_names(image, &names);
	if (names.count > 0)
		printf("these only observe until \"authfence policy promote\":\n");
	for (size_t i = 0; i < names.count && i < NAMES_SHOWN; i++)
		printf("  %s\n", names.name[i]);
	if (names.count > NAMES_SHOWN)
		printf("  and %zu more\n", names.count - NAMES_SHOWN);
	af_names_free(&names);
}

int af_activate_say(const struct af_policy_request *request, json_t *object, const char *line)
{
	if (request->format == AFENCE_FORMAT_JSON)
		return af_json_print(object) ? AFENCE_EXIT_CLEAN : AFENCE_EXIT_UNFINISHED;
	json_decref(object);
	puts(line);
	return AFENCE_EXIT_CLEAN;
}
