/* SPDX-License-Identifier: MIT */
/*
 * The built module as libpam meets it: its symbols, and whole logins through the real library with
 * service files of its own, unprivileged.  Behind the guard stands pam_forward.c, which writes down
 * whether the password came that far.
 *
 * Each login is a process of its own, because a process keeps its policy and counts its log lines.
 * What is asked of libpam and libc meanwhile is seen by functions of theirs that this program
 * defines, too.
 */
#include "compiled.h"
#include "harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "af_policy.h"

/* The line that the manual page recommends, with the built module; a policy file of this machine
 * has no say. */
#define RECOMMENDED "[default=ignore perm_denied=die]"
#define FAR         "target=192.88.99.7"
#define ALICE       "alice@example.com"
#define SECRET      "s3cr3t of a test"

static char guard[4200];
static char toy[4200];

/* ---- what a login showed ---- */

static struct seen {
	int code;
	unsigned passwords; /* prompts that do not echo */
	unsigned names;     /* prompts that do */
	unsigned messages;
	unsigned item[PAM_AUTHTOK_TYPE + 1]; /* how often each was looked at */
	char message[1024];
	char log[8192]; /* "<priority>line\n"... */
} * seen;

static void note(int priority, const char *format, va_list list)
	__attribute__((format(printf, 2, 0)));

static void note(int priority, const char *format, va_list list)
{
	size_t used = strlen(seen->log);

	used += (size_t)snprintf(seen->log + used, sizeof(seen->log) - used, "<%d>", priority);
	used += (size_t)vsnprintf(seen->log + used, sizeof(seen->log) - used, format, list);
	if (used + 1 < sizeof(seen->log))
		memcpy(seen->log + used, "\n", 2);
}

/* What libpam calls instead of syslog() depends on how it was compiled. */
void __syslog_chk(int priority, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list list;

	(void)flag;
	va_start(list, format);
	note(priority, format, list);
	va_end(list);
}

void syslog(int priority, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	note(priority, format, list);
	va_end(list);
}

/* libpam tells the kernel of every login if it can. */
int audit_open(void);

int audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

/* The module's clocks go ahead by this. */
static time_t time_ahead;

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	static int (*real)(clockid_t, struct timespec *);
	void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
	int result;

	memcpy(&real, &symbol, sizeof(real));
	result = real(clock, out);
	out->tv_sec += time_ahead;
	return result;
}

/* How often a policy file was read. */
static unsigned opened;

int open(const char *path, int flags, ...)
{
	size_t len = strlen(path);
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = va_arg(list, mode_t);
	va_end(list);
	opened += len > 4 && strcmp(path + len - 4, ".bin") == 0;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int pam_get_item(const pam_handle_t *pamh, int item, const void **out)
{
	static int (*real)(const pam_handle_t *, int, const void **);
	void *symbol = dlsym(RTLD_NEXT, "pam_get_item");

	memcpy(&real, &symbol, sizeof(real));
	if (item >= 0 && item <= PAM_AUTHTOK_TYPE)
		seen->item[item]++;
	return real(pamh, item, out);
}

/* ---- stacks ---- */

static char folder[4200]; /* of service files */
static char empty[4300];  /* an image of no statements */
static char forwarded[4300];
static char toys[4200]; /* copies of it under names of real modules */

/* Words in the text of a stack that stand for a path of this run. */
static const struct {
	const char *word;
	const char *text;
	const char *value;
} words[] = {
	{"GUARD", "[%s]", guard},
	{"EMPTY", "[policy=%s]", empty},
	{"FORWARD", "[%s]", toy},
	{"LOG", "[log=%s]", forwarded},
	{"DIR", "%s", folder},
	{"TOYS", "%s", toys},
};

static size_t put_word(FILE *out, const char *text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *percent = strchr(words[i].text, '%');
		size_t len = strlen(words[i].word);

		if (strncmp(text, words[i].word, len) != 0)
			continue;
		fprintf(out, "%.*s%s%s", (int)(percent - words[i].text), words[i].text,
			words[i].value, percent + 2);
		return len;
	}
	fputc(*text, out);
	return 1;
}

static void write_service(const char *name, const char *text)
{
	char path[4300];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	while (*text != '\0')
		text += put_word(out, text);
	fclose(out);
}

static void write_other(void)
{
	write_service("other", "auth required pam_deny.so\naccount required pam_deny.so\n"
			       "password required pam_deny.so\nsession required pam_deny.so\n");
}

/* "module" and "arguments" of a stack: the guard as CONTROL says, then the one that sends. */
static void write_guarded(const char *type, const char *control, const char *arguments)
{
	char text[8192];

	snprintf(text, sizeof(text), "%s %s GUARD EMPTY %s\n%s required FORWARD LOG\n", type,
		control, arguments, type);
	write_service("fence", text);
}

static unsigned count_forwarded(void)
{
	FILE *in = fopen(forwarded, "r");
	char line[512];
	unsigned count = 0;

	while (in != NULL && fgets(line, sizeof(line), in) != NULL)
		count += strncmp(line, "FORWARDED ", 10) == 0;
	if (in != NULL)
		fclose(in);
	return count;
}

/* ---- policies ---- */

static void write_bytes(const char *name, const void *bytes, size_t len)
{
	char path[4300];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	fwrite(bytes, 1, len, out);
	fclose(out);
	chmod(path, 0644);
}

static void change_mode(const char *name, mode_t mode)
{
	char path[4300];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	CHECK_NUMBER(name, chmod(path, mode), 0);
}

static void write_policy(const char *name, const char *text)
{
	struct af_compiled image;

	compile_text(text, 7, &image);
	write_bytes(name, image.bytes, image.length);
	free(image.bytes);
}

/* ---- logins ---- */

struct attempt {
	const char *user;   /* NULL: the application does not know it */
	const char *answer; /* when asked for the name; NULL: none is given */
	int first;          /* what the application answers to the first question */
	int flags;
	int (*call)(pam_handle_t *pamh, int flags); /* NULL: pam_authenticate() */
	bool again;                                 /* call twice */
	bool confined;                              /* no sockets, no processes */
};

static unsigned questions;

static int answer_one(
	const struct attempt *attempt, const struct pam_message *message, struct pam_response *out)
{
	switch (message->msg_style) {
	case PAM_PROMPT_ECHO_OFF:
		seen->passwords++;
		out->resp = strdup(SECRET);
		break;
	case PAM_PROMPT_ECHO_ON:
		seen->names++;
		out->resp = attempt->answer != NULL ? strdup(attempt->answer) : NULL;
		break;
	default:
		seen->messages++;
		snprintf(seen->message, sizeof(seen->message), "%s", message->msg);
	}
	return PAM_SUCCESS;
}

static int converse(
	int count, const struct pam_message **message, struct pam_response **out, void *context)
{
	const struct attempt *attempt = context;

	if (questions++ == 0 && attempt->first != PAM_SUCCESS)
		return attempt->first;
	*out = calloc((size_t)count, sizeof(**out));
	for (int i = 0; i < count; i++)
		answer_one(attempt, message[i], &(*out)[i]);
	return PAM_SUCCESS;
}

static void deny(const long *deadly, size_t count)
{
	struct sock_filter filter[2 + 2 * 16];
	struct sock_fprog program = {(unsigned short)(2 + 2 * count), filter};
	size_t n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)deadly[i], 0, 1);
		filter[n++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(99);
}

/* From here on a socket or another process is deadly. */
static void confine(void)
{
	static const long deadly[] = {
#ifdef SYS_socketcall
		SYS_socketcall,
#endif
		SYS_socket, SYS_socketpair, SYS_connect, SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
		SYS_execve, SYS_clone, SYS_clone3};

	deny(deadly, sizeof(deadly) / sizeof(deadly[0]));
}

/* A login that has its policy, and another one for which an open file is deadly. */
static int authenticate_sealed(pam_handle_t *pamh, int flags)
{
	static const long deadly[] = {
#ifdef SYS_open
		SYS_open,
#endif
		SYS_openat, SYS_openat2, SYS_readlinkat, SYS_getdents64};

	pam_authenticate(pamh, flags);
	deny(deadly, sizeof(deadly) / sizeof(deadly[0]));
	return pam_authenticate(pamh, flags);
}

static void run_attempt(const struct attempt *attempt)
{
	struct pam_conv conv = {converse, (void *)(uintptr_t)attempt};
	int (*call)(pam_handle_t *, int) = attempt->call != NULL ? attempt->call : pam_authenticate;
	pam_handle_t *pamh = NULL;

	alarm(60);
	if (attempt->confined)
		confine();
	if (pam_start_confdir("fence", attempt->user, &conv, folder, &pamh) != PAM_SUCCESS)
		_exit(98);
	seen->code = call(pamh, attempt->flags);
	if (attempt->again)
		seen->code = call(pamh, attempt->flags);
	pam_end(pamh, seen->code);
}

