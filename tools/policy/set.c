/* SPDX-License-Identifier: MIT */
#include "set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../memory.h"

#define SUFFIX     ".policy"
#define MASK       "/dev/null"
#define MASK_MAJOR 1 /* of its device */
#define MASK_MINOR 3

static bool is_source(const char *name)
{
	size_t length = strlen(name);

	return length > strlen(SUFFIX) && strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

/* In an image there may be no /dev/null, so what the link says counts too. */
static bool is_mask(const struct af_root *root, const char *path)
{
	int fd = af_root_file(root, path, O_PATH | O_NOFOLLOW);
	char target[sizeof(MASK)];
	ssize_t length = fd >= 0 ? readlinkat(fd, "", target, sizeof(target)) : -1;
	struct stat st;

	if (fd >= 0)
		close(fd);
	if (length == (ssize_t)strlen(MASK) && memcmp(target, MASK, strlen(MASK)) == 0)
		return true;
	return af_root_stat(root, path, &st) && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(MASK_MAJOR, MASK_MINOR);
}

/* Adds NAME of FOLDER; one that can not be looked at too, for it can not be compiled either. */
static void add_path(
	const struct af_root *root, const char *folder, const char *name, struct af_names *out)
{
	char *path = af_format("%s/%s", folder, name);

	if (is_source(name) && !is_mask(root, path))
		af_names_add(out, path);
	else
		free(path);
}

/* False: it is there, but can not be read. */
static bool list_folder(
	const struct af_root *root, const char *path, struct af_names *out, const char **folder)
{
	if (af_root_list(root, path, out) || errno == ENOENT || errno == ENOTDIR)
		return true;
	*folder = path;
	return false;
}

/* Both lists are in byte order. */
static void merge(const struct af_root *root, const struct af_names *vendor,
	const struct af_names *site, struct af_names *out)
{
	size_t v = 0, s = 0;

	while (v < vendor->count || s < site->count) {
		int order = v == vendor->count ? 1
			    : s == site->count ? -1
					       : strcmp(vendor->name[v], site->name[s]);

		if (order < 0)
			add_path(root, AFENCE_FOLDER_VENDOR, vendor->name[v], out);
		else
			add_path(root, AFENCE_FOLDER_SITE, site->name[s], out);
		v += order <= 0;
		s += order >= 0;
	}
}

bool af_set_find(const struct af_root *root, struct af_names *out, const char **folder)
{
	struct af_names vendor = {0}, site = {0};
	bool done;

	memset(out, 0, sizeof(*out));
	*folder = NULL;
	done = list_folder(root, AFENCE_FOLDER_VENDOR, &vendor, folder) &&
	       list_folder(root, AFENCE_FOLDER_SITE, &site, folder);
	if (done)
		merge(root, &vendor, &site, out);
	af_names_free(&vendor);
	af_names_free(&site);
	return done;
}

/* Diagnostics point into the array of sources, so it is known how long it gets before it is made. */
struct search {
	const struct af_root *root;
	struct entry {
		char *path;  /* as messages show it */
		size_t root; /* as of struct af_source */
		bool is_vendor;
		char *fault; /* NULL: a file to be read */
	} * entry;
	size_t count, room;
};

/* Takes PATH and FAULT. */
static void add_entry(struct search *search, char *path, char *fault)
{
	search->entry =
		af_grow(search->entry, search->count, 1, &search->room, sizeof(*search->entry));
	search->entry[search->count++] = (struct entry){.path = path, .fault = fault};
}

/* The same for PATH below the root folder, which is copied. */
static void add_below(struct search *search, const char *path, char *fault)
{
	struct entry *entry;

	add_entry(search, af_format("%s%s", search->root->prefix, path), fault);
	entry = &search->entry[search->count - 1];
	entry->root = strlen(search->root->prefix);
	entry->is_vendor =
		strncmp(path, AFENCE_FOLDER_VENDOR "/", sizeof(AFENCE_FOLDER_VENDOR)) == 0;
}

static char *folder_fault(void)
{
	return af_format("cannot be read: %s, expected a folder of policy files", strerror(errno));
}

static void search_default(struct search *search)
{
	struct af_names names;
	const char *folder;

	if (!af_set_find(search->root, &names, &folder))
		add_below(search, folder, folder_fault());
	else if (names.count == 0)
		add_below(search, AFENCE_FOLDER_SITE,
			af_format("no *%s here or in %s%s, expected at least one", SUFFIX,
				search->root->prefix, AFENCE_FOLDER_VENDOR));
	for (size_t i = 0; i < names.count; i++)
		add_below(search, names.name[i], NULL);
	af_names_free(&names);
}

/* PATH without slashes at its end, since one comes before each name in it. */
static char *join(const char *path, const char *name)
{
	size_t length = strlen(path);

	while (length > 0 && path[length - 1] == '/')
		length--;
	return af_format("%.*s%s", (int)length, path, name);
}

/* Links in a folder that somebody names lead where they lead. */
static void search_folder(struct search *search, const char *path)
{
	struct af_names names = {0}, found = {0};
	struct af_root folder = {.fd = -1};
	bool done = af_root_open(path, &folder) && af_root_list(&folder, ".", &names);

	if (!done)
		add_entry(search, af_format("%s", path), folder_fault());
	for (size_t i = 0; i < names.count; i++)
		add_path(&folder, "", names.name[i], &found);
	if (done && found.count == 0)
		add_entry(search, af_format("%s", path),
			af_format("no *%s in this folder, expected at least one", SUFFIX));
	for (size_t i = 0; i < found.count; i++)
		add_entry(search, join(path, found.name[i]), NULL);
	af_names_free(&names);
	af_names_free(&found);
	if (folder.fd >= 0)
		af_root_close(&folder);
}

static void search_path(struct search *search, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		search_folder(search, path);
	else
		add_entry(search, af_format("%s", path), NULL);
}

static enum af_status load(
	const struct af_root *root, const struct entry *entry, bool below, struct af_source *out)
{
	enum af_status status;

	if (entry->fault != NULL)
		status = af_source_load_fd(-1, entry->path, out);
	else if (below)
		status = af_source_load_fd(
			af_root_file(root, entry->path + entry->root, O_RDONLY), entry->path, out);
	else
		status = af_source_load(entry->path, out);
	out->layer = entry->is_vendor ? AFENCE_LAYER_VENDOR : AFENCE_LAYER_SITE;
	out->root = entry->root;
	return status;
}

/* What can not be read is an error like those in the text, so that one run shows them all. */
static void complain(struct af_diagnostics *diagnostics, const struct af_source *source,
	enum af_status status, const char *fault)
{
	const struct af_place whole = {.source = source};

	if (fault != NULL)
		af_diagnose(diagnostics, AFENCE_ERROR, &whole, "%s", fault);
	else if (status == AFENCE_ERR_LIMIT)
		af_diagnose(diagnostics, AFENCE_ERROR, &whole,
			"seen more than %u MiB, expected a policy file", AFENCE_SOURCE_MAX >> 20);
	else if (status != AFENCE_OK)
		af_diagnose(diagnostics, AFENCE_ERROR, &whole,
			"cannot be read: %s, expected a policy file", strerror(errno));
}

void af_set_load(const struct af_root *root, char **path, size_t count,
	struct af_diagnostics *diagnostics, struct af_set *out)
{
	struct search search = {.root = root};

	for (size_t i = 0; i < count; i++)
		search_path(&search, path[i]);
	if (count == 0)
		search_default(&search);
	*out = (struct af_set){af_new(search.count, sizeof(*out->source)), search.count};
	for (size_t i = 0; i < search.count; i++) {
		struct entry *entry = &search.entry[i];

		complain(diagnostics, &out->source[i],
			load(root, entry, count == 0, &out->source[i]), entry->fault);
		free(entry->path);
		free(entry->fault);
	}
	free(search.entry);
}

void af_set_free(struct af_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		af_source_free(&set->source[i]);
	free(set->source);
	memset(set, 0, sizeof(*set));
}
