/* SPDX-License-Identifier: MIT */
/*
 * The preload guard's table of connections, its ring of names, and what it does with bytes; without
 * the hooks, so that sanitizers can look on.  A pair of AF_UNIX sockets stands for a connection:
 * the guard knows no address of it, so a reserved identity is refused, and nothing is cut.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../plugins/preload/guard.h"
#include "../../plugins/preload/name.h"
#include "../../plugins/preload/watch.h"
#include "../../plugins/socket/connection.h"

static int new_socket(void)
{
	int end[2];

	CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) == 0);
	close(end[1]);
	return end[0];
}

/* As the hook of close() does. */
static void drop(int fd)
{
	af_watch_closed(fd);
	close(fd);
}

static bool is_entered(int fd)
{
	struct af_watch *watch = af_watch_enter(fd);

	if (watch != NULL)
		af_watch_leave(watch, false);
	return watch != NULL;
}

static bool is_entered_session(const void *session)
{
	struct af_watch *watch = af_watch_enter_session(session, true);

	if (watch != NULL)
		af_watch_leave(watch, false);
	return watch != NULL;
}

/* How many slots are free, found out by taking them all. */
static size_t count_free(void)
{
	static char session[AFENCE_WATCH_SLOTS];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(session); i++)
		count += is_entered_session(&session[i]);
	for (size_t i = 0; i < sizeof(session); i++)
		af_watch_session_gone(&session[i]);
	return count;
}

/* ---- descriptors ---- */

static void test_life(void)
{
	int fd = new_socket();
	struct af_watch *watch;

	errno = 77;
	CHECK_NUMBER("before", af_watch_has(fd), false);
	af_watch_connected(fd, 143, "imap.corp.net");
	CHECK_NUMBER("connected", af_watch_has(fd), true);
	watch = af_watch_enter(fd);
	CU_ASSERT_PTR_NOT_NULL_FATAL(watch);
	CHECK_STRING("name", watch->name, "imap.corp.net");
	CHECK_NUMBER("port", watch->stream.port, 143);
	CHECK_NUMBER("busy", af_watch_enter(fd) == NULL, true);
	af_watch_leave(watch, false);
	CHECK_NUMBER("left", is_entered(fd), true);
	CHECK_NUMBER("errno", errno, 77);
	watch = af_watch_enter(fd);
	af_watch_leave(watch, true);
	CHECK_NUMBER("over", af_watch_has(fd), false);
	close(fd);
	CHECK_NUMBER("slots", count_free(), AFENCE_WATCH_SLOTS);
}

static void test_copies(void)
{
	int fd = new_socket();
	int other = new_socket();
	int copy = dup(fd);
	struct af_watch *watch;

	af_watch_connected(fd, 0, NULL);
	af_watch_copied(fd, copy);
	CHECK_NUMBER("copy", is_entered(copy), true);
	drop(fd);
	CHECK_NUMBER("copy after close", is_entered(copy), true);
	af_watch_connected(other, 0, NULL);
	dup2(copy, other);
	af_watch_copied(copy, other);
	watch = af_watch_enter(other);
	CU_ASSERT_PTR_NOT_NULL_FATAL(watch);
	af_watch_leave(watch, true);
	CHECK_NUMBER("one is over", is_entered(other), false);
	CHECK_NUMBER("the other too", is_entered(copy), false);
	drop(copy);
	drop(other);
	CHECK_NUMBER("slots", count_free(), AFENCE_WATCH_SLOTS);
}

static void test_numbers(void)
{
	int fd = new_socket();
	int same;

	af_watch_connected(fd, 0, NULL);
	close(fd);
	same = new_socket();
	CHECK_NUMBER("same number", same, fd);
	CHECK_NUMBER("another socket", is_entered(same), false);
	CHECK_NUMBER("forgotten", af_watch_has(same), false);
	af_watch_connected(AFENCE_WATCH_FDS, 0, NULL);
	CHECK_NUMBER("too high", af_watch_has(AFENCE_WATCH_FDS), false);
	CHECK_NUMBER("negative", af_watch_has(-1), false);
	af_watch_connected(70, 0, NULL); /* not open */
	CHECK_NUMBER("not open", af_watch_has(70), false);
	close(same);
	CHECK_NUMBER("slots", count_free(), AFENCE_WATCH_SLOTS);
}

/* All slots taken by connections that were closed without a word. */
static void test_sweep(void)
{
	int first = new_socket();
	int fd = first;

	for (int i = 0; i < AFENCE_WATCH_SLOTS; i++) {
		int number = fcntl(fd, F_DUPFD, 1000 + i);

		if (number < 0) /* limit of descriptors */
			break;
		af_watch_connected(number, 0, NULL);
		close(number);
	}
	af_watch_connected(first, 0, NULL);
	CHECK_NUMBER("a slot is found", is_entered(first), true);
	drop(first);
	for (int i = 0; i < AFENCE_WATCH_SLOTS; i++)
		af_watch_closed(1000 + i);
	CHECK_NUMBER("slots", count_free(), AFENCE_WATCH_SLOTS);
}

/* ---- sessions ---- */

