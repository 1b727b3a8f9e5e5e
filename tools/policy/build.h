/* SPDX-License-Identifier: MIT */
/*
 * The way from sources to an image, the same for all that go it: validate, compile, apply, diff.
 */
#ifndef AF_POLICY_BUILD_H
#define AF_POLICY_BUILD_H

#include <jansson.h>

#include "compile.h"
#include "request.h"
#include "set.h"

struct af_build {
	struct af_set set;
	struct af_diagnostics diagnostics;
	struct af_rules rules;
	uint8_t digest[32];       /* SHA-256 of the sources and the files that they name */
	struct af_compiled image; /* bytes NULL: there is none */
	size_t passed;            /* `expect` cases */
};

/* Reads the sources that REQUEST names, or those of its root's folders.  What is wrong with them is
 * among the diagnostics, not printed yet.  *out is the caller's, freed with af_build_free(). */
void af_build_read(const struct af_policy_request *request, struct af_build *out);

/*
 * Makes the image, judges the `expect` cases on it and prints the diagnostics: as text to standard
 * error, or in JSON the object of af_build_json() to standard output, but only where there are
 * errors.  AFENCE_EXIT_CLEAN: build->image is made; AFENCE_EXIT_USAGE: there were errors, and there is
 * no image.  STAMP has an origin if the image is to be activated.  UNDONE ends the line that counts
 * the errors: ", nothing written", or "" where nothing was to be done.
 */
int af_build_finish(const struct af_policy_request *request, const struct af_stamp *stamp,
	const char *undone, struct af_build *build);

/* {"errors":0,"warnings":1,"diagnostics":[{"file","line","column","severity","message"}]}: a verb
 * adds what it did and hands it to af_json_print(). */
json_t *af_build_json(const struct af_build *build);

void af_build_free(struct af_build *build);

#endif
