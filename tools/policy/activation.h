/* SPDX-License-Identifier: MIT */
/* What the sub-verbs that make a new generation of an old one share. */
#ifndef AF_POLICY_ACTIVATION_H
#define AF_POLICY_ACTIVATION_H

#include <jansson.h>

#include "request.h"
#include "revise.h"

/*
 * Activates COPY (of af_revise_copy()) as the next generation, signed as ACTION, with content that
 * comes from BASE; the sources are those of its old origin.  Returns what to exit with; complaints
 * were made.
 */
int af_activate(const struct af_policy_request *request, struct af_store *store,
	struct af_stored *copy, const char *action, uint64_t base);

/* Puts the names of what is on trial into OBJECT, "observing". */
void af_activate_json_trial(json_t *object, const struct af_image *image);

/* Says in text what is on trial, if anything is. */
void af_activate_print_trial(const struct af_image *image);

/* Prints OBJECT (taken) in JSON, or LINE in text; the exit status. */
int af_activate_say(const struct af_policy_request *request, json_t *object, const char *line);

#endif