/* Runs it in a child; what it showed is in *seen and the file of what was forwarded. */
static void try(const char *row, const struct attempt *attempt)
{
	int status = -1;
	pid_t pid;

	memset(seen, 0, sizeof(*seen));
	seen->code = -1;
	unlink(forwarded);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		run_attempt(attempt);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_NUMBER(row, status, 0);
}

static int try_user(const char *row, const char *user)
{
	const struct attempt attempt = {.user = user};

	try(row, &attempt);
	return seen->code;
}

/* ---- control values ---- */

enum { STOPS, SENDS, DENIES_AFTER_SENDING }; /* what becomes of the login */

static const struct {
	int code; /* of pam_authenticate(); -1: any but success */
	unsigned sent;
} outcome[] = {
	[STOPS] = {-1, 0},
	[SENDS] = {PAM_SUCCESS, 1},
	[DENIES_AFTER_SENDING] = {-1, 1},
};

static void check_outcome(const char *row, int want)
{
	if (outcome[want].code == PAM_SUCCESS)
		CHECK_NUMBER(row, seen->code, PAM_SUCCESS);
	else
		CHECK_NUMBER(row, seen->code != PAM_SUCCESS, true);
	CHECK_NUMBER(row, count_forwarded(), outcome[want].sent);
	CHECK_NUMBER(row, seen->passwords, outcome[want].sent);
}

/* What each control makes of a refused login, of one that may pass, and of a missing module. */
static void test_controls(void)
{
	static const struct {
		const char *control;
		int refused;
		int passed;
		int missing;
	} rows[] = {
		{RECOMMENDED, STOPS, SENDS, SENDS},
		{"requisite", STOPS, SENDS, STOPS},
		{"[success=ignore ignore=ignore default=die]", STOPS, SENDS, STOPS},
		{"[success=ok ignore=ignore default=die]", STOPS, SENDS, STOPS},
		{"[ignore=ignore default=die]", STOPS, SENDS, STOPS},
		{"[ignore=ignore module_unknown=ignore default=die]", STOPS, SENDS, SENDS},
		{"[success=ok default=die]", STOPS, STOPS, STOPS},
		{"required", DENIES_AFTER_SENDING, SENDS, DENIES_AFTER_SENDING},
		{"requird", DENIES_AFTER_SENDING, DENIES_AFTER_SENDING, DENIES_AFTER_SENDING},
		{"sufficient", SENDS, SENDS, SENDS},
		{"optional", SENDS, SENDS, SENDS},
		{"[success=1 default=ignore]", SENDS, SENDS, SENDS},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *control = rows[i].control;

		write_guarded("auth", control, FAR);
		try_user(control, ALICE);
		check_outcome(control, rows[i].refused);
		if (rows[i].refused == STOPS)
			CHECK_NUMBER(control, seen->code, PAM_PERM_DENIED);
		try_user(control, "bob@acme.org");
		check_outcome(control, rows[i].passed);
		snprintf(text, sizeof(text),
			"auth %s DIR/missing.so " FAR "\nauth required FORWARD LOG\n", control);
		write_service("fence", text);
		try_user(control, ALICE);
		check_outcome(control, rows[i].missing);
	}
}

/* Behind the guard stands a module that refuses, and only one that is `sufficient`: whoever passes
 * the guard must not be in by that. */
static void test_never_grants(void)
{
	static const char *const controls[] = {RECOMMENDED, "required", "requisite", "sufficient",
		"optional", "[success=ok ignore=ignore default=die]",
		"[success=ignore ignore=ignore default=die]", "[success=done default=ignore]"};
	static const char *const users[] = {"bob@acme.org", "bob", ALICE};
	char text[512];

	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		snprintf(text, sizeof(text),
			"auth %s GUARD EMPTY " FAR "\nauth sufficient FORWARD LOG code=%d\n",
			controls[i], PAM_AUTH_ERR);
		write_service("fence", text);
		for (size_t n = 0; n < sizeof(users) / sizeof(users[0]); n++)
			CHECK_NUMBER(
				controls[i], try_user(controls[i], users[n]) != PAM_SUCCESS, true);
	}
}

/* ---- entry points ---- */

static int establish(pam_handle_t *pamh, int flags)
{
	return pam_setcred(pamh, flags | (int)PAM_ESTABLISH_CRED);
}

static int check_account(pam_handle_t *pamh, int flags)
{
	return pam_acct_mgmt(pamh, flags);
}

static int open_and_close(pam_handle_t *pamh, int flags)
{
	int code = pam_open_session(pamh, flags);

	return code == PAM_SUCCESS ? pam_close_session(pamh, flags) : code;
}

/* The guard alone denies, with a module that agrees it stands aside; it is there for all. */
static void test_entries(void)
{
	static const struct {
		const char *name;
		const char *type;
		int (*call)(pam_handle_t *, int);
	} rows[] = {
		{"authenticate", "auth", pam_authenticate},
		{"setcred", "auth", establish},
		{"acct_mgmt", "account", check_account},
		{"session", "session", open_and_close},
		{"chauthtok", "password", pam_chauthtok},
	};
	static const char *const controls[] = {RECOMMENDED, "required", "sufficient"};
	char text[512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct attempt attempt = {.user = "bob@acme.org", .call = rows[i].call};

		for (size_t n = 0; n < sizeof(controls) / sizeof(controls[0]); n++) {
			snprintf(text, sizeof(text), "%s %s GUARD EMPTY " FAR "\n", rows[i].type,
				controls[n]);
			write_service("fence", text);
			try(rows[i].name, &attempt);
			CHECK_NUMBER(rows[i].name, seen->code, PAM_PERM_DENIED);
			CHECK_NUMBER(rows[i].name, strstr(seen->log, "unable to") == NULL, true);
		}
		snprintf(text, sizeof(text),
			"%s requisite GUARD EMPTY " FAR "\n%s required pam_permit.so\n",
			rows[i].type, rows[i].type);
		write_service("fence", text);
		try(rows[i].name, &attempt);
		CHECK_NUMBER(rows[i].name, seen->code, PAM_SUCCESS);
	}
}

/* account, session and setcred say nothing about the identity, whose password is not theirs. */
static void test_undecided(void)
{
	static const struct attempt rows[] = {
		{.user = ALICE, .call = establish},
		{.user = ALICE, .call = check_account},
		{.user = ALICE, .call = open_and_close},
	};

	write_service("fence", "auth requisite GUARD EMPTY " FAR "\nauth required pam_permit.so\n"
			       "account requisite GUARD EMPTY " FAR "\n"
			       "account required pam_permit.so\n"
			       "session requisite GUARD EMPTY " FAR "\n"
			       "session required pam_permit.so\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		try("undecided", &rows[i]);
		CHECK_NUMBER("undecided", seen->code, PAM_SUCCESS);
		CHECK_STRING("undecided", seen->log, "");
		CHECK_NUMBER("undecided", seen->names + seen->messages, 0);
	}
}

static void test_chauthtok(void)
{
	static const struct attempt bob = {.user = "bob@acme.org", .call = pam_chauthtok};
	static const struct attempt alice = {.user = ALICE, .call = pam_chauthtok};

	write_guarded("password", RECOMMENDED, FAR);
	try("allowed", &bob);
	CHECK_NUMBER("allowed", seen->code, PAM_SUCCESS);
	CHECK_NUMBER("allowed: current, new, and new again", seen->passwords, 3);
	CHECK_NUMBER("allowed", count_forwarded(), 2);
	try("first pass", &alice);
	CHECK_NUMBER("first pass", seen->code, PAM_PERM_DENIED);
	CHECK_NUMBER("first pass", seen->passwords, 0);
	CHECK_NUMBER("first pass", seen->messages, 1);
	CHECK_NUMBER("first pass", count_forwarded(), 0);
	write_service("fence", "password optional FORWARD rename=" ALICE "\n"
			       "password " RECOMMENDED " GUARD EMPTY " FAR "\n"
			       "password required FORWARD LOG\n");
	try("second pass", &bob);
	CHECK_NUMBER("second pass", seen->code, PAM_PERM_DENIED);
	CHECK_NUMBER("second pass: the current one", seen->passwords, 1);
	CHECK_NUMBER("second pass", count_forwarded(), 1);
}

/* ---- the name of the user ---- */

/* A line of the guard begins so. */
static bool has_line(int level, const char *begin)
{
	char want[512];

	snprintf(want, sizeof(want), "<%d>pam_authfence(fence:auth): %s", LOG_AUTHPRIV | level,
		begin);
	return strstr(seen->log, want) != NULL;
}

