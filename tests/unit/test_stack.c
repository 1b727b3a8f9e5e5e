/* SPDX-License-Identifier: MIT */
/*
 * Stacks of PAM: each rule K1 to K11 on files from memory, and the real libpam beside the parser on
 * stacks made at random, where it must call exactly the modules that the parser lists.
 */
#include "harness.h"
#include "memory_files.h"

#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "../../plugins/pam/stack.h"

#define ROUNDS 1500

/* ---- tables ---- */

/* "[file:line depth ]control|module|argument|..." a line; files without their folder. */
static char *describe(const struct af_pam_stack *stack)
{
	size_t length;
	char *text;
	FILE *out = open_memstream(&text, &length);

	for (size_t i = 0; i < stack->count; i++) {
		const struct af_pam_entry *entry = &stack->entry[i];

		fprintf(out, "%s:%u %u%s%s%s %s|%s", strrchr(entry->file, '/') + 1, entry->line,
			entry->depth, entry->silent ? " silent" : "",
			entry->substack ? " substack" : "", entry->broken ? " broken" : "",
			entry->control, entry->module);
		for (size_t n = 0; n < entry->count; n++)
			fprintf(out, "|%s", entry->argument[n]);
		fputc('\n', out);
	}
	if (stack->trouble != AFENCE_OK)
		fprintf(out, "trouble %s: %s\n",
			stack->trouble_file != NULL ? stack->trouble_file : "-",
			stack->trouble_text);
	if (stack->refused)
		fputs("refused\n", out);
	fclose(out);
	return text;
}

static void check_files(const char *row, const struct memory_file *file, size_t count,
	const char *service, const char *confdir, enum af_pam_facility facility, const char *want)
{
	struct memory_files memory = {.file = file, .count = count};
	const struct af_pam_files files = MEMORY_FILES(&memory);
	struct af_pam_stack stack;
	char *got;

	af_pam_stack_read(&files, service, confdir, facility, &stack);
	got = describe(&stack);
	CHECK_STRING(row, got, want);
	free(got);
	for (size_t i = 0; i < stack.count; i++)
		if (stack.entry[i].argument != NULL)
			CU_ASSERT_PTR_NULL(stack.entry[i].argument[stack.entry[i].count]);
	af_pam_stack_free(&stack);
}

static void test_lines(void)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"plain", "auth required pam_a.so x=y z\n", "s:1 0 required|pam_a.so|x=y|z\n"},
		{"no newline", "auth required a.so", "s:1 0 required|a.so\n"},
		{"other facilities", "account required a.so\nsession optional b.so\n", ""},
		{"case and dash", "-AUTH Required\ta.so\r\n", "s:1 0 silent Required|a.so\r\n"},
		{"empty", "", ""},
		{"blanks", " \t auth \t required\t \ta.so \t\n", "s:1 0 required|a.so\n"},
		{"comment", "# auth required a.so\n\nauth required b.so # c\n",
			"s:3 0 required|b.so\n"},
		{"comment in a word", "auth required b.so a#b c\n", "s:1 0 required|b.so|a\n"},
		{"comment in brackets", "auth [default=die # x] a.so\n",
			"s:1 0 broken default=die |\n"},
		{"brackets", "auth [a b\\]c] [pam x.so] [y z]\n", "s:1 0 a b]c|pam x.so|y z\n"},
		{"brackets side by side", "[auth][b][c][d][e]f g[h i]\n",
			"s:1 0 b|c|d|e|f|g[h|i]\n"},
		{"open bracket", "auth b c [d e \t\n", "s:1 0 b|c|d e \t\n\n"},
		{"empty brackets", "auth b c [] d\n", "s:1 0 b|c||d\n"},
		{"continued", "auth \\\n required \\\n a.so\nauth requisite b.so\n",
			"s:1 0 required|a.so\ns:4 0 requisite|b.so\n"},
		{"continued within a word", "auth requ\\\nired a.so\n", "s:1 0 requ|ired|a.so\n"},
		{"blanks behind the backslash", "auth required\\ \t\na.so\n",
			"s:1 0 required|a.so\n"},
		{"a carriage return behind it", "auth required a.so \\\r\nauth required b.so\n",
			"s:1 0 required|a.so|\\\r\ns:2 0 required|b.so\n"},
		{"comment ends with a backslash", "# x \\\nauth required a.so\n",
			"s:2 0 required|a.so\n"},
		{"comment and empty line within", "auth \\\n# x\n\n required \\ \n\ta.so\n",
			"s:1 0 required|a.so\n"},
		{"comment ends it", "auth required a.so b # x \\\nauth required c.so\n",
			"s:1 0 required|a.so|b\ns:2 0 required|c.so\n"},
		{"backslash at the end", "auth required a.so \\\n",
			"s:1 0 required|a.so\nrefused\n"},
		{"no facility", "authx required a.so\n", "s:1 0 broken required|a.so\n"},
		{"no control", "auth\n", "s:1 0 broken |\n"},
		{"no module", "auth required\n", "s:1 0 broken required|\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct memory_file file = {"/etc/pam.d/s", rows[i].text, 0, AFENCE_OK, false};

		check_files(rows[i].name, &file, 1, "s", NULL, AFENCE_PAM_AUTH, rows[i].want);
	}
}

