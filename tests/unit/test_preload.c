/* SPDX-License-Identifier: MIT */
/*
 * The built library in programs that are started with it: each way to send, with a reserved
 * identity, with an ordinary one, and without the guard.  127.0.0.0/8 is external to the policy of
 * these tests, so that a login to it is one to a stranger.
 */
#include "compiled.h"
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESERVED "alice@example.com"
#define ORDINARY "alice@corp.net"
#define SECRET   "s3cret"

static char guard[4200], client[4200];

struct run {
	const char *way;
	const char *identity;
	const char *policy;  /* text; NULL: loopback is external */
	const char *preload; /* AUTHFENCE_PRELOAD; NULL: none */
	bool bare;           /* without the library */
};

/* What came of it. */
struct outcome {
	char said[256];      /* by the client */
	char arrived[65536]; /* at the server, all connections one after the other */
	int status;
};

static void set_paths(void)
{
	snprintf(guard, sizeof(guard), "%s/preload/libauthfence-preload.so", af_build_dir);
	snprintf(client, sizeof(client), "%s/tests/client", af_build_dir);
}

static const char *write_policy(const char *text)
{
	static char path[4400];

	snprintf(path, sizeof(path), "%s/preload.bin", af_scratch_dir());
	save_policy(text != NULL ? text : "policy 1; external 127.0.0.0/8;", path);
	return path;
}