static void test_names(void)
{
	static const struct {
		const char *name;
		struct attempt attempt;
		int code;
		unsigned names; /* how often somebody asked */
		unsigned sent;
	} rows[] = {
		{"asked once, refused", {.answer = ALICE}, PAM_PERM_DENIED, 1, 0},
		{"asked once, passed", {.answer = "bob@acme.org"}, PAM_SUCCESS, 1, 1},
		{"set", {.user = "bob@acme.org"}, PAM_SUCCESS, 0, 1},
		{"empty", {.user = ""}, PAM_SUCCESS, 0, 1},
		{"empty answer", {.answer = ""}, PAM_SUCCESS, 1, 1},
		{"later", {.answer = ALICE, .first = PAM_CONV_AGAIN}, PAM_INCOMPLETE, 0, 0},
		{"later, and then", {.answer = ALICE, .first = PAM_CONV_AGAIN, .again = true},
			PAM_PERM_DENIED, 1, 0},
		{"later, and then passed",
			{.answer = "bob@acme.org", .first = PAM_CONV_AGAIN, .again = true},
			PAM_SUCCESS, 1, 1},
		/* Nobody may ask a second time unseen by the guard. */
		{"no conversation", {.answer = ALICE, .first = PAM_CONV_ERR}, PAM_PERM_DENIED, 0,
			0},
		{"out of memory", {.answer = ALICE, .first = PAM_BUF_ERR}, PAM_PERM_DENIED, 0, 0},
		{"no answer", {.answer = NULL}, PAM_PERM_DENIED, 1, 0},
	};

	write_guarded("auth", RECOMMENDED, FAR);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		try(rows[i].name, &rows[i].attempt);
		CHECK_NUMBER(rows[i].name, seen->code, rows[i].code);
		CHECK_NUMBER(rows[i].name, seen->names, rows[i].names);
		CHECK_NUMBER(rows[i].name, count_forwarded(), rows[i].sent);
		/* Who is not told why leaves a line in the log. */
		CHECK_NUMBER(rows[i].name, has_line(LOG_NOTICE, "no user name: "),
			rows[i].code == PAM_PERM_DENIED && seen->messages == 0);
	}
}

/* ---- who goes where ---- */

#define EXTERNAL "verdict=block reason=reserved-identity-external-target"
#define UNKNOWN  "verdict=block reason=reserved-identity-unknown-target"
#define ORDINARY "verdict=allow reason=ordinary-identity"
#define BARE     "verdict=allow reason=no-domain"
#define LOCAL    "verdict=allow reason=target-local"
#define INTERNAL "verdict=allow reason=target-internal"

static const struct row {
	const char *name;
	const char *arguments;
	const char *user;
	const char *decision; /* as the log line begins */
	const char *more;     /* what else the log says, or NULL */
} target_rows[] = {
	{"IPv4", FAR, ALICE, EXTERNAL, " target=192.88.99.7 "},
	{"IPv4 and port", FAR ":1812", ALICE, EXTERNAL, " target=192.88.99.7 port=1812 "},
	{"IPv6", "target=2606:4700::1", ALICE, EXTERNAL, NULL},
	{"IPv6 and port", "target=[2606:4700::1]:49", ALICE, EXTERNAL, " port=49 "},
	{"internal", "target=10.0.0.1:1812", ALICE, INTERNAL, NULL},
	{"loopback", "target=127.0.0.1", ALICE, LOCAL, NULL},
	{"short loopback", "target=0x7f.1", ALICE, LOCAL, NULL},
	{"IPv6 loopback", "target=[::1]:389", ALICE, LOCAL, NULL},
	{"localhost", "target=localhost:389", ALICE, LOCAL, NULL},
	{"Localhost.", "target=LocalHost.", ALICE, LOCAL, NULL},
	{"below localhost", "target=ldap.localhost", ALICE, LOCAL, NULL},
	{"below test", "target=ipa.lab.test", ALICE, INTERNAL, NULL},
	{"below corp", "target=dc.corp", ALICE, INTERNAL, NULL},
	{"below example.com", "target=radius.example.com", ALICE, UNKNOWN, NULL},
	{"a name", "target=radius1.corp.net:1812", ALICE, UNKNOWN,
		" target=radius1.corp.net port=1812 "},
	{"no name", "target=a..b", ALICE, UNKNOWN, NULL},
	{"two names in one", "target=127.0.0.1,localhost", ALICE, UNKNOWN, NULL},
	{"none", "discover=no", ALICE, "verdict=allow reason=no-forwarder", NULL},
	{"worst of two", "target=127.0.0.1 target=radius1.corp.net", ALICE, UNKNOWN,
		" target=radius1.corp.net "},
	{"worst of two, first", "target=radius1.corp.net target=127.0.0.1", ALICE, UNKNOWN,
		" target=radius1.corp.net "},
	{"worst of three", "target=10.0.0.1 " FAR ":49 target=[::1]", ALICE, EXTERNAL,
		" target=192.88.99.7 port=49 "},
	{"both near", "target=10.0.0.1 target=[::1]", ALICE, "verdict=allow reason=target-", NULL},
	/* What cannot be read is a target of which nothing is known. */
	{"empty", "target= target=127.0.0.1", ALICE, UNKNOWN, "argument 2: seen \"target=\""},
	{"port 0", "target=127.0.0.1:0", ALICE, UNKNOWN, "argument 2: seen \"target=127.0.0.1:0\""},
	{"port too high", "target=127.0.0.1:65536", ALICE, UNKNOWN, "expected HOST[:PORT]"},
	{"no part of a bad target", "target=127.0.0.1:70000", ALICE, UNKNOWN,
		" class=documentation rule="},
	{"port alone", "target=:389", ALICE, UNKNOWN, " class=documentation rule="},
	{"brackets alone", "target=[]", ALICE, UNKNOWN, "expected HOST[:PORT]"},
	{"open bracket", "target=[::1", ALICE, UNKNOWN, "expected HOST[:PORT]"},
	{"URL", "target=ldap://localhost/", ALICE, UNKNOWN, "expected HOST[:PORT]"},
	{"target of no value", "target", ALICE, UNKNOWN, "argument 2: seen \"target\""},
	{"misspelt, alone", "targt=127.0.0.1", ALICE, UNKNOWN, "argument 2: seen \"targt\""},
	{"in capitals", "TARGET=127.0.0.1", ALICE, UNKNOWN, "argument 2: seen \"TARGET\""},
	{"misspelt, beside another", "targt=x target=127.0.0.1", ALICE, LOCAL,
		"argument 2: seen \"targt\""},
	{"the secret of another module", "secret=hunter2 " FAR, ALICE, EXTERNAL,
		"argument 2: seen \"secret\", expected target=, "},
};

static const struct row identity_rows[] = {
	{"ordinary", FAR, "bob@acme.org", ORDINARY, NULL},
	{"bare", FAR, "alice", BARE, NULL},
	{"no name", FAR, "", BARE, NULL},
	{"capitals", FAR, "Alice@EXAMPLE.COM", EXTERNAL, " domain=example.com "},
	{"final dot", FAR, "alice@example.com.", EXTERNAL, NULL},
	{"below", FAR, "alice@mail.example.com", EXTERNAL, NULL},
	{"beside", FAR, "alice@notexample.com", ORDINARY, NULL},
	{"above", FAR, "alice@example.com.acme.org", ORDINARY, NULL},
	{"last @", FAR, "alice@acme.org@example.com", EXTERNAL, NULL},
	{"Windows", FAR, "EXAMPLE.COM\\alice", EXTERNAL, NULL},
	{"Windows, ordinary", FAR, "ACME.ORG\\alice", ORDINARY, NULL},
	{"full width", FAR, "alice@\xef\xbd\x85xample.com", EXTERNAL, NULL},
	{"special", FAR, "alice@printer.local", ORDINARY, NULL},
	{"control byte", FAR, "alice\x01@example.com", EXTERNAL,
		" identity=\"alice\\x01@example.com\" "},
	{"control byte, ordinary", FAR, "bob\x01@acme.org",
		"verdict=allow reason=malformed-identity", NULL},
	{"line feed", FAR, "x\nverdict=allow@example.com", EXTERNAL,
		" identity=\"x\\x0averdict=allow@example.com\" "},
	{"bad UTF-8", FAR, "al\xffice@example.com", EXTERNAL, " malformed=yes "},
	{"bad UTF-8 beside it", FAR, "alice@notexample.com\xff",
		"verdict=allow reason=malformed-identity", NULL},
	{"what sshd says of unknown users", FAR, "\b\n\r\177INCORRECT",
		"verdict=allow reason=malformed-identity", NULL},
	{"domain=", FAR " domain=example.com", "alice", EXTERNAL, " identity=" ALICE " "},
	{"domain= and no name", FAR " domain=example.com", "", EXTERNAL, NULL},
	{"domain= ordinary", FAR " domain=acme.org", "alice", ORDINARY, NULL},
	{"domain= twice", FAR " domain=acme.org domain=example.com", "alice", EXTERNAL, NULL},
	{"domain= of no value", FAR " domain=", "alice", BARE, "expected a domain name"},
	{"domain= not for one with @", FAR " domain=example.com", "bob@acme.org", ORDINARY, NULL},
	{"domain= not for Windows", FAR " domain=example.com", "ACME.ORG\\bob", ORDINARY, NULL},
	{"domain= hides nothing", FAR " domain=acme.org", "alice%example.com", EXTERNAL,
		" identity=alice%example.com "},
};

