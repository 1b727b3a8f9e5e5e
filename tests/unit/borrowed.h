/* SPDX-License-Identifier: MIT */
/* Policy text in memory to a policy in memory, with a hand in between for what no text says. */
#ifndef BORROWED_H
#define BORROWED_H

#include <stdlib.h>
#include <string.h>

#include "../../tools/policy/compile.h"
#include "af_policy.h"
#include "harness.h"

#define BORROWED_NOW 1000 /* the time of the compilation, on the first day of 1970 */

struct borrowed {
	struct af_compiled image;
	struct af_policy *policy;
};

typedef void change_rules(struct af_rules *rules, const void *context);

/* The text must be right.  CHANGE may be NULL. */
static inline void borrow_text(
	const char *text, change_rules *change, const void *context, struct borrowed *out)
{
	const struct af_stamp stamp = {.generation = 1, .created = BORROWED_NOW};
	struct af_diagnostics diagnostics = {0};
	struct af_source source;
	struct af_rules rules;

	af_source_copy("test.policy", text, strlen(text), &source);
	af_rules_start(&rules, &diagnostics, BORROWED_NOW);
	af_compile_read(&source, 1, &rules);
	if (diagnostics.errors > 0)
		af_diagnostics_print(&diagnostics, stdout);
	CU_ASSERT_FATAL(diagnostics.errors == 0);
	if (change != NULL)
		change(&rules, context);
	CU_ASSERT_FATAL(af_compile_write(&rules, &stamp, &out->image) == AFENCE_OK);
	CU_ASSERT_FATAL(af_policy_borrow("test", out->image.bytes, out->image.length,
				&out->policy) == AFENCE_OK);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
}

static inline void give_back(struct borrowed *borrowed)
{
	af_policy_free(borrowed->policy);
	free(borrowed->image.bytes);
	memset(borrowed, 0, sizeof(*borrowed));
}

#endif