static int listen_here(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CU_ASSERT_FATAL(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	CU_ASSERT_FATAL(listen(fd, 512) == 0);
	CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static pid_t start_client(const struct run *run, uint16_t port, int out)
{
	const char *policy = write_policy(run->policy);
	char number[16];
	pid_t child;

	snprintf(number, sizeof(number), "%u", port);
	child = fork();
	if (child != 0)
		return child;
	alarm(20);
	dup2(out, STDOUT_FILENO);
	setenv("AUTHFENCE_POLICY", policy, 1);
	unsetenv("AUTHFENCE_PRELOAD");
	if (run->preload != NULL)
		setenv("AUTHFENCE_PRELOAD", run->preload, 1);
	if (!run->bare)
		setenv("LD_PRELOAD", guard, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	execl(client, client, run->way, number, run->identity, (char *)NULL);
	_exit(127);
}

static void append(int fd, char *text, size_t room)
{
	size_t len = strlen(text);
	ssize_t count;

	while (len + 1 < room && (count = read(fd, text + len, room - 1 - len)) > 0)
		text[len += (size_t)count] = '\0';
}

/* Serves connections until the client is gone, and what is still in the queue. */
static void serve(int listener, pid_t child, struct outcome *out)
{
	bool gone = false;

	for (;;) {
		struct pollfd end = {listener, POLLIN, 0};
		int fd = poll(&end, 1, gone ? 0 : 20) == 1 ? accept(listener, NULL, NULL) : -1;

		if (fd >= 0) {
			append(fd, out->arrived, sizeof(out->arrived));
			close(fd);
		} else if (gone) {
			return;
		} else {
			gone = waitpid(child, &out->status, WNOHANG) == child;
		}
	}
}

static void run_client(const struct run *run, struct outcome *out)
{
	int said[2];
	uint16_t port;
	int listener = listen_here(&port);
	pid_t child;

	memset(out, 0, sizeof(*out));
	CU_ASSERT_FATAL(pipe(said) == 0);
	child = start_client(run, port, said[1]);
	close(said[1]);
	serve(listener, child, out);
	append(said[0], out->said, sizeof(out->said));
	close(said[0]);
	close(listener);
	CHECK_NUMBER(run->way, out->status, 0);
}

static size_t count_secrets(const char *text)
{
	size_t count = 0;

	while ((text = strstr(text, SECRET)) != NULL) {
		count++;
		text++;
	}
	return count;
}

/* ---- each way to send ---- */

static const struct {
	const char *way;
	const char *said; /* with a reserved identity: the write went into the dark */
	size_t secrets;   /* that arrive without the guard */
} ways[] = {
	{"write", "34 -\n", 1},
	{"send", "34 -\n", 1},
	{"sendto", "34 -\n", 1},
	{"writev", "34 -\n", 1},
	{"sendmsg", "34 -\n", 1},
	{"sendmmsg", "34 -\n", 1},
	{"bytes", "34 -\n", 1},
	{"nonblocking", "34 -\n", 1},
	{"fastopen", "-1 ECONNRESET\n", 1}, /* not yet connected, so there is nothing to cut */
	{"stream", "34 -\n", 1},
	{"dprintf", "34 -\n", 1},
	{"dup", "34 -\n", 1},
	{"fcntl", "34 -\n", 1},
	{"number", "34 -\n", 1},
	{"vfork", "34 -\n", 1},
	{"fork", "34 -\n", 1},
	{"early", "34 -\n", 1},
	{"others", "34 -\n", 1},
	{"exec", "34 -\n", 1},
	{"threads", "joined\n", 2},
	{"parallel", "closed\n", 200},
};

/* Ordinary identities: as if the guard were not there, to the byte. */
static void test_ways(void)
{
	static struct outcome bare, guarded;

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct run run = {.way = ways[i].way, .identity = RESERVED, .bare = true};

		run_client(&run, &bare);
		CHECK_NUMBER(run.way, count_secrets(bare.arrived), ways[i].secrets);
		run.bare = false;
		run_client(&run, &guarded);
		CHECK_NUMBER(run.way, count_secrets(guarded.arrived), 0);
		CHECK_STRING(run.way, guarded.said, ways[i].said);
		run.identity = ORDINARY;
		run_client(&run, &guarded);
		run.bare = true;
		run_client(&run, &bare);
		CHECK_STRING(run.way, guarded.arrived, bare.arrived);
		CHECK_STRING(run.way, guarded.said, bare.said);
		CHECK_NUMBER(run.way, count_secrets(bare.arrived), ways[i].secrets);
	}
}

static void test_errors(void)
{
	static struct outcome bare, guarded;
	struct run run = {.way = "errors", .identity = ORDINARY, .bare = true};

	run_client(&run, &bare);
	CHECK_STRING("without", bare.said, "checked\n");
	run.bare = false;
	run_client(&run, &guarded);
	CHECK_STRING("with", guarded.said, "checked\n");
}

/* ---- policies and the switch ---- */

static const struct {
	const char *name;
	struct run run;
	size_t secrets;
	const char *said;
} rows[] = {
	{"off", {.way = "write", .identity = RESERVED, .preload = "off"}, 1, "34 -\n"},
	{"observe", {.way = "write", .identity = RESERVED, .preload = "observe"}, 1, "34 -\n"},
	{"local", {.way = "write", .identity = RESERVED, .policy = "policy 1;"}, 1, "34 -\n"},
	{"mode off",
		{.way = "write",
			.identity = RESERVED,
			.policy = "policy 1; mode off; external 127.0.0.0/8;"},
		1, "34 -\n"},
	{"refuse",
		{.way = "again",
			.identity = RESERVED,
			.policy = "policy 1; on-block refuse; external 127.0.0.0/8;"},
		0, "-1 ECONNRESET\n"},
	{"refuse an ordinary one",
		{.way = "again",
			.identity = ORDINARY,
			.policy = "policy 1; on-block refuse; external 127.0.0.0/8;"},
		1, "31 -\n"},
	{"a child without handlers", {.way = "clone", .identity = RESERVED}, 0, "34 -\n"},
};

static void test_rows(void)
{
	static struct outcome out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		run_client(&rows[i].run, &out);
		CHECK_NUMBER(rows[i].name, count_secrets(out.arrived), rows[i].secrets);
		CHECK_STRING(rows[i].name, out.said, rows[i].said);
	}
}

/* ---- the file ---- */

/* The words of COMMAND's output as one line, sorted. */
static void words_of(const char *command, char *out, size_t room)
{
	char text[9000];
	FILE *file;
	size_t len;

	snprintf(text, sizeof(text), "%s | sort | tr '\\n' ' '", command);
	file = popen(text, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	len = fread(out, 1, room - 1, file);
	out[len] = '\0';
	CHECK_NUMBER(command, pclose(file), 0);
}

static void test_symbols(void)
{
	char command[8500], got[4096], want[4096];

	snprintf(command, sizeof(command), "nm -D --defined-only %s | sed 's/.* //'", guard);
	words_of(command, got, sizeof(got));
	snprintf(command, sizeof(command),
		"sed -n '/global:/,/local:/s/^\t\t\\(.*\\);/\\1/p' "
		"%s/plugins/preload/libauthfence-preload.map",
		af_source_dir);
	words_of(command, want, sizeof(want));
	CU_ASSERT(strlen(want) > 100);
	CHECK_STRING("symbols", got, want);
}

static void test_libraries(void)
{
	char command[8500], got[4096];

	snprintf(command, sizeof(command),
		"readelf -d %s | sed -n 's/.*NEEDED.*\\[\\(.*\\)\\.so.*/\\1/p' | grep -v san",
		guard);
	words_of(command, got, sizeof(got));
	CHECK_STRING("libraries", got, "libc libcares libidn2 ");
}

static CU_TestInfo tests[] = {
	{"each way to send", test_ways},
	{"errors stay what they are", test_errors},
	{"policies and the switch", test_rows},
	{"symbols are those of the map", test_symbols},
	{"libraries", test_libraries},
	CU_TEST_INFO_NULL,
};

static int set_up(void)
{
	set_paths();
	return 0;
}

CU_SuiteInfo af_suite = {"preload", set_up, NULL, NULL, NULL, tests};
