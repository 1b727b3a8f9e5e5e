/* SPDX-License-Identifier: MIT */
/*
 * Every file is named relative to an open folder and no link is followed at its name, so that
 * nobody can lead a run by root elsewhere between two steps.  The names of new files are fixed: what
 * a killed run has left is found and removed by the next one.
 */
#include "store_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "../arguments.h"
#include "../memory.h"

#define LOCK       "lock"
#define WAIT_TRIES 100 /* of a tenth of a second */

static const char *const folder_path[AFENCE_STORE_FOLDERS] = {
	[AFENCE_IN_SITE] = "/etc/authfence",
	[AFENCE_IN_STATE] = AFENCE_STATE,
	[AFENCE_IN_HISTORY] = AFENCE_HISTORY,
};

struct af_store_name af_store_name(enum af_store_folder in, const char *text)
{
	struct af_store_name name = {.in = in};

	snprintf(name.text, sizeof(name.text), "%s", text);
	return name;
}

void af_store_complain(const struct af_store *store, const char *step,
	const struct af_store_name *name, const char *why)
{
	af_usage_error(store->verb, "cannot %s \"%s%s%s%s\": %s", step, store->root->prefix,
		folder_path[name->in], *name->text != '\0' ? "/" : "", name->text, why);
}

static bool complain_folder(const struct af_store *store, const char *step, enum af_store_folder in)
{
	const struct af_store_name name = af_store_name(in, "");

	af_store_complain(store, step, &name, strerror(errno));
	return false;
}

/* S5 for a folder that is to be written. */
static bool check_folder(const struct af_store *store, enum af_store_folder in)
{
	const struct af_store_name name = af_store_name(in, "");
	char *fault = NULL;
	struct stat st;

	if (fstat(store->folder[in], &st) != 0)
		return complain_folder(store, "look at", in);
	fault = af_root_fault(store->root, &st);
	if (fault != NULL)
		af_store_complain(store, "trust", &name, fault);
	free(fault);
	return fault == NULL;
}

static bool open_folder(struct af_store *store, enum af_store_folder in, bool write)
{
	int *fd = &store->folder[in];

	if (write) {
		*fd = af_root_make_folder(store->root, folder_path[in]);
		return *fd >= 0 ? check_folder(store, in)
				: complain_folder(store, "make or open", in);
	}
	*fd = af_root_file(store->root, folder_path[in], O_RDONLY | O_DIRECTORY);
	return *fd >= 0 || errno == ENOENT || complain_folder(store, "open", in);
}

static bool open_folders(
	const char *verb, const struct af_root *root, bool write, struct af_store **out)
{
	struct af_store *store = af_new(1, sizeof(*store));

	*store = (struct af_store){.verb = verb, .root = root, .folder = {-1, -1, -1}, .lock = -1};
	*out = NULL;
	for (unsigned in = 0; in < AFENCE_STORE_FOLDERS; in++)
		if (!open_folder(store, in, write)) {
			af_store_close(store);
			return false;
		}
	*out = store;
	return true;
}

bool af_store_open(const char *verb, const struct af_root *root, struct af_store **out)
{
	return open_folders(verb, root, false, out);
}

static bool wait_for_lock(const struct af_store *store)
{
	const struct timespec tenth = {.tv_nsec = 100000000};

	for (unsigned try = 0; try < WAIT_TRIES; try++) {
		if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (try == 0)
			af_usage_error(store->verb, "waiting for another run to end");
		nanosleep(&tenth, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

static bool take_lock(struct af_store *store)
{
	const struct af_store_name name = af_store_name(AFENCE_IN_STATE, LOCK);

	store->lock = openat(store->folder[AFENCE_IN_STATE], LOCK,
		O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (store->lock >= 0 && wait_for_lock(store))
		return true;
	af_store_complain(store, "lock", &name,
		store->lock >= 0 && errno == EWOULDBLOCK ? "another run still holds it"
							 : strerror(errno));
	return false;
}

/* S3: what a killed run has left; nobody else writes now. */
static bool clear_left(const struct af_store *store)
{
	const struct af_store_name left[] = {af_store_name(AFENCE_IN_SITE, AFENCE_STORE_ACTIVE_NEW),
		af_store_name(AFENCE_IN_SITE, AFENCE_STORE_PREVIOUS_NEW),
		af_store_name(AFENCE_IN_HISTORY, AFENCE_STORE_HISTORY_NEW)};

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		if (unlinkat(store->folder[left[i].in], left[i].text, 0) != 0 && errno != ENOENT) {
			af_store_complain(store, "clear the way for", &left[i], strerror(errno));
			return false;
		}
	return true;
}

bool af_store_lock(const char *verb, const struct af_root *root, struct af_store **out)
{
	if (!open_folders(verb, root, true, out))
		return false;
	if (take_lock(*out) && clear_left(*out))
		return true;
	af_store_close(*out);
	*out = NULL;
	return false;
}

void af_store_close(struct af_store *store)
{
	if (store == NULL)
		return;
	for (unsigned in = 0; in < AFENCE_STORE_FOLDERS; in++)
		if (store->folder[in] >= 0)
			close(store->folder[in]);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
}
