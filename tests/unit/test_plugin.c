/* SPDX-License-Identifier: MIT */
/*
 * The built plugin as libsasl2 meets it: its symbols, its entry point, both callbacks called
 * directly, and whole exchanges through the real library, one child process a configuration
 * because libsasl2 loads plugins once.
 */
#include "harness.h"
#include "mech.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "af_limit.h"
#include "af_status.h"

static char plugin_dir[4200];
static char plugin_file[4300];

/* ---- what the plugin asks of libc ---- */

/* The clocks run ahead by this, or stand still at it. */
static time_t ahead;
static bool still;

int clock_gettime(clockid_t clock, struct timespec *out)
{
	static int (*real)(clockid_t, struct timespec *);
	void *symbol;
	int result = 0;

	if (real == NULL) {
		symbol = dlsym(RTLD_NEXT, "clock_gettime");
		memcpy(&real, &symbol, sizeof(real));
	}
	if (still)
		*out = (struct timespec){1000 * 1000, 0};
	else
		result = real(clock, out);
	out->tv_sec += ahead;
	return result;
}

static unsigned looks; /* at files */

int lstat(const char *path, struct stat *out)
{
	looks++;
	return fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

/* ---- children ---- */

/* Runs RUN in a child and returns what it wrote, to be freed; "signal N" at the end if it died. */
static char *in_child(void (*run)(FILE *out, const void *context), const void *context)
{
	char *text = NULL;
	size_t len = 0;
	FILE *collect = open_memstream(&text, &len);
	char part[4096];
	int pipes[2];
	int status = 0;
	ssize_t got;
	pid_t pid;

	if (pipe(pipes) != 0 || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		FILE *out = fdopen(pipes[1], "w");

		close(pipes[0]);
		alarm(60);
		run(out, context);
		fclose(out);
		_exit(0);
	}
	close(pipes[1]);
	while ((got = read(pipes[0], part, sizeof(part))) > 0)
		fwrite(part, 1, (size_t)got, collect);
	close(pipes[0]);
	waitpid(pid, &status, 0);
	if (status != 0)
		fprintf(collect, "status %x", (unsigned)status);
	fclose(collect);
	return text;
}

static void print_bytes(FILE *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c > ' ' && c < 0x7f && c != '\\')
			fputc(c, out);
		else
			fprintf(out, "\\%02x", c);
	}
}

/* ---- symbols ---- */

/* The names between "global:" and "local:" of the version script, and those that nm sees. */
static void test_symbols(void)
{
	char command[9000];
	FILE *pipe;
	char line[256] = "";

	snprintf(command, sizeof(command),
		"sed -n '/global:/,/local:/s/^[[:space:]]*\\([a-z_]*\\);$/\\1/p' "
		"%s/plugins/sasl/libauthfence.map | sort >%s/map; "
		"nm -D --defined-only %s | sed 's/.* //' | sort >%s/nm; "
		"test -s %s/map && diff %s/map %s/nm && echo same",
		af_source_dir, af_scratch_dir(), plugin_file, af_scratch_dir(), af_scratch_dir(),
		af_scratch_dir(), af_scratch_dir());
	pipe = popen(command, "r");
	fgets(line, sizeof(line), pipe);
	pclose(pipe);
	CHECK_STRING("exported symbols", line, "same\n");
}

/* ---- direct calls ---- */

/* What the plugin said through the functions that libsasl2 lends it. */
static struct {
	unsigned errors;
	unsigned error_flags;
	char error[1024];
	unsigned lines;
	int level;
	char line[2048];
	char all[8192]; /* lines since it was emptied */
	const char *mechanism;
} said;

static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;

/* The plugin must know that only "%s" is safe with libsasl2's own printf. */
static void take_text(const char *format, va_list list, char *out, size_t room)
{
	snprintf(out, room, "%s", strcmp(format, "%s") == 0 ? va_arg(list, const char *) : format);
}

static void fake_error(sasl_conn_t *conn, unsigned flags, const char *format, ...)
{
	va_list list;

	(void)conn;
	pthread_mutex_lock(&said_lock);
	va_start(list, format);
	take_text(format, list, said.error, sizeof(said.error));
	va_end(list);
	said.error_flags = flags;
	said.errors++;
	pthread_mutex_unlock(&said_lock);
}

static void fake_log(sasl_conn_t *conn, int level, const char *format, ...)
{
	va_list list;

	(void)conn;
	pthread_mutex_lock(&said_lock);
	va_start(list, format);
	take_text(format, list, said.line, sizeof(said.line));
	va_end(list);
	snprintf(said.all + strlen(said.all), sizeof(said.all) - strlen(said.all), "%s\n",
		said.line);
	said.level = level;
	said.lines++;
	pthread_mutex_unlock(&said_lock);
}

static int fake_property(sasl_conn_t *conn, int number, const void **out)
{
	(void)conn;
	if (number != SASL_MECHNAME || said.mechanism == NULL)
		return SASL_NOTDONE;
	*out = said.mechanism;
	return SASL_OK;
}

static const sasl_utils_t fake_utils = {
	.seterror = fake_error, .log = fake_log, .getprop = fake_property};

static sasl_canonuser_init_t *load_entry(void)
{
	void *library = dlopen(plugin_file, RTLD_NOW);
	void *symbol = library != NULL ? dlsym(library, "sasl_canonuser_init") : NULL;
	sasl_canonuser_init_t *entry;

	if (symbol == NULL) {
		printf("\n%s ", dlerror());
		CU_FAIL_FATAL("the plugin cannot be loaded");
	}
	memcpy(&entry, &symbol, sizeof(entry));
	return entry;
}

static sasl_canonuser_plug_t *load_plug(void)
{
	sasl_canonuser_plug_t *plug = NULL;
	int version;

	memset(&said, 0, sizeof(said));
	CU_ASSERT_EQUAL_FATAL(load_entry()(&fake_utils, SASL_CANONUSER_PLUG_VERSION, &version,
				      &plug, "authfence"),
		SASL_OK);
	return plug;
}

