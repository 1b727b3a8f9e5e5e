/* SPDX-License-Identifier: MIT */
/*
 * The built module under libpam and under load: many threads with a handle each, very many logins
 * in one process, forks of a process that has threads.  Whoever must be refused is refused and
 * told so once, whoever may pass passes and hears nothing, and neither memory nor descriptors may
 * grow.
 *
 * usage: pam BUILD POLICY [NUMBER [KILOBYTES]]
 *	POLICY: a compiled policy that reserves dev.acme.org; NUMBER of logins, of which all other
 *	numbers are shares, so that below 1000 there are no forks (100000); what memory may grow by
 *	in kilobytes, 0: it is not looked at (256)
 */

#include <errno.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "growth.h"

#define THREADS  64
#define FORKERS  4
#define SERVICES 3

static char folder[4096]; /* of service files */
static unsigned long number;
static long bound;

static void give_up(const char *what)
{
	fprintf(stderr, "pam: %s\n", what);
	exit(3);
}

/* ---- what libpam calls, and nobody should hear of here ---- */

void __syslog_chk(int priority, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static atomic_ulong lines;

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	(void)priority, (void)flag, (void)format;
	lines++;
}

void syslog(int priority, const char *format, ...)
{
	(void)priority, (void)format;
	lines++;
}

int audit_open(void);

int audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

/* ---- service files ---- */

/* The arguments of the guard in each of them. */
static const char *const arguments[SERVICES] = {
	"target=192.88.99.7",
	"target=10.0.0.1 target=radius1.corp.net:1812 target=127.0.0.1 domain=example.com",
	"target=192.88.99.7 [policy=%s]",
};

static FILE *create(const char *name)
{
	char path[4200];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	if (out == NULL)
		give_up("no room for service files");
	return out;
}

static void write_services(const char *build, const char *policy)
{
	char name[32];
	FILE *out;

	for (unsigned i = 0; i < SERVICES; i++) {
		const char *hole = strstr(arguments[i], "%s");
		int len = hole != NULL ? (int)(hole - arguments[i]) : (int)strlen(arguments[i]);

		snprintf(name, sizeof(name), "fence%u", i);
		out = create(name);
		fprintf(out,
			"auth [default=ignore perm_denied=die] [%s/pam/pam_authfence.so] %.*s%s%s\n"
			"auth required pam_permit.so\n",
			build, len, arguments[i], hole != NULL ? policy : "",
			hole != NULL ? hole + 2 : "");
		fclose(out);
	}
	out = create("other");
	fputs("auth required pam_deny.so\n", out);
	fclose(out);
}