#define FILE_OK(path, text)                     \
	{                                       \
		path, text, 0, AFENCE_OK, false \
	}

/* S is the service, C what it includes, D what that includes. */
static void check_includes(const char *row, enum af_pam_facility facility, const char *s,
	const char *c, const char *d, const char *want)
{
	const struct memory_file files[] = {
		FILE_OK("/etc/pam.d/s", s), FILE_OK("/etc/pam.d/c", c), FILE_OK("/etc/pam.d/d", d)};

	check_files(row, files, d != NULL ? 3 : (c != NULL ? 2 : 1), "s", NULL, facility, want);
}

static void test_includes(void)
{
	check_includes("at include", AFENCE_PAM_AUTH, "@include c\nauth required b.so\n",
		"session required x.so\nauth required a.so\n", NULL,
		"c:2 0 required|a.so\ns:2 0 required|b.so\n");
	check_includes("include", AFENCE_PAM_AUTH, "auth INCLUDE c\naccount include c\n",
		"auth required a.so\n", NULL, "c:1 0 required|a.so\n");
	check_includes("of another facility", AFENCE_PAM_SESSION, "auth include c\n",
		"session required a.so\n", NULL, "");
	check_includes("absolute", AFENCE_PAM_AUTH, "auth include /etc/pam.d/c x y\n",
		"auth required a.so\n", NULL, "c:1 0 required|a.so\n");
	check_includes("at include within include", AFENCE_PAM_AUTH, "auth include c\n",
		"@include d\n", "account required x.so\nauth required a.so\n",
		"d:2 0 required|a.so\n");
	check_includes("substack", AFENCE_PAM_AUTH, "auth substack c\nauth required b.so\n",
		"auth substack d\nauth required a.so\n", "auth required x.so\n",
		"s:1 0 substack substack|c\nc:1 1 substack substack|d\nd:1 2 required|x.so\n"
		"c:2 1 required|a.so\ns:2 0 required|b.so\n");
	check_includes("no such include", AFENCE_PAM_AUTH, "auth include c\nauth required b.so\n",
		NULL, NULL, "s:1 0 broken include|c\ns:2 0 required|b.so\n");
	check_includes("no name", AFENCE_PAM_AUTH, "auth include\n", NULL, NULL,
		"s:1 0 broken include|\n");
	check_includes("no such substack", AFENCE_PAM_AUTH, "auth substack c\n", NULL, NULL,
		"s:1 0 substack substack|c\ns:1 0 broken substack|c\n");
	check_includes("no such at include", AFENCE_PAM_AUTH, "@include c\nauth required b.so\n",
		NULL, NULL, "s:2 0 required|b.so\nrefused\n");
	check_includes("that is within an include", AFENCE_PAM_AUTH, "auth include c\n",
		"auth required a.so\n@include d\n", NULL,
		"c:1 0 required|a.so\ntrouble /etc/pam.d/c: an @include that cannot be had, in a file "
		"that another includes\n");
	check_includes("bad facility that includes", AFENCE_PAM_AUTH, "authx include c\n",
		"auth required a.so\n", NULL, "c:1 0 required|a.so\n");
	check_includes("bad facility in what session includes", AFENCE_PAM_SESSION,
		"session include c\n", "authx include d\n", "session required a.so\n",
		"d:1 0 required|a.so\n");
	check_includes("bad facility in what all include", AFENCE_PAM_SESSION,
		"@include c\nsession required b.so\n", "authx include d\n",
		"session required a.so\n", "s:2 0 required|b.so\n");
	check_includes("itself", AFENCE_PAM_AUTH, "auth required b.so\n@include c\n",
		"@include c\n", NULL,
		"s:1 0 required|b.so\ntrouble /etc/pam.d/c: included too deeply or too often, "
		"perhaps by itself\n");
}

