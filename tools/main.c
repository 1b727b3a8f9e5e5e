/* SPDX-License-Identifier: MIT */
/* authfence: one table of verbs; dispatch, help and suggestions all read it. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "suggest.h"
#include "verbs.h"

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} verbs[] = {
	{"check", af_verb_check, "explain one decision, or a batch of them"},
	{"doctor", af_verb_doctor, "tell whether the guard is in force on this machine"},
	{"policy", af_verb_policy, "compile the policy that the plugins read"},
	{"probe", af_verb_probe, "ask what services answer for reserved domains"},
	{"run", af_verb_run, "run a command whose logins are guarded, whatever they are made of"},
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static void print_help(FILE *stream)
{
	fputs("usage: authfence VERB [OPTION...] [ARGUMENT...]\n\n"
	      "Keeps credentials of reserved identities (alice@example.com) at home.\n\n",
		stream);
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(stream, "  %-8s  %s\n", verbs[i].name, verbs[i].summary);
	fputs("\n  authfence VERB --help   tells what a verb takes\n"
	      "  authfence --version\n\n"
	      "exit status: 0 clean or allowed, 1 blocked or findings, 2 bad arguments or input,\n"
	      "3 could not finish\n",
		stream);
}

static int complain_verb(const char *word)
{
	const char *names[VERB_COUNT];
	const char *near;

	for (size_t i = 0; i < VERB_COUNT; i++)
		names[i] = verbs[i].name;
	near = af_suggest(word, names, VERB_COUNT);
	if (near != NULL)
		af_usage_error("", "unknown verb \"%s\" (did you mean \"%s\"?)", word, near);
	else
		af_usage_error("", "unknown verb \"%s\"; authfence --help lists them", word);
	return AFENCE_EXIT_USAGE;
}

/* What was promised is on standard output, or the status says that it is not (disk full). */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	perror("authfence: standard output");
	return AFENCE_EXIT_UNFINISHED;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		print_help(stderr);
		return AFENCE_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return finish(AFENCE_EXIT_CLEAN);
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("authfence " AFENCE_VERSION);
		return finish(AFENCE_EXIT_CLEAN);
	}
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return finish(verbs[i].run(argc - 1, argv + 1));
	return complain_verb(argv[1]);
}
