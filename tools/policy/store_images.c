/* SPDX-License-Identifier: MIT */
/*
 * The images of the store: found, read, and put in their places in the order that S1 and S2 ask for.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../arguments.h"
#include "../memory.h"
#include "store_parts.h"
#include "writer.h"

static struct af_store_name history_name(uint64_t generation)
{
	char text[40];

	snprintf(text, sizeof(text), AFENCE_STORE_HISTORY "%" PRIu64, generation);
	return af_store_name(AFENCE_IN_HISTORY, text);
}

static const char *reason_of(enum af_status status)
{
	return status == AFENCE_ERR_SYSTEM ? strerror(errno) : af_strerror(status);
}

void af_stored_free(struct af_stored *stored)
{
	free(stored->bytes);
	memset(stored, 0, sizeof(*stored));
}

static enum af_status check_file(const struct af_store *store, const struct stat *st)
{
	char *fault = af_root_fault(store->root, st);
	bool trusted = S_ISREG(st->st_mode) && fault == NULL;

	free(fault);
	if (!trusted)
		return AFENCE_ERR_UNTRUSTED;
	if (st->st_size < (off_t)sizeof(struct af_image_header))
		return AFENCE_ERR_DAMAGED;
	return (uint64_t)st->st_size > AFENCE_IMAGE_MAX ? AFENCE_ERR_LIMIT : AFENCE_OK;
}

static enum af_status read_image(const struct af_store *store, int fd, struct af_stored *out)
{
	enum af_status status;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return AFENCE_ERR_SYSTEM;
	status = check_file(store, &st);
	if (status != AFENCE_OK)
		return status;
	out->length = (size_t)st.st_size;
	out->bytes = af_new(out->length, 1);
	if (!af_output_read(fd, out->bytes, out->length))
		return errno != 0 ? AFENCE_ERR_SYSTEM : AFENCE_ERR_DAMAGED;
	return af_image_open(out->bytes, out->length, &out->image);
}

static enum af_status load(
	const struct af_store *store, const struct af_store_name *name, struct af_stored *out)
{
	int fd, saved;
	enum af_status status;

	memset(out, 0, sizeof(*out));
	if (store->folder[name->in] < 0)
		return AFENCE_ERR_ABSENT;
	fd = openat(store->folder[name->in], name->text,
		O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return AFENCE_ERR_ABSENT;
	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? AFENCE_ERR_UNTRUSTED : AFENCE_ERR_SYSTEM;
	status = read_image(store, fd, out);
	saved = errno;
	close(fd);
	if (status != AFENCE_OK)
		af_stored_free(out);
	errno = saved;
	return status;
}

enum af_status af_store_load(struct af_store *store, uint64_t generation, struct af_stored *out)
{
	struct af_store_name name = af_store_name(AFENCE_IN_SITE, AFENCE_STORE_ACTIVE);
	enum af_status status = load(store, &name, out);

	if (generation == AFENCE_GENERATION_ACTIVE)
		return status;
	if (status == AFENCE_OK && af_image_generation(&out->image) == generation)
		return status;
	af_stored_free(out);
	name = history_name(generation);
	status = load(store, &name, out);
	if (status != AFENCE_OK || af_image_generation(&out->image) == generation)
		return status;
	af_stored_free(out);
	return AFENCE_ERR_DAMAGED;
}

enum af_status af_store_use(struct af_store *store, uint64_t generation, struct af_stored *out)
{
	const struct af_store_name name =
		generation == AFENCE_GENERATION_ACTIVE
			? af_store_name(AFENCE_IN_SITE, AFENCE_STORE_ACTIVE)
			: history_name(generation);
	enum af_status status = af_store_load(store, generation, out);

	if (status != AFENCE_OK && status != AFENCE_ERR_ABSENT)
		af_store_complain(store, "use", &name, reason_of(status));
	return status;
}

/* The number in "policy.7"; 0: it is no such name. */
static uint64_t number_of(const char *text)
{
	struct af_store_name again;
	uint64_t generation;

	if (strncmp(text, AFENCE_STORE_HISTORY, strlen(AFENCE_STORE_HISTORY)) != 0)
		return 0;
	generation = strtoull(text + strlen(AFENCE_STORE_HISTORY), NULL, 10);
	again = history_name(generation);
	return strcmp(again.text, text) == 0 ? generation : 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* False: errno. */
static bool read_folder(DIR *dir, uint64_t **out, size_t *count)
{
	const struct dirent *entry;
	size_t room = 0;

	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			return errno == 0;
		if (number_of(entry->d_name) == 0)
			continue;
		*out = af_grow(*out, *count, 1, &room, sizeof(**out));
		(*out)[(*count)++] = number_of(entry->d_name);
	}
}

/* False after a complaint. */
static bool list(const struct af_store *store, uint64_t **out, size_t *count)
{
	const struct af_store_name name = af_store_name(AFENCE_IN_HISTORY, "");
	int folder = store->folder[AFENCE_IN_HISTORY];
	int fd = folder < 0 ? -1 : openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool done;

	*out = NULL;
	*count = 0;
	done = folder < 0 || (dir != NULL && read_folder(dir, out, count));
	if (!done)
		af_store_complain(store, "list", &name, strerror(errno));
	if (dir != NULL)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	if (*count > 0)
		qsort(*out, *count, sizeof(**out), compare_numbers);
	return done;
}

