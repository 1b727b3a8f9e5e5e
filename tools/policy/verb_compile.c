/* SPDX-License-Identifier: MIT */
/*
 * authfence policy compile: sources to an image that nobody reads yet.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../arguments.h"
#include "../memory.h"
#include "compile.h"
#include "verbs.h"
#include "writer.h"

#define COMPILE "policy compile"

struct request {
	const char *output;
	char **path; /* of the sources */
	size_t count;
	int64_t created;
};

static void print_compile_help(void)
{
	fputs("usage: authfence policy compile --output FILE SOURCE...\n\n"
	      "Compiles policy files, taken whole or refused whole, to an image for the plugins.\n"
	      "Its generation is one more than that of the image that FILE holds.\n\n"
	      "  -o, --output FILE  where to write the image; replaced in one step\n"
	      "  -h, --help         this text\n\n"
	      "environment: SOURCE_DATE_EPOCH, seconds since 1970, dates the image\n"
	      "exit status: 0 written, 2 bad arguments or policy, 3 could not write\n",
		stdout);
}

/* The day of a reproducible build is not that of its clock. */
static bool read_clock(int64_t *out)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;

	if (text == NULL || *text == '\0') {
		*out = time(NULL);
		return true;
	}
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno == 0 && *end == '\0' && *text >= '0' && *text <= '9')
		return true;
	af_usage_error(COMPILE, "SOURCE_DATE_EPOCH is \"%s\", expected seconds since 1970", text);
	return false;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat first, second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/* A typing slip must cost neither a device nor the sources. */
static bool check_output(const struct request *request)
{
	static const char *const objection[] = {
		[AFENCE_OUTPUT_NONE] = NULL,
		[AFENCE_OUTPUT_FILE] = NULL,
		[AFENCE_OUTPUT_FOLDER] = "is a folder, expected the name of a file",
		[AFENCE_OUTPUT_OTHER] = "is no regular file, expected one or a new name",
	};
	const char *wrong = objection[af_output_kind(request->output)];

	if (*request->output == '\0')
		wrong = "is empty, expected the name of a file";
	for (size_t i = 0; i < request->count; i++)
		if (is_same_file(request->output, request->path[i]))
			wrong = "is one of the sources, expected another file";
	if (wrong != NULL)
		af_usage_error(COMPILE, "output \"%s\" %s", request->output, wrong);
	return wrong == NULL;
}

/* One option; false ends the reading, after a complaint unless *help. */
static bool take_option(int code, char **argv, struct request *out, bool *help)
{
	*help = code == 'h';
	if (code == 'o' && out->output == NULL) {
		out->output = optarg;
		return true;
	}
	if (code == 'o')
		af_usage_error(COMPILE, "--output stands twice, expected it once");
	else if (!*help)
		af_usage_option(COMPILE, code, argv);
	return false;
}

static bool read_request(int argc, char **argv, struct request *out, bool *help)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int code;

	memset(out, 0, sizeof(*out));
	*help = false;
	optind = 0;
	while ((code = getopt_long(argc, argv, ":o:h", options, NULL)) != -1)
		if (!take_option(code, argv, out, help))
			return false;
	out->path = argv + optind;
	out->count = (size_t)(argc - optind);
	if (out->output == NULL)
		af_usage_error(COMPILE, "no --output, expected --output FILE");
	else if (out->count == 0)
		af_usage_error(COMPILE, "no source, expected at least one policy file");
	return out->output != NULL && out->count > 0 && read_clock(&out->created) &&
	       check_output(out);
}

/* What can not be read is an error like those in the text, so that one run shows them all. */
static void load(
	const struct request *request, struct af_source *source, struct af_diagnostics *diagnostics)
{
	struct af_place whole = {0};

	for (size_t i = 0; i < request->count; i++) {
		enum af_status status = af_source_load(request->path[i], &source[i]);

		whole.source = &source[i];
		if (status == AFENCE_ERR_LIMIT)
			af_diagnose(diagnostics, AFENCE_ERROR, &whole,
				"seen more than %u MiB, expected a policy file",
				AFENCE_SOURCE_MAX >> 20);
		else if (status != AFENCE_OK)
			af_diagnose(diagnostics, AFENCE_ERROR, &whole,
				"cannot be read: %s, expected a policy file", strerror(errno));
	}
}

static const char *reason_of(enum af_status status)
{
	return status == AFENCE_ERR_SYSTEM ? strerror(errno) : af_strerror(status);
}

static int write_image(const struct request *request, const struct af_rules *rules)
{
	uint64_t generation = af_output_generation(request->output) + 1;
	struct af_compiled image;
	const char *step;
	const struct af_stamp stamp = {.generation = generation, .created = request->created};
	enum af_status status = af_compile_write(rules, &stamp, &image);

	if (status != AFENCE_OK || generation == 0) {
		af_usage_error(
			COMPILE, "the policy makes no image: %s", af_strerror(AFENCE_ERR_LIMIT));
		free(image.bytes);
		return AFENCE_EXIT_USAGE;
	}
	status = af_output_write(request->output, image.bytes, image.length, &step);
	free(image.bytes);
	if (status != AFENCE_OK) {
		af_usage_error(
			COMPILE, "cannot %s \"%s\": %s", step, request->output, reason_of(status));
		return AFENCE_EXIT_UNFINISHED;
	}
	printf("%s: %zu bytes, %zu reserve, %zu internal, %zu external, generation %" PRIu64 "\n",
		request->output, image.length, image.count[AFENCE_RULE_RESERVE],
		image.count[AFENCE_RULE_INTERNAL], image.count[AFENCE_RULE_EXTERNAL], generation);
	return AFENCE_EXIT_CLEAN;
}

static int compile(const struct request *request)
{
	struct af_source *source = af_new(request->count, sizeof(*source));
	struct af_diagnostics diagnostics = {0};
	struct af_rules rules;
	int result = AFENCE_EXIT_USAGE;

	af_rules_start(&rules, &diagnostics, request->created);
	load(request, source, &diagnostics);
	af_compile_read(source, request->count, &rules);
	af_diagnostics_print(&diagnostics, stderr);
	if (diagnostics.errors == 0)
		result = write_image(request, &rules);
	else
		af_usage_error(COMPILE, "%zu error%s, nothing written", diagnostics.errors,
			diagnostics.errors == 1 ? "" : "s");
	for (size_t i = 0; i < request->count; i++)
		af_source_free(&source[i]);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	free(source);
	return result;
}

int af_policy_compile(int argc, char **argv)
{
	struct request request;
	bool help;

	if (read_request(argc, argv, &request, &help))
		return compile(&request);
	if (!help)
		return AFENCE_EXIT_USAGE;
	print_compile_help();
	return AFENCE_EXIT_CLEAN;
}