static void test_folders(void)
{
	static const struct memory_file all[] = {
		FILE_OK("/etc/pam.d/a", "auth required etc.so\n"),
		FILE_OK("/usr/lib/pam.d/a", "auth required usr.so\naccount required no.so\n"),
		FILE_OK("/usr/lib/pam.d/b", "auth required usr.so\n"),
		FILE_OK("/usr/share/pam/pam.d/c", "auth required vendor.so\n"),
		FILE_OK("/etc/pam.d/other", "auth required other.so\naccount required other.so\n"),
		FILE_OK("/etc/pam.conf", "d auth required conf.so\n"),
		FILE_OK("/x/a", "auth include c\n@include /x/c\n"),
		FILE_OK("/x/c", "auth required x.so\n"),
		FILE_OK("/x/other", "account required otherx.so\n"),
		{"/etc/pam.d/z", NULL, 0, AFENCE_ERR_SYSTEM, false},
		{"/etc/pam.d/nul", "auth\0x", 6, AFENCE_OK, false},
	};
	static const struct memory_file conf[] = {
		FILE_OK("/etc/pam.conf",
			"# c\nS auth required a.so x\nother auth required o.so\n"
			"s account include /c\nother session required o.so\nt auth required t.so\n"),
		FILE_OK("/c", "account required c.so\n"),
	};
	static const struct {
		const char *name, *service, *confdir;
		enum af_pam_facility facility;
		const char *want;
	} rows[] =
		{
			{"first folder wins", "a", NULL, AFENCE_PAM_AUTH,
				"a:1 0 required|etc.so\n"},
			{"and wins whole", "a", NULL, AFENCE_PAM_ACCOUNT,
				"other:2 0 required|other.so\n"},
			{"second folder", "b", NULL, AFENCE_PAM_AUTH, "b:1 0 required|usr.so\n"},
			{"vendor", "c", NULL, AFENCE_PAM_AUTH, "c:1 0 required|vendor.so\n"},
			{"no file", "d", NULL, AFENCE_PAM_AUTH, "other:1 0 required|other.so\n"},
			{"nothing", "d", NULL, AFENCE_PAM_SESSION, ""},
			{"path and case", "/usr/bin/A", NULL, AFENCE_PAM_AUTH,
				"a:1 0 required|etc.so\n"},
			{"dot", "../a", NULL, AFENCE_PAM_AUTH, "a:1 0 required|etc.so\n"},
			{"hidden", ".a", NULL, AFENCE_PAM_AUTH,
				"trouble -: no name of a service\n"},
			{"no name", "a/", NULL, AFENCE_PAM_AUTH,
				"trouble -: no name of a service\n"},
			{"confdir; a relative name is not of it", "a", "/x", AFENCE_PAM_AUTH,
				"c:1 0 required|vendor.so\nc:1 0 required|x.so\n"},
			{"other of a confdir", "a", "/x", AFENCE_PAM_ACCOUNT,
				"other:1 0 required|otherx.so\n"},
			{"not in the confdir", "b", "/x", AFENCE_PAM_AUTH, ""},
			{"unreadable", "z", NULL, AFENCE_PAM_PASSWORD,
				"trouble /etc/pam.d/z: system call failed\n"},
			{"NUL", "nul", NULL, AFENCE_PAM_PASSWORD,
				"trouble /etc/pam.d/nul: malformed\n"},
		},
	  conf_rows[] = {
		  {"pam.conf", "s", NULL, AFENCE_PAM_AUTH, "pam.conf:2 0 required|a.so|x\n"},
		  {"include has no column", "s", NULL, AFENCE_PAM_ACCOUNT, "c:1 0 required|c.so\n"},
		  {"other", "s", NULL, AFENCE_PAM_SESSION, "pam.conf:5 0 required|o.so\n"},
	  };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_files(rows[i].name, all, sizeof(all) / sizeof(all[0]), rows[i].service,
			rows[i].confdir, rows[i].facility, rows[i].want);
	for (size_t i = 0; i < sizeof(conf_rows) / sizeof(conf_rows[0]); i++)
		check_files(conf_rows[i].name, conf, sizeof(conf) / sizeof(conf[0]),
			conf_rows[i].service, NULL, conf_rows[i].facility, conf_rows[i].want);
}

