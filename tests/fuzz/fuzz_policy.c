/* SPDX-License-Identifier: MIT */
/* Any bytes as a policy file: errors or an image that opens, never anything else. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/policy/compile.h"
#include "af_image.h"

#define TODAY 1795305600 /* 2026-11-22, the day of the seeds */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A list has the text of its name. */
static enum af_status load_list(void *context, const char *path, struct af_source *out)
{
	(void)context;
	af_source_copy(path, path, strlen(path), out);
	return AFENCE_OK;
}

static void compile(const struct af_rules *rules)
{
	struct af_compiled compiled;
	struct af_image image;

	if (af_compile_write(rules, &(struct af_stamp){.generation = 1}, &compiled) != AFENCE_OK ||
		af_image_open(compiled.bytes, compiled.length, &image) != AFENCE_OK)
		abort();
	free(compiled.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct af_diagnostics diagnostics = {0};
	struct af_source source;
	struct af_rules rules;
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	af_source_copy("fuzz", (const char *)bytes, length, &source);
	af_rules_start(&rules, &diagnostics, TODAY);
	rules.load = load_list;
	af_compile_read(&source, 1, &rules);
	af_diagnostics_print(&diagnostics, file);
	fclose(file);
	if (strlen(text) != len || (diagnostics.errors + diagnostics.warnings > 0) != (len > 0))
		abort();
	if (diagnostics.errors == 0)
		compile(&rules);
	free(text);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
	return 0;
}
