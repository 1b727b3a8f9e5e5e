/* SPDX-License-Identifier: MIT */
/*
 * A generation on trial: which of its rules are new, and so only observe until they are promoted.
 */
#ifndef AF_POLICY_TRIAL_H
#define AF_POLICY_TRIAL_H

#include "../names.h"
#include "rules.h"

/*
 * Puts on trial those of RULES that can refuse and that ACTIVE (NULL: the built-in policy) does not
 * hold in force: `reserve` and `external` by what they match, `protect` by all it says.  A protect
 * that ACTIVE holds in another form is added to RULES as the one that is replaced.
 */
void af_trial_mark(struct af_rules *rules, const struct af_image *active);

/* The names of what is on trial in IMAGE, freed with af_names_free(). */
void af_trial_names(const struct af_image *image, struct af_names *out);

#endif
