/* SPDX-License-Identifier: MIT */
/*
 * authfence policy validate and compile: are the sources right, and an image that nobody reads yet.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../output/json.h"
#include "build.h"
#include "verbs.h"
#include "writer.h"

#define COMPILE "policy compile"

#define SOURCES_HELP                                                                             \
	"A SOURCE is a policy file, or a folder whose *.policy files are taken.  Without any,\n" \
	"those of " AFENCE_FOLDER_VENDOR " and " AFENCE_FOLDER_SITE "\n"                         \
	"are, of files of one name the latter.\n\n"

#define SHARED_HELP                                                           \
	"  --root DIR         look for the two folders below DIR\n"           \
	"  --format FORMAT    text (default) or json, for the messages too\n" \
	"  -h, --help         this text\n\n"                                  \
	"environment: SOURCE_DATE_EPOCH, seconds since 1970, stands for the clock\n"

static const char validate_help[] =
	"usage: authfence policy validate [OPTION...] [SOURCE...]\n\n"
	"Tells whether policy files are right as a whole, their expect cases included.\n" SOURCES_HELP
		SHARED_HELP "exit status: 0 right, 2 bad arguments or policy\n";

static const char compile_help[] =
	"usage: authfence policy compile --output FILE [OPTION...] [SOURCE...]\n\n"
	"Compiles policy files, taken whole or refused whole, to an image for the plugins.\n"
	"Its generation is one more than that of the image that FILE holds.\n" SOURCES_HELP
	"  -o, --output FILE  where to write the image; replaced in one step\n" SHARED_HELP
	"exit status: 0 written, 2 bad arguments or policy, 3 could not write\n";

static bool is_same_file(const char *a, const char *b)
{
	struct stat first, second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/* A typing slip must cost neither a device nor the sources. */
static bool check_output(const char *output, const struct af_set *set)
{
	static const char *const objection[] = {
		[AFENCE_OUTPUT_NONE] = NULL,
		[AFENCE_OUTPUT_FILE] = NULL,
		[AFENCE_OUTPUT_FOLDER] = "is a folder, expected the name of a file",
		[AFENCE_OUTPUT_OTHER] = "is no regular file, expected one or a new name",
	};
	const char *wrong = objection[af_output_kind(output)];

	if (*output == '\0')
		wrong = "is empty, expected the name of a file";
	for (size_t i = 0; i < set->count; i++)
		if (is_same_file(output, set->source[i].path))
			wrong = "is one of the sources, expected another file";
	if (wrong != NULL)
		af_usage_error(COMPILE, "output \"%s\" %s", output, wrong);
	return wrong == NULL;
}

static const char *reason_of(enum af_status status)
{
	return status == AFENCE_ERR_SYSTEM ? strerror(errno) : af_strerror(status);
}

static void report_compiled(const struct af_policy_request *request, const char *output,
	uint64_t generation, const struct af_build *build)
{
	const struct af_compiled *image = &build->image;
	json_t *object;

	if (request->format == AFENCE_FORMAT_TEXT) {
		printf("%s: %zu bytes, %zu reserve, %zu internal, %zu external, %zu exception, "
		       "%zu protect, generation %" PRIu64 "\n",
			output, image->length, image->count[AFENCE_RULE_RESERVE],
			image->count[AFENCE_RULE_INTERNAL], image->count[AFENCE_RULE_EXTERNAL],
			image->clauses[AFENCE_CLAUSE_EXCEPTION],
			image->clauses[AFENCE_CLAUSE_PROTECT], generation);
		return;
	}
	object = af_build_json(build);
	json_object_set_new(object, "output", af_json_text(output, strlen(output)));
	json_object_set_new(object, "bytes", json_integer((json_int_t)image->length));
	json_object_set_new(object, "generation", json_integer((json_int_t)generation));
	af_json_print(object);
}

static int write_image(
	const struct af_policy_request *request, const char *output, struct af_build *build)
{
	const struct af_stamp stamp = {
		.generation = af_output_generation(output) + 1, .created = request->now};
	enum af_status status;
	const char *step;
	int result;

	if (stamp.generation == 0) {
		af_usage_error(
			COMPILE, "there is no number above the generation of \"%s\"", output);
		return AFENCE_EXIT_UNFINISHED;
	}
	result = af_build_finish(request, &stamp, ", nothing written", build);
	if (result != AFENCE_EXIT_CLEAN)
		return result;
	status = af_output_write(output, build->image.bytes, build->image.length, &step);
	if (status != AFENCE_OK) {
		af_usage_error(COMPILE, "cannot %s \"%s\": %s", step, output, reason_of(status));
		return AFENCE_EXIT_UNFINISHED;
	}
	report_compiled(request, output, stamp.generation, build);
	return AFENCE_EXIT_CLEAN;
}

int af_policy_compile(int argc, char **argv)
{
	const char *output;
	const struct af_policy_option options[] = {
		{"output", &output, NULL, 'o'}, {NULL, NULL, NULL, 0}};
	const struct af_policy_usage usage = {COMPILE, compile_help, options};
	struct af_policy_request request;
	struct af_build build;
	int result;

	if (!af_request_read(argc, argv, &usage, &request, &result))
		return result;
	result = AFENCE_EXIT_USAGE;
	if (output == NULL) {
		af_usage_error(COMPILE, "no --output, expected --output FILE");
	} else {
		af_build_read(&request, &build);
		if (check_output(output, &build.set))
			result = write_image(&request, output, &build);
		af_build_free(&build);
	}
	af_request_close(&request);
	return result;
}

static size_t count_rules(const struct af_compiled *image)
{
	size_t count = 0;

	for (size_t i = 0; i < AFENCE_RULE_KINDS; i++)
		count += image->count[i];
	for (size_t i = 0; i < AFENCE_CLAUSE_KINDS; i++)
		count += image->clauses[i];
	return count;
}

static void report_valid(const struct af_policy_request *request, const struct af_build *build)
{
	size_t files = build->set.count, rules = count_rules(&build->image);
	json_t *object;

	if (request->format == AFENCE_FORMAT_TEXT) {
		printf("%zu file%s, %zu rule%s, %zu expect case%s passed\n", files,
			files == 1 ? "" : "s", rules, rules == 1 ? "" : "s", build->passed,
			build->passed == 1 ? "" : "s");
		return;
	}
	object = af_build_json(build);
	json_object_set_new(object, "files", json_integer((json_int_t)files));
	json_object_set_new(object, "rules", json_integer((json_int_t)rules));
	json_object_set_new(object, "passed", json_integer((json_int_t)build->passed));
	af_json_print(object);
}

int af_policy_validate(int argc, char **argv)
{
	static const struct af_policy_usage usage = {"policy validate", validate_help, NULL};
	const struct af_stamp stamp = {.generation = 1};
	struct af_policy_request request;
	struct af_build build;
	int result;

	if (!af_request_read(argc, argv, &usage, &request, &result))
		return result;
	af_build_read(&request, &build);
	result = af_build_finish(&request, &stamp, "", &build);
	if (result == AFENCE_EXIT_CLEAN)
		report_valid(&request, &build);
	af_build_free(&build);
	af_request_close(&request);
	return result;
}
