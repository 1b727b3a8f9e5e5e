/* SPDX-License-Identifier: MIT */
/*
 * What the preload guard adds: to a write() on a descriptor that is not watched, in nanoseconds and
 * in instructions (counted by stepping through one call, so no counter of the processor is needed);
 * to a connection whose login is over, and to an HTTP upload, which is watched to its end, in
 * bytes a second; to the start of a program.  With and without take turns.
 *
 * usage: preload BUILD
 *        preload --calls | --step | --bulk PORT HEAD      (what the above starts)
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "median.h"

#define ROUNDS      41
#define BULK_ROUNDS 31
#define CALL_ROUNDS 401
#define CALLS       2000
#define BULK        (256u << 20)
#define CHUNK       65536

enum { WITHOUT, WITH, SIDES };

static char guard[4200];

static void fail(const char *what)
{
	fprintf(stderr, "preload: %s: %s\n", what, strerror(errno));
	exit(3);
}

/* ---- the runs ---- */

static int open_null(void)
{
	int fd = open("/dev/null", O_WRONLY);

	if (fd < 0 || write(fd, "x", 1) != 1)
		fail("/dev/null");
	return fd;
}

static double time_calls(ssize_t (*call)(int, const void *, size_t), int fd)
{
	double start = now_ns(CLOCK_PROCESS_CPUTIME_ID);

	for (int i = 0; i < CALLS; i++)
		if (call(fd, "x", 1) != 1)
			fail("write");
	return (now_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / CALLS;
}

/* libc's own function and the guard's, turn by turn. */
static int run_calls(void)
{
	static double round[SIDES][CALL_ROUNDS];
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	void *own = libc != NULL ? dlsym(libc, "write") : NULL;
	int fd = open_null();

	if (own == NULL || own == (void *)write)
		fail("the guard is not there");
	for (int i = 0; i < CALL_ROUNDS; i++) {
		round[WITHOUT][i] = time_calls((ssize_t(*)(int, const void *, size_t))own, fd);
		round[WITH][i] = time_calls(write, fd);
	}
	printf("%.3f %.3f\n", median(round[WITHOUT], CALL_ROUNDS),
		median(round[WITH], CALL_ROUNDS));
	return 0;
}

/* From one stop to the other there is one call. */
static int run_step(void)
{
	int fd = open_null();
	ssize_t count;

	raise(SIGSTOP);
	count = write(fd, "x", 1);
	raise(SIGSTOP);
	return count != 1;
}

static int run_bulk(const char *port, const char *head)
{
	static char chunk[CHUNK];
	struct sockaddr_in server = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	double start;

	server.sin_port = htons((uint16_t)atoi(port));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)) != 0)
		fail("connect");
	if (write(fd, head, strlen(head)) != (ssize_t)strlen(head))
		return 1;
	start = now_ns(CLOCK_MONOTONIC);
	for (size_t sent = 0; sent < BULK; sent += CHUNK)
		if (write(fd, chunk, CHUNK) != CHUNK)
			return 1;
	printf("%.3f\n", BULK / ((now_ns(CLOCK_MONOTONIC) - start) / 1e9) / 1e6);
	return 0;
}

/* ---- the parent ---- */

static double read_figure(int side, const char *arguments)
{
	char command[9000];
	double result = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "%s%s exec /proc/%d/exe %s",
		side == WITH ? "LD_PRELOAD=" : "", side == WITH ? guard : "", (int)getpid(),
		arguments);
	pipe = popen(command, "r");
	if (pipe == NULL || fscanf(pipe, "%lf", &result) != 1)
		fail(command);
	pclose(pipe);
	return result;
}

static void bench_calls(void)
{
	double result[SIDES] = {0};
	char command[9000];
	FILE *pipe;

	snprintf(command, sizeof(command), "LD_PRELOAD=%s exec /proc/%d/exe --calls", guard,
		(int)getpid());
	pipe = popen(command, "r");
	if (pipe == NULL || fscanf(pipe, "%lf %lf", &result[WITHOUT], &result[WITH]) != 2)
		fail(command);
	pclose(pipe);
	printf("  %-36s without %7.1f ns   with %7.1f ns   %+.1f ns\n", "write, not watched",
		result[WITHOUT], result[WITH], result[WITH] - result[WITHOUT]);
}