static const struct row argument_rows[] = {
	{"service= not given", FAR, ALICE, EXTERNAL, " service=fence "},
	{"service=", FAR " service=Dovecot", ALICE, EXTERNAL, " service=dovecot "},
	{"service= of no value", FAR " service=", ALICE, EXTERNAL, " service=fence "},
	{"unknown=allow", "target=mx.corp.net unknown=allow", ALICE,
		"verdict=allow reason=target-unknown", NULL},
	{"unknown=allow, external", FAR " unknown=allow", ALICE, EXTERNAL, NULL},
	{"unknown=block", "target=mx.corp.net unknown=block", ALICE, UNKNOWN, NULL},
	{"unknown= of no sense", "target=mx.corp.net unknown=allowed", ALICE, UNKNOWN,
		"expected block or allow"},
	{"policy allows", "target=mx.corp.net policy=DIR/allow.bin", ALICE,
		"verdict=allow reason=target-unknown", " generation=7"},
	{"policy allows, argument not", "target=mx.corp.net policy=DIR/allow.bin unknown=block",
		ALICE, UNKNOWN, NULL},
	{"observe", FAR " observe", ALICE,
		"verdict=observe reason=reserved-identity-external-target", NULL},
	{"observe=no", FAR " observe=no", ALICE, EXTERNAL, "expected no value"},
	{"observe, policy off", FAR " observe policy=DIR/off.bin", ALICE,
		"verdict=observe reason=reserved-identity-external-target", NULL},
	{"policy off", FAR " policy=DIR/off.bin", ALICE, "verdict=allow reason=mode-off", NULL},
	{"policy observes", FAR " policy=DIR/observe.bin", ALICE,
		"verdict=observe reason=reserved-identity-external-target", NULL},
	{"internal name", "target=mx.corp.net policy=DIR/rows.bin", ALICE, INTERNAL, NULL},
	{"external network", "target=10.99.0.1 policy=DIR/rows.bin", ALICE, EXTERNAL, NULL},
	{"reserved name", FAR " policy=DIR/rows.bin", "dev@dev.acme.org", EXTERNAL,
		" rule=reserve:dev.acme.org "},
	{"policy broken", FAR " policy=DIR/broken.bin", ALICE, EXTERNAL,
		"policy in force: builtin"},
	{"policy absent", FAR " policy=DIR/absent.bin", ALICE, EXTERNAL,
		"policy in force: builtin"},
	{"policy broken, an earlier one", FAR " policy=DIR/mended.bin", "dev@dev.acme.org",
		EXTERNAL, "/mended.bin.prev, generation 7\n"},
	{"policy for all to write", FAR " policy=DIR/shared.bin", ALICE, EXTERNAL,
		"policy in force: builtin"},
	{"policy is a link", FAR " policy=DIR/link.bin", ALICE, EXTERNAL,
		"policy in force: builtin"},
	{"policy without a root", FAR " policy=allow.bin", ALICE, EXTERNAL,
		"expected an absolute path"},
	{"discover=yes", FAR " discover=yes", ALICE, EXTERNAL, NULL},
	{"discover=maybe", FAR " discover=maybe", ALICE, EXTERNAL, "expected yes or no"},
	{"confdir=", FAR " confdir=etc", ALICE, EXTERNAL, "expected an absolute path"},
	{"debug=", FAR " debug=1", ALICE, EXTERNAL, "expected no value"},
	{"quiet=", FAR " quiet=1", ALICE, EXTERNAL, "expected no value"},
};

static void check_row(const struct row *row)
{
	char arguments[4096];
	bool blocked = strncmp(row->decision, "verdict=block", 13) == 0;
	bool allowed = strncmp(row->decision, "verdict=allow", 13) == 0;
	bool good;

	snprintf(arguments, sizeof(arguments), "%s debug", row->arguments);
	write_guarded("auth", RECOMMENDED, arguments);
	try_user(row->name, row->user);
	good = CHECK_NUMBER(row->name, seen->code, blocked ? PAM_PERM_DENIED : PAM_SUCCESS);
	good &= CHECK_NUMBER(row->name, seen->passwords, !blocked);
	good &= CHECK_NUMBER(row->name, seen->messages, blocked);
	good &= CHECK_NUMBER(row->name, seen->names, 0);
	good &= CHECK_NUMBER(row->name, count_forwarded(), !blocked);
	good &= CHECK_NUMBER(
		row->name, has_line(allowed ? LOG_DEBUG : LOG_WARNING, row->decision), true);
	if (row->more != NULL)
		good &= CHECK_NUMBER(row->name, strstr(seen->log, row->more) != NULL, true);
	good &= CHECK_NUMBER(row->name, strstr(seen->log, "hunter2") != NULL, false);
	if (!good)
		printf("\n%s ", seen->log);
}

#define CHECK_ROWS(rows)                                            \
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) \
	check_row(&(rows)[i])

static void test_targets(void)
{
	CHECK_ROWS(target_rows);
}

static void test_identities(void)
{
	CHECK_ROWS(identity_rows);
}

static void test_arguments(void)
{
	CHECK_ROWS(argument_rows);
}

/* More of them, or longer ones, than there is room for. */
static void test_too_much(void)
{
	char arguments[1024] = "target=127.0.0.1";
	char longest[300];
	struct row row = {"16 targets", arguments, ALICE, LOCAL, NULL};

	for (int i = 1; i < 16; i++)
		strcat(arguments, " target=127.0.0.1");
	check_row(&row);
	strcat(arguments, " target=127.0.0.1");
	row = (struct row){"17 targets", arguments, ALICE, UNKNOWN, "expected fewer targets"};
	check_row(&row);
	strcat(arguments, " target=127.0.0.1 " FAR);
	row.name = "19 targets";
	check_row(&row);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	snprintf(arguments, sizeof(arguments), "target=%s target=%.255s", longest, longest);
	row = (struct row){"long host", arguments, ALICE, UNKNOWN, "argument 2: "};
	check_row(&row);
	CHECK_NUMBER("long host, one fits", strstr(seen->log, "argument 3: ") == NULL, true);
}

/* ---- targets found in the stack ---- */

#define GUARDED "auth " RECOMMENDED " GUARD EMPTY debug [confdir=DIR]\n"
#define RADIUS  "auth required [TOYS/pam_radius_auth.so] LOG "
#define FOUND   "module=pam_radius_auth.so target=192.88.99.7 port=1812 "
#define NOWHERE "verdict=allow reason=no-forwarder"

/* Files that are neither a service nor a policy. */
static const struct {
	const char *name;
	const char *text;
} configurations[] = {
	{"far.conf", "# a server\n192.88.99.7:1812 s3cr3t 3\n"},
	{"near.conf", "10.0.0.1 s3cr3t\n"},
	{"three.conf", "127.0.0.1 s3cr3t\n10.0.0.1 s3cr3t\n127.0.0.2 s3cr3t\n"},
	{"named.conf", "radius1.corp.net:1812 s3cr3t\n"},
	{"both.conf", "10.0.0.1 s3cr3t\n192.88.99.7:1812 s3cr3t\n"},
	{"writable.conf", "10.0.0.1 s3cr3t\n"},
	{"reserved.conf", "PAM_Server0 = imaps:192.88.99.7:993\nPAM_Domain = example.com\n"},
	{"ordinary.conf", "PAM_Server0 = imaps:192.88.99.7:993\nPAM_Domain = acme.org\n"},
	{"included", "auth required [TOYS/pam_radius_auth.so] LOG [conf=DIR/far.conf]\n"
		     "account required [TOYS/pam_radius_auth.so]\n"},
	{"guarded", GUARDED},
	{"elsewhere/fence",
		"auth " RECOMMENDED " GUARD EMPTY debug [confdir=DIR/elsewhere]\nauth required "
		"pam_permit.so\n"},
};

/* A login behind a stack of its own. */
struct found_row {
	const char *name;
	const char *stack;
	const char *user;
	const char *decision; /* as the log line begins */
	const char *more;     /* what else the log says, or NULL */
	unsigned sent;
};

