/* SPDX-License-Identifier: MIT */
/*
 * Static memory, which costs nothing while it is not touched: slots are taken from the front.
 *
 * A slot is written only by who holds its busy flag, and is free when no entry of the two tables
 * leads to it.  Whoever comes by way of an entry takes the flag and then looks at the entry again,
 * so a slot that was given to another connection meanwhile is left as it is.
 */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Atomic uint16_t af_watch_fd[AFENCE_WATCH_FDS];
static struct af_watch slots[AFENCE_WATCH_SLOTS];

/* Sessions by the hash of their address; no chains, so nothing is left behind when one goes. */
#define BUCKETS 256
#define WAYS    16
static struct session {
	_Atomic(const void *) session;
	_Atomic uint16_t slot; /* and one; 0: over */
} sessions[BUCKETS][WAYS];

static const char claimed; /* its address is no session's */

static _Atomic pid_t *owner; /* NULL: asleep; 0: to be renewed */

static void renew(void)
{
	atomic_store(owner, getpid());
}

void af_watch_start(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int saved = errno;
	void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory != MAP_FAILED) {
		owner = memory;
		renew();
		madvise(memory, page, MADV_WIPEONFORK);
		pthread_atfork(NULL, NULL, renew);
	}
	errno = saved;
}

bool af_watch_awake(void)
{
	return owner != NULL;
}

/* 0: a child of _Fork() or clone(), which call no handler. */
static bool is_owner(void)
{
	pid_t found;

	if (owner == NULL)
		return false;
	found = atomic_load(owner);
	if (found == 0)
		renew();
	return found == 0 || found == getpid();
}

static ino_t socket_inode(int fd)
{
	struct stat st;
	int saved = errno;
	bool is_socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);

	errno = saved;
	return is_socket ? st.st_ino : 0;
}

static uint16_t entry_of(const struct af_watch *watch)
{
	return (uint16_t)(watch - slots + 1);
}

/* ---- slots ---- */

static bool take(struct af_watch *watch)
{
	uint32_t none = 0;

	if (atomic_load(&watch->users) != 0 || atomic_flag_test_and_set(&watch->busy))
		return false;
	if (atomic_compare_exchange_strong(&watch->users, &none, 1))
		return true;
	atomic_flag_clear(&watch->busy);
	return false;
}

static struct af_watch *take_free(void)
{
	for (size_t i = 0; i < AFENCE_WATCH_SLOTS; i++)
		if (take(&slots[i]))
			return &slots[i];
	return NULL;
}

/* Ends what ENTRY is to FD, unless somebody else has. */
static void forget(int fd, uint16_t entry)
{
	if (entry != 0 && is_owner() && atomic_compare_exchange_strong(&af_watch_fd[fd], &entry, 0))
		atomic_fetch_sub(&slots[entry - 1].users, 1);
}

/* FD leads to ENTRY (0: to none) from now on, and no more to what it led to. */
static void lead(int fd, uint16_t entry)
{
	uint16_t old = atomic_exchange(&af_watch_fd[fd], entry);

	if (old != 0)
		atomic_fetch_sub(&slots[old - 1].users, 1);
}

/* Those that were closed without a word. */
static void sweep(void)
{
	for (int fd = 0; fd < AFENCE_WATCH_FDS; fd++) {
		uint16_t entry = atomic_load(&af_watch_fd[fd]);

		if (entry != 0 && socket_inode(fd) != slots[entry - 1].inode)
			forget(fd, entry);
	}
}

static void begin(struct af_watch *watch, int fd, const void *session)
{
	atomic_store(&watch->blocked, false);
	atomic_store(&watch->over, false);
	atomic_store(&watch->ahead, 0);
	watch->undo = 0;
	watch->inode = 0;
	watch->session = session;
	watch->fd = fd;
	watch->name[0] = '\0';
}

static void set_name(struct af_watch *watch, const char *name)
{
	size_t len = name != NULL ? strnlen(name, sizeof(watch->name)) : 0;

	if (len < sizeof(watch->name))
		memcpy(watch->name, name != NULL ? name : "", len);
	watch->name[len < sizeof(watch->name) ? len : 0] = '\0';
}

/* ---- descriptors ---- */

void af_watch_connected(int fd, uint16_t port, const char *name)
{
	struct af_watch *watch;
	ino_t inode;

	if ((unsigned)fd >= AFENCE_WATCH_FDS || !is_owner() || (inode = socket_inode(fd)) == 0 ||
		af_watch_blocks(fd))
		return;
	lead(fd, 0);
	watch = take_free();
	if (watch == NULL) {
		sweep();
		watch = take_free();
	}
	if (watch == NULL)
		return;
	begin(watch, fd, NULL);
	watch->inode = inode;
	set_name(watch, name);
	af_stream_start(&watch->stream, port);
	lead(fd, entry_of(watch));
	atomic_flag_clear(&watch->busy);
}

void af_watch_closed(int fd)
{
	if (af_watch_has(fd))
		forget(fd, atomic_load(&af_watch_fd[fd]));
}

