/* SPDX-License-Identifier: MIT */
/*
 * A login from pam_start to pam_end with the guard, beside modules of Linux-PAM that a line of the
 * same purpose could use, all before pam_permit.  They take turns in rounds, and the medians are
 * compared: the processor time of the process, and the time that passed.
 *
 * The log and the audit system of the machine are left out: they would drown what is measured.
 *
 * usage: pam BUILD POLICY      (POLICY: a compiled one)
 *        pam --first FOLDER SERVICE USER  (what the above starts: nanoseconds of the first login of a
 *                                          process)
 */
#include <errno.h>
#include <link.h>
#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "median.h"

#define ROUNDS  301
#define A_ROUND 20
#define FIRSTS  101

static char folder[4096];

static void fail(const char *what)
{
	fprintf(stderr, "pam: %s\n", what);
	exit(3);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	(void)priority, (void)flag, (void)format;
}

void syslog(int priority, const char *format, ...)
{
	(void)priority, (void)format;
}

int audit_open(void);

int audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

#define BOB   "bob@acme.org"
#define ALICE "alice@example.com"

#define GUARD     "[default=ignore perm_denied=die] GUARD target=192.88.99.7"
#define ANOTHER   GUARD " [policy=POLICY]"
#define FINDS     "[default=ignore perm_denied=die] GUARD [confdir=FOLDER]"
#define SUCCEEDED "requisite pam_succeed_if.so quiet user !~ *@example.com"

/* A forwarder by its name: it is a copy of pam_permit. */
#define RADIUS                                        \
	"\nauth required [FOLDER/pam_radius_auth.so]" \
	" [conf=FOLDER/radius]"

static const struct side {
	const char *name;
	const char *line; /* before pam_permit; NULL: none */
	const char *user;
	int code;
} sides[] = {
	{"pam_permit alone", NULL, BOB, PAM_SUCCESS},
	{"pam_succeed_if", SUCCEEDED, BOB, PAM_SUCCESS},
	{"pam_listfile, 10 lines",
		"requisite pam_listfile.so item=user sense=deny onerr=fail [file=FOLDER/names]",
		BOB, PAM_SUCCESS},
	{"pam_access, 2 rules", "requisite pam_access.so [accessfile=FOLDER/access]", "root",
		PAM_SUCCESS},
	{"guard", GUARD, BOB, PAM_SUCCESS},
	{"guard, policy=", ANOTHER, BOB, PAM_SUCCESS},
	{"a forwarder unguarded", "required pam_permit.so" RADIUS, BOB, PAM_SUCCESS},
	{"guard finds, ordinary", FINDS RADIUS, BOB, PAM_SUCCESS},
	{"guard finds, bare", FINDS RADIUS, "bob", PAM_SUCCESS},
	{"finds nothing, reserved", FINDS, ALICE, PAM_SUCCESS},
	{"pam_succeed_if, refused", SUCCEEDED, ALICE, PAM_AUTH_ERR},
	{"guard, refused", GUARD, ALICE, PAM_PERM_DENIED},
	{"guard, policy=, refused", ANOTHER, ALICE, PAM_PERM_DENIED},
	{"guard finds, refused", FINDS RADIUS, ALICE, PAM_PERM_DENIED},
};

#define SIDES (sizeof(sides) / sizeof(sides[0]))

enum { ALONE, PEER }; /* what others are compared with */

static bool missing[SIDES];

/* ---- files ---- */

static FILE *create(const char *name)
{
	char path[4200];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	if (out == NULL)
		fail("no room for service files");
	return out;
}

