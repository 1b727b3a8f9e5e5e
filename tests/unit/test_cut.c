/* SPDX-License-Identifier: MIT */
/*
 * Connections of the process and the cut.  Each case runs in a child with SIGPIPE at its default
 * and an alarm, so that a signal or a hang is a failure with a name; the far end of the connection
 * is in the parent, which sees what arrives.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../plugins/socket/connection.h"
#include "../../plugins/socket/cut.h"

#define NEED(condition)                                                                           \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			fprintf(stderr, "\n%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			return 1;                                                                 \
		}                                                                                 \
	} while (0)

struct ends {
	int client;
	int server;
};

static char block[1 << 16];
static atomic_flag reaping = ATOMIC_FLAG_INIT;

/* A listener on loopback with its address in *sa. */
static int listen_on(int family, struct sockaddr_in6 *sa, socklen_t *len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)sa;
	int fd = socket(family, SOCK_STREAM, 0);

	memset(sa, 0, sizeof(*sa));
	if (family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		*len = sizeof(*in);
	} else {
		sa->sin6_family = AF_INET6;
		sa->sin6_addr = in6addr_loopback;
		*len = sizeof(*sa);
	}
	if (fd >= 0 && bind(fd, (struct sockaddr *)sa, *len) == 0 && listen(fd, 512) == 0 &&
		getsockname(fd, (struct sockaddr *)sa, len) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool make_ends(int family, struct ends *out)
{
	struct sockaddr_in6 sa;
	socklen_t len;
	int listener = listen_on(family, &sa, &len);

	if (listener < 0)
		return false;
	out->client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(out->client, (struct sockaddr *)&sa, len) != 0)
		return false;
	out->server = accept(listener, NULL, NULL);
	close(listener);
	return out->server >= 0;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = -3; /* ".", ".." and its own */

	while (dir != NULL && readdir(dir) != NULL)
		count++;
	if (dir != NULL)
		closedir(dir);
	return count;
}

/* Runs CASE in a child that has only the client's end.  0: went well; over 256: a signal. */
static int in_child(int (*run)(struct ends *), struct ends *ends)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		alarm(60);
		close(ends->server);
		_exit(run(ends));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* What the server got until end-of-file; -1 if there is no end. */
static long long drain(int server)
{
	struct pollfd wait = {server, POLLIN, 0};
	long long total = 0;
	ssize_t got;

	do {
		if (poll(&wait, 1, 10000) != 1)
			return -1;
		got = read(server, block, sizeof(block));
		if (got > 0)
			total += got;
	} while (got > 0);
	return got == 0 ? total : -1;
}

/* One run: the case in a child, then what the server saw. */
static void check(const char *row, int family, int (*run)(struct ends *), long long want_bytes)
{
	struct ends ends;

	if (!make_ends(family, &ends)) {
		printf("(%s left out: no such loopback) ", row);
		return;
	}
	CHECK_NUMBER(row, in_child(run, &ends), 0);
	close(ends.client);
	CHECK_NUMBER(row, drain(ends.server), want_bytes);
	close(ends.server);
}

/* As a client does that tries the password another way: whatever it does, in whatever size. */
static int go_on(int fd)
{
	size_t written = 0;
	char *huge = calloc(1, 16 << 20);

	NEED(read(fd, block, sizeof(block)) == 0);
	while (written < 16 << 20) {
		ssize_t n = write(fd, block, sizeof(block));

		NEED(n == sizeof(block));
		written += (size_t)n;
	}
	NEED(send(fd, "a1 LOGIN u p\r\n", 14, 0) == 14);
	NEED(write(fd, huge, 16 << 20) != 0); /* larger than a packet can be: an error will do */
	free(huge);
	NEED(read(fd, block, sizeof(block)) == 0);
	return 0;
}

static int run_uncut(struct ends *ends)
{
	NEED(write(ends->client, "secret", 6) == 6);
	return 0;
}

