/* SPDX-License-Identifier: MIT */
/*
 * A line of a stack, then files: "@/path" begins one, "@!/path" one that cannot be read.  Whatever
 * they hold, a reader finds no more servers than there are places, each a name or a literal (or
 * unknown), says why where one is unknown, and finds the same again.
 */
#include <stdlib.h>

#include "../../plugins/pam/modules.h"
#include "../unit/memory_files.h"
#include "../unit/reader_rows.h"
#include "af_address.h"
#include "af_domain.h"

#define FILES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static af_pam_reader *find_reader(const char *line)
{
	const struct af_pam_module *module;
	struct reader_line split;

	reader_line_split(line, &split);
	module = af_pam_module_find(split.entry.module);
	return module != NULL ? module->read : NULL;
}

/* The files that stand in TEXT, which is cut up. */
static size_t cut_files(char *text, struct memory_file *file)
{
	size_t count = 0;
	char *next;

	for (; text != NULL && count < FILES; text = next) {
		char *end = strchr(text, '\n');
		bool refused = *text == '!';

		next = strstr(text, "\n@");
		if (end == NULL)
			break;
		*end = '\0';
		if (next != NULL && next != end)
			next[1] = '\0'; /* the newline stays */
		if (next != NULL)
			next += 2;
		file[count++] = (struct memory_file){.path = text + (refused ? 1 : 0),
			.text = next == end + 2 ? "" : end + 1,
			.status = refused ? AFENCE_ERR_SYSTEM : AFENCE_OK};
	}
	return count;
}

static bool is_host(const char *host)
{
	struct af_address address;
	struct af_domain domain;

	return *host == '\0' || af_address_parse(host, strlen(host), &address) ||
	       af_domain_parse(host, strlen(host), &domain) == AFENCE_OK;
}

static void check_found(const struct af_pam_discovery *found)
{
	require(found->count <= AFENCE_PAM_FOUND_MAX);
	for (size_t i = 0; i < found->count; i++) {
		const struct af_pam_found *one = &found->found[i];

		require(one->entry != NULL);
		require(memchr(one->host, '\0', sizeof(one->host)) != NULL && is_host(one->host));
		require(memchr(one->domain, '\0', sizeof(one->domain)) != NULL);
	}
	require(memchr(found->why, '\0', sizeof(found->why)) != NULL);
	require(found->unknown == (*found->why != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct af_pam_discovery found;
	static char said[65536], again[65536];
	struct memory_file file[FILES];
	struct memory_files memory = {.file = file};
	const struct af_pam_files files = MEMORY_FILES(&memory);
	char *text = malloc(size + 1), *rest;
	af_pam_reader *read;

	memcpy(text, data, size);
	text[size] = '\0';
	rest = strstr(text, "\n@");
	if (rest != NULL) {
		*rest = '\0';
		memory.count = cut_files(rest + 2, file);
	}
	read = find_reader(text);
	if (read != NULL) {
		reader_run(&files, read, text, "alice", &found);
		check_found(&found);
		reader_say(&found, said, sizeof(said));
		reader_run(&files, read, text, "alice", &found);
		require(strcmp(said, reader_say(&found, again, sizeof(again))) == 0);
	}
	free(text);
	return 0;
}
