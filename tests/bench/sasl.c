/* SPDX-License-Identifier: MIT */
/*
 * What the plugin adds to libsasl2: a whole PLAIN exchange of a client, and sasl_client_init() in
 * a fresh process.  libsasl2 loads plugins once a process, so each side has processes of its own;
 * they take turns, and the medians are compared.
 *
 * usage: sasl BUILD
 *        sasl --init FOLDERS      (what the above starts: nanoseconds of one sasl_client_init)
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../unit/mech.h"
#include "median.h"

#define ROUNDS     501
#define A_ROUND    100
#define INIT_TIMES 201

enum { WITHOUT, WITH, SIDES };

struct worker {
	int ask;
	int answer;
};

static char folders[SIDES][8192];
static const char *mechanism = "PLAIN";

static void fail(const char *what)
{
	fprintf(stderr, "sasl: %s\n", what);
	exit(3);
}

static int give_name(void *context, int id, const char **result, unsigned *len)
{
	(void)context;
	*result = id == SASL_CB_USER ? "" : "alice.smith@mail.corp.net";
	if (len != NULL)
		*len = (unsigned)strlen(*result);
	return SASL_OK;
}

static int give_secret(sasl_conn_t *conn, void *context, int id, sasl_secret_t **out)
{
	static union {
		sasl_secret_t secret;
		char room[64];
	} secret;

	(void)conn;
	(void)context;
	(void)id;
	secret.secret.len = 6;
	memcpy(secret.secret.data, "secret", 7);
	*out = &secret.secret;
	return SASL_OK;
}

/* The library keeps callbacks of all shapes as one type. */
static const sasl_callback_t callbacks[] = {
	{SASL_CB_AUTHNAME, (int (*)(void))(void (*)(void))give_name, NULL},
	{SASL_CB_USER, (int (*)(void))(void (*)(void))give_name, NULL},
	{SASL_CB_PASS, (int (*)(void))(void (*)(void))give_secret, NULL},
	{SASL_CB_LIST_END, NULL, NULL},
};

static double start_library(char *path)
{
	double start;

	unsetenv("SASL_PATH");
	sasl_set_path(SASL_PATH_TYPE_PLUGIN, path);
	start = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (sasl_client_init(callbacks) != SASL_OK)
		fail("sasl_client_init failed");
	return now_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
}

static void exchange(void)
{
	sasl_conn_t *conn;
	const char *answer;
	const char *chosen;
	unsigned len;

	if (sasl_client_new("imap", "imap.corp.net", NULL, NULL, NULL, 0, &conn) != SASL_OK ||
		sasl_client_start(conn, mechanism, NULL, &answer, &len, &chosen) != SASL_OK)
		fail("the exchange failed");
	sasl_dispose(&conn);
}

/* For each byte that comes in, one round goes out. */
static void work(const struct worker *end, char *path)
{
	double start;
	double result;
	char byte;

	start_library(path);
	sasl_client_add_plugin("test", mech_client_init);
	while (read(end->ask, &byte, 1) == 1) {
		start = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		for (int i = 0; i < A_ROUND; i++)
			exchange();
		result = (now_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / A_ROUND;
		if (write(end->answer, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

static struct worker start_worker(char *path)
{
	int ask[2];
	int answer[2];

	if (pipe(ask) != 0 || pipe(answer) != 0)
		fail("no pipe");
	if (fork() == 0) {
		close(ask[1]);
		work(&(struct worker){ask[0], answer[1]}, path);
	}
	close(ask[0]);
	close(answer[1]);
	return (struct worker){ask[1], answer[0]};
}

static void bench_exchange(double result[SIDES])
{
	static double round[SIDES][ROUNDS];
	struct worker worker[SIDES];

	for (int side = 0; side < SIDES; side++)
		worker[side] = start_worker(folders[side]);
	for (int i = 0; i < ROUNDS; i++) {
		for (int side = 0; side < SIDES; side++) {
			if (write(worker[side].ask, "", 1) != 1 ||
				read(worker[side].answer, &round[side][i], sizeof(double)) !=
					sizeof(double))
				fail("a worker ended");
		}
	}
	for (int side = 0; side < SIDES; side++) {
		close(worker[side].ask);
		result[side] = median(round[side], ROUNDS);
	}
}

static double init_once(const char *path)
{
	char command[9000];
	double result = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "exec /proc/%d/exe --init '%s'", (int)getpid(), path);
	pipe = popen(command, "r");
	if (pipe == NULL || fscanf(pipe, "%lf", &result) != 1)
		fail("a fresh process gave no answer");
	pclose(pipe);
	return result;
}

static void bench_init(double result[SIDES])
{
	static double time[SIDES][INIT_TIMES];

	for (int i = 0; i < INIT_TIMES; i++) {
		for (int side = 0; side < SIDES; side++)
			time[side][i] = init_once(folders[side]);
	}
	for (int side = 0; side < SIDES; side++)
		result[side] = median(time[side], INIT_TIMES);
}

/* libsasl2's own folder stands beside it. */
static void find_folders(const char *build)
{
	Dl_info info;
	char file[8300];

	if (dladdr(dlsym(RTLD_DEFAULT, "sasl_client_start"), &info) == 0)
		fail("libsasl2 cannot be found");
	snprintf(folders[WITHOUT], sizeof(folders[0]), "%.*s/sasl2",
		(int)(strrchr(info.dli_fname, '/') - info.dli_fname), info.dli_fname);
	snprintf(folders[WITH], sizeof(folders[0]), "%.4000s:%.4000s/sasl2", folders[WITHOUT],
		build);
	snprintf(file, sizeof(file), "%s/libauthfence.so", folders[WITHOUT]);
	if (access(file, F_OK) == 0)
		fail("authfence is installed here, so there is no \"without\"");
	snprintf(file, sizeof(file), "%s/libplain.so", folders[WITHOUT]);
	if (access(file, F_OK) != 0) {
		printf("  libsasl2-modules is missing: a mechanism of the tests stands in for PLAIN\n");
		mechanism = MECH_NAME;
	}
}

int main(int argc, char **argv)
{
	double result[SIDES];

	if (argc == 3 && strcmp(argv[1], "--init") == 0) {
		printf("%.0f\n", start_library(argv[2]));
		return 0;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: sasl BUILD\n");
		return 2;
	}
	find_folders(argv[1]);
	bench_exchange(result);
	printf("  %-36s without %7.2f us   with %7.2f us   %+.2f us\n", "PLAIN exchange",
		result[WITHOUT] / 1e3, result[WITH] / 1e3, (result[WITH] - result[WITHOUT]) / 1e3);
	bench_init(result);
	printf("  %-36s without %7.0f us   with %7.0f us   %.2f times\n", "sasl_client_init",
		result[WITHOUT] / 1e3, result[WITH] / 1e3, result[WITH] / result[WITHOUT]);
	return 0;
}