static void free_plug(sasl_canonuser_plug_t *plug)
{
	plug->canon_user_free(plug->glob_context, &fake_utils);
}

static void test_entry(void)
{
	sasl_canonuser_init_t *entry = load_entry();
	sasl_canonuser_plug_t *first = NULL;
	sasl_canonuser_plug_t *second = NULL;
	int version = 0;

	CHECK_NUMBER("no utils", entry(NULL, 5, &version, &first, "x"), SASL_BADPARAM);
	CHECK_NUMBER("no version", entry(&fake_utils, 5, NULL, &first, "x"), SASL_BADPARAM);
	CHECK_NUMBER("no plug", entry(&fake_utils, 5, &version, NULL, "x"), SASL_BADPARAM);
	CHECK_NUMBER("old library", entry(&fake_utils, 4, &version, &first, "x"), SASL_BADVERS);
	CHECK_NUMBER("newer", entry(&fake_utils, 6, &version, &first, "x"), SASL_OK);
	CHECK_NUMBER("version", version, SASL_CANONUSER_PLUG_VERSION);
	CHECK_STRING("name", first->name, "INTERNAL");
	CU_ASSERT_PTR_NOT_NULL(first->canon_user_client);
	CU_ASSERT_PTR_NOT_NULL(first->canon_user_server);
	CHECK_NUMBER("again", entry(&fake_utils, 5, &version, &second, NULL), SASL_OK);
	CU_ASSERT_PTR_NOT_EQUAL(first->glob_context, second->glob_context);
	first->canon_user_free(NULL, &fake_utils);
	free_plug(first);
	free_plug(second);
}

/* ---- canonicalisation, called directly ---- */

static int call_server(sasl_canonuser_plug_t *plug, const char *realm, const char *user,
	unsigned len, char *out, unsigned max, unsigned *out_len)
{
	sasl_server_params_t params = {.utils = &fake_utils, .user_realm = realm};

	return plug->canon_user_server(plug->glob_context, &params, user, len,
		SASL_CU_AUTHID | SASL_CU_AUTHZID, out, max, out_len);
}

static int call_client(sasl_canonuser_plug_t *plug, const sasl_client_params_t *params,
	const char *user, size_t len, unsigned flags, char *out, unsigned max, unsigned *out_len)
{
	sasl_client_params_t copy = *params;

	copy.utils = &fake_utils;
	return plug->canon_user_client(
		plug->glob_context, &copy, user, (unsigned)len, flags, out, max, out_len);
}

static void test_canonical(void)
{
	static const struct {
		const char *user;
		const char *realm;
		unsigned max;
		int code;
		const char *want;
	} rows[] = {
		{"bob", NULL, 64, SASL_OK, "bob"},
		{"bob", "r.example", 64, SASL_OK, "bob@r.example"},
		{"bob@x", "r.example", 64, SASL_OK, "bob@x"},
		{" \t bob \r\n", NULL, 64, SASL_FAIL, ""}, /* as much blank as name */
		{" bob \v\f", NULL, 64, SASL_OK, "bob"},
		{"bob ", "r", 64, SASL_OK, "bob@r"},
		{" a", NULL, 64, SASL_FAIL, ""},
		{"", NULL, 64, SASL_FAIL, ""},
		{"   ", NULL, 64, SASL_OK, ""},
		{"   ", "r", 64, SASL_OK, "@r"},
		{"bob", "", 64, SASL_OK, "bob@"},
		{"\xff"
		 "bob\xa0",
			NULL, 64, SASL_OK,
			"\xff"
			"bob\xa0"},
		{"abc", NULL, 3, SASL_OK, "abc"},
		{"abcd", NULL, 3, SASL_BUFOVER, "abc"},
		{"abc", "r", 5, SASL_OK, "abc@r"},
		{"abc", "r", 4, SASL_BUFOVER, "abc@"},
		{"abc", "r", 3, SASL_BUFOVER, "abc"},
	};
	sasl_canonuser_plug_t *plug = load_plug();
	char out[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned len = 4711;

		memset(out, 0, sizeof(out));
		CHECK_NUMBER(rows[i].user,
			call_server(plug, rows[i].realm, rows[i].user,
				(unsigned)strlen(rows[i].user), out, rows[i].max, &len),
			rows[i].code);
		CHECK_STRING(rows[i].user, out, rows[i].want);
		CHECK_NUMBER(
			rows[i].user, len, rows[i].code == SASL_OK ? strlen(rows[i].want) : 4711);
	}
	CHECK_STRING("words", said.error, "All-whitespace username.");
	CHECK_NUMBER("no user", call_server(plug, NULL, NULL, 0, out, 64, NULL), SASL_BADPARAM);
	CHECK_NUMBER("no length", call_server(plug, NULL, "bob", 3, out, 64, NULL), SASL_OK);
	free_plug(plug);
}

/* libsasl2 gives the same buffer twice where the host has a callback of its own. */
static void test_same_buffer(void)
{
	sasl_canonuser_plug_t *plug = load_plug();
	sasl_client_params_t client = {.service = "imap"};
	char out[64] = "  robert  ";
	unsigned len = 10;

	CHECK_NUMBER("server", call_server(plug, "r", out, len, out, 63, &len), SASL_OK);
	CHECK_STRING("server", out, "robert@r");
	memcpy(out, "\trobert@x\n", 10);
	CHECK_NUMBER("client", call_client(plug, &client, out, 10, SASL_CU_AUTHID, out, 63, &len),
		SASL_OK);
	CHECK_STRING("client", out, "robert@x");
	CHECK_NUMBER("client", len, 8);
	free_plug(plug);
}

