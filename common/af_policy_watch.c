/* SPDX-License-Identifier: MIT */
/*
 * The policy in force at a path, taken over while the host runs.
 *
 * Each path has a watch, each watch a few places for policies, one of which is the current one.
 * All of it is static memory, so a count of readers may be touched at any time, whatever is in its
 * place.  There is no lock, because one that another thread holds during fork() stays locked in the
 * child, and no thread.
 *
 * A reader counts itself in at the current place and looks again whether that is the current one.
 * Who looks after the file makes another place the current one first, and then frees those where
 * nobody is counted.  Both have their store before their load, and all of these are sequentially
 * consistent: either the count is seen, or the reader sees that the place is no more the current
 * one and has touched nothing in it.  A place that became current again meanwhile holds a policy
 * that was put there before it did.
 *
 * One thread at a time looks after a file, others go on with what there is.  What it holds is no
 * lock but its process id: in a child, forked while a thread of the parent looked, the number is
 * that of another process and may be replaced.  What that thread had half done is harmless: a
 * policy that was put in its place but not made current is freed as any other, and one that was
 * being freed is out of its place already.  Readers that were counted in then stay counted in
 * the child, where their threads do not exist; that place is never used again.
 */
#include "af_policy.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "af_policy_file.h"
#include "af_report.h"

#define WATCHES 8
#define PLACES  8 /* policies of one watch that may be in use at the same time */
#ifndef LOOK_MS
#define LOOK_MS 1000
#endif

struct place {
	_Atomic uint32_t readers;
	_Atomic(const struct af_policy *) policy; /* NULL: free */
	struct af_policy_file file;               /* its bytes, where it does not own them */
};

struct watch {
	const char *path;
	_Atomic int64_t next_look;
	_Atomic uint64_t seen; /* mark of the file that was dealt with */
	_Atomic unsigned current;
	_Atomic uid_t user; /* for whom it was loaded */
	bool own_user;
	_Atomic bool personal; /* for others it might be another one */
	_Atomic bool littered; /* a policy waits to be freed */
	_Atomic pid_t looker;  /* 0: nobody; what follows the places is for the looker alone */
	struct place place[PLACES];
	dev_t root_dev;
	ino_t root_ino;
	uint64_t told_mark;
	enum af_status told;
};

static struct watch watches[WATCHES];
static _Atomic unsigned watch_count; /* goes up only */
static _Atomic pid_t adder;

static bool take(_Atomic pid_t *role)
{
	pid_t self = getpid();
	pid_t owner = atomic_load(role);

	return owner != self && atomic_compare_exchange_strong(role, &owner, self);
}

static void leave(_Atomic pid_t *role)
{
	atomic_store(role, 0);
}

/* ---- looking after the file ---- */

/* The policy leaves its place before it is freed, see fork() above. */
static void empty(struct place *place)
{
	const struct af_policy *policy = atomic_exchange(&place->policy, NULL);
	struct af_policy_file file = place->file;

	place->file = (struct af_policy_file){.bytes = NULL};
	af_policy_free(policy);
	af_policy_file_close(&file);
}

static void sweep(struct watch *watch)
{
	unsigned current = atomic_load(&watch->current);
	bool littered = false;

	for (unsigned i = 0; i < PLACES; i++) {
		struct place *place = &watch->place[i];

		if (i == current || atomic_load(&place->policy) == NULL)
			continue;
		if (atomic_load(&place->readers) == 0)
			empty(place);
		else
			littered = true;
	}
	atomic_store(&watch->littered, littered);
}

/* False, and nothing is taken: all places are in use. */
static bool publish(
	struct watch *watch, const struct af_policy *policy, const struct af_policy_file *file)
{
	unsigned current = atomic_load(&watch->current);

	for (unsigned i = 0; i < PLACES; i++) {
		struct place *place = &watch->place[i];

		if (i == current || atomic_load(&place->policy) != NULL)
			continue;
		place->file = *file;
		atomic_store(&place->policy, policy);
		atomic_store(&watch->current, i);
		sweep(watch);
		return true;
	}
	return false;
}

static const struct place *current_place(struct watch *watch)
{
	return &watch->place[atomic_load(&watch->current)];
}

