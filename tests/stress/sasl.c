/* SPDX-License-Identifier: MIT */
/*
 * The built plugin in a client of libsasl2 under load: many threads at once, very many
 * authentications in one process, forks, starting and ending the library over and over.  Every
 * exchange has a real connection to a server of its own process; what is refused must have lost
 * it, all others must have kept it, and neither memory nor descriptors may grow.
 *
 * usage: sasl BUILD MODE [NUMBER [KILOBYTES]]
 *	MODE, as the policy in AUTHFENCE_POLICY has it: enforce, observe, or refuse (enforce, but
 *	nothing is cut); NUMBER of authentications, of which all other numbers are shares (100000);
 *	what memory may grow by in kilobytes (64), 0: under a sanitizer or valgrind, whose own memory
 *	grows, and does not survive a fork among threads
 */
#include <arpa/inet.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/mech.h"
#include "growth.h"
#include "host.h"

#define THREADS     64
#define FORKERS     4
#define CONNECTIONS 512 /* that the server keeps at once */
#define SENT_LATER  "LOGIN alice " HOST_SECRET "\r\n"

static char folder[4096];

/* ---- the server ---- */

struct seen {
	atomic_ulong made; /* by its clients */
	atomic_ulong ended;
	atomic_ulong bytes;
};

/* Lives in a process of its own, so that its ends are no connections of the client. */
static struct {
	struct sockaddr_in address;
	pid_t process;
	struct seen *seen; /* shared with the process */
} server;

static void read_some(struct pollfd *end)
{
	char part[256];
	ssize_t got = recv(end->fd, part, sizeof(part), MSG_DONTWAIT);

	if (got > 0) {
		server.seen->bytes += (unsigned long)got;
		return;
	}
	close(end->fd);
	end->fd = -1;
	server.seen->ended++;
}

static void accept_one(int listener, struct pollfd ends[])
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	for (int i = 1; i < CONNECTIONS; i++) {
		if (ends[i].fd < 0) {
			ends[i] = (struct pollfd){fd, POLLIN, 0};
			return;
		}
	}
	host_give_up("the server has too many connections");
}

static void serve(int listener)
{
	static struct pollfd ends[CONNECTIONS];

	for (int i = 0; i < CONNECTIONS; i++)
		ends[i] = (struct pollfd){i == 0 ? listener : -1, POLLIN, 0};
	while (poll(ends, CONNECTIONS, -1) > 0) {
		for (int i = 1; i < CONNECTIONS; i++) {
			if (ends[i].fd >= 0 && ends[i].revents != 0)
				read_some(&ends[i]);
		}
		if (ends[0].revents != 0)
			accept_one(listener, ends);
	}
	_exit(3);
}

static void start_server(void)
{
	socklen_t len = sizeof(server.address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	server.seen = mmap(NULL, sizeof(*server.seen), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	server.address.sin_family = AF_INET;
	server.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (server.seen == MAP_FAILED || bind(listener, (void *)&server.address, len) != 0 ||
		listen(listener, CONNECTIONS) != 0 ||
		getsockname(listener, (void *)&server.address, &len) != 0 ||
		(server.process = fork()) < 0)
		host_give_up("no server");
	if (server.process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener);
	}
	close(listener);
}

/* Waits until the server has seen all connections end; true if it has got WANT bytes of them. */
static bool stop_server(unsigned long want)
{
	for (int i = 0; i < 1000 && server.seen->ended < server.seen->made; i++)
		poll(NULL, 0, 10);
	kill(server.process, SIGKILL);
	waitpid(server.process, NULL, 0);
	printf("  %lu connections, of which %lu ended; %lu bytes arrived\n", server.seen->made,
		server.seen->ended, server.seen->bytes);
	return server.seen->ended == server.seen->made && server.seen->bytes == want;
}

static int connect_server(void)
{
	static const struct linger no_wait = {1, 0}; /* or the ports of the machine run out */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &no_wait, sizeof(no_wait)) != 0 ||
		connect(fd, (void *)&server.address, sizeof(server.address)) != 0)
		host_give_up("no connection to the server");
	server.seen->made++;
	return fd;
}

/* ---- one authentication ---- */

struct outcome {
	int code;
	bool cut;
};

/* What becomes of a reserved identity. */
static const struct mode {
	const char *name;
	struct outcome reserved;
} modes[] = {
	{"enforce", {SASL_NOAUTHZ, true}},
	{"observe", {SASL_OK, false}},
	{"refuse", {SASL_NOAUTHZ, false}},
};

static const struct mode *mode;

struct kind {
	const char *name;
	const char *host; /* NULL: another one every time that cannot be resolved */
	struct host_login login;
	bool reserved;
};