/* A line of LEN bytes, the first of them in one that is continued if CONTINUED. */
static char *make_line(size_t len, size_t continued)
{
	static const char start[] = "auth required a.so ";
	char *text = malloc(len + 3);

	memset(text, 'x', len);
	memcpy(text, start, strlen(start));
	if (continued > 0)
		memcpy(text + continued, "\\\n", 2);
	strcpy(text + len, "\n");
	return text;
}

static enum af_status trouble_of(const char *text)
{
	const struct memory_file file = {"/etc/pam.d/s", text, 0, AFENCE_OK, false};
	struct memory_files memory = {.file = &file, .count = 1};
	const struct af_pam_files files = MEMORY_FILES(&memory);
	struct af_pam_stack stack;
	enum af_status status;

	af_pam_stack_read(&files, "s", NULL, AFENCE_PAM_AUTH, &stack);
	status = stack.trouble;
	af_pam_stack_free(&stack);
	return status;
}

static void check_trouble(const char *row, char *text, enum af_status want)
{
	CHECK_NUMBER(row, trouble_of(text), want);
	free(text);
}

static char *make_lines(size_t count)
{
	static const char line[] = "auth required a.so\n";
	char *text = malloc(count * strlen(line) + 1);

	for (size_t i = 0; i < count; i++)
		strcpy(text + i * strlen(line), line);
	return text;
}

static void test_bounds(void)
{
	check_trouble("longest line", make_line(1022, 0), AFENCE_OK);
	check_trouble("too long", make_line(1023, 0), AFENCE_ERR_LIMIT);
	check_trouble("longest in two", make_line(1023, 500), AFENCE_OK);
	check_trouble("too long in two", make_line(1024, 500), AFENCE_ERR_LIMIT);
	check_trouble(
		"as many lines as there may be", make_lines(AFENCE_PAM_ENTRIES_MAX), AFENCE_OK);
	check_trouble("too many", make_lines(AFENCE_PAM_ENTRIES_MAX + 1), AFENCE_ERR_LIMIT);
}