static void remove_services(void)
{
	char path[4200];
	char name[32];

	for (unsigned i = 0; i < SERVICES; i++) {
		snprintf(name, sizeof(name), "fence%u", i);
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/other", folder);
	unlink(path);
	rmdir(folder);
}

/* ---- logins ---- */

/* Who logs in, and in which services that is refused. */
static const struct kind {
	const char *user;
	bool refused[SERVICES];
} kinds[] = {
	{"bob@acme.org", {false, false, false}},
	{"alice@example.com", {true, true, true}},
	{"alice", {false, true, false}},
	{"dev@dev.acme.org", {false, false, true}},
	{"alice\xff@example.com", {true, true, true}},
	{"EXAMPLE.COM\\alice", {true, true, true}},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* One user in one service; the host that asks for the name is another one than that which sets
 * it. */
struct login {
	const struct kind *kind;
	unsigned long service;
	bool asks;
	unsigned messages;
	unsigned passwords;
};

static int converse(
	int count, const struct pam_message **message, struct pam_response **out, void *context)
{
	struct login *login = context;

	*out = calloc((size_t)count, sizeof(**out));
	for (int i = 0; i < count; i++) {
		if (message[i]->msg_style == PAM_PROMPT_ECHO_ON)
			(*out)[i].resp = strdup(login->kind->user);
		login->passwords += message[i]->msg_style == PAM_PROMPT_ECHO_OFF;
		login->messages += message[i]->msg_style == PAM_ERROR_MSG;
	}
	return PAM_SUCCESS;
}

static pam_handle_t *start(struct login *login, const struct pam_conv *conv)
{
	pam_handle_t *pamh = NULL;
	char name[32];

	snprintf(name, sizeof(name), "fence%lu", login->service);
	if (pam_start_confdir(name, login->asks ? NULL : login->kind->user, conv, folder, &pamh) !=
		PAM_SUCCESS)
		give_up("pam_start_confdir failed");
	return pamh;
}

static bool ask(pam_handle_t *pamh, struct login *login)
{
	bool refused = login->kind->refused[login->service];
	int code;

	login->messages = 0;
	login->passwords = 0;
	code = pam_authenticate(pamh, 0);
	return code == (refused ? PAM_PERM_DENIED : PAM_SUCCESS) && login->messages == refused &&
	       login->passwords == 0;
}

static bool log_in(unsigned long i)
{
	struct login login = {
		.kind = &kinds[i % KINDS], .service = i / KINDS % SERVICES, .asks = i % 5 == 0};
	const struct pam_conv conv = {converse, &login};
	pam_handle_t *pamh = start(&login, &conv);
	bool passed = ask(pamh, &login);

	pam_end(pamh, PAM_SUCCESS);
	if (!passed)
		printf("  login %lu, %s in service %lu: wrong answer\n", i, login.kind->user,
			login.service);
	return passed;
}

/* ---- nothing grows ---- */

/* A tenth of the number to warm up, then all of them. */
static bool test_many(void)
{
	unsigned long descriptors = 0;
	long kilobytes = 0;
	long grown;

	for (unsigned long i = 0; i < number / 10 + number; i++) {
		if (i == number / 10) {
			descriptors = count_descriptors();
			kilobytes = count_kilobytes();
		}
		if (!log_in(i))
			return false;
	}
	grown = count_kilobytes() - kilobytes;
	printf("  descriptors %lu, then %lu; %ld kB more\n", descriptors, count_descriptors(),
		grown);
	return descriptors > 0 && kilobytes >= 0 && count_descriptors() == descriptors &&
	       (bound == 0 || grown <= bound);
}

/* ---- threads ---- */

struct thread {
	pthread_t id;
	unsigned long index;
	bool passed;
};

static pthread_barrier_t together;
static atomic_bool enough;

/* All handles are there before the first of them is used, and until the last was. */
static void *use_handle(void *context)
{
	struct thread *thread = context;
	struct login login = {
		.kind = &kinds[thread->index % KINDS], .service = thread->index % SERVICES};
	const struct pam_conv conv = {converse, &login};
	pam_handle_t *pamh = start(&login, &conv);

	thread->passed = true;
	pthread_barrier_wait(&together);
	for (unsigned long i = 0; i < number / 10 / THREADS; i++)
		thread->passed &= ask(pamh, &login);
	pthread_barrier_wait(&together);
	pam_end(pamh, PAM_SUCCESS);
	for (unsigned long i = 0; i < number / 10 / THREADS; i++)
		thread->passed &= log_in(thread->index + i);
	return NULL;
}

static void *log_in_until_enough(void *context)
{
	struct thread *thread = context;

	thread->passed = true;
	for (unsigned long i = thread->index; !enough; i++)
		thread->passed &= log_in(i);
	return NULL;
}

static void start_threads(struct thread threads[], unsigned count, void *(*run)(void *))
{
	for (unsigned i = 0; i < count; i++) {
		threads[i].index = i;
		if (pthread_create(&threads[i].id, NULL, run, &threads[i]) != 0)
			give_up("no thread");
	}
}

static bool join_threads(struct thread threads[], unsigned count)
{
	bool passed = true;

	for (unsigned i = 0; i < count; i++) {
		pthread_join(threads[i].id, NULL);
		passed &= threads[i].passed;
	}
	return passed;
}

static bool test_threads(void)
{
	struct thread threads[THREADS];

	pthread_barrier_init(&together, NULL, THREADS);
	start_threads(threads, THREADS, use_handle);
	return join_threads(threads, THREADS);
}

/* What a child may do after the fork of a process with threads: here, log in on a handle of the
 * parent's, as sshd does. */
static bool child_passes(unsigned long i)
{
	struct login login = {.kind = &kinds[i % KINDS], .service = i % SERVICES};
	const struct pam_conv conv = {converse, &login};
	pam_handle_t *pamh = start(&login, &conv);
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(60);
		_exit(ask(pamh, &login) ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	pam_end(pamh, PAM_SUCCESS);
	return status == 0;
}

static bool test_forks(void)
{
	struct thread threads[FORKERS];
	bool passed = true;

	enough = false;
	start_threads(threads, FORKERS, log_in_until_enough);
	for (unsigned long i = 0; passed && i < number / 1000; i++)
		passed = child_passes(i);
	enough = true;
	return join_threads(threads, FORKERS) && passed;
}

/* Ten lines a minute for each of two rules and the like; the machine may be slow. */
static bool test_lines(void)
{
	printf("  %lu lines\n", (unsigned long)lines);
	return lines >= 20 && lines <= 20 * 60;
}

static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	{"64 handles in 64 threads", test_threads},
	{"many logins in one process", test_many},
	{"a forking process with threads", test_forks},
	{"few lines in the log", test_lines},
};

int main(int argc, char **argv)
{
	unsigned all = sizeof(tests) / sizeof(tests[0]);
	unsigned failed = 0;

	if (argc < 3 || argc > 5) {
		fprintf(stderr, "usage: pam BUILD POLICY [NUMBER [KILOBYTES]]\n");
		return 2;
	}
	number = argc > 3 ? strtoul(argv[3], NULL, 10) : 100000;
	bound = argc > 4 ? strtol(argv[4], NULL, 10) : 256;
	snprintf(folder, sizeof(folder), "%s/pam.d-XXXXXX", argv[1]);
	if (mkdtemp(folder) == NULL)
		give_up("no folder for service files");
	write_services(argv[1], argv[2]);
	for (unsigned i = 0; i < all; i++) {
		printf("%s\n", tests[i].name);
		fflush(stdout);
		if (!tests[i].run()) {
			printf("  failed\n");
			failed++;
		}
	}
	remove_services();
	printf("%u passed, %u failed\n", all - failed, failed);
	return failed == 0 ? 0 : 1;
}