/* The last bytes before a page that cannot be read. */
static void test_unterminated(void)
{
	static const char name[] = {'r', 'o', 'b', 'e', 'r', 't'};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *user = pages + page - sizeof(name);
	sasl_canonuser_plug_t *plug = load_plug();
	sasl_client_params_t client = {.service = "imap"};
	char out[64];
	unsigned len;

	mprotect(pages + page, page, PROT_NONE);
	memcpy(user, name, sizeof(name));
	CHECK_NUMBER("server", call_server(plug, "r", user, sizeof(name), out, 63, &len), SASL_OK);
	CHECK_STRING("server", out, "robert@r");
	CHECK_NUMBER("client",
		call_client(plug, &client, user, sizeof(name), SASL_CU_AUTHID, out, 63, &len),
		SASL_OK);
	CHECK_STRING("client", out, "robert");
	munmap(pages, 2 * page);
	free_plug(plug);
}

/* ---- decisions, called directly ---- */

#define BOTH (SASL_CU_AUTHID | SASL_CU_AUTHZID)

static const struct client_row {
	const char *name;
	const char *service;
	const char *host;
	const char *local;
	const char *remote;
	const char *mechanism;
	unsigned flags;
	const char *user;
	const char *reason; /* NULL: allowed */
} client_rows[] = {
	{"ordinary", "imap", "192.88.99.7", NULL, NULL, "PLAIN", BOTH, "bob@acme.org", NULL},
	{"bare", "imap", "192.88.99.7", NULL, NULL, "PLAIN", BOTH, "bob", NULL},
	{"reserved", "imap", "192.88.99.7", NULL, NULL, "PLAIN", BOTH, "alice@example.com",
		"external"},
	{"authid", "imap", "192.88.99.7", NULL, NULL, "PLAIN", SASL_CU_AUTHID, "a@example.com",
		"external"},
	{"authzid", "imap", "192.88.99.7", NULL, NULL, "PLAIN", SASL_CU_AUTHZID, "a@example.com",
		"external"},
	{"blanks", "imap", "192.88.99.7", NULL, NULL, "PLAIN", BOTH, "\t alice@EXAMPLE.com \r\n",
		"external"},
	{"vertical tab", "imap", "192.88.99.7", NULL, NULL, "PLAIN", BOTH, "alice@example.com\v",
		"external"},
	{"internal", "imap", "10.0.0.1", NULL, NULL, "PLAIN", BOTH, "alice@example.com", NULL},
	{"local", "imap", "localhost", NULL, NULL, "PLAIN", BOTH, "alice@example.com", NULL},
	{"peer external", "imap", NULL, "192.0.2.1;40000", "192.88.99.7;993", "PLAIN", BOTH,
		"alice@example.com", "external"},
	{"peer internal", "imap", NULL, "192.0.2.1;40000", "10.1.1.1;993", "PLAIN", BOTH,
		"alice@example.com", NULL},
	{"peer is own", "imap", NULL, "192.88.99.7;40000", "192.88.99.7;993", "PLAIN", BOTH,
		"alice@example.com", NULL},
	{"IPv6 peer", "imap", NULL, NULL, "2606:4700::1;993", "PLAIN", BOTH, "alice@example.com",
		"external"},
	{"peer far, name near", "imap", "10.0.0.1", NULL, "192.88.99.7;993", "PLAIN", BOTH,
		"alice@example.com", "external"},
	{"peer near, name far", "imap", "192.88.99.7", NULL, "10.0.0.1;993", "PLAIN", BOTH,
		"alice@example.com", "external"},
	/* Not a peer, so nothing is known. */
	{"rubbish", "imap", NULL, "0", "0", "PLAIN", BOTH, "alice@example.com", "unknown"},
	{"never filled in", "imap", NULL, NULL, "0.0.0.0;993", "PLAIN", BOTH, "alice@example.com",
		"unknown"},
	{"never filled in 6", "imap", NULL, NULL, "::;993", "PLAIN", BOTH, "alice@example.com",
		"unknown"},
	{"port 0", "imap", NULL, NULL, "127.0.0.1;0", "PLAIN", BOTH, "alice@example.com",
		"unknown"},
	{"port too big", "imap", NULL, NULL, "127.0.0.1;65536", "PLAIN", BOTH, "alice@example.com",
		"unknown"},
	{"port of words", "imap", NULL, NULL, "127.0.0.1;99x", "PLAIN", BOTH, "alice@example.com",
		"unknown"},
	{"no port", "imap", NULL, NULL, "127.0.0.1;", "PLAIN", BOTH, "alice@example.com",
		"unknown"},
	{"nothing", NULL, NULL, NULL, NULL, NULL, BOTH, "alice@example.com", "unknown"},
	/* Forms. */
	{"NTLM", "smtp", "192.88.99.7", NULL, NULL, "NTLM", BOTH, "EXAMPLE.COM\\alice", "external"},
	{"Kerberos", "ldap", NULL, NULL, "192.88.99.7;389", "GSSAPI", SASL_CU_AUTHID,
		"alice/admin@EXAMPLE.COM", "external"},
	{"authzid u:", "ldap", NULL, NULL, "192.88.99.7;389", "PLAIN", SASL_CU_AUTHZID,
		"u:alice@example.com", "external"},
	{"authzid dn:", "LDAP", NULL, NULL, "192.88.99.7;389", "GSSAPI", SASL_CU_AUTHZID,
		"dn:uid=alice,dc=example,dc=com", "external"},
	{"JID", "xmpp", NULL, NULL, "192.88.99.7;5222", "PLAIN", SASL_CU_AUTHZID,
		"alice@example.com/home", "external"},
	{"JID ordinary", "xmpp", NULL, NULL, "192.88.99.7;5222", "PLAIN", SASL_CU_AUTHZID,
		"alice@acme.org/example.com", NULL},
	/* R6a: what the peer says of itself is worth nothing. */
	{"PTR name", "ldap", "localhost", NULL, NULL, "PLAIN", BOTH, "alice@example.com",
		"unknown"},
};

