/* SPDX-License-Identifier: MIT */
/*
 * Threads that decide without a pause while another process, the command, puts one generation after
 * the other into force: those of odd numbers reserve odd.lan, those of even numbers even.lan.  So
 * who is refused must fit the number of the policy that was asked, which must never fall.  Odd ones
 * are small and read, even ones are large and mapped, so that one freed too early is missed.
 *
 * usage: reload COMMAND FOLDER [GENERATIONS [early]]
 *	COMMAND: authfence; FOLDER: an empty one; early: the threads let each policy go before they
 *	ask it, which a build with a sanitizer must notice
 */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "af_decide.h"
#include "af_policy.h"

#define THREADS    8
#define LARGE_ROWS 10000
#define TOGETHER   10 /* after so many generations, all threads must have seen the last */

static char path[4200];
static bool early;
static atomic_bool enough;
static atomic_ulong decisions, wrong, fallen, troubles, full;
static struct thread {
	pthread_t id;
	_Atomic uint64_t last;
	unsigned long seen; /* generations */
	unsigned long rounds;
} threads[THREADS];

static void give_up(const char *what)
{
	fprintf(stderr, "reload: %s\n", what);
	exit(3);
}

static void rest(long milliseconds)
{
	nanosleep(&(struct timespec){0, milliseconds * 1000 * 1000}, NULL);
}

/* ---- policies ---- */

static void write_source(const char *folder, const char *name, unsigned rows)
{
	char file[4200];
	FILE *out;

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	out = fopen(file, "w");
	if (out == NULL)
		give_up("no policy written");
	fprintf(out, "policy 1;\nreserve \"%s.lan\";\n", name);
	for (unsigned i = 0; i < rows; i++)
		fprintf(out, "reserve \"number-%u.some-department.laboratory.lan\";\n", i);
	if (fclose(out) != 0)
		give_up("no policy written");
}

/* The command counts: what it writes is one generation above what was there. */
static void activate(const char *command, const char *folder, uint64_t generation)
{
	char source[4200];
	char *const words[] = {"authfence", "policy", "compile", "--output", path, source, NULL};
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t quiet;
	int status = -1;
	pid_t pid;

	snprintf(source, sizeof(source), "%s/%s", folder, generation % 2 == 0 ? "even" : "odd");
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, command, &quiet, NULL, words, environment) != 0 ||
		waitpid(pid, &status, 0) != pid || status != 0)
		give_up("no policy compiled");
	posix_spawn_file_actions_destroy(&quiet);
}

/* ---- threads ---- */

/* By its row and no other. */
static bool refuses(const struct af_policy *policy, const char *identity, const char *rule)
{
	struct af_request request = {.stack = AFENCE_STACK_SASL,
		.host = "192.88.99.7",
		.login = {{identity, strlen(identity), AFENCE_FORM_AUTO}},
		.login_count = 1};
	struct af_decision decision;

	af_decide(policy, &request, &decision);
	decisions++;
	return decision.verdict == AFENCE_BLOCK && strcmp(decision.rule.name, rule) == 0;
}

static void ask(const struct af_policy *policy)
{
	bool odd = af_policy_generation(policy) % 2 == 1;

	if (refuses(policy, "alice@odd.lan", "reserve:odd.lan") != odd ||
		refuses(policy, "alice@even.lan", "reserve:even.lan") == odd)
		wrong++;
}

static void note(struct thread *self, uint64_t generation)
{
	if (generation < self->last)
		fallen++;
	if (generation != self->last)
		self->seen++;
	self->last = generation;
}

/* Some hold a policy for longer than it is in force. */
static void decide_once(struct thread *self)
{
	struct af_policy_trouble trouble;
	const struct af_policy *policy;
	struct af_hold hold;
	uint64_t generation;

	af_policy_acquire(path, true, &hold, &trouble);
	policy = hold.policy;
	generation = af_policy_generation(policy);
	if (trouble.file == AFENCE_ERR_LIMIT)
		full++;
	else if (trouble.file != AFENCE_OK)
		troubles++;
	if (early)
		af_policy_release(&hold);
	ask(policy);
	if (++self->rounds % 256 == 0)
		rest(10);
	ask(policy);
	if (!early)
		af_policy_release(&hold);
	note(self, generation);
}

static void *decide_often(void *context)
{
	while (!enough)
		decide_once(context);
	return NULL;
}

/* False: some thread goes on with an old one for minutes. */
static bool all_have_seen(uint64_t generation)
{
	for (int i = 0; i < THREADS; i++) {
		for (int wait = 0; threads[i].last < generation; wait++) {
			if (wait == 60 * 100)
				return false;
			rest(10);
		}
	}
	return true;
}

/* ---- the run ---- */

static void start_threads(void)
{
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i].id, NULL, decide_often, &threads[i]) != 0)
			give_up("no thread");
}

static void join_threads(unsigned long *least)
{
	enough = true;
	*least = (unsigned long)-1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i].id, NULL);
		if (threads[i].seen < *least)
			*least = threads[i].seen;
	}
}

static int run(const char *command, const char *folder, uint64_t count)
{
	unsigned long least;
	bool followed = true;

	activate(command, folder, 1);
	start_threads();
	for (uint64_t i = 2; i <= count && followed; i++) {
		activate(command, folder, i);
		if (i % TOGETHER == 0 || i == count)
			followed = all_have_seen(i);
	}
	join_threads(&least);
	printf("%llu generations, %lu seen by each thread at least, %lu decisions\n"
	       "wrong %lu, fallen %lu, troubles %lu, without a place %lu%s\n",
		(unsigned long long)count, least, decisions, wrong, fallen, troubles, full,
		followed ? "" : ", one not followed");
	return followed && least >= count / TOGETHER && wrong + fallen + troubles == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	int failed;

	if (argc < 3 || argc > 5 || (argc == 5 && strcmp(argv[4], "early") != 0)) {
		fprintf(stderr, "usage: reload COMMAND FOLDER [GENERATIONS [early]]\n");
		return 2;
	}
	early = argc == 5;
	snprintf(path, sizeof(path), "%s/policy.bin", argv[2]);
	write_source(argv[2], "odd", 0);
	write_source(argv[2], "even", LARGE_ROWS);
	failed = run(argv[1], argv[2], argc > 3 ? strtoul(argv[3], NULL, 10) : 200);
	printf("%d passed, %d failed\n", 1 - failed, failed);
	return failed;
}