static void test_sessions(void)
{
	static char session[6000];
	struct af_watch *watch;
	size_t count = 0;

	CHECK_NUMBER("not made", af_watch_enter_session(session, false) == NULL, true);
	CHECK_NUMBER("made", is_entered_session(session), true);
	watch = af_watch_enter_session(session, false);
	CU_ASSERT_PTR_NOT_NULL_FATAL(watch);
	af_watch_leave(watch, true);
	CHECK_NUMBER("over is remembered", is_entered_session(session), false);
	af_watch_session_gone(session);
	CHECK_NUMBER("a new one", is_entered_session(session), true);
	af_watch_session_ignore(session);
	CHECK_NUMBER("a server's", is_entered_session(session), false);
	af_watch_session_gone(session);
	for (size_t i = 0; i < sizeof(session); i++)
		count += is_entered_session(&session[i]);
	CHECK_NUMBER("more than there is room for", count, AFENCE_WATCH_SLOTS);
	for (size_t i = 0; i < sizeof(session); i++)
		af_watch_session_gone(&session[i]);
	af_watch_session_gone(NULL);
	CHECK_NUMBER("slots", count_free(), AFENCE_WATCH_SLOTS);
}

/* ---- threads ---- */

static void *hammer(void *shared)
{
	const int *fd = shared;

	for (int i = 0; i < 5000; i++) {
		struct af_watch *watch = af_watch_enter(fd[i % 3]);

		if (watch != NULL) {
			watch->stream.total++;
			af_watch_leave(watch, i % 7 == 0);
		}
		if (i % 5 == 0)
			af_watch_connected(fd[i % 3], 25, "a.corp.net");
		if (i % 11 == 0)
			af_watch_copied(fd[i % 3], fd[(i + 1) % 3]);
		if (i % 13 == 0)
			af_watch_closed(fd[i % 3]);
	}
	return NULL;
}

static void test_threads(void)
{
	int fd[3] = {new_socket(), new_socket(), new_socket()};
	pthread_t thread[4];

	for (size_t i = 0; i < 4; i++)
		CU_ASSERT_FATAL(pthread_create(&thread[i], NULL, hammer, fd) == 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	for (size_t i = 0; i < 3; i++)
		drop(fd[i]);
	CHECK_NUMBER("slots", count_free(), AFENCE_WATCH_SLOTS);
}

/* ---- bytes ---- */

static bool may_send(int fd, const char *text, size_t len)
{
	struct iovec part = {(void *)text, len};

	return af_guard_may_send(fd, &part, 1);
}

static const char login[] = "a1 NOOP\r\na2 NOOP\r\na3 LOGIN alice@example.com s3cret\r\n";
#define LOGIN_LEN (sizeof(login) - 1)

/* The socket takes FIRST bytes of it, then the client comes again with the rest. */
static void send_in_two(size_t first)
{
	size_t identity = (size_t)(strstr(login, "alice") - login);
	int fd = new_socket();
	char row[64];

	snprintf(row, sizeof(row), "%zu bytes taken", first);
	af_watch_connected(fd, 143, "imap.corp.net");
	CHECK_NUMBER(row, may_send(fd, login, identity + 3), true);
	af_watch_sent(fd, first < identity + 3 ? first : identity + 3);
	errno = 0;
	CHECK_NUMBER(row, may_send(fd, login + first, LOGIN_LEN - first), false);
	CHECK_NUMBER(row, errno, ECONNRESET);
	CHECK_NUMBER(row, af_watch_blocks(fd), true);
	CHECK_NUMBER(row, may_send(fd, "x", 1), false);
	drop(fd);
}

static void test_partial_writes(void)
{
	size_t identity = (size_t)(strstr(login, "alice") - login);

	for (size_t first = 0; first <= identity + 3; first++)
		send_in_two(first);
}

static void test_parts(void)
{
	for (size_t cut = 0; cut <= LOGIN_LEN; cut++) {
		struct iovec part[3] = {{(void *)login, cut},
			{(void *)(login + cut), LOGIN_LEN - cut}, {(void *)login, 0}};
		int fd = new_socket();
		char row[64];

		snprintf(row, sizeof(row), "cut at %zu", cut);
		af_watch_connected(fd, 143, NULL);
		CHECK_NUMBER(row, af_guard_may_send(fd, part, 3), false);
		drop(fd);
	}
}

/* Wrappers that call each other give the same bytes twice. */
static void test_session_bytes(void)
{
	static char session;
	size_t len = strlen("a1 NOOP\r\n");

	CHECK_NUMBER("outer", af_guard_may_send_session(&session, -1, login, len), true);
	CHECK_NUMBER("inner", af_guard_may_send_session(&session, -1, login, len), true);
	af_watch_sent_session(&session, len);
	af_watch_sent_session(&session, len);
	CHECK_NUMBER("login", af_guard_may_send_session(&session, -1, login + len, LOGIN_LEN - len),
		false);
	CHECK_NUMBER("stays blocked", af_guard_may_send_session(&session, -1, "x", 1), false);
	CHECK_NUMBER("nothing at all", af_guard_may_send_session(&session, -1, NULL, 0), false);
	af_watch_session_gone(&session);
	CHECK_NUMBER("a new one", af_guard_may_send_session(&session, -1, login, len), true);
	af_watch_session_gone(&session);
}

static void test_ordinary(void)
{
	static const char text[] = "a LOGIN alice@corp.net s3cret\r\n";
	int fd = new_socket();

	errno = 77;
	af_watch_connected(fd, 143, NULL);
	CHECK_NUMBER("ordinary", may_send(fd, text, sizeof(text) - 1), true);
	CHECK_NUMBER("not blocked", af_watch_blocks(fd), false);
	CHECK_NUMBER("errno", errno, 77);
	drop(fd);
	CHECK_NUMBER("slots", count_free(), AFENCE_WATCH_SLOTS);
}

/* ---- children ---- */

static void test_children(void)
{
	int fd = new_socket();
	int status;
	pid_t child;

	af_watch_connected(fd, 0, NULL);
	child = vfork();
	if (child == 0) {
		af_watch_closed(fd);
		_exit(0);
	}
	waitpid(child, &status, 0);
	CHECK_NUMBER("closed by a child of vfork", af_watch_has(fd), true);
	child = fork();
	if (child == 0) {
		af_watch_closed(fd);
		_exit(af_watch_has(fd));
	}
	waitpid(child, &status, 0);
	CHECK_NUMBER("closed by a child of fork", status, 0);
	CHECK_NUMBER("not for the parent", af_watch_has(fd), true);
	drop(fd);
}

/* ---- names ---- */

static struct af_address address_of(unsigned number)
{
	struct af_address address;
	char text[32];

	snprintf(text, sizeof(text), "10.0.%u.%u", number / 256, number % 256);
	CU_ASSERT(af_address_parse(text, strlen(text), &address));
	return address;
}

static void check_name(const char *row, unsigned number, const char *want)
{
	char name[AFENCE_SEEN_HOST_MAX + 1];
	struct af_address address = address_of(number);

	af_name_find(&address, 0, name);
	CHECK_STRING(row, name, want);
}

static void note(unsigned number, const char *name)
{
	struct af_address address = address_of(number);

	af_name_note(&address, 0, name);
}

/* A connection to ourselves. */
static int new_connection(int *listener)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_FATAL(bind(*listener, (struct sockaddr *)&address, len) == 0);
	CU_ASSERT_FATAL(listen(*listener, 1) == 0);
	CU_ASSERT_FATAL(getsockname(*listener, (struct sockaddr *)&address, &len) == 0);
	CU_ASSERT_FATAL(connect(fd, (struct sockaddr *)&address, len) == 0);
	return fd;
}