static void check_client(sasl_canonuser_plug_t *plug, const struct client_row *row)
{
	sasl_client_params_t params = {.service = row->service,
		.serverFQDN = row->host,
		.iplocalport = row->local,
		.ipremoteport = row->remote};
	char want[256];
	char out[64] = "untouched";
	unsigned len = 4711;
	int code;

	memset(&said, 0, sizeof(said));
	said.mechanism = row->mechanism;
	code = call_client(plug, &params, row->user, strlen(row->user), row->flags, out, 63, &len);
	CHECK_NUMBER(row->name, code, row->reason != NULL ? SASL_NOAUTHZ : SASL_OK);
	CHECK_NUMBER(row->name, said.lines, row->reason != NULL);
	CHECK_NUMBER(row->name, said.errors, row->reason != NULL);
	if (row->reason == NULL)
		return;
	snprintf(want, sizeof(want),
		"authfence: verdict=block reason=reserved-identity-%s-target stack=sasl ",
		row->reason);
	CU_ASSERT_NOT_EQUAL(strlen(want), 0);
	said.line[strlen(want)] = '\0';
	CHECK_STRING(row->name, said.line, want);
	CHECK_NUMBER(row->name, said.level, SASL_LOG_ERR);
	CHECK_NUMBER(row->name, said.error_flags, SASL_NOLOG);
	CHECK_STRING(row->name, out, "untouched");
	CHECK_NUMBER(row->name, len, 4711);
}

static void test_client(void)
{
	for (size_t i = 0; i < sizeof(client_rows) / sizeof(client_rows[0]); i++) {
		sasl_canonuser_plug_t *plug =
			load_plug(); /* a fresh one each: the log is limited */

		check_client(plug, &client_rows[i]);
		free_plug(plug);
	}
}