static const struct kind kinds[] = {
	{"ordinary", HOST_FAR, {"bob@acme.org", NULL}, false},
	{"bare", HOST_FAR, {"bob ", NULL}, false},
	{"near", "127.0.0.1", {"alice@example.com", NULL}, false},
	{"reserved", HOST_FAR, {"alice@example.com", NULL}, true},
	{"authzid", HOST_FAR, {"bob", "alice@example.com"}, true},
	{"malformed", HOST_FAR, {"alice@example.com\xff", NULL}, true},
	{"unknown", NULL, {"alice@example.com", NULL}, true},
};

#define KINDS    (sizeof(kinds) / sizeof(kinds[0]))
#define ORDINARY (&kinds[0])
#define RESERVED (&kinds[3])
#define UNKNOWN  (&kinds[KINDS - 1])

typedef int name_function(int fd, struct sockaddr *sa, socklen_t *len);

/* "address;port", as hosts hand it over. */
static void write_end(int fd, name_function *name, char out[64])
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	char address[INET_ADDRSTRLEN];

	name(fd, (void *)&sa, &len);
	inet_ntop(AF_INET, &sa.sin_addr, address, sizeof(address));
	snprintf(out, 64, "%s;%d", address, ntohs(sa.sin_port));
}

static int exchange(const struct kind *kind, const char *host, int fd, bool handed)
{
	sasl_callback_t callbacks[HOST_CALLBACKS];
	char own[64];
	char peer[64];
	const char *answer = NULL;
	unsigned len = 0;
	sasl_conn_t *conn;
	int code;

	if (handed) {
		write_end(fd, getsockname, own);
		write_end(fd, getpeername, peer);
	}
	host_callbacks(&kind->login, callbacks);
	code = sasl_client_new(
		"imap", host, handed ? own : NULL, handed ? peer : NULL, callbacks, 0, &conn);
	if (code != SASL_OK)
		host_give_up("no connection of libsasl2");
	code = sasl_client_start(conn, MECH_NAME, NULL, &answer, &len, NULL);
	sasl_dispose(&conn);
	return code;
}