static void test_arguments(void)
{
	static const struct memory_file file =
		FILE_OK("/etc/pam.d/s", "auth required /x/pam_a.so k=1 kk=2 k=3 k word\n");
	struct memory_files memory = {.file = &file, .count = 1};
	const struct af_pam_files files = MEMORY_FILES(&memory);
	struct af_pam_stack stack;

	af_pam_stack_read_file(&files, "/etc/pam.d/s", AFENCE_PAM_AUTH, &stack);
	CU_ASSERT_EQUAL_FATAL(stack.count, 1);
	CHECK_STRING("name", af_pam_entry_name(stack.entry), "pam_a.so");
	CHECK_STRING("last value", af_pam_entry_value(stack.entry, "k="), "3");
	CHECK_STRING("no value", af_pam_entry_value(stack.entry, "x="), NULL);
	CHECK_NUMBER("word", af_pam_entry_has(stack.entry, "word"), true);
	CHECK_NUMBER("part of a word", af_pam_entry_has(stack.entry, "wor"), false);
	CHECK_NUMBER("another case", af_pam_entry_has(stack.entry, "WORD"), false);
	CHECK_NUMBER("in any case", af_pam_entry_says(stack.entry, "WORD"), true);
	af_pam_stack_free(&stack);
	af_pam_stack_read_file(&files, "/etc/pam.d/t", AFENCE_PAM_AUTH, &stack);
	CHECK_NUMBER("no file", stack.trouble, AFENCE_ERR_ABSENT);
	af_pam_stack_free(&stack);
}

/* ---- beside libpam ---- */

static char toy[4300], folder[4200];
static char called[1 << 16];
static bool whole; /* nothing makes libpam stop within a file */

/* What libpam has to say of broken lines is not of interest. */
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

/* libpam 1.5 does not free what it has of a stack that it refuses. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libpam.so";
}

int audit_open(void);

int audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

static int converse(int count, const struct pam_message **message, struct pam_response **response,
	void *context)
{
	size_t used = strlen(called);

	(void)context;
	*response = calloc((size_t)count, sizeof(**response));
	for (int i = 0; i < count; i++)
		if (message[i]->msg_style == PAM_TEXT_INFO)
			used += (size_t)snprintf(
				called + used, sizeof(called) - used, "%s\n", message[i]->msg);
	CU_ASSERT_FATAL(used < sizeof(called));
	return PAM_SUCCESS;
}

static uint64_t state;

static size_t draw(size_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)((state >> 11) % below);
}

#define PICK(list) list[draw(sizeof(list) / sizeof(list[0]))]

static void write_gap(FILE *out)
{
	static const char *const gaps[] = {" ", " ", " ", " ", "\t", " \t ", " \\\n", "\\\n",
		"\\ \t\n ", " \\\n# c\n", " \\\n\n \t\n", "\\\n \\\n"};

	fputs(PICK(gaps), out);
}

static void write_module(FILE *out)
{
	static const char *const modules[] = {
		"%s", "%s", "%s", "%s", "%s", "%s", "[%s]", "%s\r", "pam_permit.so", "", "[%s"};
	const char *module = PICK(modules);
	const char *place = strstr(module, "%s");

	if (place == NULL)
		fputs(module, out);
	else
		fprintf(out, "%.*s%s%s", (int)(place - module), module, toy, place + 2);
}

/* An include names a file of a greater number, or one that is not there. */
static void write_name(FILE *out, size_t number)
{
	bool none = draw(12) == 0;

	whole = whole && !none;
	if (none)
		fprintf(out, "%s/none", folder);
	else
		fprintf(out, draw(8) == 0 ? "[%s/f%zu]" : "%s/f%zu", folder, number + 1 + draw(2));
}

/* No "[]": in the place of a module libpam 1.5 uses memory that nobody has filled. */
static void write_rest(FILE *out)
{
	static const char *const words[] = {"a", "b=c", "[d e]", "[f\\]g]", "h[i", "[j][k]", "l\\",
		"[ ]", "\\m", "n]", "[o", "p#q", "[r\t  s]t", "\r", "u\xc3\xbc"};
	static const char *const ends[] = {
		"\n", "\n", "\n", "\n", "\r\n", " # x\n", " # x \\\n", "#\n\n", " \t\n", "\\\r\n"};

	for (size_t i = draw(5); i > 0; i--) {
		write_gap(out);
		fputs(PICK(words), out);
	}
	fputs(PICK(ends), out);
}