/* From here on any system call is deadly but these. */
static void confine(void)
{
	static const unsigned harmless[] = {SYS_newfstatat, SYS_write, SYS_exit, SYS_exit_group};
	struct sock_filter filter[2 + 2 * sizeof(harmless) / sizeof(harmless[0])];
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	size_t n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		filter[n++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, harmless[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(99);
}

/* An ordinary identity costs one look at the policy file in each second, and nothing else: here a
 * second passes with every tenth. */
static void run_confined(FILE *out, const void *context)
{
	sasl_client_params_t params = {.service = "imap", .serverFQDN = "192.88.99.7"};
	sasl_canonuser_plug_t *plug;
	char text[128];
	char name[64];
	unsigned len;

	still = true;
	plug = load_plug();
	looks = 0;
	confine();
	for (int i = 1; i <= 100; i++) {
		call_client(plug, &params, "bob@acme.org", 12, BOTH, name, 63, &len);
		call_client(plug, &params, "bob", 3, BOTH, name, 63, &len);
		call_server(plug, "realm", "bob", 3, name, 63, &len);
		ahead += i % 10 == 0;
	}
	if (context != NULL)
		syscall(SYS_getppid);
	(void)!write(fileno(out), text, (size_t)sprintf(text, "%s %u", name, looks));
	syscall(SYS_exit, 0);
}

static void test_confined(void)
{
	char *text = in_child(run_confined, NULL);

	CHECK_STRING("looks", text, "bob@realm 9");
	free(text);
	text = in_child(run_confined, "");
	CHECK_NUMBER("the filter works", strncmp(text, "status ", 7), 0);
	free(text);
}

/* ---- the log ---- */

static void test_limit(void)
{
	static const struct {
		const char *name;
		const char *rule;
		uint32_t now;
		unsigned times;
		unsigned passed;
		unsigned suppressed; /* as the first of them says */
	} rows[] = {
		{"first ten", "builtin:documentation", 100, 10, 10, 0},
		{"another rule", "builtin:testing", 100, 3, 3, 0},
		{"no more", "builtin:documentation", 130, 7, 0, 0},
		{"still none", "builtin:documentation", 159, 5, 0, 0},
		{"the other goes on", "builtin:testing", 159, 9, 7, 0},
		{"a minute later", "builtin:documentation", 160, 4, 4, 12},
		{"and on", "builtin:documentation", 161, 4, 4, 0},
		{"the other, later", "builtin:testing", 1000, 1, 1, 2},
		{"the clock came round", "builtin:testing", 5, 1, 1, 0},
	};
	static struct af_limit limit;
	char rule[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned passed = 0;
		unsigned suppressed = 0;
		unsigned first = 0;

		for (unsigned n = 0; n < rows[i].times; n++) {
			passed += af_limit_pass(&limit, rows[i].rule, rows[i].now, &suppressed);
			first = n == 0 ? suppressed : first;
		}
		CHECK_NUMBER(rows[i].name, passed, rows[i].passed);
		CHECK_NUMBER(rows[i].name, first, rows[i].suppressed);
	}
	for (int i = 0; i < 1000; i++) {
		unsigned suppressed;

		snprintf(rule, sizeof(rule), "reserve:n%d.test", i);
		af_limit_pass(&limit, rule, 2000, &suppressed);
	}
}

static void *refuse_often(void *context)
{
	sasl_client_params_t params = {.service = "imap", .serverFQDN = "192.88.99.7"};
	char out[64];
	unsigned len;

	for (int i = 0; i < 50; i++)
		call_client(context, &params, "alice@example.com", 17, BOTH, out, 63, &len);
	return NULL;
}

static void test_threads(void)
{
	sasl_canonuser_plug_t *plug = load_plug();
	pthread_t thread[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, refuse_often, plug);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	CHECK_NUMBER("refused", said.errors, 200);
	CHECK_NUMBER("logged", said.lines, 10);
	free_plug(plug);
}

/* ---- the real library ---- */

/* The library keeps callbacks of all shapes as one type. */
#define PROC(function) ((int (*)(void))(void (*)(void))(function))

static FILE *log_file;

static int log_callback(void *context, int level, const char *message)
{
	(void)context;
	if (level <= SASL_LOG_FAIL)
		fprintf(log_file, "log %d %s\n", level, message);
	return SASL_OK;
}

/* So that a policy of the machine has no say. */
static void start_library(FILE *out, const char *folder, const char *policy)
{
	static char path[9000];

	snprintf(path, sizeof(path), "%s", folder);
	log_file = out;
	unsetenv("SASL_PATH");
	setenv("AUTHFENCE_POLICY", policy != NULL ? policy : "/nonexistent/policy.bin", 1);
	sasl_set_path(SASL_PATH_TYPE_PLUGIN, path);
}

/* ---- servers: the built-in and the plugin must not differ ---- */

struct server_case {
	const char *folder;
	const char *realm;
	unsigned seed;
};

static int accept_password(sasl_conn_t *conn, void *context, const char *user, const char *pass,
	unsigned len, struct propctx *properties)
{
	(void)conn;
	(void)context;
	(void)user;
	(void)pass;
	(void)len;
	(void)properties;
	return SASL_OK;
}

/* Here the library shows the name that it made, with its length. */
static int show_name(sasl_conn_t *conn, void *context, const char *user, unsigned user_len,
	const char *authid, unsigned authid_len, const char *realm, unsigned realm_len,
	struct propctx *properties)
{
	(void)conn;
	(void)authid;
	(void)realm;
	(void)realm_len;
	(void)properties;
	fprintf(context, "%u %u ", user_len, authid_len);
	print_bytes(context, user, user_len);
	return SASL_OK;
}

/* Names as no person types them: many blanks, some "@", all bytes, all lengths. */
static unsigned make_name(uint32_t *seed, char out[1200])
{
	static const char common[] = " \t\n\v\f\r  ab@";
	unsigned len;

	*seed = *seed * 1664525 + 1013904223;
	len = *seed >> 28 < 15 ? (*seed >> 8) % 12 : (*seed >> 8) % 1100;
	for (unsigned i = 0; i < len; i++) {
		*seed = *seed * 1664525 + 1013904223;
		out[i] = *seed >> 30 != 0 ? common[(*seed >> 16) % (sizeof(common) - 1)]
					  : (char)(*seed >> 16);
	}
	out[len] = '\0';
	return len;
}

static void run_server(FILE *out, const void *context)
{
	const struct server_case *is = context;
	sasl_callback_t callbacks[] = {
		{SASL_CB_LOG, PROC(log_callback), NULL},
		{SASL_CB_SERVER_USERDB_CHECKPASS, PROC(accept_password), NULL},
		{SASL_CB_PROXY_POLICY, PROC(show_name), out},
		{SASL_CB_LIST_END, NULL, NULL},
	};
	uint32_t seed = is->seed;
	sasl_conn_t *conn;
	char name[1200];

	start_library(out, is->folder, NULL);
	fprintf(out, "init %d\n", sasl_server_init(callbacks, "authfence"));
	sasl_server_new("imap", "mail.test", is->realm, NULL, NULL, NULL, 0, &conn);
	for (int i = 0; i < 3000; i++) {
		unsigned len = make_name(&seed, name);
		int code = sasl_checkpass(conn, name, len, "x", 1);

		fprintf(out, " code %d %s\n", code, code != SASL_OK ? sasl_errdetail(conn) : "");
	}
	sasl_dispose(&conn);
	sasl_done();
}

/* The lines at which two texts part, so that a failure shows them. */
static void cut_to_difference(char **a, char **b)
{
	size_t i = 0;
	size_t start = 0;

	for (; (*a)[i] != '\0' && (*a)[i] == (*b)[i]; i++)
		start = (*a)[i] == '\n' ? i + 1 : start;
	*a += start;
	*b += start;
	(*a)[strcspn(*a, "\n")] = '\0';
	(*b)[strcspn(*b, "\n")] = '\0';
}

static void test_servers(void)
{
	static char longest[1024];
	const char *realms[] = {NULL, "", "r.example", longest};

	memset(longest, 'r', sizeof(longest) - 5);
	for (unsigned i = 0; i < sizeof(realms) / sizeof(realms[0]); i++) {
		struct server_case plain = {af_scratch_dir(), realms[i], i + 1};
		struct server_case guarded = {plugin_dir, realms[i], i + 1};
		char *want = in_child(run_server, &plain);
		char *got = in_child(run_server, &guarded);
		char *want_line = want;
		char *got_line = got;

		CHECK_NUMBER("long enough", strlen(want) > 30000, 1);
		cut_to_difference(&want_line, &got_line);
		CHECK_STRING(realms[i] != NULL ? realms[i] : "no realm", got_line, want_line);
		free(want);
		free(got);
	}
}

/* ---- clients ---- */

struct client_case {
	const char *folder;
	const char *policy;
	const char *mechanism;
	const char *host;
	const char *authid;
	const char *authzid;
	unsigned connections;
	bool handed; /* the first is handed over */
	bool apart;  /* the first goes to 127.0.0.1, the second to 127.0.0.2 */
};

static int give_name(void *context, int id, const char **result, unsigned *len)
{
	const struct client_case *is = context;

	*result = id == SASL_CB_USER ? is->authzid : is->authid;
	if (len != NULL)
		*len = *result != NULL ? (unsigned)strlen(*result) : 0;
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

/* "address;port", as hosts hand it over. */
static void print_end(int fd, int (*name)(int, struct sockaddr *, socklen_t *), char out[64])
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);

	name(fd, (struct sockaddr *)&sa, &len);
	snprintf(out, 64, "%s;%d", inet_ntoa(sa.sin_addr), ntohs(sa.sin_port));
}

/* The far ends stay in the queue of the listener: as descriptors they would be candidates. */
static int connect_loopback(unsigned count, bool apart, int client[])
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&sa, len) != 0 || listen(listener, 8) != 0 ||
		getsockname(listener, (struct sockaddr *)&sa, &len) != 0)
		abort();
	for (unsigned i = 0; i < count; i++) {
		client[i] = socket(AF_INET, SOCK_STREAM, 0);
		sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (apart ? i : 0));
		if (connect(client[i], (struct sockaddr *)&sa, len) != 0)
			abort();
	}
	return listener;
}