/* LINE with the words in capitals replaced. */
static void write_line(FILE *out, const char *line, const char *build, const char *policy)
{
	const struct {
		const char *word;
		const char *before;
		const char *value;
		const char *after;
	} words[] = {
		{"GUARD", "[", build, "/pam/pam_authfence.so]"},
		{"POLICY", "", policy, ""},
		{"FOLDER", "", folder, ""},
	};

	while (*line != '\0') {
		size_t i = 0;

		while (i < 3 && strncmp(line, words[i].word, strlen(words[i].word)) != 0)
			i++;
		if (i < 3) {
			fprintf(out, "%s%s%s", words[i].before, words[i].value, words[i].after);
			line += strlen(words[i].word);
		} else {
			fputc(*line++, out);
		}
	}
	fputc('\n', out);
}

static void write_files(const char *build, const char *policy)
{
	char name[32];
	FILE *out;

	for (size_t i = 0; i < SIDES; i++) {
		snprintf(name, sizeof(name), "side%zu", i);
		out = create(name);
		if (sides[i].line != NULL) {
			fputs("auth ", out);
			write_line(out, sides[i].line, build, policy);
		}
		fputs("auth required pam_permit.so\n", out);
		fclose(out);
	}
	out = create("other");
	fputs("auth required pam_deny.so\n", out);
	fclose(out);
	out = create("names");
	for (int i = 0; i < 10; i++)
		fprintf(out, "user%d@example.com\n", i);
	fclose(out);
	out = create("access");
	fprintf(out, "-:%s:ALL\n+:ALL:ALL\n", ALICE);
	fclose(out);
	out = create("radius");
	fputs("192.88.99.7:1812 secret 3\n", out);
	fclose(out);
}

static void remove_files(void)
{
	char command[4200];

	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	if (system(command) != 0)
		fail("the folder of service files stays");
}

/* ---- logins ---- */

static int converse(
	int count, const struct pam_message **message, struct pam_response **out, void *context)
{
	(void)message, (void)context;
	*out = calloc((size_t)count, sizeof(**out));
	return PAM_SUCCESS;
}

static int log_in(const char *service, const char *user)
{
	static const struct pam_conv conv = {converse, NULL};
	pam_handle_t *pamh = NULL;
	int code;

	if (pam_start_confdir(service, user, &conv, folder, &pamh) != PAM_SUCCESS)
		fail("pam_start_confdir failed");
	code = pam_authenticate(pamh, 0);
	pam_end(pamh, code);
	return code;
}

static int find_permit(struct dl_phdr_info *info, size_t size, void *context)
{
	const char *slash = strrchr(info->dlpi_name, '/');

	(void)size;
	if (slash == NULL || strcmp(slash, "/pam_permit.so") != 0)
		return 0;
	snprintf(context, 4096, "%s", info->dlpi_name);
	return 1;
}

/* libpam knows where its modules are. */
static void copy_module(void)
{
	static const struct pam_conv conv = {converse, NULL};
	pam_handle_t *pamh = NULL;
	char command[9000], path[4096] = "";

	if (pam_start_confdir("side0", BOB, &conv, folder, &pamh) != PAM_SUCCESS ||
		dl_iterate_phdr(find_permit, path) == 0)
		fail("no pam_permit");
	pam_end(pamh, PAM_SUCCESS);
	snprintf(command, sizeof(command), "cp '%s' '%s/pam_radius_auth.so' && chmod 755 '%s'",
		path, folder, folder);
	if (system(command) != 0)
		fail("no copy of pam_permit");
}

static void find_missing(void)
{
	char service[32];

	for (size_t i = 0; i < SIDES; i++) {
		snprintf(service, sizeof(service), "side%zu", i);
		missing[i] = log_in(service, sides[i].user) != sides[i].code;
		if (missing[i] && strncmp(sides[i].name, "guard", 5) == 0)
			fail("the guard is not loaded, or answers otherwise");
		if (missing[i])
			printf("  skipped: %s: not here, or it answers otherwise\n", sides[i].name);
	}
	if (missing[ALONE])
		fail("no pam_permit");
}

struct result {
	double processor;
	double passed;
};

static struct result run_round(size_t side)
{
	double processor, passed;
	char service[32];