/* Where a tunnel ends is known to what comes through it, and to no other connection. */
static void test_tunnel(void)
{
	static const char text[] = "CONNECT 203.0.114.7:443 HTTP/1.1\r\n\r\n";
	char name[AFENCE_SEEN_HOST_MAX + 1];
	int listener;
	int fd = new_connection(&listener);
	struct af_link link;

	CU_ASSERT_FATAL(af_link_read(fd, &link));
	af_watch_connected(fd, 3128, NULL);
	CHECK_NUMBER("CONNECT", may_send(fd, text, sizeof(text) - 1), true);
	CHECK_NUMBER("TLS", may_send(fd, "\x16\x03\x01", 3), true);
	af_name_find(&link.own, link.own_port, name);
	CHECK_STRING("its own end", name, "203.0.114.7");
	af_name_find(&link.own, 0, name);
	CHECK_STRING("the address alone", name, "");
	drop(fd);
	close(listener);
}

static void test_names(void)
{
	char text[AFENCE_SEEN_HOST_MAX + 2];

	check_name("nobody asked", 0, "");
	note(0, "old.corp.net");
	note(0, "new.corp.net");
	check_name("the newest name", 0, "new.corp.net");
	for (unsigned i = 1; i < 400; i++) {
		snprintf(text, sizeof(text), "n%u.corp.net", i);
		note(i, text);
	}
	check_name("the oldest is gone", 0, "");
	check_name("the last", 399, "n399.corp.net");
	check_name("one before", 200, "n200.corp.net");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	note(399, text);
	check_name("too long", 399, "");
}

static CU_TestInfo tests[] = {
	{"life of a connection", test_life},
	{"copies", test_copies},
	{"numbers", test_numbers},
	{"sweep", test_sweep},
	{"sessions", test_sessions},
	{"threads", test_threads},
	{"partial writes", test_partial_writes},
	{"parts", test_parts},
	{"bytes of a session", test_session_bytes},
	{"ordinary", test_ordinary},
	{"children", test_children},
	{"the end of a tunnel", test_tunnel},
	{"names", test_names},
	CU_TEST_INFO_NULL,
};

static int set_up(void)
{
	setenv("AUTHFENCE_POLICY", "/nonexistent/policy.bin", 1);
	unsetenv("AUTHFENCE_PRELOAD");
	af_watch_start();
	return af_guard_wake() ? 0 : 1;
}

CU_SuiteInfo af_suite = {"guard", set_up, NULL, NULL, NULL, tests};