size_t af_store_list(struct af_store *store, uint64_t **out)
{
	size_t count;

	list(store, out, &count);
	return count;
}

static uint64_t generation_at(const struct af_store *store, const char *text)
{
	const struct af_store_name name = af_store_name(AFENCE_IN_SITE, text);
	struct af_stored stored;
	uint64_t generation = 0;

	if (load(store, &name, &stored) == AFENCE_OK)
		generation = af_image_generation(&stored.image);
	af_stored_free(&stored);
	return generation;
}

uint64_t af_store_next(struct af_store *store)
{
	uint64_t highest = generation_at(store, AFENCE_STORE_ACTIVE), *listed;
	uint64_t previous = generation_at(store, AFENCE_STORE_PREVIOUS);
	size_t count;
	bool done = list(store, &listed, &count);

	if (previous > highest)
		highest = previous;
	if (count > 0 && listed[count - 1] > highest)
		highest = listed[count - 1];
	free(listed);
	if (done && highest == UINT64_MAX)
		af_usage_error(
			store->verb, "there is no number above generation %" PRIu64, highest);
	return done ? highest + 1 : 0;
}

/* *replaced: the file at NAME is the new one, whatever failed then. */
static bool put(const struct af_store *store, const struct af_store_name *name,
	const char *temporary, const struct af_stored *image, bool *replaced)
{
	struct af_output_fault fault;
	enum af_status status = af_output_replace(store->folder[name->in], temporary, name->text,
		image->bytes, image->length, &fault);

	*replaced = fault.replaced;
	if (status != AFENCE_OK)
		af_store_complain(store, fault.step, name, reason_of(status));
	return status == AFENCE_OK;
}

static bool keep(const struct af_store *store, uint64_t generation, const struct af_stored *image)
{
	const struct af_store_name name = history_name(generation);
	bool replaced;

	return put(store, &name, AFENCE_STORE_HISTORY_NEW, image, &replaced);
}

static bool is_kept(const struct af_store *store, uint64_t generation)
{
	const struct af_store_name name = history_name(generation);
	struct stat st;

	return fstatat(store->folder[name.in], name.text, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* One that came by another way than this one is kept too, so that there is a way back to it; one
 * that can not be used is worth less than the one before it. */
static bool keep_active(const struct af_store *store)
{
	const struct af_store_name active = af_store_name(AFENCE_IN_SITE, AFENCE_STORE_ACTIVE),
				   previous = af_store_name(AFENCE_IN_SITE, AFENCE_STORE_PREVIOUS);
	struct af_stored image;
	bool kept = true, replaced;

	if (load(store, &active, &image) == AFENCE_OK) {
		uint64_t generation = af_image_generation(&image.image);

		kept = (is_kept(store, generation) || keep(store, generation, &image)) &&
		       put(store, &previous, AFENCE_STORE_PREVIOUS_NEW, &image, &replaced);
	}
	af_stored_free(&image);
	return kept;
}

/* Too much history is a nuisance, no failure. */
static void drop_old(const struct af_store *store)
{
	uint64_t *listed;
	size_t count;

	list(store, &listed, &count);
	for (size_t i = 0; i + AFENCE_HISTORY_KEPT < count; i++) {
		const struct af_store_name name = history_name(listed[i]);

		if (unlinkat(store->folder[name.in], name.text, 0) != 0)
			af_store_complain(store, "remove", &name, strerror(errno));
	}
	free(listed);
}

/* What did not become active has no place in the history. */
static void give_up(const struct af_store *store, uint64_t generation, bool replaced)
{
	const struct af_store_name name = history_name(generation);

	if (!replaced)
		unlinkat(store->folder[name.in], name.text, 0);
	else
		af_usage_error(store->verb,
			"the new policy is in force, but a loss of power may bring the old one back");
}

bool af_store_activate(struct af_store *store, const uint8_t *bytes, size_t length)
{
	const struct af_store_name active = af_store_name(AFENCE_IN_SITE, AFENCE_STORE_ACTIVE);
	struct af_stored image = {.length = length};
	bool replaced = false, done;
	uint64_t generation;

	if (af_image_open(bytes, length, &image.image) != AFENCE_OK) {
		af_store_complain(store, "activate", &active, af_strerror(AFENCE_ERR_DAMAGED));
		return false;
	}
	image.bytes = (uint8_t *)(uintptr_t)bytes;
	generation = af_image_generation(&image.image);
	if (!keep(store, generation, &image)) {
		af_usage_error(store->verb, "without history nothing is activated");
		return false;
	}
	done = keep_active(store) &&
	       put(store, &active, AFENCE_STORE_ACTIVE_NEW, &image, &replaced);
	if (done)
		drop_old(store);
	else
		give_up(store, generation, replaced);
	return done;
}
