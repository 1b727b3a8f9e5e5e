/* SPDX-License-Identifier: MIT */
/*
 * A policy that changes under a running process.  Each case is a process of its own, because a
 * process keeps its policies.  Clocks run ahead where a case says so, so that nobody waits; that a
 * second of the real one is enough is seen once.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../stress/growth.h"
#include "af_policy.h"
#include "compiled.h"

#define BUILTIN 0

static char path[4400];
static char text[AFENCE_TROUBLE_MAX];

/* Compares and leaves the case at the first difference. */
#define SAME(what, got, want)                                                               \
	do {                                                                                \
		long long got_ = (long long)(got), want_ = (long long)(want);               \
		if (got_ != want_) {                                                        \
			printf("%s (line %d): got %lld, want %lld\n", what, __LINE__, got_, \
				want_);                                                     \
			return 1;                                                           \
		}                                                                           \
	} while (0)

/* ---- the clock ---- */

static _Atomic time_t ahead;

int clock_gettime(clockid_t id, struct timespec *out)
{
	static int (*real)(clockid_t, struct timespec *);
	void *symbol;
	int result;

	if (real == NULL) {
		symbol = dlsym(RTLD_NEXT, "clock_gettime");
		memcpy(&real, &symbol, sizeof(real));
	}
	result = real(id, out);
	out->tv_sec += ahead;
	return result;
}

static void pass_seconds(void)
{
	ahead += 2;
}

/* ---- files ---- */

static void put(const char *to, const void *bytes, size_t length)
{
	char next[4500];
	FILE *file;

	snprintf(next, sizeof(next), "%s.next", to);
	file = fopen(next, "w");
	if (file == NULL || (length > 0 && fwrite(bytes, length, 1, file) != 1) ||
		fchmod(fileno(file), 0644) != 0 || fclose(file) != 0 || rename(next, to) != 0)
		abort();
}

static void activate(const char *to, const char *statements, uint64_t generation)
{
	struct af_compiled compiled;

	compile_text(statements, generation, &compiled);
	put(to, compiled.bytes, compiled.length);
	free(compiled.bytes);
}

static void spoil(const char *to)
{
	put(to, "AFPOLICY", 8);
}

/* What one decision would meet. */
static struct {
	uint64_t generation;
	enum af_mode mode;
	enum af_status file, previous;
} met;

static void meet(const char *at)
{
	struct af_policy_trouble trouble = {AFENCE_ERR_SYNTAX, AFENCE_ERR_SYNTAX};
	struct af_settings settings;
	struct af_hold hold;

	errno = 4711;
	af_policy_acquire(at, true, &hold, &trouble);
	af_policy_describe_trouble(at, &trouble, false, hold.policy, text);
	af_policy_settings(hold.policy, NULL, 0, &settings);
	met.generation = af_policy_generation(hold.policy);
	met.mode = settings.mode;
	met.file = trouble.file;
	met.previous = trouble.previous;
	af_policy_release(&hold);
	if (errno != 4711 || hold.policy != NULL)
		abort();
}

static int expect_at(int line, const char *at, uint64_t generation, enum af_status file)
{
	meet(at);
	if (met.generation == generation && met.file == file)
		return 0;
	printf("line %d: got generation %llu, \"%s\", want %llu, \"%s\"\n", line,
		(unsigned long long)met.generation, af_strerror(met.file),
		(unsigned long long)generation, af_strerror(file));
	return 1;
}

#define EXPECT(generation, file)                                      \
	do {                                                          \
		if (expect_at(__LINE__, path, generation, file) != 0) \
			return 1;                                     \
	} while (0)

/* ---- cases ---- */

static int run_followed(void)
{
	activate(path, "policy 1;", 5);
	EXPECT(5, AFENCE_OK);
	activate(path, "policy 1; mode off;", 6);
	EXPECT(5, AFENCE_OK); /* has not looked again */
	pass_seconds();
	EXPECT(6, AFENCE_OK);
	SAME("mode", met.mode, AFENCE_MODE_OFF);
	activate(path, "policy 1; mode observe;", 6); /* by hand, without a new number */
	pass_seconds();
	EXPECT(6, AFENCE_OK);
	SAME("mode", met.mode, AFENCE_MODE_OBSERVE);
	return 0;
}

static int run_a_second(void)
{
	static const struct timespec wait = {1, 200 * 1000 * 1000};

	activate(path, "policy 1;", 5);
	EXPECT(5, AFENCE_OK);
	activate(path, "policy 1;", 6);
	nanosleep(&wait, NULL);
	EXPECT(6, AFENCE_OK);
	return 0;
}

/* Two changes at one time of change: the second is found when the file rests. */
static int run_same_tick(void)
{
	struct af_compiled compiled;
	FILE *file;

	activate(path, "policy 1; mode off;", 5);
	EXPECT(5, AFENCE_OK);
	compile_text("policy 1; mode observe;", 5, &compiled);
	file = fopen(path, "r+");
	if (file == NULL || fwrite(compiled.bytes, compiled.length, 1, file) != 1)
		return 1;
	fclose(file);
	free(compiled.bytes);
	ahead += 4;
	EXPECT(5, AFENCE_OK);
	SAME("mode", met.mode, AFENCE_MODE_OBSERVE);
	return 0;
}

