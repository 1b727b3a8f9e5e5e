/* SPDX-License-Identifier: MIT */
/*
 * libsasl2 with and without the plugin, name by name: code, bytes, length and error text must be
 * the same.  Each way has a process of its own, since libsasl2 loads plugins once; both make the
 * same names from the same seed and write a line about each, and the lines are compared as they
 * come.  Names that the guard refuses, as the core says, are left out of the comparison and
 * counted; of those the refusal is checked.
 *
 * usage: differential BUILD [NAMES]
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/mech.h"
#include "af_decide.h"
#include "host.h"

#define NAME_MAX_LEN 1200 /* libsasl2 takes 1024 */
#define SHOWN        5    /* differences that are printed of each setting */

enum { WITHOUT, WITH, SIDES };

struct setting {
	const char *name;
	const char *host; /* NULL: a server */
	const char *realm;
	bool own; /* the host has a canonicalisation of its own: one buffer is both in and out */
};

static char longest[1024]; /* as a realm it leaves room for four bytes */
static const struct setting settings[] = {
	{"server", NULL, NULL, false},
	{"server, realm", NULL, "r.sei.co.jp", false},
	{"server, empty realm", NULL, "", false},
	{"server, longest realm", NULL, longest, false},
	{"server, own callback", NULL, NULL, true},
	{"server, own callback, realm", NULL, "r.sei.co.jp", true},
	{"client, local server", "127.0.0.1", NULL, false},
	{"client, local server, own callback", "127.0.0.1", NULL, true},
	{"client, external server", HOST_FAR, NULL, false},
};

/* ---- names ---- */

struct name {
	unsigned len;
	char text[NAME_MAX_LEN + 1];
};

static uint32_t roll(uint64_t *seed, uint32_t sides)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(*seed >> 33) % sides;
}

static void add(struct name *name, const char *text)
{
	size_t len = strlen(text);

	memcpy(name->text + name->len, text, len);
	name->len += (unsigned)len;
}

/* Bytes out of SOME, or any. */
static void fill(uint64_t *seed, struct name *name, unsigned len, const char *some)
{
	uint32_t sides = some != NULL ? (uint32_t)strlen(some) : 256;

	for (; len > 0; len--) {
		uint32_t number = roll(seed, sides);

		name->text[name->len++] = some != NULL ? some[number] : (char)number;
	}
}

static void make_blank(uint64_t *seed, struct name *name)
{
	fill(seed, name, roll(seed, 12), " \t\n\v\f\r\xa0\x85 ab@");
}

static void make_bytes(uint64_t *seed, struct name *name)
{
	fill(seed, name, roll(seed, 300), NULL);
}

static void make_any_length(uint64_t *seed, struct name *name)
{
	fill(seed, name, roll(seed, NAME_MAX_LEN), roll(seed, 2) != 0 ? "a b@\xff" : NULL);
}

/* About as long as libsasl2 takes them, blanks around. */
static void make_long(uint64_t *seed, struct name *name)
{
	fill(seed, name, roll(seed, 4), " \t");
	fill(seed, name, 990 + roll(seed, 50), roll(seed, 2) != 0 ? "abc" : "abcdefghijklmnopq@");
	fill(seed, name, roll(seed, 4), " \n");
}

static void make_address(uint64_t *seed, struct name *name)
{
	static const char *const domains[] = {"acme.org", "sei.co.jp", "EXAMPLE.com",
		"example.net.", "a.b.example.org", "lab.test", "x.invalid", "localhost",
		"notexample.com", "example.com.org", "example", "test", "b\xc3\xbcro.de",
		"\xff\xfe", ""};
	static const char *const marks[] = {"@", "%", "!", "\\", " @ ", "@@", "/", ",dc="};

	fill(seed, name, roll(seed, 3), " \t\r");
	fill(seed, name, 1 + roll(seed, 9), "abcdefgh.+-\"\xc3");
	add(name, marks[roll(seed, 3) != 0 ? 0 : roll(seed, sizeof(marks) / sizeof(*marks))]);
	add(name, domains[roll(seed, sizeof(domains) / sizeof(*domains))]);
	fill(seed, name, roll(seed, 3), " \n");
}

/* An address with one byte that does not belong there. */
static void make_broken(uint64_t *seed, struct name *name)
{
	make_address(seed, name);
	name->text[roll(seed, name->len)] = (char)roll(seed, 256);
}

static uint64_t first_seed(const struct setting *setting)
{
	return (uint64_t)(setting - settings);
}

static void make_name(uint64_t *seed, struct name *out)
{
	static void (*const makers[])(uint64_t *, struct name *) = {
		make_blank, make_bytes, make_any_length, make_long, make_address, make_broken};

	out->len = 0;
	makers[roll(seed, sizeof(makers) / sizeof(*makers))](seed, out);
	out->text[out->len] = '\0';
}

