/* SPDX-License-Identifier: MIT */
/*
 * Starts the trial of canary.c as the program that is running, once with the environment of this
 * shell and once with that of a daemon, and judges what it tells.
 *
 * The process gets no descriptor of this one but a pipe: a socket that we have from our parent
 * must not be taken by the guard for the connection of the canary, and be shut down.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sasl/sasl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../output/json.h"
#include "../memory.h"
#include "af_decide.h"
#include "canary.h"
#include "doctor.h"

#define DEADLINE_MS 20000
#define ANSWER_MAX  65536

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void become_canary(int answer, char **environment, char *plugin)
{
	char *argv[] = {"authfence", "doctor", "--canary", plugin, NULL};
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
		dup2(answer, STDOUT_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
		_exit(AFENCE_EXIT_UNFINISHED);
	execve("/proc/self/exe", argv, environment);
	_exit(AFENCE_EXIT_UNFINISHED);
}

/* All that comes out of FD until the other end is closed; false: too late, or too much. */
static bool collect(int fd, char text[ANSWER_MAX])
{
	int64_t end = now_ms() + DEADLINE_MS, left;
	size_t used = 0;
	ssize_t got = 1;

	while (got > 0 && used < ANSWER_MAX - 1 && (left = end - now_ms()) > 0) {
		struct pollfd input = {fd, POLLIN, 0};

		if (poll(&input, 1, (int)left) <= 0)
			continue;
		got = read(fd, text + used, ANSWER_MAX - 1 - used);
		if (got > 0)
			used += (size_t)got;
	}
	text[used] = '\0';
	return got == 0;
}

/* What came of a trial. */
struct outcome {
	json_t *answer; /* NULL: it came to no answer */
	int signal;     /* that ended it; 0: none */
	char *why;      /* there was no telling, else NULL */
};

static void finish(pid_t pid, int fd, struct outcome *out)
{
	char *text = af_new(ANSWER_MAX, 1);
	bool collected = collect(fd, text);
	int status = 0;

	if (!collected)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!collected)
		out->why = af_format("no answer within %d seconds", DEADLINE_MS / 1000);
	else if (WIFSIGNALED(status))
		out->signal = WTERMSIG(status);
	else if (status != 0 || (out->answer = json_loads(text, 0, NULL)) == NULL)
		out->why = af_format("it ended with status %d", WEXITSTATUS(status));
	free(text);
}

static void run_trial(char **environment, char *plugin, struct outcome *out)
{
	int end[2];
	pid_t pid;

	memset(out, 0, sizeof(*out));
	if (pipe2(end, O_CLOEXEC) != 0) {
		out->why = af_format("%s", strerror(errno));
		return;
	}
	pid = fork();
	if (pid == 0)
		become_canary(end[1], environment, plugin);
	close(end[1]);
	if (pid > 0)
		finish(pid, end[0], out);
	else
		out->why = af_format("%s", strerror(errno));
	close(end[0]);
}

static const char *string_at(const json_t *answer, const char *object, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(answer, object), key));

	return text != NULL ? text : "";
}

static int number_at(const json_t *answer, const char *object, const char *key)
{
	return (int)json_integer_value(json_object_get(json_object_get(answer, object), key));
}

static void judge_not_loaded(struct af_doctor *doctor, const json_t *answer, const char *path)
{
	const char *load = json_string_value(json_object_get(answer, "load"));

	if (path != NULL && load == NULL) {
		af_doctor_find(doctor, AFENCE_RESULT_FAILED,
			"SASL_PATH=%s hides the system's plugin folder: libsasl2 loads no guard",
			path);
		af_doctor_remedy(doctor,
			"unset SASL_PATH where it is set (profile, /etc/environment, unit), or add "
			"the system's plugin folder to it");
		return;
	}
	af_doctor_find(doctor, AFENCE_RESULT_FAILED, "libsasl2 does not load the guard%s%s",
		load != NULL ? ": " : "", load != NULL ? load : "");
}

/* The policy lets the canary pass, and the guard obeys. */
static void judge_permitted(struct af_doctor *doctor, const json_t *answer)
{
	const char *reason = string_at(answer, "expect", "reason");
	bool off = strcmp(reason, af_reason_string(AFENCE_REASON_MODE_OFF)) == 0;

	af_doctor_find(doctor, off ? AFENCE_RESULT_FAILED : AFENCE_RESULT_WARNING,
		"the guard is loaded, but the policy (%s) lets the canary pass: %s%s",
		string_at(answer, "expect", "policy"), reason,
		number_at(answer, "expect", "verdict") == AFENCE_OBSERVE ? ", observed only" : "");
	af_doctor_remedy(
		doctor, off ? "take mode off out of the policy and compile it again"
			    : "if that is not meant, change the policy and compile it again");
}

