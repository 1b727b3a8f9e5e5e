/* SPDX-License-Identifier: MIT */
#include "build.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "../names.h"
#include "../output/json.h"
#include "expect.h"

/* PATH is as the policy says it, so below the root folder. */
static enum af_status load_list(void *context, const char *path, struct af_source *out)
{
	const struct af_root *root = context;
	char *shown = af_format("%s%s", root->prefix, path);
	enum af_status status = af_source_load_fd(af_root_file(root, path, O_RDONLY), shown, out);

	out->root = strlen(root->prefix);
	free(shown);
	return status;
}

/* The lengths keep a file's end from being moved into the next one. */
static void hash_source(struct sha256_ctx *hash, const struct af_source *source)
{
	const char *path = source->path + source->root;
	const uint64_t length[] = {strlen(path), source->length};

	sha256_update(hash, sizeof(length), (const uint8_t *)length);
	sha256_update(hash, strlen(path), (const uint8_t *)path);
	sha256_update(hash, source->length, (const uint8_t *)source->text);
}

static void hash_sources(const struct af_build *build, uint8_t digest[32])
{
	struct sha256_ctx hash;

	sha256_init(&hash);
	for (size_t i = 0; i < build->set.count; i++)
		hash_source(&hash, &build->set.source[i]);
	for (size_t i = 0; i < build->rules.list.count; i++)
		hash_source(&hash, build->rules.list.row[i]);
	sha256_digest(&hash, SHA256_DIGEST_SIZE, digest);
}

void af_build_read(const struct af_policy_request *request, struct af_build *out)
{
	memset(out, 0, sizeof(*out));
	af_rules_start(&out->rules, &out->diagnostics, request->now);
	if (request->count == 0) {
		out->rules.load = load_list;
		out->rules.load_context = (void *)(uintptr_t)&request->root;
	}
	af_set_load(&request->root, request->path, request->count, &out->diagnostics, &out->set);
	af_compile_read(out->set.source, out->set.count, &out->rules);
	hash_sources(out, out->digest);
}

static void make_image(const struct af_stamp *stamp, struct af_build *build)
{
	const struct af_place whole = {.source = build->set.source};

	if (af_compile_write(&build->rules, stamp, &build->image) != AFENCE_OK)
		af_diagnose(&build->diagnostics, AFENCE_ERROR, &whole,
			"the policy makes an image of more than %u MiB, expected a smaller one",
			(unsigned)(AFENCE_IMAGE_MAX >> 20));
	else
		build->passed =
			af_expect_run(&build->rules, build->image.bytes, build->image.length);
}

int af_build_finish(const struct af_policy_request *request, const struct af_stamp *stamp,
	const char *undone, struct af_build *build)
{
	size_t errors;

	if (build->diagnostics.errors == 0)
		make_image(stamp, build);
	errors = build->diagnostics.errors;
	if (request->format == AFENCE_FORMAT_TEXT)
		af_diagnostics_print(&build->diagnostics, stderr);
	if (errors == 0)
		return AFENCE_EXIT_CLEAN;
	if (request->format == AFENCE_FORMAT_JSON)
		af_json_print(af_build_json(build));
	else
		af_usage_error(
			request->verb, "%zu error%s%s", errors, errors == 1 ? "" : "s", undone);
	free(build->image.bytes);
	build->image = (struct af_compiled){0};
	return AFENCE_EXIT_USAGE;
}

static json_t *json_diagnostic(const struct af_diagnostic *item)
{
	const struct af_place *place = &item->place;
	bool whole = place->line == 0;

	return json_pack("{s:o,s:o,s:o,s:s,s:o}", "file",
		af_json_text(place->source->path, strlen(place->source->path)), "line",
		whole ? json_null() : json_integer((json_int_t)place->line), "column",
		whole ? json_null() : json_integer((json_int_t)place->column), "severity",
		af_severity_word[item->severity], "message",
		af_json_text(item->text, strlen(item->text)));
}

json_t *af_build_json(const struct af_build *build)
{
	const struct af_diagnostics *all = &build->diagnostics;
	json_t *list = json_array();

	af_diagnostics_sort(all);
	for (size_t i = 0; i < all->count; i++)
		json_array_append_new(list, json_diagnostic(&all->item[i]));
	return json_pack("{s:I,s:I,s:o}", "errors", (json_int_t)all->errors, "warnings",
		(json_int_t)all->warnings, "diagnostics", list);
}

void af_build_free(struct af_build *build)
{
	free(build->image.bytes);
	af_rules_free(&build->rules);
	af_diagnostics_free(&build->diagnostics);
	af_set_free(&build->set);
}
