/* SPDX-License-Identifier: MIT */
/* `authfence doctor`: is the guard really in force here?  A table of checks, and what they found. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "doctor/canary.h"
#include "doctor/doctor.h"
#include "verbs.h"

static const struct af_doctor_check checks[] = {
	{"sasl-library", af_doctor_sasl_library, ""},
	{"sasl-plugin", af_doctor_sasl_plugin,
		"install the package libsasl2-modules-authfence, or make install, for this machine type"},
	{"sasl-config", af_doctor_sasl_config,
		"take the line out, unless that program logs in nowhere by itself"},
	{"sasl-daemon", af_doctor_sasl_daemon,
		"install the package libsasl2-modules-authfence again"},
	{"sasl-shell", af_doctor_sasl_shell,
		"install the package libsasl2-modules-authfence again"},
	{"policy-file", af_doctor_policy_file,
		"make the policy active again: authfence policy apply"},
	{"pam", af_doctor_pam_stacks, "install the package libpam-authfence"},
	{"policy-sources", af_doctor_policy_sources, "authfence policy apply"},
	{"policy-mode", af_doctor_policy_mode,
		"set mode enforce in the policy sources, and then: authfence policy apply"},
	{"policy-rules", af_doctor_policy_rules, "authfence policy apply"},
	{"policy-history", af_doctor_policy_history, "authfence policy history"},
	{"guard", af_doctor_guard,
		"nothing needs a guard yet; look again when mail clients or PAM modules are there"},
};

static const char usage[] =
	"usage: authfence doctor [OPTION...]\n"
	"\n"
	"Is the guard really in force on this machine?  Nothing is changed, nothing is sent.\n"
	"\n"
	"  --root DIR       look at another root folder, without running anything of it\n"
	"  --format FORMAT  text (default) or json\n"
	"  --help           this text\n"
	"\n"
	"exit status: 0 in force, 1 not in force, 2 bad arguments, 3 could not finish\n";

enum word { WORD_ROOT, WORD_FORMAT, WORD_HELP, WORD_CANARY };

static const struct option longs[] = {
	{"root", required_argument, NULL, WORD_ROOT},
	{"format", required_argument, NULL, WORD_FORMAT},
	{"help", no_argument, NULL, WORD_HELP},
	{"canary", no_argument, NULL, WORD_CANARY}, /* how the checks start their trials */
	{NULL, 0, NULL, 0},
};

struct options {
	const char *root;
	int format;
	bool help, canary;
};

static bool take_word(int word, char **argv, struct options *options)
{
	static const char *const formats[] = {"text", "json"};

	switch (word) {
	case WORD_ROOT:
		options->root = optarg;
		return true;
	case WORD_FORMAT:
		return af_argument_choice("doctor", "format", optarg, formats, 2, &options->format);
	case WORD_HELP:
		return options->help = true;
	case WORD_CANARY:
		return options->canary = true;
	default:
		af_usage_option("doctor", word, argv);
		return false;
	}
}

static bool read_words(int argc, char **argv, struct options *options)
{
	int word;

	opterr = 0;
	while ((word = getopt_long(argc, argv, ":", longs, NULL)) != -1)
		if (!take_word(word, argv, options))
			return false;
	if (optind == argc || options->canary)
		return true;
	af_usage_error("doctor", "unexpected argument \"%s\"", argv[optind]);
	return false;
}

static int examine(const struct options *options)
{
	struct af_doctor doctor = {0};
	int status = AFENCE_EXIT_FOUND;

	if (!af_root_open(options->root, &doctor.root)) {
		af_usage_error("doctor", "--root: \"%s\": %s", options->root, strerror(errno));
		return AFENCE_EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		af_doctor_run(&doctor, &checks[i]);
	if (af_doctor_in_force(&doctor))
		status = AFENCE_EXIT_CLEAN;
	if (!af_doctor_print(&doctor, (enum af_format)options->format) || doctor.unfinished)
		status = AFENCE_EXIT_UNFINISHED;
	af_doctor_free(&doctor);
	return status;
}

int af_verb_doctor(int argc, char **argv)
{
	struct options options = {.root = "/"};

	if (!read_words(argc, argv, &options))
		return AFENCE_EXIT_USAGE;
	if (options.canary)
		return af_canary_try(argv[optind]);
	if (options.help) {
		fputs(usage, stdout);
		return AFENCE_EXIT_CLEAN;
	}
	return examine(&options);
}