/* ---- one side ---- */

static void print_bytes(const char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c > ' ' && c < 0x7f && c != '\\') {
			putchar_unlocked(c);
			continue;
		}
		putchar_unlocked('\\');
		putchar_unlocked(digits[c >> 4]);
		putchar_unlocked(digits[c & 15]);
	}
	putchar_unlocked(' ');
}

static void print_property(sasl_conn_t *conn, int number)
{
	const void *text = NULL;

	if (sasl_getprop(conn, number, &text) == SASL_OK && text != NULL)
		print_bytes(text, strlen(text));
	else
		fputs("none ", stdout);
}

static int copy_name(sasl_conn_t *conn, void *context, const char *in, unsigned len, unsigned flags,
	const char *realm, char *out, unsigned room, unsigned *out_len)
{
	(void)conn;
	(void)context;
	(void)flags;
	(void)realm;
	*out_len = len < room ? len : room;
	memcpy(out, in, *out_len);
	out[*out_len] = '\0';
	return SASL_OK;
}

static int accept_password(sasl_conn_t *conn, void *context, const char *user, const char *password,
	unsigned len, struct propctx *properties)
{
	(void)conn;
	(void)context;
	(void)user;
	(void)password;
	(void)len;
	(void)properties;
	return SASL_OK;
}

/* Here the library shows the names that it made, with their lengths. */
static int show_names(sasl_conn_t *conn, void *context, const char *user, unsigned user_len,
	const char *authid, unsigned authid_len, const char *realm, unsigned realm_len,
	struct propctx *properties)
{
	(void)conn;
	(void)context;
	(void)properties;
	print_bytes(user, user_len);
	print_bytes(authid, authid_len);
	print_bytes(realm != NULL ? realm : "", realm_len);
	return SASL_OK;
}

static void start(const struct setting *setting, const char *folder)
{
	static sasl_callback_t callbacks[] = {
		{SASL_CB_LOG, HOST_PROC(host_log), NULL},
		{SASL_CB_SERVER_USERDB_CHECKPASS, HOST_PROC(accept_password), NULL},
		{SASL_CB_PROXY_POLICY, HOST_PROC(show_names), NULL},
		{SASL_CB_LIST_END, NULL, NULL},
		{SASL_CB_LIST_END, NULL, NULL},
	};

	if (setting->host != NULL) {
		host_start_client(folder);
		return;
	}
	if (setting->own)
		callbacks[3] = (sasl_callback_t){SASL_CB_CANON_USER, HOST_PROC(copy_name), NULL};
	host_start_server(folder, callbacks);
}

static sasl_conn_t *ask_server(const struct setting *setting, const struct name *name, int *code)
{
	sasl_conn_t *conn;

	if (sasl_server_new("imap", "mail.sei.co.jp", setting->realm, NULL, NULL, NULL, 0, &conn) !=
		SASL_OK)
		host_give_up("no connection of a server");
	*code = sasl_checkpass(conn, name->text, name->len, "x", 1);
	return conn;
}

/* A client's names end with the first NUL. */
static sasl_conn_t *ask_client(const struct setting *setting, const struct name *name, int *code)
{
	struct host_login login = {name->text, NULL};
	sasl_callback_t callbacks[HOST_CALLBACKS + 1];
	const char *answer = NULL;
	unsigned len = 0;
	sasl_conn_t *conn;

	host_callbacks(&login, callbacks);
	if (setting->own) {
		callbacks[HOST_CALLBACKS] = callbacks[HOST_CALLBACKS - 1];
		callbacks[HOST_CALLBACKS - 1] =
			(sasl_callback_t){SASL_CB_CANON_USER, HOST_PROC(copy_name), NULL};
	}
	if (sasl_client_new("imap", setting->host, NULL, NULL, callbacks, 0, &conn) != SASL_OK)
		host_give_up("no connection of a client");
	*code = sasl_client_start(conn, MECH_NAME, NULL, &answer, &len, NULL);
	print_bytes(answer, *code == SASL_OK ? len : 0);
	return conn;
}

/* One line a name: code, error text (before another call changes it), what came out. */
static void write_side(const struct setting *setting, const char *folder, unsigned long count)
{
	uint64_t seed = first_seed(setting);
	struct name name;
	sasl_conn_t *conn;
	int code;

	start(setting, folder);
	while (count-- > 0) {
		make_name(&seed, &name);
		conn = setting->host != NULL ? ask_client(setting, &name, &code)
					     : ask_server(setting, &name, &code);
		printf("%d %s ", code, sasl_errdetail(conn));
		print_property(conn, SASL_USERNAME);
		print_property(conn, SASL_AUTHUSER);
		putchar('\n');
		sasl_dispose(&conn);
	}
	sasl_done();
}