static int run_plain(struct ends *ends)
{
	NEED(write(ends->client, "hello", 5) == 5);
	NEED(af_cut(inode_of(ends->client), &reaping));
	NEED((fcntl(ends->client, F_GETFL) & O_NONBLOCK) == 0);
	return go_on(ends->client);
}

static int run_nonblocking(struct ends *ends)
{
	fcntl(ends->client, F_SETFL, O_NONBLOCK);
	NEED(af_cut(inode_of(ends->client), &reaping));
	NEED((fcntl(ends->client, F_GETFL) & O_NONBLOCK) != 0);
	return go_on(ends->client);
}

/* Two descriptors, one to survive exec; the standard input of a service is one, too. */
static int run_several(struct ends *ends)
{
	int other = dup(ends->client);

	NEED(dup2(ends->client, 0) == 0);
	NEED(af_cut(inode_of(ends->client), &reaping));
	NEED(fcntl(ends->client, F_GETFD) == FD_CLOEXEC);
	NEED(fcntl(other, F_GETFD) == 0);
	NEED(fcntl(0, F_GETFD) == 0);
	NEED(go_on(other) == 0);
	NEED(go_on(0) == 0);
	close(other);
	return go_on(ends->client);
}

/* Nothing that was written can be read back from the kept end. */
static int run_kept(struct ends *ends)
{
	char path[64];
	int kept = dup(ends->client); /* the lowest free number */

	close(kept);
	close(0);
	close(1);
	NEED(af_cut(inode_of(ends->client), &reaping));
	NEED(fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0);
	NEED(go_on(ends->client) == 0);
	for (kept = 3; kept < 64; kept++) {
		if (fcntl(kept, F_GETFD) < 0 || kept == ends->client)
			continue;
		errno = 0;
		NEED(recv(kept, block, sizeof(block), MSG_DONTWAIT) < 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", kept);
		if (errno == ENOTSOCK) /* not ours */
			continue;
		NEED(errno == EAGAIN);
		NEED(fcntl(kept, F_GETFD) == FD_CLOEXEC);
		NEED(open(path, O_RDONLY) < 0);
		return 0;
	}
	NEED(kept < 64); /* none was found */
	return 1;
}

/* A daemon that closes all it does not know, the kept end too. */
static int run_closed(struct ends *ends)
{
	NEED(af_cut(inode_of(ends->client), &reaping));
	for (int fd = 3; fd < 1024; fd++) {
		if (fd != ends->client)
			close(fd);
	}
	NEED(write(ends->client, "secret", 6) < 0 && errno == EPIPE);
	NEED(read(ends->client, block, sizeof(block)) == 0);
	return 0;
}

static void *wait_for_end(void *context)
{
	return (void *)(read(*(int *)context, block, sizeof(block)) == 0 ? context : NULL);
}

/* Another thread is asleep in a read. */
static int run_asleep(struct ends *ends)
{
	pthread_t thread;
	void *result;

	NEED(pthread_create(&thread, NULL, wait_for_end, &ends->client) == 0);
	usleep(100000);
	NEED(af_cut(inode_of(ends->client), &reaping));
	NEED(pthread_join(thread, &result) == 0);
	NEED(result != NULL);
	return 0;
}

/* The set was given a number that is closed by now; the socket lives on under another. */
static int run_epoll(struct ends *ends)
{
	struct epoll_event event = {.events = EPOLLIN};
	int other = dup(ends->client);
	int set = epoll_create1(0);
	int hole[2];

	NEED(epoll_create1(0) >= 0); /* a set without members */
	for (int i = 0; i < 100; i++) {
		NEED(pipe(hole) == 0);
		NEED(epoll_ctl(set, EPOLL_CTL_ADD, hole[0], &event) == 0);
	}
	NEED(epoll_ctl(set, EPOLL_CTL_ADD, other, &event) == 0);
	close(other);
	NEED(!af_cut(inode_of(ends->client), &reaping));
	NEED(write(ends->client, "alive", 5) == 5);
	return 0;
}

/* Members of a set that is of no concern. */
static int run_other_epoll(struct ends *ends)
{
	struct epoll_event event = {.events = EPOLLIN};
	int set = epoll_create1(0);
	struct ends other;

	NEED(make_ends(AF_INET, &other));
	NEED(epoll_ctl(set, EPOLL_CTL_ADD, other.client, &event) == 0);
	NEED(af_cut(inode_of(ends->client), &reaping));
	return go_on(ends->client);
}

/* No descriptor left: nothing is changed, nothing is lost. */
static int run_exhausted(struct ends *ends)
{
	struct rlimit limit = {64, 64};
	int fd;
	int last = -1;

	setrlimit(RLIMIT_NOFILE, &limit);
	while ((fd = dup(2)) >= 0)
		last = fd;
	NEED(!af_cut(inode_of(ends->client), &reaping));
	close(last);
	NEED(!af_cut(inode_of(ends->client), &reaping));
	NEED(dup(2) == last && dup(2) < 0);
	NEED(write(ends->client, "alive", 5) == 5);
	return 0;
}

/* A long-lived daemon: what is cut and closed leaves nothing behind. */
static int run_often(struct ends *ends)
{
	int before = open_descriptors();

	for (int i = 0; i < 300; i++) {
		struct ends one;

		NEED(make_ends(AF_INET, &one));
		NEED(af_cut(inode_of(one.client), &reaping));
		close(one.client);
		close(one.server);
	}
	NEED(open_descriptors() <= before + 1);
	NEED(write(ends->client, "alive", 5) == 5);
	return 0;
}

/* With SO_LINGER and unsent data a close waits. */
static int run_lingering(struct ends *ends)
{
	struct linger linger = {1, 30};
	struct ends full;
	time_t start = time(NULL);

	NEED(make_ends(AF_INET, &full));
	while (send(full.client, block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	setsockopt(full.client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	NEED(af_cut(inode_of(full.client), &reaping));
	NEED(time(NULL) - start < 20);
	return run_uncut(ends);
}

/* Ends of other cuts, and sockets of the host that only look alike, stay. */
static int run_beside(struct ends *ends)
{
	struct ends other;
	int pair[2];

	NEED(make_ends(AF_INET, &other));
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	close(pair[0]);
	NEED(af_cut(inode_of(other.client), &reaping));
	NEED(af_cut(inode_of(ends->client), &reaping));
	NEED(fcntl(pair[1], F_GETFD) == 0);
	NEED(go_on(other.client) == 0);
	return go_on(ends->client);
}

static int run_gone(struct ends *ends)
{
	ino_t inode = inode_of(ends->client);
	int before = open_descriptors();

	close(ends->client);
	NEED(!af_cut(inode, &reaping));
	NEED(open_descriptors() == before - 1);
	return 0;
}

/* Postfix's smtp client lives in a chroot without /proc. */
static int run_chroot(struct ends *ends)
{
	struct af_connections found;
	struct af_peer peer[AFENCE_PEERS_MAX];

	if (chroot(af_scratch_dir()) != 0) {
		fprintf(stderr, "(left out: no right to chroot) ");
		return 0;
	}
	NEED(open("/proc/self/fd", O_RDONLY) < 0);
	af_connections_find(NULL, peer, &found);
	NEED(found.count == 1 && found.inode[0] == inode_of(ends->client) && peer[0].own);
	NEED(af_cut(found.inode[0], &reaping));
	return go_on(ends->client);
}

static void test_cut(void)
{
	static const struct {
		const char *name;
		int family;
		int (*run)(struct ends *);
		long long bytes; /* that the server gets */
	} rows[] = {
		{"not cut", AF_INET, run_uncut, 6},
		{"blocking", AF_INET, run_plain, 5},
		{"IPv6", AF_INET6, run_plain, 5},
		{"non-blocking", AF_INET, run_nonblocking, 0},
		{"several descriptors", AF_INET, run_several, 0},
		{"kept end", AF_INET, run_kept, 0},
		{"kept end closed", AF_INET, run_closed, 0},
		{"thread asleep", AF_INET, run_asleep, 0},
		{"in an epoll set", AF_INET, run_epoll, 5},
		{"not in an epoll set", AF_INET, run_other_epoll, 0},
		{"out of descriptors", AF_INET, run_exhausted, 5},
		{"lingering", AF_INET, run_lingering, 6},
		{"often", AF_INET, run_often, 5},
		{"beside others", AF_INET, run_beside, 0},
		{"gone", AF_INET, run_gone, 0},
		{"chroot", AF_INET, run_chroot, 0},
	};

	af_scratch_dir();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(rows[i].name, rows[i].family, rows[i].run, rows[i].bytes);
}

/* What of a crowd of descriptors is a connection. */
static int run_find(struct ends *ends)
{
	struct af_connections found;
	struct af_peer peer[AFENCE_PEERS_MAX];
	struct sockaddr_in6 sa;
	socklen_t len;
	struct ends second;
	int pair[2];
	int listener = listen_on(AF_INET, &sa, &len);
	int udp = socket(AF_INET, SOCK_DGRAM, 0);

	NEED(connect(udp, (struct sockaddr *)&sa, len) == 0);
	NEED(socket(AF_INET, SOCK_STREAM, 0) >= 0);
	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	dup(ends->client);
	errno = 0;
	af_connections_find(NULL, peer, &found);
	NEED(found.count == 1 && found.inode[0] == inode_of(ends->client));
	NEED(peer[0].own && peer[0].port != 0);

	NEED(make_ends(AF_INET, &second));
	af_connections_find(NULL, peer, &found);
	NEED(found.count == 3); /* both ends of the second are here */
	close(listener);
	return 0;
}

/* The one connection that equals what the host said. */
static int run_find_link(struct ends *ends)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct af_connections found;
	struct af_link link;
	int other = socket(AF_INET, SOCK_STREAM, 0);

	link.has_own = false;
	NEED(getpeername(ends->client, (struct sockaddr *)&sa, &len) == 0);
	NEED(af_address_from_sockaddr((struct sockaddr *)&sa, &link.peer, &link.peer_port));
	af_connections_find(&link, NULL, &found);
	NEED(found.count == 1);
	link.peer_port++;
	af_connections_find(&link, NULL, &found);
	NEED(found.count == 0);
	link.peer_port--;
	len = sizeof(sa);
	NEED(getsockname(ends->client, (struct sockaddr *)&sa, &len) == 0);
	NEED(af_address_from_sockaddr((struct sockaddr *)&sa, &link.own, &link.own_port));
	link.has_own = true;
	af_connections_find(&link, NULL, &found);
	NEED(found.count == 1);
	link.own_port++;
	af_connections_find(&link, NULL, &found);
	NEED(found.count == 0);
	close(other);
	return 0;
}

static int run_find_many(struct ends *ends)
{
	struct rlimit limit = {2048, 2048};
	struct af_connections found;
	struct af_peer peer[AFENCE_PEERS_MAX];
	struct sockaddr_in6 sa;
	socklen_t len;
	int listener = listen_on(AF_INET, &sa, &len);
	int before = open_descriptors();

	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 1; i < AFENCE_PEERS_MAX; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		NEED(connect(fd, (struct sockaddr *)&sa, len) == 0);
	}
	af_connections_find(NULL, peer, &found);
	NEED(found.count == AFENCE_PEERS_MAX);
	for (int i = 0; i < 2; i++)
		NEED(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&sa, len) == 0);
	af_connections_find(NULL, peer, &found);
	NEED(found.count == AFENCE_PEERS_MAX + 1);
	NEED(open_descriptors() == before + AFENCE_PEERS_MAX + 1);
	close(listener);
	return (int)(inode_of(ends->client) == 0);
}

static void test_find(void)
{
	check("crowd", AF_INET, run_find, 0);
	check("handed over", AF_INET, run_find_link, 0);
	check("too many", AF_INET, run_find_many, 0);
}

static CU_TestInfo tests[] = {
	{"connections are found", test_find},
	{"a cut connection is dark", test_cut},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"cut", NULL, NULL, NULL, NULL, tests};