static int run_lower(void)
{
	activate(path, "policy 1;", 5);
	EXPECT(5, AFENCE_OK);
	activate(path, "policy 1; mode off;", 4);
	pass_seconds();
	EXPECT(5, AFENCE_ERR_LOWER);
	SAME("mode", met.mode, AFENCE_MODE_ENFORCE);
	SAME("words", strstr(text, "lower generation") != NULL, true);
	SAME("words", strstr(text, "generation 5") != NULL, true);
	pass_seconds();
	EXPECT(5, AFENCE_OK);
	activate(path, "policy 1;", 6);
	pass_seconds();
	EXPECT(6, AFENCE_OK);
	return 0;
}

static int run_rubbish(void)
{
	activate(path, "policy 1;", 5);
	EXPECT(5, AFENCE_OK);
	spoil(path);
	pass_seconds();
	EXPECT(5, AFENCE_ERR_DAMAGED);
	SAME("words", strstr(text, "damaged") != NULL, true);
	for (int i = 0; i < 5; i++) {
		pass_seconds();
		EXPECT(5, AFENCE_OK);
		SAME("no words", *text, '\0');
	}
	spoil(path); /* another one */
	pass_seconds();
	EXPECT(5, AFENCE_ERR_DAMAGED);
	activate(path, "policy 1;", 6);
	if (chmod(path, 0666) != 0)
		return 1;
	pass_seconds();
	EXPECT(5, AFENCE_ERR_UNTRUSTED);
	chmod(path, 0644);
	pass_seconds();
	EXPECT(6, AFENCE_OK);
	return 0;
}

static int run_late(void)
{
	EXPECT(BUILTIN, AFENCE_ERR_ABSENT);
	SAME("no words", *text, '\0');
	spoil(path);
	pass_seconds();
	EXPECT(BUILTIN, AFENCE_ERR_DAMAGED);
	unlink(path);
	pass_seconds();
	EXPECT(BUILTIN, AFENCE_OK); /* as it was at first */
	activate(path, "policy 1;", 3);
	pass_seconds();
	EXPECT(3, AFENCE_OK);
	return 0;
}

static int run_previous(void)
{
	char previous[4500];

	snprintf(previous, sizeof(previous), "%s.prev", path);
	activate(previous, "policy 1;", 4);
	spoil(path);
	EXPECT(4, AFENCE_ERR_DAMAGED);
	SAME("previous", met.previous, AFENCE_OK);
	SAME("words", strstr(text, ".prev, generation 4") != NULL, true);
	pass_seconds();
	EXPECT(4, AFENCE_OK);
	activate(path, "policy 1;", 5);
	pass_seconds();
	EXPECT(5, AFENCE_OK);
	return 0;
}

static int run_vanished(void)
{
	activate(path, "policy 1;", 5);
	EXPECT(5, AFENCE_OK);
	unlink(path);
	pass_seconds();
	EXPECT(5, AFENCE_ERR_ABSENT);
	SAME("words", strstr(text, "no such file") != NULL, true);
	pass_seconds();
	EXPECT(5, AFENCE_OK);
	return 0;
}

static int run_chroot(void)
{
	if (getuid() != 0) {
		printf("(left out: needs root) ");
		return 0;
	}
	activate(path, "policy 1;", 5);
	EXPECT(5, AFENCE_OK);
	if (chroot(af_scratch_dir()) != 0)
		return 1;
	pass_seconds();
	EXPECT(5, AFENCE_OK);
	SAME("no words", *text, '\0');
	return 0;
}

/* One policy stays in use all the time, and what it says too. */
static int run_many_generations(void)
{
	struct af_policy_trouble trouble;
	struct af_hold hold;
	long kilobytes = 0;

	activate(path, "policy 1; reserve \"first.lan\";", 1);
	af_policy_acquire(path, true, &hold, &trouble);
	for (uint64_t i = 2; i <= 220; i++) {
		activate(path, "policy 1;", i);
		pass_seconds();
		EXPECT(i, AFENCE_OK);
		if (i == 20)
			kilobytes = count_kilobytes();
	}
	SAME("first", af_policy_generation(hold.policy), 1);
#ifdef __SANITIZE_ADDRESS__
	printf("left out: growth, since AddressSanitizer keeps what was freed (%ld kB so far)\n",
		count_kilobytes() - kilobytes);
#else
	SAME("grown", count_kilobytes() - kilobytes < 400, true);
#endif
	af_policy_release(&hold);
	return 0;
}

/* With as many old ones in use as there are places, a new one waits until one is free. */
static int run_all_in_use(void)
{
	struct af_policy_trouble trouble;
	struct af_hold hold[8];

	for (unsigned i = 0; i < 8; i++) {
		activate(path, "policy 1;", i + 1);
		pass_seconds();
		af_policy_acquire(path, true, &hold[i], &trouble);
		SAME("its own", af_policy_generation(hold[i].policy), i + 1);
	}
	activate(path, "policy 1;", 9);
	pass_seconds();
	EXPECT(8, AFENCE_ERR_LIMIT);
	for (unsigned i = 0; i < 8; i++)
		SAME("still", af_policy_generation(hold[i].policy), i + 1);
	for (unsigned i = 0; i < 8; i++)
		af_policy_release(&hold[i]);
	pass_seconds();
	EXPECT(9, AFENCE_OK);
	return 0;
}