static void write_line(FILE *out, size_t number)
{
	static const char *const facilities[] = {"auth", "auth", "account", "session", "password",
		"AUTH", "-auth", "-Session", "[auth]", "authx", "- auth", "@", "[password]"};
	static const char *const controls[] = {"optional", "required", "OPTIONAL", "requird",
		"[default=ignore]", "[success=ok default=bad]", "[a\\]b]", "[success=ok# x]",
		"[new_authtok_reqd=ok   ignore=ignore]", "optional\r"};
	static const char *const includes[] = {"include", "substack", "Include", "[substack]"};
	static const char *const all[] = {"@include", "@INCLUDE", "[@include]", "-@include"};
	size_t kind = number < 4 ? draw(8) : 7;

	if (draw(4) == 0)
		fputs(" \t", out);
	fputs(kind == 0 ? PICK(all) : PICK(facilities), out);
	write_gap(out);
	if (kind == 1 || kind == 2) {
		fputs(PICK(includes), out);
		write_gap(out);
	} else if (kind > 2) {
		fputs(PICK(controls), out);
		write_gap(out);
	}
	if (kind <= 2)
		write_name(out, number);
	else
		write_module(out);
	write_rest(out);
}

static void name_file(size_t number, char *out, size_t room)
{
	if (number == 0)
		snprintf(out, room, "%s/s", folder);
	else
		snprintf(out, room, "%s/f%zu", folder, number);
}

static void write_file(size_t number)
{
	char path[4300];
	FILE *out;

	name_file(number, path, sizeof(path));
	out = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	for (size_t lines = draw(8); lines > 0; lines--)
		write_line(out, number);
	if (draw(50) == 0) {
		fputs("auth optional x \\\n", out);
		whole = false;
	}
	fputs("account optional x", out);
	CU_ASSERT_EQUAL_FATAL(fclose(out), 0);
}

/* It is whole: libpam reads it even where it is not needed. */
static void write_other(void)
{
	char path[4300];
	FILE *out;

	snprintf(path, sizeof(path), "%s/other", folder);
	out = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	for (int i = 0; i < AFENCE_PAM_FACILITIES; i++)
		fprintf(out, "%s optional %s other\n",
			af_pam_facility_string((enum af_pam_facility)i), toy);
	CU_ASSERT_EQUAL_FATAL(fclose(out), 0);
}

static enum af_status read_scratch(
	void *context, const char *path, enum af_pam_trust trust, struct af_pam_text *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum af_status status;

	(void)context, (void)trust;
	*out = (struct af_pam_text){NULL, 0};
	if (fd < 0)
		return AFENCE_ERR_ABSENT;
	status = af_pam_text_take(fd, out);
	close(fd);
	return status;
}

static enum af_status list_nothing(void *context, const char *path, struct af_pam_list *out)
{
	(void)context, (void)path;
	*out = (struct af_pam_list){NULL, 0};
	return AFENCE_OK;
}

/* The lines of the toy that the parser lists.  *trouble: libpam may do anything. */
static bool list_calls(enum af_pam_facility facility, char **out, bool *trouble)
{
	static const struct af_pam_files files = {read_scratch, list_nothing, NULL};
	struct af_pam_stack stack;
	size_t length;
	FILE *text = open_memstream(out, &length);
	bool refused;

	af_pam_stack_read(&files, "s", folder, facility, &stack);
	*trouble = stack.trouble != AFENCE_OK;
	for (size_t i = 0; i < stack.count; i++) {
		const struct af_pam_entry *entry = &stack.entry[i];

		if (entry->broken || entry->substack || strcmp(entry->module, toy) != 0)
			continue;
		for (size_t n = 0; n < entry->count; n++)
			fprintf(text, "<%s>", entry->argument[n]);
		fputc('\n', text);
	}
	fclose(text);
	refused = stack.refused;
	af_pam_stack_free(&stack);
	return !refused;
}