static void exchange(FILE *out, const struct client_case *is, const int client[])
{
	char local[64];
	char remote[64];
	sasl_conn_t *conn;
	const char *answer = NULL;
	const char *chosen = NULL;
	unsigned len = 0;
	int code;

	if (is->handed) {
		print_end(client[0], getsockname, local);
		print_end(client[0], getpeername, remote);
	}
	sasl_client_new("imap", is->host, is->handed ? local : NULL, is->handed ? remote : NULL,
		NULL, 0, &conn);
	code = sasl_client_start(conn, is->mechanism, NULL, &answer, &len, &chosen);
	fprintf(out, "detail %s\n", sasl_errdetail(conn));
	fprintf(out, "code %d ", code);
	print_bytes(out, answer, code == SASL_OK ? len : 0);
	for (unsigned i = 0; i < is->connections; i++)
		fputs(recv(client[i], local, 1, MSG_DONTWAIT) == 0 ? " cut" : " open", out);
	fputc('\n', out);
	sasl_dispose(&conn);
}

/* Twice, since a host may end the library and begin anew; as server, too, as slapd does. */
static void run_client(FILE *out, const void *context)
{
	const struct client_case *is = context;
	sasl_callback_t callbacks[] = {
		{SASL_CB_LOG, PROC(log_callback), NULL},
		{SASL_CB_AUTHNAME, PROC(give_name), (void *)(uintptr_t)is},
		{SASL_CB_USER, PROC(give_name), (void *)(uintptr_t)is},
		{SASL_CB_PASS, PROC(give_secret), NULL},
		{SASL_CB_LIST_END, NULL, NULL},
	};
	int client[4];
	int listener;

	for (int i = 0; i < 2; i++) {
		start_library(out, is->folder, is->policy);
		sasl_client_init(callbacks);
		sasl_server_init(callbacks, "authfence");
		sasl_client_add_plugin("test", mech_client_init);
		listener = connect_loopback(is->connections, is->apart, client);
		exchange(out, is, client);
		for (unsigned n = 0; n < is->connections; n++)
			close(client[n]);
		close(listener);
		sasl_done();
	}
}

static const char *make_policy(const char *name, const char *text)
{
	static char path[8][4300];
	static unsigned next;
	char *image = path[next++ % 8];
	char command[14000];

	snprintf(image, sizeof(path[0]), "%s/%s.bin", af_scratch_dir(), name);
	snprintf(command, sizeof(command),
		"printf '%%s\n' 'policy 1;' '%s' >%s/%s.policy && "
		"%s/authfence policy compile --output %s %s/%s.policy >/dev/null",
		text, af_scratch_dir(), name, af_build_dir, image, af_scratch_dir(), name);
	CHECK_NUMBER(name, system(command), 0);
	return image;
}

/* The same with all of its rules on trial. */
static const char *make_trial(const char *text)
{
	static char image[4300];
	char command[14000];

	snprintf(image, sizeof(image), "%s/trial/etc/authfence/policy.bin", af_scratch_dir());
	snprintf(command, sizeof(command),
		"cd %s && mkdir -p trial && printf '%%s\n' 'policy 1;' '%s' >trial.policy && "
		"%s/authfence policy apply --observe-new --root trial trial.policy >/dev/null",
		af_scratch_dir(), text, af_build_dir);
	CHECK_NUMBER("trial", system(command), 0);
	return image;
}

/* The folder where libsasl2 has its own mechanisms, if it has PLAIN. */
static bool find_plain(char folder[4096])
{
	Dl_info info;
	char plain[4200];

	if (dladdr(dlsym(RTLD_DEFAULT, "sasl_client_start"), &info) == 0)
		return false;
	snprintf(folder, 4096, "%.*s/sasl2", (int)(strrchr(info.dli_fname, '/') - info.dli_fname),
		info.dli_fname);
	snprintf(plain, sizeof(plain), "%s/libplain.so", folder);
	return access(plain, R_OK) == 0;
}

static unsigned count_lines(const char *text, const char *part)
{
	unsigned count = 0;

	while ((text = strstr(text, part)) != NULL) {
		text += strlen(part);
		count++;
	}
	return count;
}

/* WANT is the outcome of each of the two exchanges; LOG what the log says of each, if anything. */
static void check_exchange(
	const char *row, const struct client_case *is, const char *want, const char *log)
{
	char *text = in_child(run_client, is);
	char line[512];

	snprintf(line, sizeof(line), "\ncode %s\n", want);
	if (!CHECK_NUMBER(row, count_lines(text, line), 2))
		printf("%s ", text);
	CHECK_NUMBER(row,
		count_lines(text, "\nlog 1 authfence: ") + (strncmp(text, "log 1 ", 6) == 0),
		log != NULL ? 2 : 0);
	if (log != NULL && !CHECK_NUMBER(row, count_lines(text, log), 2))
		printf("%s ", text);
	CHECK_NUMBER(row, strstr(text, "status") == NULL, 1);
	free(text);
}

enum { SHARED, HANDED, APART }; /* how the connections are told apart: not, by the host, by name */