static void judge_refused(struct af_doctor *doctor, const json_t *answer, const char *path)
{
	const char *mechanism = string_at(answer, "canary", "mechanism");
	const char *file = json_string_value(json_array_get(json_object_get(answer, "guards"), 0));
	bool has_plain = strcmp(mechanism, "PLAIN") == 0;

	af_doctor_find(doctor, path != NULL ? AFENCE_RESULT_WARNING : AFENCE_RESULT_OK,
		"%s to %s is refused (%s), a name without domain passes; loaded: %s%s%s%s",
		AFENCE_CANARY_IDENTITY, AFENCE_CANARY_TARGET, mechanism, file != NULL ? file : "",
		has_plain ? "" : "; PLAIN is missing (package libsasl2-modules)",
		path != NULL ? "; SASL_PATH=" : "", path != NULL ? path : "");
	if (path != NULL)
		af_doctor_remedy(doctor, "unset SASL_PATH unless this is a trial: programs of this "
					 "shell load other plugins than daemons");
}

/* PATH: SASL_PATH of the trial's environment, or NULL. */
static void judge(struct af_doctor *doctor, const json_t *answer, const char *path)
{
	int init = (int)json_integer_value(json_object_get(answer, "init"));
	int canary = number_at(answer, "canary", "code");
	int ordinary = number_at(answer, "ordinary", "code");

	if (init != SASL_OK)
		af_doctor_find(doctor, AFENCE_RESULT_FAILED, "libsasl2 does not start: %s",
			sasl_errstring(init, NULL, NULL));
	else if (json_array_size(json_object_get(answer, "guards")) == 0)
		judge_not_loaded(doctor, answer, path);
	else if (ordinary != SASL_OK && ordinary != SASL_CONTINUE)
		af_doctor_find(doctor, AFENCE_RESULT_FAILED,
			"an ordinary login does not pass: %s (%s)",
			string_at(answer, "ordinary", "detail"),
			string_at(answer, "ordinary", "mechanism"));
	else if (canary == SASL_NOAUTHZ)
		judge_refused(doctor, answer, path);
	else if (canary != SASL_OK && canary != SASL_CONTINUE)
		af_doctor_find(doctor, AFENCE_RESULT_FAILED, "the canary ends in another way: %s",
			string_at(answer, "canary", "detail"));
	else if (number_at(answer, "expect", "verdict") != AFENCE_BLOCK)
		judge_permitted(doctor, answer);
	else
		af_doctor_find(doctor, AFENCE_RESULT_FAILED,
			"the guard is loaded but not asked: another plugin of the folder stands in "
			"its place for canon_user");
}

static char *own_plugin(const struct af_doctor *doctor)
{
	char *path = NULL;

	for (size_t i = 0; i < doctor->sasl.count && path == NULL; i++) {
		struct stat st;

		path = af_format("%s/sasl2/libauthfence.so", doctor->sasl.list[i].folder);
		if (!af_root_stat(&doctor->root, path, &st)) {
			free(path);
			path = NULL;
		}
	}
	return path;
}

static void try_canary(struct af_doctor *doctor, char **environment, const char *path)
{
	char *plugin = own_plugin(doctor);
	struct outcome outcome;

	run_trial(environment, plugin, &outcome);
	if (outcome.answer != NULL) {
		judge(doctor, outcome.answer, path);
	} else if (outcome.signal != 0) {
		af_doctor_find(doctor, AFENCE_RESULT_FAILED,
			"a program that loads libsasl2 and its plugins dies (%s): one of them is broken",
			strsignal(outcome.signal));
	} else {
		doctor->unfinished = true;
		af_doctor_find(doctor, AFENCE_RESULT_FAILED, "the trial failed: %s", outcome.why);
		af_doctor_remedy(
			doctor, "see what else lies in the plugin folder, and that /proc is there");
	}
	json_decref(outcome.answer);
	free(outcome.why);
	free(plugin);
}

/* True if there is no sense in trying, which is said then. */
static bool is_pointless(struct af_doctor *doctor, const char *path)
{
	const char *why = NULL;

	if (doctor->sasl.count == 0)
		why = "not applicable: no libsasl2";
	else if (!af_doctor_is_live(doctor))
		why = "not tried: programs of another root folder are not run; "
		      "run authfence doctor in it";
	else if (doctor->plugin_untrusted)
		why = "not tried: the plugin could be anybody's program";
	else if (!doctor->plugin_there && path == NULL)
		why = "not tried: the plugin is missing";
	if (why != NULL)
		af_doctor_find(doctor, AFENCE_RESULT_SKIPPED, "%s", why);
	return why != NULL;
}

void af_doctor_sasl_daemon(struct af_doctor *doctor)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *environment[] = {path, NULL};

	if (!is_pointless(doctor, NULL))
		try_canary(doctor, environment, NULL);
}

/* A SASL_PATH that says what libsasl2 does anyway makes no difference. */
void af_doctor_sasl_shell(struct af_doctor *doctor)
{
	const char *path = getenv("SASL_PATH");

	for (size_t i = 0; i < doctor->sasl.count && path != NULL; i++) {
		char *folder = af_format("%s/sasl2", doctor->sasl.list[i].folder);

		if (strcmp(path, folder) == 0)
			path = NULL;
		free(folder);
	}
	if (!is_pointless(doctor, path))
		try_canary(doctor, environ, path);
}