/* What a client may do that will not take no for an answer.  Nothing of it may arrive. */
static bool is_cut(int fd)
{
	char byte;

	return send(fd, SENT_LATER, sizeof(SENT_LATER) - 1, 0) == sizeof(SENT_LATER) - 1 &&
	       recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static bool is_kept(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0;
}

/* HANDED: the host says which connection it is; else it must be the only one of the process. */
static bool authenticate(const struct kind *kind, bool handed)
{
	static const struct outcome free_to_go = {SASL_OK, false};
	static atomic_uint names;
	const struct outcome *want = kind->reserved ? &mode->reserved : &free_to_go;
	char host[64];
	int fd = connect_server();
	int code;
	bool passed;

	snprintf(host, sizeof(host), "h%u.sei.co.jp", names++);
	code = exchange(kind, kind->host != NULL ? kind->host : host, fd, handed);
	passed = code == want->code && (want->cut ? is_cut(fd) : is_kept(fd));
	if (!passed)
		printf("  %s: got code %d, want %d and the connection %s\n", kind->name, code,
			want->code, want->cut ? "cut" : "kept");
	close(fd);
	return passed;
}

/* ---- the tests ---- */

static unsigned long number;
static long bound;

/* Runs STEP, a tenth of TIMES to warm up, then TIMES; the last is a cut, which also closes what
 * earlier ones have left. */
static bool stays_the_same(bool (*step)(unsigned long i), unsigned long times)
{
	unsigned long descriptors = 0;
	long kilobytes = 0;
	long grown;
	bool passed = true;

	for (unsigned long i = 0; passed && i < times / 10 + times; i++) {
		if (i == times / 10) {
			authenticate(RESERVED, true);
			descriptors = count_descriptors();
			kilobytes = count_kilobytes();
		}
		passed = step(i);
	}
	authenticate(RESERVED, true);
	grown = count_kilobytes() - kilobytes;
	printf("  descriptors %lu, then %lu; %ld kB more\n", descriptors, count_descriptors(),
		grown);
	return passed && descriptors > 0 && kilobytes >= 0 && count_descriptors() == descriptors &&
	       (bound == 0 || grown <= bound);
}

/* Nearly all are ordinary; those need no connection, and ports are few.  Of the others one of
 * twenty is unknown. */
static bool log_in(unsigned long i)
{
	if (i % 40 != 0)
		return exchange(&kinds[i % 2], HOST_FAR, -1, false) == SASL_OK;
	return authenticate(i % 800 == 0 ? UNKNOWN : &kinds[i / 40 % (KINDS - 1)], i % 3 != 0);
}

/* The plugin keeps what it found out of 256 names; before that it does grow. */
static bool test_many(void)
{
	for (int i = 0; i < 300; i++) {
		if (!authenticate(UNKNOWN, true))
			return false;
	}
	return stays_the_same(log_in, number);
}

/* As server, too, as slapd does. */
static bool start_anew(unsigned long i)
{
	static const sasl_callback_t callbacks[] = {
		{SASL_CB_LOG, HOST_PROC(host_log), NULL},
		{SASL_CB_LIST_END, NULL, NULL},
	};

	sasl_done();
	host_start_client(folder);
	host_start_server(folder, callbacks);
	return authenticate(ORDINARY, false) && authenticate(RESERVED, i % 2 != 0);
}

static bool test_restarts(void)
{
	return stays_the_same(start_anew, number / 100);
}

struct thread {
	pthread_t id;
	unsigned index;
	bool passed;
};

static pthread_barrier_t together;
static atomic_bool enough;

static void *run_thread(void *context)
{
	struct thread *self = context;
	int witness = connect_server();

	pthread_barrier_wait(&together);
	for (unsigned long i = 0; self->passed && i < 3 + number / 100 / THREADS; i++)
		self->passed = authenticate(&kinds[(self->index + i) % KINDS], true);
	self->passed = is_kept(witness) && send(witness, "x", 1, 0) == 1 && self->passed;
	shutdown(witness, SHUT_WR);
	recv(witness, &(char){0}, 1, 0);
	close(witness);
	return NULL;
}

static void start_threads(struct thread threads[], unsigned count, void *(*run)(void *))
{
	for (unsigned i = 0; i < count; i++) {
		threads[i].index = i;
		threads[i].passed = true;
		if (pthread_create(&threads[i].id, NULL, run, &threads[i]) != 0)
			host_give_up("no thread");
	}
}

static bool join_threads(struct thread threads[], unsigned count)
{
	bool passed = true;

	for (unsigned i = 0; i < count; i++) {
		pthread_join(threads[i].id, NULL);
		passed = threads[i].passed && passed;
	}
	return passed;
}

static bool test_threads(void)
{
	struct thread threads[THREADS];
	bool passed;

	pthread_barrier_init(&together, NULL, THREADS);
	start_threads(threads, THREADS, run_thread);
	passed = join_threads(threads, THREADS);
	pthread_barrier_destroy(&together);
	return passed;
}

static void *run_until_enough(void *context)
{
	struct thread *self = context;

	for (unsigned long i = self->index; self->passed && !enough; i++)
		self->passed = authenticate(&kinds[i % KINDS], true);
	return NULL;
}

/* Without a dot in it, libsasl2 has glibc look the machine's name up, with locks that a fork among
 * threads leaves locked. */
static bool may_fork_among_threads(void)
{
	char name[256] = "";

	return bound != 0 && gethostname(name, sizeof(name) - 1) == 0 && strchr(name, '.') != NULL;
}

/* In the middle of whatever the other threads are about.  The alarm ends a child that waits for a
 * lock nobody will release. */
static bool child_passes(unsigned long i)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(60);
		_exit(authenticate(&kinds[i % KINDS], true) && authenticate(ORDINARY, true) ? 0
											    : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool test_forks(void)
{
	struct thread threads[FORKERS];
	unsigned count = may_fork_among_threads() ? FORKERS : 0;
	bool passed = true;

	start_threads(threads, count, run_until_enough);
	for (unsigned long i = 0; passed && i < number / 1000; i++)
		passed = child_passes(i);
	enough = true;
	return join_threads(threads, count) && passed;
}

/* One byte of each witness, and nothing of those that were cut. */
static bool test_server(void)
{
	return stop_server(THREADS);
}

static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	{"many authentications in one process", test_many},
	{"the library ends and begins anew", test_restarts},
	{"64 threads at once", test_threads},
	{"a forking process with threads", test_forks},
	{"nothing came through a cut", test_server},
};

static const struct mode *find_mode(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned all = sizeof(tests) / sizeof(tests[0]);
	unsigned failed = 0;

	mode = argc >= 3 ? find_mode(argv[2]) : NULL;
	if (mode == NULL || argc > 5) {
		fprintf(stderr, "usage: sasl BUILD enforce|observe|refuse [NUMBER [KILOBYTES]]\n");
		return 2;
	}
	number = argc > 3 ? strtoul(argv[3], NULL, 10) : 100000;
	bound = argc > 4 ? strtol(argv[4], NULL, 10) : 64;
	snprintf(folder, sizeof(folder), "%s/sasl2", argv[1]);
	start_server();
	host_start_client(folder);
	for (unsigned i = 0; i < all; i++) {
		printf("%s\n", tests[i].name);
		fflush(stdout);
		if (!tests[i].run()) {
			printf("  failed\n");
			failed++;
		}
	}
	sasl_done();
	printf("%u passed, %u failed\n", all - failed, failed);
	return failed == 0 ? 0 : 1;
}