static void wait_for_stop(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == SIGSTOP)
			return;
		ptrace(PTRACE_CONT, child, NULL, NULL);
	}
	fail("the traced program ended");
}

/* Steps until the second stop; raise() itself is on both sides. */
static long count_steps(int side)
{
	long steps = 0;
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (side == WITH)
			setenv("LD_PRELOAD", guard, 1);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl("/proc/self/exe", "preload", "--step", (char *)NULL);
		_exit(127);
	}
	wait_for_stop(child);
	for (;; steps++) {
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 ||
			waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
			fail("ptrace");
		if (WSTOPSIG(status) == SIGSTOP)
			break;
	}
	ptrace(PTRACE_KILL, child, NULL, NULL);
	waitpid(child, &status, 0);
	return steps;
}

static void bench_steps(void)
{
	long steps[SIDES] = {count_steps(WITHOUT), count_steps(WITH)};

	printf("  %-36s %+ld instructions\n", "write, not watched", steps[WITH] - steps[WITHOUT]);
}

static pid_t start_sink(char port[16])
{
	static char chunk[CHUNK];
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pid_t child;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 8) != 0 ||
		getsockname(listener, (struct sockaddr *)&address, &len) != 0)
		fail("listen");
	snprintf(port, 16, "%u", ntohs(address.sin_port));
	child = fork();
	while (child == 0) {
		int fd = accept(listener, NULL, NULL);

		while (read(fd, chunk, sizeof(chunk)) > 0)
			;
		close(fd);
	}
	close(listener);
	return child;
}

static void bench_bulk(const char *name, const char *port, const char *head)
{
	static double round[SIDES][BULK_ROUNDS];
	char arguments[256];

	snprintf(arguments, sizeof(arguments), "--bulk %s \"$(printf '%s')\"", port, head);
	for (int i = 0; i < BULK_ROUNDS; i++)
		for (int side = 0; side < SIDES; side++)
			round[side][i] = read_figure(side, arguments);
	for (int side = 0; side < SIDES; side++) {
		double middle = median(round[side], BULK_ROUNDS);

		printf("  %-36s %-7s %7.0f MB/s   (quartiles %.0f to %.0f)\n", name,
			side == WITH ? "with" : "without", middle, round[side][BULK_ROUNDS / 4],
			round[side][BULK_ROUNDS - 1 - BULK_ROUNDS / 4]);
	}
}

static void bench_start(void)
{
	static double round[SIDES][ROUNDS];
	double result[SIDES];

	for (int i = 0; i < ROUNDS; i++) {
		for (int side = 0; side < SIDES; side++) {
			double start = now_ns(CLOCK_MONOTONIC);
			pid_t child = fork();

			if (child == 0) {
				if (side == WITH)
					setenv("LD_PRELOAD", guard, 1);
				execl("/bin/true", "true", (char *)NULL);
				_exit(127);
			}
			waitpid(child, NULL, 0);
			round[side][i] = now_ns(CLOCK_MONOTONIC) - start;
		}
	}
	for (int side = 0; side < SIDES; side++)
		result[side] = median(round[side], ROUNDS);
	printf("  %-36s without %7.2f ms   with %7.2f ms   %+.2f ms\n", "start of /bin/true",
		result[WITHOUT] / 1e6, result[WITH] / 1e6, (result[WITH] - result[WITHOUT]) / 1e6);
}

int main(int argc, char **argv)
{
	char port[16];
	pid_t sink;

	if (argc == 2 && strcmp(argv[1], "--calls") == 0)
		return run_calls();
	if (argc == 2 && strcmp(argv[1], "--step") == 0)
		return run_step();
	if (argc == 4 && strcmp(argv[1], "--bulk") == 0)
		return run_bulk(argv[2], argv[3]);
	if (argc != 2) {
		fprintf(stderr, "usage: preload BUILD\n");
		return 2;
	}
	snprintf(guard, sizeof(guard), "%s/preload/libauthfence-preload.so", argv[1]);
	if (access(guard, R_OK) != 0)
		fail(guard);
	bench_calls();
	bench_steps();
	sink = start_sink(port);
	bench_bulk("bulk, no protocol", port, "\\1\\2\\3\\4");
	bench_bulk("bulk, HTTP upload", port,
		"PUT / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 268435456\\r\\n\\r\\n.");
	kill(sink, SIGKILL);
	bench_start();
	return 0;
}
