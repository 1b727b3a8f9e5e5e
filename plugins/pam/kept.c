/* SPDX-License-Identifier: MIT */
/*
 * A file is the same if a look at its inode says so: each change of content, owner or mode sets
 * the time of change, and a file renamed into its place has another inode.  The look comes before
 * the reading, so what changes in between is read once more.  Not kept is what gave trouble, and
 * what changed a moment ago, since the next change might get the same time.
 */
#include "kept.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REST_S 2 /* coarser than the clock of any file system */

enum { FREE, TAKEN, READY };

static struct kept {
	const struct af_policy *policy;
	struct stat st;
	uid_t user;        /* to whom the file was acceptable */
	_Atomic int state; /* goes up only; the rest is read when it is READY */
} slot[AFENCE_PAM_KEPT];

static bool is_same(const struct kept *kept, const struct stat *st)
{
	return kept->st.st_ino == st->st_ino && kept->st.st_dev == st->st_dev &&
	       kept->st.st_ctim.tv_sec == st->st_ctim.tv_sec &&
	       kept->st.st_ctim.tv_nsec == st->st_ctim.tv_nsec && kept->user == geteuid();
}

static bool is_at_rest(const struct stat *st)
{
	return st->st_ctim.tv_sec + REST_S < time(NULL);
}

static const struct af_policy *find(const struct stat *st)
{
	for (size_t i = 0; i < AFENCE_PAM_KEPT; i++)
		if (atomic_load(&slot[i].state) == READY && is_same(&slot[i], st))
			return slot[i].policy;
	return NULL;
}

static bool keep(const struct stat *st, const struct af_policy *policy)
{
	for (size_t i = 0; i < AFENCE_PAM_KEPT; i++) {
		int state = FREE;

		if (!atomic_compare_exchange_strong(&slot[i].state, &state, TAKEN))
			continue;
		slot[i].policy = policy;
		slot[i].st = *st;
		slot[i].user = geteuid();
		atomic_store(&slot[i].state, READY);
		return true;
	}
	return false;
}

const struct af_policy *af_pam_policy_open(
	const char *path, struct af_policy_trouble *trouble, bool *owned)
{
	const struct af_policy *policy = NULL;
	struct stat st;
	bool rests = lstat(path, &st) == 0 && is_at_rest(&st);

	*owned = false;
	*trouble = (struct af_policy_trouble){AFENCE_OK, AFENCE_OK};
	if (rests)
		policy = find(&st);
	if (policy != NULL)
		return policy;
	policy = af_policy_open(path, true, trouble);
	*owned = !rests || trouble->file != AFENCE_OK || !keep(&st, policy);
	return policy;
}