static const struct found_row found_rows[] = {
	{"far", GUARDED RADIUS "[conf=DIR/far.conf]\n", ALICE, EXTERNAL, FOUND, 0},
	{"near", GUARDED RADIUS "[conf=DIR/near.conf]\n", ALICE, INTERNAL, " target=10.0.0.1 ", 1},
	{"a name", GUARDED RADIUS "[conf=DIR/named.conf]\n", ALICE, UNKNOWN,
		" target=radius1.corp.net ", 0},
	{"a name that policy knows",
		"auth " RECOMMENDED " GUARD debug [confdir=DIR] [policy=DIR/modules.bin]\n" RADIUS
		"[conf=DIR/named.conf]\n",
		ALICE, INTERNAL, " rule=internal:*.corp.net ", 1},
	{"near, then far", GUARDED RADIUS "[conf=DIR/both.conf]\n", ALICE, EXTERNAL, FOUND, 0},
	{"ordinary", GUARDED RADIUS "[conf=DIR/far.conf]\n", "bob@acme.org", ORDINARY, NULL, 1},
	{"bare", GUARDED RADIUS "[conf=DIR/far.conf]\n", "alice", BARE, NULL, 1},
	{"no file", GUARDED RADIUS "[conf=DIR/absent.conf]\n", ALICE, UNKNOWN,
		"why=\"pam_radius_auth.so: ", 0},
	{"for all to write", GUARDED RADIUS "[conf=DIR/writable.conf]\n", ALICE, UNKNOWN,
		"/writable.conf: ", 0},
	{"not known", GUARDED "auth required FORWARD LOG\n", ALICE, UNKNOWN,
		" module=pam_forward.so why=\"pam_forward.so: a module that is not known\" ", 0},
	{"no reader", GUARDED "auth required [TOYS/pam_url.so] LOG\n", ALICE, UNKNOWN,
		" module=pam_url.so why=\"pam_url.so: its servers cannot be known\" ", 0},
	{"local", GUARDED "auth required pam_permit.so\n", ALICE, NOWHERE, NULL, 0},

	{"two modules",
		GUARDED RADIUS "[conf=DIR/near.conf]\n"
			       "auth required [TOYS/pam_url.so] LOG\n" RADIUS
			       "[conf=DIR/far.conf]\n",
		ALICE, EXTERNAL, FOUND, 0},
	{"jumped over",
		GUARDED "auth [success=1 default=ignore] pam_permit.so\n" RADIUS
			"[conf=DIR/far.conf]\nauth required pam_permit.so\n",
		ALICE, EXTERNAL, FOUND, 0},
	{"included", GUARDED "auth include DIR/included\n", ALICE, EXTERNAL, FOUND, 0},
	{"included whole", GUARDED "@include DIR/included\n", ALICE, EXTERNAL, FOUND, 0},
	{"in a substack", GUARDED "auth substack DIR/included\n", ALICE, EXTERNAL, FOUND, 0},
	{"the guard in one",
		"auth requisite pam_permit.so\nauth substack DIR/guarded\n" RADIUS
		"[conf=DIR/far.conf]\n",
		ALICE, EXTERNAL, FOUND, 1},
	{"before the guard", RADIUS "[conf=DIR/far.conf]\n" GUARDED "auth required pam_permit.so\n",
		ALICE, NOWHERE, "misplaced: pam_radius_auth.so in ", 1},
	{"between two alike",
		GUARDED RADIUS "[conf=DIR/far.conf]\n" GUARDED "auth required pam_permit.so\n",
		ALICE, EXTERNAL, FOUND, 0},
	{"between two",
		"auth " RECOMMENDED " GUARD EMPTY discover=no\n" RADIUS
		"[conf=DIR/far.conf]\n" GUARDED "auth required pam_permit.so\n",
		ALICE, NOWHERE, "misplaced: ", 1},

	{"kept for the session",
		GUARDED "auth required pam_permit.so\nsession optional [TOYS/pam_mount.so]\n",
		ALICE, UNKNOWN, " module=pam_mount.so ", 0},
	{"not kept for the session",
		GUARDED "auth required pam_permit.so\n"
			"session optional [TOYS/pam_radius_auth.so] [conf=DIR/far.conf]\n",
		ALICE, NOWHERE, NULL, 0},
	{"another facility",
		GUARDED "auth required pam_permit.so\n"
			"account required [TOYS/pam_radius_auth.so]\n"
			"password required [TOYS/pam_url.so]\n",
		ALICE, NOWHERE, NULL, 0},

	{"not the folder that was read",
		"auth " RECOMMENDED " GUARD EMPTY debug [confdir=DIR/elsewhere]\n" RADIUS
		"[conf=DIR/near.conf]\n",
		ALICE, UNKNOWN, "why=\"pam_radius_auth.so: in this process, but not in ", 0},
	{"no such line", "auth " RECOMMENDED " GUARD EMPTY debug\nauth required pam_permit.so\n",
		ALICE, UNKNOWN, "why=\"fence: no line of pam_authfence.so with these ", 0},

	{"target= alone",
		"auth " RECOMMENDED " GUARD EMPTY debug [confdir=DIR] target=127.0.0.1\n" RADIUS
		"[conf=DIR/far.conf]\n",
		ALICE, LOCAL, NULL, 1},
	{"target= and discover=yes",
		"auth " RECOMMENDED
		" GUARD EMPTY debug [confdir=DIR] target=127.0.0.1 discover=yes\n" RADIUS
		"[conf=DIR/far.conf]\n",
		ALICE, EXTERNAL, FOUND, 0},
	{"discover=no",
		"auth " RECOMMENDED " GUARD EMPTY debug [confdir=DIR] discover=no\n" RADIUS
		"[conf=DIR/far.conf]\n",
		ALICE, NOWHERE, NULL, 1},
	{"unknown=allow, unknown",
		"auth " RECOMMENDED " GUARD EMPTY debug [confdir=DIR] unknown=allow\n" RADIUS
		"[conf=DIR/absent.conf]\n",
		ALICE, "verdict=allow reason=target-unknown", NULL, 1},
	{"unknown=allow, unknown and far",
		"auth " RECOMMENDED " GUARD EMPTY debug [confdir=DIR] unknown=allow\n" RADIUS
		"[conf=DIR/absent.conf]\n" RADIUS "[conf=DIR/far.conf]\n",
		ALICE, EXTERNAL, FOUND, 0},
	{"a word without meaning",
		"auth " RECOMMENDED " GUARD EMPTY debug [confdir=DIR] id=1\n"
		"auth required pam_permit.so\n",
		ALICE, NOWHERE, "argument 4: seen \"id\"", 0},

	{"a realm, reserved", GUARDED "auth required [TOYS/pam_imap.so] [conf=DIR/reserved.conf]\n",
		"alice", EXTERNAL, " identity=" ALICE " ", 0},
	{"a realm, ordinary", GUARDED "auth required [TOYS/pam_imap.so] [conf=DIR/ordinary.conf]\n",
		"alice", ORDINARY, NULL, 1},
	{"a realm that domain= replaces",
		"auth " RECOMMENDED " GUARD EMPTY debug [confdir=DIR] domain=acme.org\n"
		"auth required [TOYS/pam_imap.so] [conf=DIR/reserved.conf]\n",
		"alice", ORDINARY, NULL, 1},

#define SETTLED "auth " RECOMMENDED " GUARD debug [confdir=DIR] [policy=DIR/modules.bin]\n"
	{"policy: local", SETTLED "auth required [TOYS/pam_foo.so] LOG\n", ALICE, NOWHERE, NULL, 1},
	{"policy: local, a forwarder", SETTLED "auth required [TOYS/pam_url.so] LOG\n", ALICE,
		NOWHERE, NULL, 1},
	{"policy: near", SETTLED "auth required [TOYS/pam_bar.so] LOG\n", ALICE, INTERNAL,
		" target=a.corp.net ", 1},
	{"policy: far", SETTLED "auth required [TOYS/pam_baz.so] LOG\n", ALICE, EXTERNAL,
		" module=pam_baz.so target=192.88.99.7 ", 0},
	{"policy before the reader", SETTLED RADIUS "[conf=DIR/far.conf]\n", ALICE, EXTERNAL, FOUND,
		0},
	{"a rule on trial",
		"auth " RECOMMENDED " GUARD debug [confdir=DIR] [policy=DIR/trial.bin]\n" RADIUS
		"[conf=DIR/far.conf]\n",
		"dev@dev.acme.org", "verdict=observe reason=reserved-identity-external-target",
		" trial=yes ", 1},
	{"a rule on trial, then one in force",
		"auth " RECOMMENDED " GUARD debug [confdir=DIR] [policy=DIR/near.bin]\n" RADIUS
		"[conf=DIR/both.conf]\n",
		ALICE, EXTERNAL, FOUND, 0},
	{"a rule on trial, then none",
		"auth " RECOMMENDED " GUARD debug [confdir=DIR] [policy=DIR/near.bin]\n" RADIUS
		"[conf=DIR/three.conf]\n",
		ALICE, "verdict=observe reason=reserved-identity-external-target",
		" target=10.0.0.1 ", 1},
	{"off",
		"auth " RECOMMENDED " GUARD debug [confdir=DIR] [policy=DIR/off.bin]\n"
		"auth required [TOYS/pam_imap.so] [conf=DIR/reserved.conf]\n",
		"alice", "verdict=allow reason=mode-off", NULL, 1},
};

