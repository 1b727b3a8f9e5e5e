/* SPDX-License-Identifier: MIT */
/*
 * The dark is one end of a pair of AF_UNIX sockets.  SOCK_SEQPACKET, because there the kernel
 * asks a filter at the receiving end before it stores a packet, never raises SIGPIPE, and gives
 * end-of-file once the other end is shut for writing.  The kept end has a filter that lets
 * nothing through: a client can write for ever, nothing is stored, nobody can read it back.
 * Where a host closes all descriptors, the kept ones too, a write fails with EPIPE, still
 * without a signal.
 */
#include "cut.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "af_descriptor.h"
#include "connection.h"

enum { DARK, KEPT }; /* the two ends */

/* Drops every packet; the number loaded first has no effect but tells our sockets from others. */
#define FILTER_LENGTH 2
static const struct sock_filter drop_all[FILTER_LENGTH] = {
	BPF_STMT(BPF_LD | BPF_IMM, 0x6166656e),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

struct watch {
	ino_t inode;
	bool found;
};

struct replacement {
	ino_t inode;
	int dark;
	int held; /* keeps the connection until it can be shut down; -1: not yet met */
	size_t count;
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static bool close_pair(int end[2])
{
	close_end(&end[DARK]);
	close_end(&end[KEPT]);
	return false;
}

static bool open_pair(int end[2])
{
	struct sock_filter code[FILTER_LENGTH];
	struct sock_fprog filter = {FILTER_LENGTH, code};

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end) != 0)
		return false;
	end[DARK] = af_descriptor_raise(end[DARK]);
	end[KEPT] = af_descriptor_raise(end[KEPT]);
	memcpy(code, drop_all, sizeof(code));
	if (end[DARK] < 0 || end[KEPT] < 0 ||
		setsockopt(end[KEPT], SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) != 0 ||
		shutdown(end[KEPT], SHUT_WR) != 0)
		return close_pair(end);
	return true;
}

/* True if FD is the kept end of a pair whose other end is closed everywhere. */
static bool is_spent(int fd)
{
	struct sock_filter code[FILTER_LENGTH] = {{0}}; /* valgrind takes LEN for bytes */
	struct pollfd end = {fd, 0, 0};
	socklen_t len = FILTER_LENGTH; /* in instructions, both ways */

	return getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &len) == 0 && len == FILTER_LENGTH &&
	       memcmp(code, drop_all, sizeof(code)) == 0 && poll(&end, 1, 0) == 1 &&
	       (end.revents & POLLHUP) != 0;
}

static bool close_spent(void *context, int fd)
{
	(void)context;
	if (is_spent(fd))
		close(fd);
	return true;
}

/* Without a lock two threads could find the same end, and the second close a stranger's file. */
static void reap(atomic_flag *reaping)
{
	if (atomic_flag_test_and_set(reaping))
		return;
	af_descriptors_walk(close_spent, NULL);
	atomic_flag_clear(reaping);
}

static bool is_epoll(int fd)
{
	static const char kind[] = "anon_inode:[eventpoll]";
	char path[sizeof("/proc/self/fd/") + 10];
	char target[sizeof(kind)];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target));
	return len == sizeof(kind) - 1 && memcmp(target, kind, sizeof(kind) - 1) == 0;
}

static FILE *open_members(int epoll)
{
	char path[sizeof("/proc/self/fdinfo/") + 10];
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epoll);
	fd = af_descriptor_raise(open(path, O_RDONLY | O_CLOEXEC));
	file = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (file == NULL && fd >= 0)
		close(fd);
	return file;
}

static bool find_member(void *context, int fd)
{
	struct watch *watch = context;
	FILE *file = is_epoll(fd) ? open_members(fd) : NULL;
	char line[256];
	unsigned long inode;

	if (file == NULL)
		return true;
	while (!watch->found && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "tfd: %*d events: %*x data: %*x pos:%*d ino:%lx", &inode) == 1)
			watch->found = inode == watch->inode;
	}
	fclose(file);
	return !watch->found;
}

/* A replaced descriptor drops out of every epoll set, and an event loop would wait for ever.
 * Without /proc sets cannot be seen; the password then matters more. */
static bool is_watched(ino_t inode)
{
	struct watch watch = {inode, false};

	af_descriptors_walk(find_member, &watch);
	return watch.found;
}

static bool is_socket(int fd, ino_t inode)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == inode;
}

/* Before the first descriptor goes: the client must find its blocking mode as it left it. */
static void hold(struct replacement *work, int fd)
{
	int mode = fcntl(fd, F_GETFL);

	if (mode >= 0 && (mode & O_NONBLOCK) != 0)
		fcntl(work->dark, F_SETFL, O_NONBLOCK);
	work->held = fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static bool replace(void *context, int fd)
{
	struct replacement *work = context;
	int flags;

	if (fd == work->held || !is_socket(fd, work->inode))
		return true;
	if (work->held < 0)
		hold(work, fd);
	flags = fcntl(fd, F_GETFD);
	if (flags < 0)
		return true;
	while (dup3(work->dark, fd, (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0) < 0) {
		/* EBUSY: another thread is about to use the number. */
		if (errno != EINTR && errno != EBUSY)
			return true;
	}
	work->count++;
	return true;
}

/* Shut down, not just closed: another thread may be waiting in a read, another process have the
 * socket too.  SO_LINGER could make the close wait. */
static void hang_up(int fd)
{
	static const struct linger no_linger = {0, 0};

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &no_linger, sizeof(no_linger));
	shutdown(fd, SHUT_RDWR);
	close(fd);
}

bool af_cut(ino_t inode, atomic_flag *reaping)
{
	struct replacement work = {inode, -1, -1, 0};
	int end[2];

	reap(reaping);
	if (is_watched(inode) || !open_pair(end))
		return false;
	work.dark = end[DARK];
	af_descriptors_walk(replace, &work);
	hang_up(work.held);
	if (work.count == 0)
		return close_pair(end);
	close_end(&end[DARK]);
	return true; /* end[KEPT] stays open */
}