static void test_exchanges(void)
{
	static const char alice[] = "alice@example.com";
	static const char host[] = "192.88.99.7";
	const char *none = af_scratch_dir();
	const char *guard = plugin_dir;
	const char *observe = make_policy("observe", "mode observe;");
	const char *off = make_policy("off", "mode off;");
	const char *refuse = make_policy("refuse", "on-block refuse;");
	const char *far = make_policy("far", "external 127.0.0.1, 127.0.0.2;");
	const char *except = make_policy("except",
		"exception lab { identity \"*@example.com\"; target 192.88.99.7; "
		"reason \"test\"; owner \"qa\"; expires '$(date -d +30days +%F)'; }");
	const char *trial = make_trial("reserve \"acme.net\"; external 127.0.0.1, 127.0.0.2;");
	const struct {
		const char *name;
		const char *folder;
		const char *policy;
		const char *host;
		const char *authid;
		const char *authzid;
		unsigned connections;
		int told_apart;
		const char *want;
		const char *log;
	} rows[] = {
		{"unguarded", none, NULL, host, alice, NULL, 1, SHARED,
			"0 alice@example.com\\00secret open", NULL},
		{"ordinary", guard, NULL, host, " bob@acme.org  ", NULL, 1, SHARED,
			"0 bob@acme.org\\00secret open", NULL},
		{"no connection", guard, NULL, host, alice, NULL, 0, SHARED, "-14 ", "cut=no"},
		{"one", guard, NULL, host, alice, NULL, 1, SHARED, "-14  cut", "cut=yes"},
		{"authzid", guard, NULL, host, "bob", alice, 1, SHARED, "-14  cut", "cut=yes"},
		{"two", guard, NULL, host, alice, NULL, 2, SHARED, "-14  open open", "cut=no"},
		{"handed", guard, NULL, host, alice, NULL, 2, HANDED, "-14  cut open", "cut=yes"},
		{"fits none", guard, far, host, alice, NULL, 2, APART, "-14  open open", "cut=no"},
		{"fits one", guard, far, "127.0.0.2", alice, NULL, 2, APART, "-14  open cut",
			"cut=yes"},
		{"fits both", guard, far, "127.0.0.1", alice, NULL, 2, SHARED, "-14  open open",
			"cut=no"},
		{"observe", guard, observe, host, alice, NULL, 1, SHARED,
			"0 alice@example.com\\00secret open", "verdict=observe"},
		{"trial", guard, trial, "imap.box.lan", "bob@acme.net", NULL, 1, SHARED,
			"0 bob@acme.net\\00secret open", "verdict=observe"},
		{"off", guard, off, host, alice, NULL, 1, SHARED,
			"0 alice@example.com\\00secret open", NULL},
		{"refuse", guard, refuse, host, alice, NULL, 1, SHARED, "-14  open", "cut=no"},
		{"exception", guard, except, host, alice, NULL, 0, SHARED,
			"0 alice@example.com\\00secret", "rule=exception:lab"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client_case is = {rows[i].folder, rows[i].policy, MECH_NAME, rows[i].host,
			rows[i].authid, rows[i].authzid, rows[i].connections,
			rows[i].told_apart == HANDED, rows[i].told_apart == APART};

		check_exchange(rows[i].name, &is, rows[i].want, rows[i].log);
	}
}

static void test_plain(void)
{
	char system_dir[4096];
	char both[9000];
	struct client_case is = {.folder = both,
		.mechanism = "PLAIN",
		.host = "192.88.99.7",
		.authid = "alice@example.com",
		.connections = 1};

	if (!find_plain(system_dir)) {
		printf("(left out: libsasl2 has no PLAIN here) ");
		return;
	}
	snprintf(both, sizeof(both), "%s:%s", plugin_dir, system_dir);
	check_exchange("reserved", &is, "-14  cut", "cut=yes");
	is.authid = "bob@acme.org";
	check_exchange("ordinary", &is, "0 \\00bob@acme.org\\00secret open", NULL);
	is.folder = system_dir;
	is.authid = "alice@example.com";
	check_exchange("unguarded", &is, "0 \\00alice@example.com\\00secret open", NULL);
}

/* A broken policy file is told once, however often the library starts, and the built-in rules
 * guard. */
static void run_broken(FILE *out, const void *context)
{
	sasl_client_params_t params = {.service = "imap", .serverFQDN = "192.88.99.7"};
	sasl_canonuser_plug_t *plug;
	char name[64];
	unsigned len;
	FILE *file = fopen(context, "w");

	fputs("AFPOLICY", file);
	fclose(file);
	setenv("AUTHFENCE_POLICY", context, 1);
	load_plug();
	fprintf(out, "%u %d %s\n", said.lines, said.level, said.line);
	plug = load_plug(); /* forgets what was said */
	fprintf(out, "%u\n", said.lines);
	fprintf(out, "%d\n",
		call_client(plug, &params, "alice@example.com", 17, BOTH, name, 63, &len));
}

static void test_broken_policy(void)
{
	char path[4300];
	char want[14000];
	char *text;

	snprintf(path, sizeof(path), "%s/broken.bin", af_scratch_dir());
	text = in_child(run_broken, path);
	snprintf(want, sizeof(want),
		"1 %d authfence: %s: %s; %s.prev: %s; policy in force: builtin, generation "
		"0\n0\n%d\n",
		SASL_LOG_ERR, path, af_strerror(AFENCE_ERR_DAMAGED), path,
		af_strerror(AFENCE_ERR_ABSENT), SASL_NOAUTHZ);
	CHECK_STRING("broken", text, want);
	free(text);
}

/* What happens to the file while the library is loaded; each exchange comes seconds after that. */
static const struct change {
	const char *name;
	const char *policy; /* NULL: none */
	int length;         /* of what is left of the file; -1: all */
	int code;
	unsigned lines; /* of two exchanges */
	const char *line;
} changes[] = {
	{"at first", NULL, -1, SASL_OK, 0, ""},
	{"a new one", "mode enforce; on-block refuse;", -1, SASL_NOAUTHZ, 2, "verdict=block"},
	{"rubbish", NULL, 0, SASL_NOAUTHZ, 3, "damaged"},
	{"lower generation", "mode off;", -1, SASL_NOAUTHZ, 3, "lower generation"},
	{"the same", NULL, -1, SASL_NOAUTHZ, 2, "verdict=block"},
	{"no more lower", "mode off;", -1, SASL_OK, 0, ""},
	{"vanished", NULL, -2, SASL_OK, 1, "no such file"},
	{"still away", NULL, -2, SASL_OK, 0, ""},
};

static void change(const struct change *change, const char *path)
{
	if (change->policy != NULL)
		make_policy("reloaded", change->policy);
	if (change->length >= 0 && truncate(path, change->length) != 0)
		abort();
	if (change->length == -2)
		unlink(path);
}

static void run_reloaded(FILE *out, const void *context)
{
	sasl_client_params_t params = {.service = "imap", .serverFQDN = "192.88.99.7"};
	sasl_canonuser_plug_t *plug;
	char name[64];
	unsigned len;

	setenv("AUTHFENCE_POLICY", context, 1);
	plug = load_plug();
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		int code[2];

		change(&changes[i], context);
		ahead += 2;
		said.lines = 0;
		said.all[0] = '\0';
		for (int n = 0; n < 2; n++)
			code[n] = call_client(
				plug, &params, "alice@example.com", 17, BOTH, name, 63, &len);
		if (code[0] != changes[i].code || code[1] != changes[i].code ||
			said.lines != changes[i].lines || strstr(said.all, changes[i].line) == NULL)
			fprintf(out, "%s: %d %d, %u lines %s\n", changes[i].name, code[0], code[1],
				said.lines, said.all);
	}
}

