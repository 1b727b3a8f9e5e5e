/* SPDX-License-Identifier: MIT */
/* Policy text in memory to an image, for the suites that need one. */
#ifndef COMPILED_H
#define COMPILED_H

#include <stdlib.h>
#include <string.h>

#include "../../tools/policy/compile.h"
#include "harness.h"

/* The text must be right; the image's bytes are the caller's. */
static inline void compile_text(const char *text, uint64_t generation, struct af_compiled *out)
{
	struct af_diagnostics diagnostics = {0};
	struct af_source source;
	struct af_rules rules;

	af_source_copy("test.policy", text, strlen(text), &source);
	af_rules_start(&rules, &diagnostics);
	af_compile_read(&source, 1, &rules);
	af_diagnostics_print(&diagnostics, stdout);
	CHECK_NUMBER("errors in a good policy", diagnostics.errors, 0);
	CHECK_NUMBER("compile", af_compile_write(&rules, generation, 1000, out), AFENCE_OK);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
}

#endif
