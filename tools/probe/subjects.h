/* SPDX-License-Identifier: MIT */
/* The domains that a run asks about. */
#ifndef PROBE_SUBJECTS_H
#define PROBE_SUBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "probe.h"

#define AFENCE_RESERVED_MOST \
	1000 /* of a policy; a million of them would be an attack on the services */

struct af_subjects {
	struct af_subject *subject;
	size_t count, room;
	size_t left_out; /* `reserve`d domains over AFENCE_RESERVED_MOST */
};

/* Adds DOMAIN unless it is there. */
void af_subjects_add(struct af_subjects *subjects, const struct af_domain *domain);

/* Adds all documentation and testing names of the registry. */
void af_subjects_add_registry(struct af_subjects *subjects);

/* Adds what POLICY reserves, on trial or not. */
void af_subjects_add_reserved(struct af_subjects *subjects, const struct af_policy *policy);

void af_subjects_free(struct af_subjects *subjects);

#endif