static FILE *start_side(
	const struct setting *setting, const char *folder, unsigned long count, pid_t *pid)
{
	int ends[2];
	FILE *from;

	fflush(stdout);
	if (pipe(ends) != 0 || (*pid = fork()) < 0)
		host_give_up("no process");
	if (*pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		write_side(setting, folder, count);
		fflush(stdout);
		_exit(0);
	}
	close(ends[1]);
	from = fdopen(ends[0], "r");
	if (from == NULL)
		host_give_up("no memory");
	return from;
}

/* ---- both sides ---- */

struct tally {
	unsigned long compared;
	unsigned long refused; /* left out of the comparison */
	unsigned long wrong;
};

/* What the core says of an imap client without a connection. */
static bool is_refused(const struct setting *setting, const struct name *name)
{
	struct af_request request = {
		.stack = AFENCE_STACK_SASL, .service = "imap", .login_count = 1};
	struct af_decision decision;

	if (setting->host == NULL)
		return false;
	request.login[0] = (struct af_login){name->text, strlen(name->text), AFENCE_FORM_AUTO};
	request.host = setting->host;
	af_decide(af_policy_builtin(), &request, &decision);
	return decision.verdict == AFENCE_BLOCK;
}

static void compare(const struct setting *setting, const struct name *name, char *line[SIDES],
	struct tally *tally)
{
	static const char refusal[] = " -14 SASL(-14): authorization failure: authfence: ";
	bool refused = is_refused(setting, name);

	*(refused ? &tally->refused : &tally->compared) += 1;
	if (refused ? strncmp(line[WITH], refusal, sizeof(refusal) - 1) == 0
		    : strcmp(line[WITH], line[WITHOUT]) == 0)
		return;
	if (tally->wrong++ < SHOWN)
		printf("%s, name %lu:\n\twithout %s\twith    %s", setting->name,
			tally->compared + tally->refused, line[WITHOUT], line[WITH]);
}

/* False if a side ended early, late, or badly. */
static bool run(const struct setting *setting, const char *folders[SIDES], unsigned long count,
	struct tally *tally)
{
	FILE *from[SIDES];
	pid_t pid[SIDES];
	char *line[SIDES] = {NULL, NULL};
	size_t room[SIDES] = {0, 0};
	uint64_t seed = first_seed(setting);
	struct name name;
	bool whole = true;
	int status;

	for (int side = 0; side < SIDES; side++)
		from[side] = start_side(setting, folders[side], count, &pid[side]);
	for (; whole && count > 0; count--) {
		make_name(&seed, &name);
		for (int side = 0; side < SIDES; side++)
			whole = getline(&line[side], &room[side], from[side]) > 0 && whole;
		if (whole)
			compare(setting, &name, line, tally);
	}
	for (int side = 0; side < SIDES; side++) {
		whole = getline(&line[side], &room[side], from[side]) < 0 && whole;
		fclose(from[side]);
		free(line[side]);
		whole = waitpid(pid[side], &status, 0) == pid[side] && status == 0 && whole;
	}
	return whole;
}

static bool passes(const struct setting *setting, const char *folders[SIDES], unsigned long count)
{
	struct tally tally = {0, 0, 0};
	bool is_far = setting->host != NULL && strcmp(setting->host, HOST_FAR) == 0;
	bool whole = run(setting, folders, count, &tally);

	printf("%-36s %8lu compared, %6lu refused, %lu wrong%s\n", setting->name, tally.compared,
		tally.refused, tally.wrong, whole ? "" : ", a side ended early, late or badly");
	return whole && tally.wrong == 0 && (tally.refused > 0) == is_far;
}

int main(int argc, char **argv)
{
	static char plugin[4096];
	const char *folders[SIDES] = {"/nonexistent", plugin};
	unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 100000;
	unsigned failed = 0;
	unsigned all = sizeof(settings) / sizeof(settings[0]);

	if (argc < 2 || argc > 3 || count == 0) {
		fprintf(stderr, "usage: differential BUILD [NAMES]\n");
		return 2;
	}
	snprintf(plugin, sizeof(plugin), "%s/sasl2", argv[1]);
	setenv("AUTHFENCE_POLICY", "/nonexistent/policy.bin", 1);
	memset(longest, 'r', sizeof(longest) - 5);
	for (unsigned i = 0; i < all; i++)
		failed += !passes(&settings[i], folders, count);
	printf("%u passed, %u failed\n", all - failed, failed);
	return failed == 0 ? 0 : 1;
}