static void check_found(const struct found_row *row)
{
	bool blocked = strncmp(row->decision, "verdict=block", 13) == 0;
	bool allowed = strncmp(row->decision, "verdict=allow", 13) == 0;
	bool good;

	write_service("fence", row->stack);
	try_user(row->name, row->user);
	good = CHECK_NUMBER(row->name, seen->code, blocked ? PAM_PERM_DENIED : PAM_SUCCESS);
	good &= CHECK_NUMBER(row->name, seen->passwords, row->sent);
	if (strstr(row->stack, " LOG") != NULL)
		good &= CHECK_NUMBER(row->name, count_forwarded(), row->sent);
	good &= CHECK_NUMBER(
		row->name, has_line(allowed ? LOG_DEBUG : LOG_WARNING, row->decision), true);
	if (row->more != NULL)
		good &= CHECK_NUMBER(row->name, strstr(seen->log, row->more) != NULL, true);
	good &= CHECK_NUMBER(row->name, strstr(seen->log, "s3cr3t") != NULL, false);
	if (!good)
		printf("\n%s ", seen->log);
}

static void copy_toy(const char *name)
{
	char command[9000];

	snprintf(command, sizeof(command), "cp '%s' '%s/%s'", toy, toys, name);
	CHECK_NUMBER(name, system(command), 0);
}

static void set_trial(struct af_rules *rules)
{
	rules->row[0].life = AFENCE_LIFE_TRIAL;
}

static void write_trial(const char *name, const char *text)
{
	const struct af_stamp stamp = {.generation = 7, .created = 1000};
	struct af_compiled image;

	compile_changed(text, set_trial, &stamp, &image);
	write_bytes(name, image.bytes, image.length);
	free(image.bytes);
}

/* Stacks and configurations count only if they are root's. */
static bool may_discover(void)
{
	if (geteuid() != 0)
		printf("(left out: not root) ");
	return geteuid() == 0;
}

static void prepare_discovery(void)
{
	static const char *const names[] = {"pam_radius_auth.so", "pam_url.so", "pam_imap.so",
		"pam_mount.so", "pam_foo.so", "pam_bar.so", "pam_baz.so"};
	char path[4300];

	snprintf(path, sizeof(path), "%s/elsewhere", folder);
	CHECK_NUMBER(path, mkdir(path, 0755), 0);
	CU_ASSERT(mkdir(toys, 0755) == 0 || errno == EEXIST);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		copy_toy(names[i]);
	for (size_t i = 0; i < sizeof(configurations) / sizeof(configurations[0]); i++)
		write_service(configurations[i].name, configurations[i].text);
	change_mode("writable.conf", 0666);
	write_trial("trial.bin", "policy 1;\nreserve \"dev.acme.org\";\n");
	write_trial("near.bin", "policy 1;\nexternal 10.0.0.0/8;\n");
	write_policy("modules.bin", "policy 1;\ninternal \"*.corp.net\";\n"
				    "pam-module \"pam_foo.so\" local;\n"
				    "pam-module \"pam_url.so\" local;\n"
				    "pam-module \"pam_bar.so\" target 10.0.0.2, \"a.corp.net\";\n"
				    "pam-module \"pam_baz.so\" target 10.0.0.2, 192.88.99.7;\n");
}

static void test_found(void)
{
	if (!may_discover())
		return;
	prepare_discovery();
	for (size_t i = 0; i < sizeof(found_rows) / sizeof(found_rows[0]); i++)
		check_found(&found_rows[i]);
}

/* A stack that not all versions of libpam read alike is not relied on. */
static void test_found_trouble(void)
{
	char stack[2048];
	const struct found_row row = {"a long line", stack, ALICE, UNKNOWN, "why=\"", 0};
	size_t len;

	if (!may_discover())
		return;
	snprintf(stack, sizeof(stack), "%sauth required pam_permit.so ", GUARDED);
	len = strlen(stack);
	memset(stack + len, 'a', 1200);
	strcpy(stack + len + 1200, "\n");
	check_found(&row);
}

/* libpam loads the modules of "other", too. */
static void test_found_other(void)
{
	static const struct found_row row = {
		"other", GUARDED "auth required pam_permit.so\n", ALICE, NOWHERE, NULL, 0};
	static const struct found_row all = {
		"by way of other", "account required pam_permit.so\n", ALICE, EXTERNAL, FOUND, 0};

	if (!may_discover())
		return;
	write_service(
		"other", "auth required [TOYS/pam_radius_auth.so]\naccount required pam_deny.so\n");
	check_found(&row);
	write_service("other", GUARDED RADIUS "[conf=DIR/far.conf]\n");
	check_found(&all);
	write_other();
}

static int authenticate_elsewhere(pam_handle_t *pamh, int flags)
{
	pam_set_item(pamh, PAM_SERVICE, "elsewhere/path");
	return pam_authenticate(pamh, flags);
}

/* The application has changed the service to one in a folder further down. */
static void test_found_path(void)
{
	static const struct attempt attempt = {.user = ALICE, .call = authenticate_elsewhere};
	static const char quiet[] = GUARDED "auth required pam_permit.so\n"
					    "account required [TOYS/pam_radius_auth.so]\n";

	if (!may_discover())
		return;
	write_service("fence", quiet);
	write_service("path", quiet);
	write_service("elsewhere/path", GUARDED RADIUS "[conf=DIR/far.conf]\n");
	try("a path", &attempt);
	CHECK_NUMBER("a path", seen->code, PAM_PERM_DENIED);
	CHECK_NUMBER("a path", seen->passwords, 0);
	CHECK_NUMBER("a path",
		strstr(seen->log, "why=\"the name of the service is a path\"") != NULL, true);
}

static void test_found_message(void)
{
	if (!may_discover())
		return;
	write_service("fence", GUARDED RADIUS "[conf=DIR/named.conf]\n");
	try_user("a name", ALICE);
	CHECK_NUMBER("a name",
		strstr(seen->message, "internal \"radius1.corp.net\"; would settle it") != NULL,
		true);
	write_service("fence", GUARDED "auth required FORWARD LOG\n");
	try_user("a module", ALICE);
	CHECK_NUMBER(
		"a module", strstr(seen->message, "to a server of pam_forward.so:") != NULL, true);
	CHECK_NUMBER("a module",
		strstr(seen->message, "pam-module \"pam_forward.so\" target \"NAME\"; would") !=
			NULL,
		true);
}

/* A new password goes by the lines of `password`, in both passes. */
static void test_found_chauthtok(void)
{
	static const struct attempt alice = {.user = ALICE, .call = pam_chauthtok};
	static const struct attempt bob = {.user = "bob@acme.org", .call = pam_chauthtok};

	if (!may_discover())
		return;
	write_service("fence", GUARDED RADIUS
		"[conf=DIR/near.conf]\n"
		"password optional FORWARD rename=" ALICE "\n"
		"password " RECOMMENDED " GUARD EMPTY debug [confdir=DIR]\n"
		"password required [TOYS/pam_radius_auth.so] LOG [conf=DIR/far.conf]\n");
	try("first pass", &alice);
	CHECK_NUMBER("first pass", seen->code, PAM_PERM_DENIED);
	CHECK_NUMBER("first pass", seen->passwords, 0);
	CHECK_NUMBER("first pass", strstr(seen->log, FOUND) != NULL, true);
	try("second pass", &bob);
	CHECK_NUMBER("second pass", seen->code, PAM_PERM_DENIED);
	CHECK_NUMBER("second pass: the current one", count_forwarded(), 1);
	CHECK_NUMBER("second pass", strstr(seen->log, FOUND) != NULL, true);
	CHECK_NUMBER("auth", try_user("auth", ALICE), PAM_SUCCESS);
	CHECK_NUMBER("auth", strstr(seen->log, " target=10.0.0.1 ") != NULL, true);
}

/* ---- what people and logs are told ---- */

static void test_message(void)
{
	static const struct attempt silent = {.user = ALICE, .flags = (int)PAM_SILENT};

	write_guarded("auth", RECOMMENDED, "target=radius1.corp.net");
	try_user("message", ALICE);
	CHECK_NUMBER("who", strstr(seen->message, ALICE) != NULL, true);
	CHECK_NUMBER("where to", strstr(seen->message, "radius1.corp.net") != NULL, true);
	CHECK_NUMBER("what settles it",
		strstr(seen->message, "internal \"radius1.corp.net\";") != NULL, true);
	CHECK_NUMBER("one line", strchr(seen->message, '\n') == NULL, true);
	try("silent", &silent);
	CHECK_NUMBER("silent", seen->messages, 0);
	CHECK_NUMBER("silent", has_line(LOG_WARNING, UNKNOWN), true);
	write_guarded("auth", RECOMMENDED, "target=radius1.corp.net quiet");
	try_user("quiet", ALICE);
	CHECK_NUMBER("quiet", seen->code, PAM_PERM_DENIED);
	CHECK_NUMBER("quiet", seen->messages, 0);
	CHECK_NUMBER("quiet", has_line(LOG_WARNING, UNKNOWN), true);
	write_guarded("auth", RECOMMENDED, FAR);
	try_user("allowed, no debug", "bob@acme.org");
	CHECK_STRING("allowed, no debug", seen->log, "");
	CHECK_NUMBER("allowed, no debug", seen->messages, 0);
}

