/* SPDX-License-Identifier: MIT */
/* Policy text in memory to an image, for the suites that need one. */
#ifndef COMPILED_H
#define COMPILED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../tools/policy/compile.h"
#include "af_policy.h"
#include "harness.h"

/* What no text says: lives, the end of a mode. */
typedef void change_rules(struct af_rules *rules);

/* The text must be right on the day of the STAMP; CHANGE may be NULL; the image's bytes are the
 * caller's. */
static inline void compile_changed(const char *text, change_rules *change,
	const struct af_stamp *stamp, struct af_compiled *out)
{
	struct af_diagnostics diagnostics = {0};
	struct af_source source;
	struct af_rules rules;

	af_source_copy("test.policy", text, strlen(text), &source);
	af_rules_start(&rules, &diagnostics, stamp->created);
	af_compile_read(&source, 1, &rules);
	if (diagnostics.errors > 0)
		af_diagnostics_print(&diagnostics, stdout);
	CHECK_NUMBER("errors in a good policy", diagnostics.errors, 0);
	if (change != NULL)
		change(&rules);
	CHECK_NUMBER("compile", af_compile_write(&rules, stamp, out), AFENCE_OK);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
}

static inline void compile_text(const char *text, uint64_t generation, struct af_compiled *out)
{
	const struct af_stamp stamp = {.generation = generation, .created = 1000};

	compile_changed(text, NULL, &stamp, out);
}

/* Compiles the text into the file PATH. */
static inline void save_policy(const char *text, const char *path)
{
	struct af_compiled compiled;
	FILE *file;

	compile_text(text, 1, &compiled);
	file = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT(fwrite(compiled.bytes, compiled.length, 1, file) == 1);
	CU_ASSERT(fchmod(fileno(file), 0644) == 0);
	CU_ASSERT(fclose(file) == 0);
	free(compiled.bytes);
}

/* The policy that the text makes, by way of a file in the scratch folder. */
static inline struct af_policy *load_policy(const char *text)
{
	struct af_policy *policy = NULL;
	char path[4400];

	snprintf(path, sizeof(path), "%s/load.bin", af_scratch_dir());
	save_policy(text, path);
	CHECK_NUMBER("load", af_policy_load(path, true, &policy), AFENCE_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(policy);
	return policy;
}

#endif