static void call(pam_handle_t *pamh, enum af_pam_facility facility)
{
	static int (*const calls[AFENCE_PAM_FACILITIES])(pam_handle_t *, int) = {
		[AFENCE_PAM_AUTH] = pam_authenticate,
		[AFENCE_PAM_ACCOUNT] = pam_acct_mgmt,
		[AFENCE_PAM_PASSWORD] = pam_chauthtok,
		[AFENCE_PAM_SESSION] = pam_open_session,
	};

	*called = '\0';
	calls[facility](pamh, 0);
}

/* True if the lines of PART are lines of ALL in the same order. */
static bool has_lines(const char *all, const char *part)
{
	while (*part != '\0') {
		size_t len = strcspn(part, "\n") + 1;

		while (*all != '\0' && strncmp(all, part, len) != 0)
			all += strcspn(all, "\n") + 1;
		if (*all == '\0')
			return false;
		all += len;
		part += len;
	}
	return true;
}

static bool compare_facility(pam_handle_t *pamh, int started, enum af_pam_facility facility)
{
	char *listed, row[128];
	bool trouble, taken = list_calls(facility, &listed, &trouble), same;

	snprintf(row, sizeof(row), "seed %llx, %s", (unsigned long long)state,
		af_pam_facility_string(facility));
	same = CHECK_NUMBER(row, taken, started == PAM_SUCCESS);
	if (same && taken && !trouble) {
		call(pamh, facility);
		same = whole ? CHECK_STRING(row, listed, called)
			     : CHECK_NUMBER(row, has_lines(listed, called), true);
	}
	free(listed);
	return same;
}

static void show_files(void)
{
	char path[4300], byte;
	FILE *in;

	for (size_t number = 0; number < 7; number++) {
		name_file(number, path, sizeof(path));
		printf("== %s\n", path);
		in = fopen(path, "r");
		while (in != NULL && fread(&byte, 1, 1, in) == 1)
			printf(byte == '\r' ? "\\r" : "%c", byte);
		if (in != NULL)
			fclose(in);
	}
}

static bool compare_stack(size_t *taken)
{
	static const struct pam_conv conv = {converse, NULL};
	pam_handle_t *pamh = NULL;
	int started;
	bool same = true;

	whole = true;
	for (size_t number = 0; number < 7; number++)
		write_file(number);
	started = pam_start_confdir("s", "alice", &conv, folder, &pamh);
	*taken += started == PAM_SUCCESS;
	for (int i = 0; same && i < AFENCE_PAM_FACILITIES; i++)
		same = compare_facility(pamh, started, (enum af_pam_facility)i);
	if (pamh != NULL)
		pam_end(pamh, PAM_SUCCESS);
	if (!same)
		show_files();
	return same;
}

static void test_libpam(void)
{
	const char *rounds = getenv("AFENCE_TEST_ROUNDS"), *seed = getenv("AFENCE_TEST_SEED");
	size_t taken = 0, count = rounds != NULL ? strtoul(rounds, NULL, 10) : ROUNDS;

	state = seed != NULL ? strtoull(seed, NULL, 16) : 0x9e3779b97f4a7c15;
	snprintf(folder, sizeof(folder), "%s", af_scratch_dir());
	snprintf(toy, sizeof(toy), "%s/tests/pam_record.so", af_build_dir);
	write_other();
	for (size_t i = 0; i < count; i++)
		if (!compare_stack(&taken))
			break;
	printf("%zu of %zu stacks were taken by libpam\n", taken, count);
	CU_ASSERT(taken > count / 2);
}

static CU_TestInfo tests[] = {
	{"lines", test_lines},
	{"includes", test_includes},
	{"folders and services", test_folders},
	{"bounds", test_bounds},
	{"arguments", test_arguments},
	{"beside libpam", test_libpam},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"stack", NULL, NULL, NULL, NULL, tests};