/* The application does not take the message: refused all the same. */
static void test_deaf(void)
{
	static const struct attempt deaf = {.user = ALICE, .first = PAM_CONV_ERR};

	write_guarded("auth", RECOMMENDED, FAR);
	try("deaf", &deaf);
	CHECK_NUMBER("deaf", seen->code, PAM_PERM_DENIED);
	CHECK_NUMBER("deaf", count_forwarded(), 0);
}

static unsigned count_lines(const char *text)
{
	unsigned count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static int authenticate_often(pam_handle_t *pamh, int flags)
{
	int code = PAM_SUCCESS;

	for (int i = 0; i < 30; i++)
		code = pam_authenticate(pamh, flags);
	time_ahead = 61;
	pam_authenticate(pamh, flags);
	return code;
}

/* Ten lines a minute of one rule, and one about a policy file that cannot be read; in the next
 * minute the number of those held back. */
static void test_limit(void)
{
	static const struct attempt often = {.user = ALICE, .call = authenticate_often};

	write_guarded("auth", "requisite", FAR " policy=DIR/broken.bin");
	try("often", &often);
	CHECK_NUMBER("often", seen->code, PAM_PERM_DENIED);
	CHECK_NUMBER("refused each time", seen->messages, 31);
	CHECK_NUMBER("lines", count_lines(seen->log), 12);
	CHECK_NUMBER("held back", strstr(seen->log, " suppressed=20\n") != NULL, true);
}

/* How a policy= changes between the logins of one process, of which each comes seconds later. */
static const struct {
	const char *name;
	const char *policy; /* NULL: none */
	bool in_place;
	mode_t mode;
	bool allows;
} changes[] = {
	{"at first", "mode off;", false, 0644, true},
	{"renamed", "mode enforce;", false, 0644, false},
	{"renamed again", "mode off;", false, 0644, true},
	{"broken in place", NULL, true, 0644, true},
	{"mended in place", "mode enforce;", true, 0644, false},
	{"for all to write", "mode off;", true, 0666, false},
	{"for all to read", "mode off;", true, 0644, true},
	{"broken and renamed", NULL, false, 0644, true},
};

static void change(size_t index)
{
	char from[4300];
	char to[4300];
	char text[64];
	const char *name = changes[index].in_place ? "changing.bin" : "next.bin";

	snprintf(text, sizeof(text), "policy 1;\n%s\n", changes[index].policy);
	if (changes[index].policy != NULL)
		write_policy(name, text);
	else
		write_bytes(name, "AFPOLICY", 8);
	snprintf(from, sizeof(from), "%s/%s", folder, name);
	snprintf(to, sizeof(to), "%s/changing.bin", folder);
	change_mode(name, changes[index].mode);
	rename(from, to);
}

/* Returns the number of the change that was not followed, or 0. */
static int follow_changes(pam_handle_t *pamh, int flags)
{
	static const struct timespec tick = {0, 20 * 1000 * 1000}; /* times of change differ */
	const int all = (int)(sizeof(changes) / sizeof(changes[0]));

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < all; i++) {
			bool allowed;

			change((size_t)i);
			time_ahead += 2;
			for (int again = 0; again < 2; again++) {
				allowed = pam_authenticate(pamh, flags) == PAM_SUCCESS;
				if (allowed != changes[i].allows)
					return 1 + i;
			}
			nanosleep(&tick, NULL);
		}
	}
	return 0;
}

/* Returns how often a policy file was read in ten logins with seconds between them. */
static int count_opened(pam_handle_t *pamh, int flags)
{
	opened = 0;
	for (int i = 0; i < 10; i++) {
		pam_authenticate(pamh, flags);
		time_ahead += 2;
	}
	return (int)opened;
}

/* A file that rests is read once, or once more on the way to an earlier one; one that has just
 * changed, once more when it rests. */
static void test_rest(void)
{
	static const struct attempt attempt = {.user = ALICE, .call = count_opened};
	static const struct {
		const char *name;
		const char *policy;
		time_t ahead;
		int opened;
	} rows[] = {
		{"just changed", "off.bin", 0, 2},
		{"at rest", "off.bin", 1000, 1},
		{"broken", "broken.bin", 1000, 2},
		{"absent", "absent.bin", 1000, 2},
		{"for all to write", "shared.bin", 1000, 2},
		{"a link", "link.bin", 1000, 2},
	};
	char text[256];

	change_mode("off.bin", 0644); /* just now, and no sooner */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "auth requisite GUARD " FAR " [policy=DIR/%s]\n",
			rows[i].policy);
		write_service("fence", text);
		time_ahead = rows[i].ahead;
		try(rows[i].name, &attempt);
		CHECK_NUMBER(rows[i].name, seen->code, rows[i].opened);
	}
	time_ahead = 0;
}

static void test_changes(void)
{
	static const struct attempt attempt = {.user = ALICE, .call = follow_changes};

	write_service("fence", "auth requisite GUARD " FAR " [policy=DIR/changing.bin]\n"
			       "auth required pam_permit.so\n");
	try("just changed", &attempt);
	CHECK_NUMBER("just changed", seen->code, 0);
	time_ahead = 1000;
	try("changed long ago", &attempt);
	CHECK_NUMBER("changed long ago", seen->code, 0);
	time_ahead = 0;
}

/* Returns how often a login was refused though the last good policy lets all pass. */
static int lose_policy(pam_handle_t *pamh, int flags)
{
	char path[4300];
	int refused = 0;

	snprintf(path, sizeof(path), "%s/lost.bin", folder);
	for (int i = 0; i < 9; i++) {
		if (i == 3)
			unlink(path);
		if (i == 6)
			write_bytes("lost.bin", "AFPOLICY", 8);
		time_ahead += 2;
		refused += pam_authenticate(pamh, flags) != PAM_SUCCESS;
	}
	return refused;
}

/* A file that vanishes, and rubbish in its place: one line each, and what is held stays. */
static void test_lost(void)
{
	static const struct attempt attempt = {.user = ALICE, .call = lose_policy};

	write_policy("lost.bin", "policy 1;\nmode off;\n");
	write_service("fence", "auth requisite GUARD " FAR " [policy=DIR/lost.bin]\n"
			       "auth required pam_permit.so\n");
	try("lost", &attempt);
	time_ahead = 0;
	CHECK_NUMBER("refused", seen->code, 0);
	if (!CHECK_NUMBER("lines", count_lines(seen->log), 2) ||
		!CHECK_NUMBER("vanished", strstr(seen->log, "no such file") != NULL, true) ||
		!CHECK_NUMBER("rubbish", strstr(seen->log, "damaged") != NULL, true))
		printf("%s ", seen->log);
}

/* A use of an exception is told without debug.  One lasts for days only, so this is made today. */
static void test_exception(void)
{
	char command[18000];

	snprintf(command, sizeof(command),
		"printf '%%s\n' 'policy 1;' 'exception lab { identity \"*@example.com\"; "
		"target 192.88.99.7; reason \"test\"; owner \"qa\"; expires ' "
		"$(date -d +30days +%%F) '; }' >%s/except.policy && "
		"%s/authfence policy compile --output %s/except.bin %s/except.policy "
		">/dev/null 2>&1",
		folder, af_build_dir, folder, folder);
	CHECK_NUMBER("compile", system(command), 0);
	write_service("fence", "auth requisite GUARD " FAR " [policy=DIR/except.bin]\n"
			       "auth required FORWARD LOG\n");
	CHECK_NUMBER("exception", try_user("exception", ALICE), PAM_SUCCESS);
	CHECK_NUMBER("line", has_line(LOG_NOTICE, "verdict=allow reason=exception "), true);
	CHECK_NUMBER("rule", strstr(seen->log, " rule=exception:lab ") != NULL, true);
	if (!CHECK_NUMBER("lines", count_lines(seen->log), 1))
		printf("%s ", seen->log);
}

/* Without policy= the host's is in force. */
static void test_host_policy(void)
{
	if (access(AFENCE_POLICY_PATH, F_OK) == 0) {
		printf("(left out: this machine has a policy) ");
		return;
	}
	write_service("fence", "auth " RECOMMENDED " GUARD " FAR "\nauth required FORWARD LOG\n");
	CHECK_NUMBER("built in", try_user("built in", ALICE), PAM_PERM_DENIED);
	CHECK_NUMBER("built in", strstr(seen->log, " generation=0\n") != NULL, true);
	CHECK_NUMBER("one line", count_lines(seen->log), 1);
	CHECK_NUMBER("ordinary", try_user("built in", "bob@acme.org"), PAM_SUCCESS);
	CHECK_STRING("ordinary", seen->log, "");
}

/* ---- what a guest does not do ---- */

static int open_socket(pam_handle_t *pamh, int flags)
{
	(void)pamh, (void)flags;
	socket(AF_INET, SOCK_DGRAM, 0);
	return PAM_SUCCESS;
}