void af_watch_copied(int from, int to)
{
	uint16_t entry = af_watch_has(from) ? atomic_load(&af_watch_fd[from]) : 0;
	uint32_t users;

	if (from == to || (unsigned)to >= AFENCE_WATCH_FDS || !is_owner())
		return;
	lead(to, 0);
	users = entry != 0 ? atomic_load(&slots[entry - 1].users) : 0;
	while (users != 0) {
		if (!atomic_compare_exchange_weak(&slots[entry - 1].users, &users, users + 1))
			continue;
		lead(to, entry);
		return;
	}
}

struct af_watch *af_watch_enter(int fd)
{
	uint16_t entry = af_watch_has(fd) ? atomic_load(&af_watch_fd[fd]) : 0;
	struct af_watch *watch = entry != 0 ? &slots[entry - 1] : NULL;

	if (watch == NULL || atomic_flag_test_and_set(&watch->busy))
		return NULL;
	if (entry == atomic_load(&af_watch_fd[fd]) && !atomic_load(&watch->over) &&
		socket_inode(fd) == watch->inode) {
		watch->fd = fd;
		return watch;
	}
	forget(fd, entry);
	atomic_flag_clear(&watch->busy);
	return NULL;
}

bool af_watch_blocks(int fd)
{
	uint16_t entry = af_watch_has(fd) ? atomic_load(&af_watch_fd[fd]) : 0;

	return entry != 0 && atomic_load(&slots[entry - 1].blocked) &&
	       socket_inode(fd) == slots[entry - 1].inode;
}

static void reduce(struct af_watch *watch, size_t count)
{
	size_t ahead = atomic_load(&watch->ahead);

	while (!atomic_compare_exchange_weak(
		&watch->ahead, &ahead, ahead > count ? ahead - count : 0))
		;
}

void af_watch_sent(int fd, size_t count)
{
	uint16_t entry = af_watch_has(fd) ? atomic_load(&af_watch_fd[fd]) : 0;

	if (entry != 0)
		reduce(&slots[entry - 1], count);
}

/* ---- sessions ---- */

static struct session *bucket_of(const void *session)
{
	uint64_t number = (uintptr_t)session;

	return sessions[(number * UINT64_C(0x9e3779b97f4a7c15)) >> 56];
}

static struct session *find_session(const void *session)
{
	struct session *bucket = bucket_of(session);

	for (size_t i = 0; i < WAYS; i++)
		if (atomic_load(&bucket[i].session) == session)
			return &bucket[i];
	return NULL;
}

static struct session *claim_session(const void *session)
{
	struct session *bucket = bucket_of(session);

	for (size_t i = 0; i < WAYS; i++) {
		const void *none = NULL;

		if (atomic_compare_exchange_strong(&bucket[i].session, &none, &claimed))
			return &bucket[i];
	}
	return NULL;
}

/* Without room for it the session is over before it begins. */
static struct af_watch *make_session(const void *session)
{
	struct session *known = claim_session(session);
	struct af_watch *watch;

	if (known == NULL)
		return NULL;
	watch = take_free();
	if (watch != NULL) {
		begin(watch, -1, session);
		af_stream_start(&watch->stream, 0);
	}
	atomic_store(&known->slot, watch != NULL ? entry_of(watch) : 0);
	atomic_store(&known->session, session);
	return watch;
}

struct af_watch *af_watch_enter_session(const void *session, bool make)
{
	struct session *known = find_session(session);
	uint16_t entry = known != NULL ? atomic_load(&known->slot) : 0;
	struct af_watch *watch = entry != 0 ? &slots[entry - 1] : NULL;

	if (known == NULL)
		return make && owner != NULL && session != NULL ? make_session(session) : NULL;
	if (watch == NULL || atomic_flag_test_and_set(&watch->busy))
		return NULL;
	if (watch->session == session && atomic_load(&known->slot) == entry)
		return watch;
	atomic_flag_clear(&watch->busy);
	return NULL;
}

void af_watch_sent_session(const void *session, size_t count)
{
	const struct session *known = find_session(session);
	uint16_t entry = known != NULL ? atomic_load(&known->slot) : 0;

	if (entry != 0)
		reduce(&slots[entry - 1], count);
}

static void end_session(struct session *known)
{
	uint16_t entry = known != NULL ? atomic_exchange(&known->slot, 0) : 0;

	if (entry != 0)
		atomic_fetch_sub(&slots[entry - 1].users, 1);
}

void af_watch_session_gone(const void *session)
{
	struct session *known = find_session(session);

	if (session == NULL || known == NULL)
		return;
	end_session(known);
	atomic_store(&known->session, NULL);
}

void af_watch_session_ignore(const void *session)
{
	struct session *known;

	if (owner == NULL || session == NULL)
		return;
	af_watch_session_gone(session);
	known = claim_session(session);
	if (known != NULL)
		atomic_store(&known->session, session);
}

void af_watch_leave(struct af_watch *watch, bool over)
{
	if (over) {
		atomic_store(&watch->over, true);
		if (watch->session != NULL)
			end_session(find_session(watch->session));
		else
			forget(watch->fd, entry_of(watch));
	}
	atomic_flag_clear(&watch->busy);
}