/* More files than are watched: what is over is opened each time. */
static int run_many_files(void)
{
	char name[4500];

	for (unsigned i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "%s.%u", path, i);
		activate(name, "policy 1;", 10 + i);
		if (expect_at(__LINE__, name, 10 + i, AFENCE_OK) != 0)
			return 1;
	}
	activate(name, "policy 1;", 3);
	return expect_at(__LINE__, name, 3, AFENCE_OK);
}

/* Whose file it may be is no matter of what is known already. */
static int run_users(void)
{
	struct af_policy_trouble trouble;
	struct af_hold hold;

	activate(path, "policy 1;", 5);
	if (getuid() != 0 || chown(path, 65534, 65534) != 0) {
		printf("(left out: needs root) ");
		return 0;
	}
	EXPECT(BUILTIN, AFENCE_ERR_UNTRUSTED);
	if (chmod(af_scratch_dir(), 0755) != 0 || seteuid(65534) != 0)
		return 1;
	if (access(path, R_OK) != 0) {
		printf("(left out: the folder is closed to others) ");
		return 0;
	}
	EXPECT(5, AFENCE_OK);
	af_policy_acquire(path, false, &hold, &trouble);
	SAME("root's only", af_policy_generation(hold.policy), BUILTIN);
	SAME("root's only", trouble.file, AFENCE_ERR_UNTRUSTED);
	af_policy_release(&hold);
	if (seteuid(0) != 0)
		return 1;
	pass_seconds();
	EXPECT(BUILTIN, AFENCE_OK);
	return 0;
}

/* ---- threads and forks ---- */

#define THREADS 8

static atomic_bool enough;
static atomic_ulong wrong;

/* The mode belongs to the generation: off where it is even. */
static void *meet_often(void *context)
{
	struct af_policy_trouble trouble;
	struct af_settings settings;
	struct af_hold hold;

	(void)context;
	while (!enough) {
		af_policy_acquire(path, true, &hold, &trouble);
		af_policy_settings(hold.policy, NULL, 0, &settings);
		wrong += (af_policy_generation(hold.policy) % 2 == 0) !=
			 (settings.mode == AFENCE_MODE_OFF);
		af_policy_release(&hold);
	}
	return NULL;
}

static void activate_mode(uint64_t generation)
{
	activate(path, generation % 2 == 0 ? "policy 1; mode off;" : "policy 1;", generation);
}

/* The child goes on with what it has, and follows. */
static int run_child(uint64_t generation)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(20);
		meet(path);
		if (met.generation < generation)
			_exit(2);
		activate_mode(generation + 1000);
		pass_seconds();
		pass_seconds();
		meet(path);
		_exit(met.generation == generation + 1000 ? 0 : 3);
	}
	waitpid(pid, &status, 0);
	return status;
}

static int run_forks(void)
{
	static const struct timespec tick = {0, 1000 * 1000};
	pthread_t thread[THREADS];

	activate_mode(4000);
	EXPECT(4000, AFENCE_OK);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, meet_often, NULL);
	for (uint64_t i = 2; i <= 30; i++) {
		/* Each child leaves a higher generation behind. */
		SAME("child", run_child(i * 2000), 0);
		activate_mode(i * 2000 + 1500);
		pass_seconds();
		activate_mode((i + 1) * 2000);
		pass_seconds();
		/* Another thread may be about to look, and wait for a processor. */
		for (int j = 0; j < 10000 && met.generation < (i + 1) * 2000; j++) {
			nanosleep(&tick, NULL);
			pass_seconds();
			meet(path);
		}
	}
	enough = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	SAME("wrong", wrong, 0);
	return 0;
}

/* ---- suite ---- */

static const struct {
	const char *name;
	int (*run)(void);
} rows[] = {
	{"followed", run_followed},
	{"within a second", run_a_second},
	{"changed twice at one time", run_same_tick},
	{"lower", run_lower},
	{"rubbish", run_rubbish},
	{"late", run_late},
	{"previous", run_previous},
	{"vanished", run_vanished},
	{"chroot", run_chroot},
	{"many generations", run_many_generations},
	{"all places in use", run_all_in_use},
	{"many files", run_many_files},
	{"users", run_users},
	{"forks among threads", run_forks},
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = -1;
		pid_t pid;

		snprintf(path, sizeof(path), "%s/%zu.bin", af_scratch_dir(), i);
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			alarm(60);
			status = rows[i].run();
			fflush(stdout);
			_exit(status);
		}
		waitpid(pid, &status, 0);
		CHECK_NUMBER(rows[i].name, status, 0);
	}
}

static CU_TestInfo tests[] = {
	{"a policy that changes under a process", test_rows},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"watch", NULL, NULL, NULL, NULL, tests};