/* The checksum stands in the header. */
static bool is_same_image(const struct af_policy_file *a, const struct af_policy_file *b)
{
	return a->bytes != NULL && b->bytes != NULL &&
	       memcmp(a->bytes, b->bytes, sizeof(struct af_image_header)) == 0;
}

/* Puts the policy of FILE into force, unless that would be a step back. */
static enum af_status replace(struct watch *watch, struct af_policy_file *file)
{
	const struct place *old = current_place(watch);
	const struct af_policy *held = atomic_load(&old->policy);
	struct af_policy *policy;
	enum af_status status = af_policy_borrow(watch->path, file->bytes, file->length, &policy);

	if (status == AFENCE_OK && held != NULL &&
		af_policy_generation(policy) < af_policy_generation(held))
		status = AFENCE_ERR_LOWER;
	if (status == AFENCE_OK && !is_same_image(file, &old->file)) {
		if (publish(watch, policy, file)) {
			atomic_store(&watch->personal, watch->own_user && !file->is_roots);
			return AFENCE_OK;
		}
		status = AFENCE_ERR_LIMIT;
	}
	af_policy_free(policy);
	af_policy_file_close(file);
	return status;
}

static bool is_root_the_same(const struct watch *watch)
{
	struct stat st;

	return stat("/", &st) == 0 && st.st_dev == watch->root_dev && st.st_ino == watch->root_ino;
}

/* The first load: there is a policy afterwards. */
static void begin(struct watch *watch, struct af_policy_trouble *met)
{
	static const struct af_policy_file nothing = {.bytes = NULL};
	struct stat st;

	if (stat("/", &st) == 0) {
		watch->root_dev = st.st_dev;
		watch->root_ino = st.st_ino;
	}
	if (atomic_load(&current_place(watch)->policy) == NULL)
		publish(watch, af_policy_open(watch->path, watch->own_user, met), &nothing);
}

/* A trouble is told once for each state of the file. */
static void tell(
	struct watch *watch, enum af_status status, uint64_t mark, struct af_policy_trouble *met)
{
	bool news = status != watch->told || mark != watch->told_mark;

	watch->told = status;
	watch->told_mark = mark;
	if (!news || (status == AFENCE_ERR_ABSENT &&
			     (atomic_load(&current_place(watch)->policy) == af_policy_builtin() ||
				     !is_root_the_same(watch))))
		return;
	met->file = status;
}

/* What might be otherwise the next time though the file stays as it is. */
static bool is_passing(enum af_status status)
{
	return status == AFENCE_ERR_MEMORY || status == AFENCE_ERR_SYSTEM ||
	       status == AFENCE_ERR_LIMIT;
}

/* MARK is what was seen at the path before; what was opened counts. */
static void reload(struct watch *watch, uint64_t mark, struct af_policy_trouble *met)
{
	bool first = atomic_load(&current_place(watch)->policy) == NULL;
	struct af_policy_file file;
	enum af_status status = af_policy_file_open(watch->path, watch->own_user, &file);

	if (file.mark != AFENCE_MARK_NONE)
		mark = file.mark;
	atomic_store(&watch->user, geteuid());
	if (watch->own_user && status != AFENCE_ERR_ABSENT && !file.is_roots)
		atomic_store(&watch->personal, true);
	if (status == AFENCE_OK)
		status = replace(watch, &file);
	atomic_store(&watch->seen, is_passing(status) ? AFENCE_MARK_NONE : mark);
	tell(watch, status, mark & ~AFENCE_MARK_RESTS, met);
	if (first)
		begin(watch, met);
}

/* An unchanged file costs one system call. */
static void look(struct watch *watch, struct af_policy_trouble *met)
{
	uint64_t mark = af_policy_file_mark(watch->path);

	if (mark == atomic_load(&watch->seen) && !atomic_load(&watch->littered))
		return;
	if (!take(&watch->looker))
		return;
	sweep(watch);
	if (mark != atomic_load(&watch->seen))
		reload(watch, mark, met);
	leave(&watch->looker);
}

static bool is_due(struct watch *watch)
{
	int64_t next = atomic_load(&watch->next_look);
	struct timespec clock = {0, 0};
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &clock);
	now = (int64_t)clock.tv_sec * 1000 + clock.tv_nsec / 1000000;
	return now >= next &&
	       atomic_compare_exchange_strong(&watch->next_look, &next, now + LOOK_MS);
}