static void test_reloaded(void)
{
	char *text = in_child(run_reloaded, make_policy("reloaded", "mode off;"));

	CHECK_STRING("not followed", text, "");
	free(text);
}

static int open_server(char policy[128])
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(fd, (struct sockaddr *)&sa, len) != 0 ||
		getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		abort();
	snprintf(policy, 128, "resolver { server 127.0.0.1 port %u; within 50ms; }",
		ntohs(sa.sin_port));
	return fd;
}

static bool was_asked(int fd)
{
	char question[600];
	bool asked = false;

	while (recv(fd, question, sizeof(question), MSG_DONTWAIT) > 0)
		asked = true;
	return asked;
}

/* The name server of each generation is asked while that is in force. */
static void run_servers(FILE *out, const void *context)
{
	sasl_client_params_t params = {.service = "imap", .serverFQDN = "mx.acme.org"};
	static char policy[2][128];
	int server[2] = {open_server(policy[0]), open_server(policy[1])};
	sasl_canonuser_plug_t *plug;
	char name[64];
	unsigned len;

	make_policy("servers", policy[0]);
	setenv("AUTHFENCE_POLICY", context, 1);
	plug = load_plug();
	for (int i = 0; i < 3; i++) {
		if (i > 0)
			make_policy("servers", policy[i % 2]);
		ahead += 2;
		call_client(plug, &params, "alice@example.com", 17, BOTH, name, 63, &len);
		fprintf(out, "%d%d ", was_asked(server[0]), was_asked(server[1]));
		ahead += 60; /* answers are forgotten */
	}
}

static void test_name_servers(void)
{
	char path[4300];
	char *text;

	snprintf(path, sizeof(path), "%s/servers.bin", af_scratch_dir());
	text = in_child(run_servers, path);
	CHECK_STRING("who was asked", text, "10 01 10 ");
	free(text);
}

/* R10: with borrowed rights no name is resolved, and one that can only be a laboratory's is near;
 * else it is looked up, here in vain. */
static void run_borrowed(FILE *out, const void *context)
{
	sasl_client_params_t params = {.service = "imap", .serverFQDN = "ipa.lab.test"};
	sasl_canonuser_plug_t *plug;
	char name[64];
	unsigned len;

	setenv("AUTHFENCE_POLICY", context, 1);
	plug = load_plug();
	for (int i = 0; i < 3; i++) {
		if ((i == 1 && setegid(65534) != 0) ||
			(i == 2 && (setegid(0) != 0 || seteuid(65534) != 0)))
			fputs("no rights", out);
		fprintf(out, "%d ",
			call_client(plug, &params, "alice@example.com", 17, BOTH, name, 63, &len));
	}
}

static void test_borrowed(void)
{
	const char *policy =
		make_policy("resolver", "resolver { server 127.0.0.1 port 1; within 300ms; }");
	char *text;

	if (getuid() != 0) {
		printf("(left out: needs root) ");
		return;
	}
	text = in_child(run_borrowed, policy);
	CHECK_STRING("codes", text, "-14 0 0 ");
	free(text);
}

/* What the user reads. */
static void test_detail(void)
{
	struct client_case is = {.folder = plugin_dir,
		.mechanism = MECH_NAME,
		.host = "192.88.99.7",
		.authid = "alice%s%n@example.com"};
	char *text = in_child(run_client, &is);
	const char *detail = strstr(text, "\ndetail ");

	CU_ASSERT_PTR_NOT_NULL_FATAL(detail);
	CHECK_NUMBER("who", strstr(detail, "alice%s%n@example.com") != NULL, 1);
	CHECK_NUMBER("where", strstr(detail, "192.88.99.7") != NULL, 1);
	CHECK_NUMBER("log", strstr(text, "identity=alice%s%n@example.com") != NULL, 1);
	free(text);
}

static int set_up(void)
{
	setenv("AUTHFENCE_POLICY", "/nonexistent/policy.bin", 1);
	snprintf(plugin_dir, sizeof(plugin_dir), "%s/sasl2", af_build_dir);
	snprintf(plugin_file, sizeof(plugin_file), "%s/libauthfence.so", plugin_dir);
	return 0;
}

/* What runs in children comes first: a child would inherit the policies that we hold. */
static CU_TestInfo tests[] = {
	{"exports its entry point alone", test_symbols},
	{"servers notice nothing", test_servers},
	{"exchanges", test_exchanges},
	{"exchanges with PLAIN", test_plain},
	{"broken policy", test_broken_policy},
	{"a policy that comes later", test_reloaded},
	{"a name server that comes later", test_name_servers},
	{"borrowed rights", test_borrowed},
	{"what the user reads", test_detail},
	{"an ordinary identity costs one look a second", test_confined},
	{"entry point", test_entry},
	{"canonical names", test_canonical},
	{"same buffer in and out", test_same_buffer},
	{"names without an end", test_unterminated},
	{"who goes where", test_client},
	{"ten lines a minute", test_limit},
	{"threads", test_threads},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"plugin", set_up, NULL, NULL, NULL, tests};
