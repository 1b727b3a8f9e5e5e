/* SPDX-License-Identifier: MIT */
/*
 * authfence policy: the table of its sub-verbs.
 */
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "policy/verbs.h"
#include "suggest.h"
#include "verbs.h"

static const struct sub_verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} sub_verbs[] = {
	{"validate", af_policy_validate,
		"tell whether policy files are right, expect cases included"},
	{"compile", af_policy_compile, "compile policy files to an image, without activating it"},
	{"show", af_policy_show, "print the active policy as text that parses back to itself"},
	{"diff", af_policy_diff, "tell what making policy files active would change"},
	{"apply", af_policy_apply, "put policy files in force, all or nothing"},
	{"mode", af_policy_mode, "change the mode of the policy in force, for a while or for good"},
	{"promote", af_policy_promote, "let rules hold that only observed"},
	{"history", af_policy_history, "list the generations that were in force"},
	{"rollback", af_policy_rollback, "put an earlier generation in force again"},
	{"fmt", af_policy_fmt, "lay policy files out in one way, comments and all"},
};

#define SUB_VERB_COUNT (sizeof(sub_verbs) / sizeof(sub_verbs[0]))

static void print_help(FILE *stream)
{
	fputs("usage: authfence policy SUBVERB [OPTION...] [ARGUMENT...]\n\n", stream);
	for (size_t i = 0; i < SUB_VERB_COUNT; i++)
		fprintf(stream, "  %-8s  %s\n", sub_verbs[i].name, sub_verbs[i].summary);
	fputs("\n  authfence policy SUBVERB --help   tells what a sub-verb takes\n", stream);
}

static int complain_sub_verb(const char *word)
{
	const char *names[SUB_VERB_COUNT], *near;

	for (size_t i = 0; i < SUB_VERB_COUNT; i++)
		names[i] = sub_verbs[i].name;
	near = af_suggest(word, names, SUB_VERB_COUNT);
	if (near != NULL)
		af_usage_error(
			"policy", "unknown sub-verb \"%s\" (did you mean \"%s\"?)", word, near);
	else
		af_usage_error("policy",
			"unknown sub-verb \"%s\"; authfence policy --help lists them", word);
	return AFENCE_EXIT_USAGE;
}

int af_verb_policy(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return AFENCE_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return AFENCE_EXIT_CLEAN;
	}
	for (size_t i = 0; i < SUB_VERB_COUNT; i++)
		if (strcmp(argv[1], sub_verbs[i].name) == 0)
			return sub_verbs[i].run(argc - 1, argv + 1);
	return complain_sub_verb(argv[1]);
}