/* ---- the table ---- */

/* The user is only asked for where it makes a difference. */
static struct watch *find(const char *path, bool own_user)
{
	unsigned count = atomic_load(&watch_count);

	for (unsigned i = 0; i < count; i++) {
		struct watch *watch = &watches[i];

		if (watch->own_user == own_user && strcmp(watch->path, path) == 0 &&
			(!atomic_load(&watch->personal) || atomic_load(&watch->user) == geteuid()))
			return watch;
	}
	return NULL;
}

/* NULL: no room, or another thread is about to add one. */
static struct watch *add(const char *path, bool own_user)
{
	struct watch *watch;
	unsigned count;

	if (!take(&adder))
		return NULL;
	watch = find(path, own_user);
	count = atomic_load(&watch_count);
	if (watch == NULL && count < WATCHES) {
		watch = &watches[count];
		watch->own_user = own_user;
		watch->path = strdup(path);
		if (watch->path != NULL)
			atomic_store(&watch_count, count + 1);
		else
			watch = NULL;
	}
	leave(&adder);
	return watch;
}

/* ---- those who use it ---- */

/* False: the first load is under way. */
static bool enter(struct watch *watch, struct af_hold *out)
{
	for (;;) {
		unsigned current = atomic_load(&watch->current);
		struct place *place = &watch->place[current];

		atomic_fetch_add(&place->readers, 1);
		if (atomic_load(&watch->current) == current) {
			out->policy = atomic_load(&place->policy);
			out->place = &place->readers;
			if (out->policy != NULL)
				return true;
			atomic_fetch_sub(&place->readers, 1);
			return false;
		}
		atomic_fetch_sub(&place->readers, 1);
	}
}

/* The host's errno is its own: libraries and signal handlers around us rely on it. */
void af_policy_acquire(
	const char *path, bool own_user, struct af_hold *out, struct af_policy_trouble *trouble)
{
	struct af_policy_trouble untold;
	struct watch *watch = find(path, own_user);
	int saved = errno;

	*trouble = (struct af_policy_trouble){AFENCE_OK, AFENCE_OK};
	if (watch == NULL)
		watch = add(path, own_user);
	if (watch != NULL && is_due(watch))
		look(watch, trouble);
	if (watch == NULL || !enter(watch, out)) {
		out->place = NULL;
		out->policy = af_policy_open(path, own_user, watch == NULL ? trouble : &untold);
	}
	errno = saved;
}

void af_policy_release(struct af_hold *hold)
{
	_Atomic uint32_t *readers = hold->place;
	int saved = errno;

	if (readers != NULL)
		atomic_fetch_sub(readers, 1);
	else
		af_policy_free(hold->policy);
	*hold = (struct af_hold){NULL, NULL};
	errno = saved;
}

/* ---- what went wrong, in words ---- */

static bool is_fault(enum af_status status)
{
	return status != AFENCE_OK && status != AFENCE_ERR_ABSENT;
}

char *af_policy_describe_trouble(const char *path, const struct af_policy_trouble *trouble,
	bool named, const struct af_policy *policy, char text[AFENCE_TROUBLE_MAX])
{
	const char *source = af_policy_source(policy);
	bool missed = trouble->file == AFENCE_ERR_ABSENT && (named || strcmp(source, path) == 0);
	char name[AFENCE_TROUBLE_MAX / 4], in_force[AFENCE_TROUBLE_MAX / 4];
	bool previous = trouble->previous != AFENCE_OK;

	*text = '\0';
	if (!is_fault(trouble->file) && !is_fault(trouble->previous) && !missed)
		return text;
	af_escape(path, strlen(path), name, sizeof(name));
	af_escape(source, strlen(source), in_force, sizeof(in_force));
	snprintf(text, AFENCE_TROUBLE_MAX, "%s: %s; %s%s%s%spolicy in force: %s, generation %llu",
		name, af_strerror(trouble->file), previous ? name : "",
		previous ? AFENCE_PREVIOUS_SUFFIX ": " : "",
		previous ? af_strerror(trouble->previous) : "", previous ? "; " : "", in_force,
		(unsigned long long)af_policy_generation(policy));
	return text;
}