/* Under a filter for which a socket or another process is deadly. */
static void test_confined(void)
{
	static const char *const targets[] = {FAR, "target=radius1.corp.net", "target=localhost",
		"target=ipa.lab.test", "target=mx.corp.net policy=DIR/rows.bin"};
	static const char *const users[] = {ALICE, "bob@acme.org", "bob"};
	struct attempt attempt = {.confined = true};
	int status = 0;
	pid_t pid;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		write_guarded("auth", RECOMMENDED, targets[i]);
		for (size_t n = 0; n < sizeof(users) / sizeof(users[0]); n++) {
			attempt.user = users[n];
			try(targets[i], &attempt);
		}
	}
	attempt.call = open_socket;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		run_attempt(&attempt);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_NUMBER("the filter works", WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, true);
}

/* Neither an ordinary name nor a bare one to which no module appends anything is worth a file. */
static void test_sealed(void)
{
#define BEHIND(module) GUARDED "auth sufficient pam_permit.so\nauth required " module "\n"
	static const struct {
		const char *name, *stack, *user;
		bool opens;
	} rows[] = {
		{"ordinary", BEHIND("[TOYS/pam_radius_auth.so]"), "bob@acme.org", false},
		{"ordinary, appending", BEHIND("[TOYS/pam_imap.so]"), "bob@acme.org", false},
		{"bare", BEHIND("[TOYS/pam_radius_auth.so]"), "bob", false},
		{"what sshd says", BEHIND("[TOYS/pam_radius_auth.so]"), "\b\n\r\177INCORRECT",
			false},
		{"bare, appending", BEHIND("[TOYS/pam_imap.so]"), "bob", true},
		{"quoted @, appending", BEHIND("[TOYS/pam_imap.so]"), "bob\\@acme.org", true},
		{"reserved", BEHIND("[TOYS/pam_radius_auth.so]"), ALICE, true},
	};

	if (!may_discover())
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct attempt attempt = {.user = rows[i].user, .call = authenticate_sealed};
		int status = 0;
		pid_t pid;

		write_service("fence", rows[i].stack);
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			run_attempt(&attempt);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		CHECK_NUMBER(rows[i].name, WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
			rows[i].opens);
		CHECK_NUMBER(rows[i].name, status == 0, !rows[i].opens);
	}
}

static int list_descriptors(pam_handle_t *pamh, int flags)
{
	int before = dup(0);
	int after;

	close(before);
	pam_authenticate(pamh, flags);
	after = dup(0);
	close(after);
	return after - before;
}

/* R11: of all that libpam knows, it looks at the service alone. */
static void test_items(void)
{
	struct attempt attempt = {.user = ALICE};

	write_service("fence", "auth requisite GUARD EMPTY " FAR "\n");
	for (int i = 0; i < 2; i++) {
		attempt.user = i == 0 ? ALICE : "bob@acme.org";
		try("items", &attempt);
		CHECK_NUMBER("service", seen->item[PAM_SERVICE] > 0, true);
		CHECK_NUMBER("password", seen->item[PAM_AUTHTOK], 0);
		CHECK_NUMBER("old password", seen->item[PAM_OLDAUTHTOK], 0);
		attempt.call = list_descriptors;
		try("descriptors", &attempt);
		CHECK_NUMBER("descriptors", seen->code, 0);
		attempt.call = NULL;
	}
}

/* First line of what COMMAND prints, with "$so" the module and "$map" its version script. */
static const char *shell(const char *command)
{
	static char line[512];
	char text[16384];
	FILE *pipe;

	snprintf(text, sizeof(text), "so='%s' map='%s/plugins/pam/pam_authfence.map'; %s", guard,
		af_source_dir, command);
	pipe = popen(text, "r");
	if (pipe == NULL || fgets(line, sizeof(line), pipe) == NULL)
		line[0] = '\0';
	if (pipe != NULL)
		pclose(pipe);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* "libclang_rt", "libasan": what the sanitizers of a test build add. */
static void test_file(void)
{
	static const char entries[] = "pam_sm_acct_mgmt pam_sm_authenticate pam_sm_chauthtok "
				      "pam_sm_close_session pam_sm_open_session pam_sm_setcred";

	CHECK_STRING("exported",
		shell("nm -D --defined-only \"$so\" | sed 's/.* //' | sort | xargs"), entries);
	CHECK_STRING("version script",
		shell("sed -n '/global:/,/local:/s/^[[:space:]]*\\([a-z_]*\\);$/\\1/p' \"$map\" | "
		      "sort | xargs"),
		entries);
	CHECK_STRING("asks libpam for",
		shell("nm -D --undefined-only \"$so\" | sed -n 's/.* \\(_*pam_[a-z_]*\\).*/\\1/p' | "
		      "sort | xargs"),
		"pam_get_item pam_get_user pam_prompt pam_strerror pam_syslog");
	CHECK_STRING("links",
		shell("readelf -d \"$so\" | sed -n 's/.*NEEDED.*\\[\\(.*\\)\\].*/\\1/p' | "
		      "grep -vE '^lib(asan|ubsan|clang_rt|gcc_s|m\\.)' | grep -v '^ld-' | sort | "
		      "xargs"),
		"libc.so.6 libidn2.so.0 libpam.so.0");
	CHECK_STRING("stays loaded", shell("readelf -d \"$so\" | grep -o NODELETE"), "NODELETE");
	CHECK_STRING("binds at start", shell("readelf -d \"$so\" | grep -ow NOW"), "NOW");
	CHECK_STRING("no text relocations", shell("readelf -d \"$so\" | grep -o TEXTREL"), "");
	CHECK_STRING("no constructors of its own",
		shell("nm \"$so\" | grep -E ' [tT] (_GLOBAL__sub_I|_init_)' | grep -v asan"), "");
}

/* ---- */

/* The language has no word for it yet. */
static void write_lenient(const char *name)
{
	struct af_diagnostics diagnostics = {0};
	struct af_compiled image;
	struct af_rules rules;

	af_rules_start(&rules, &diagnostics, 1000);
	rules.settings.unknown = 1;
	CHECK_NUMBER(name,
		af_compile_write(
			&rules, &(struct af_stamp){.generation = 7, .created = 1000}, &image),
		AFENCE_OK);
	write_bytes(name, image.bytes, image.length);
	free(image.bytes);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
}

static void write_policies(void)
{
	static const char rows[] = "policy 1;\nreserve \"dev.acme.org\";\n"
				   "internal \"mx.corp.net\";\nexternal 10.99.0.0/16;\n";
	char target[4300];
	char path[4300];

	write_policy("empty.bin", "policy 1;\n");
	write_lenient("allow.bin");
	write_policy("off.bin", "policy 1;\nmode off;\n");
	write_policy("observe.bin", "policy 1;\nmode observe;\n");
	write_policy("rows.bin", rows);
	write_policy("mended.bin.prev", rows);
	write_bytes("mended.bin", "AFPOLICY", 8);
	write_bytes("broken.bin", "AFPOLICY", 8);
	write_policy("shared.bin", "policy 1;\nmode off;\n");
	change_mode("shared.bin", 0666);
	snprintf(target, sizeof(target), "%s/off.bin", folder);
	snprintf(path, sizeof(path), "%s/link.bin", folder);
	CHECK_NUMBER("link", symlink(target, path), 0);
}

/* Not in set_up(), where a failed check would go unseen. */
static void test_policies(void)
{
	write_policies();
}

static int set_up(void)
{
	snprintf(guard, sizeof(guard), "%s/pam/pam_authfence.so", af_build_dir);
	snprintf(toy, sizeof(toy), "%s/tests/pam_forward.so", af_build_dir);
	snprintf(toys, sizeof(toys), "%s/tests/pamdir", af_build_dir);
	snprintf(folder, sizeof(folder), "%s", af_scratch_dir());
	snprintf(empty, sizeof(empty), "%s/empty.bin", folder);
	snprintf(forwarded, sizeof(forwarded), "%s/forwarded", folder);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		return 1;
	write_other();
	return 0;
}

static CU_TestInfo tests[] = {
	{"policies for what follows", test_policies},
	{"control values", test_controls},
	{"never grants", test_never_grants},
	{"entry points", test_entries},
	{"not asked", test_undecided},
	{"both passes of a new password", test_chauthtok},
	{"the name", test_names},
	{"targets", test_targets},
	{"identities", test_identities},
	{"arguments", test_arguments},
	{"too much of it", test_too_much},
	{"found in the stack", test_found},
	{"found in part", test_found_trouble},
	{"found by way of other", test_found_other},
	{"found for a service that is a path", test_found_path},
	{"message about what was found", test_found_message},
	{"found for a new password", test_found_chauthtok},
	{"message", test_message},
	{"message not taken", test_deaf},
	{"ten lines a minute", test_limit},
	{"a policy that rests", test_rest},
	{"a policy that changes", test_changes},
	{"a policy that is lost", test_lost},
	{"an exception", test_exception},
	{"policy of the host", test_host_policy},
	{"no sockets, no processes", test_confined},
	{"no files", test_sealed},
	{"what is looked at", test_items},
	{"the file", test_file},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"pam", set_up, NULL, NULL, NULL, tests};
