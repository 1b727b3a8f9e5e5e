/* SPDX-License-Identifier: MIT */
/*
 * An image as a sorted list of single facts, so that two images can be compared: settings, rules,
 * and what each clause says.
 */
#ifndef AF_POLICY_FACTS_H
#define AF_POLICY_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "af_image.h"

#define AFENCE_FACT_VALUE "value" /* the field of a setting, which has no other */

struct af_fact {
	char *what;  /* "mode", "reserve:a.lan", "exception:lab-imap" */
	char *field; /* of a clause or service: "expires" */
	char *value;
};

struct af_facts {
	struct af_fact *fact; /* by bytes of what, field and value */
	size_t count, room;
};

/* IMAGE NULL: the built-in policy.  NOW: what a mode that ends is measured against.  Freed with
 * af_facts_free(). */
void af_facts_collect(const struct af_image *image, int64_t now, struct af_facts *out);

void af_facts_free(struct af_facts *facts);

#endif