	snprintf(service, sizeof(service), "side%zu", side);
	processor = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	passed = now_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < A_ROUND; i++)
		log_in(service, sides[side].user);
	return (struct result){(now_ns(CLOCK_PROCESS_CPUTIME_ID) - processor) / A_ROUND,
		(now_ns(CLOCK_MONOTONIC) - passed) / A_ROUND};
}

static void bench_logins(struct result result[SIDES])
{
	static double processor[SIDES][ROUNDS];
	static double passed[SIDES][ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		for (size_t side = 0; side < SIDES; side++) {
			struct result one = {0, 0};

			if (!missing[side])
				one = run_round(side);
			processor[side][i] = one.processor;
			passed[side][i] = one.passed;
		}
	}
	for (size_t side = 0; side < SIDES; side++)
		result[side] = (struct result){
			median(processor[side], ROUNDS), median(passed[side], ROUNDS)};
}

/* ---- the first login of a process, as of sshd and su: the guard then brings libidn2 along, which
 * is most of what it takes longer ---- */

static struct result first_login(size_t side)
{
	struct result result = {0, 0};
	char command[9000];
	FILE *pipe;

	snprintf(command, sizeof(command), "exec /proc/%d/exe --first '%s' side%zu '%s'",
		(int)getpid(), folder, side, sides[side].user);
	pipe = popen(command, "r");
	if (pipe == NULL || fscanf(pipe, "%lf %lf", &result.processor, &result.passed) != 2)
		fail("a fresh process gave no answer");
	pclose(pipe);
	return result;
}

static void print_first(const char *service, const char *user)
{
	double processor = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	double passed = now_ns(CLOCK_MONOTONIC);

	log_in(service, user);
	printf("%.0f %.0f\n", now_ns(CLOCK_PROCESS_CPUTIME_ID) - processor,
		now_ns(CLOCK_MONOTONIC) - passed);
}

static void bench_firsts(struct result result[SIDES])
{
	static double processor[SIDES][FIRSTS];
	static double passed[SIDES][FIRSTS];

	for (size_t i = 0; i < FIRSTS; i++) {
		for (size_t side = 0; side < SIDES; side++) {
			struct result one = {0, 0};

			if (!missing[side])
				one = first_login(side);
			processor[side][i] = one.processor;
			passed[side][i] = one.passed;
		}
	}
	for (size_t side = 0; side < SIDES; side++)
		result[side] = (struct result){
			median(processor[side], FIRSTS), median(passed[side], FIRSTS)};
}

static void print_results(const char *title, const struct result result[SIDES])
{
	printf("  %-26s %14s %14s   %s\n", title, "processor", "passed", "of pam_succeed_if");
	for (size_t side = 0; side < SIDES; side++) {
		if (missing[side])
			continue;
		printf("  %-26s %11.1f us %11.1f us", sides[side].name,
			result[side].processor / 1e3, result[side].passed / 1e3);
		if (!missing[PEER])
			printf("   %.2f %.2f", result[side].processor / result[PEER].processor,
				result[side].passed / result[PEER].passed);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	struct result result[SIDES];

	if (argc == 5 && strcmp(argv[1], "--first") == 0) {
		snprintf(folder, sizeof(folder), "%s", argv[2]);
		print_first(argv[3], argv[4]);
		return 0;
	}
	if (argc != 3) {
		fprintf(stderr, "usage: pam BUILD POLICY\n");
		return 2;
	}
	snprintf(folder, sizeof(folder), "%s/pam.d-XXXXXX", argv[1]);
	if (mkdtemp(folder) == NULL)
		fail("no folder for service files");
	write_files(argv[1], argv[2]);
	copy_module();
	find_missing();
	bench_logins(result);
	print_results("pam_start to pam_end", result);
	bench_firsts(result);
	print_results("the first of a process", result);
	remove_files();
	return 0;
}
