/* SPDX-License-Identifier: MIT */
/*
 * `expect` cases: what each qualifier changes, and what is said of a case that fails; which files
 * make up a policy.
 */
#include "../../tools/policy/expect.h"
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tools/policy/compile.h"
#include "../../tools/policy/set.h"

#define NOW  INT64_C(1800000000) /* 2027-01-15 */
#define LATE INT64_C(1811808000) /* 2027-06-01 */

#define PLAIN                                                                                     \
	"policy 1;\nmode off;\nreserve \"res.lan\";\ninternal 10.20.0.0/16, \"near.net\";\n"      \
	"exception lab { identity \"*@example.com\"; target \"imap.far.net\"; port 993; service " \
	"imap;\n  reason \"r\"; owner \"o\"; expires 2027-03-31; }\n"                             \
	"protect fin { identity \"*@fin.net\"; target \"smtp.own.net\", 192.88.99.0/24; reason "  \
	"\"r\"; owner \"o\"; }\nservice imap { mode off; }\n"
#define TRIED \
	"expect allow \"a@example.com\" to \"imap.far.net\" port 993 via imap on 2027-03-31;\n"

/* What the cases of TEXT, compiled at NOW, add to the messages: "error: ...\n". */
static void run(const char *text, int64_t now, size_t *passed, char *said, size_t room)
{
	const struct af_stamp stamp = {.generation = 1, .created = now};
	struct af_diagnostics diagnostics = {0};
	struct af_compiled image;
	struct af_source source;
	struct af_rules rules;
	size_t used = 0, before;

	af_source_copy("test.policy", text, strlen(text), &source);
	af_rules_start(&rules, &diagnostics, now);
	af_compile_read(&source, 1, &rules);
	CHECK_NUMBER("errors before", diagnostics.errors, 0);
	CHECK_NUMBER("compile", af_compile_write(&rules, &stamp, &image), AFENCE_OK);
	before = diagnostics.count;
	*passed = af_expect_run(&rules, image.bytes, image.length);
	said[0] = '\0';
	for (size_t i = before; i < diagnostics.count && used < room; i++)
		used += (size_t)snprintf(said + used, room - used, "%s: %s\n",
			af_severity_word[diagnostics.item[i].severity], diagnostics.item[i].text);
	free(image.bytes);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
}

struct row {
	const char *text; /* behind PLAIN */
	int64_t now;
	const char *want;
};

static void check_rows(const struct row *rows, size_t count)
{
	char text[4096], said[4096];
	size_t passed;

	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s%s", PLAIN, rows[i].text);
		run(text, rows[i].now, &passed, said, sizeof(said));
		CHECK_STRING(rows[i].text, said, rows[i].want);
		CHECK_NUMBER(rows[i].text, passed, *rows[i].want == '\0');
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

/* Each pair differs in one qualifier; mode off and service imap's do not count. */
static void test_qualifiers(void)
{
	static const struct row rows[] = {
		{"expect allow \"a@corp.net\" to \"far.net\";", NOW, ""},
		{"expect allow \"alice\" to \"far.net\";", NOW, ""},
		{"expect block \"a@example.com\" to \"far.net\";", NOW, ""},
		{"expect block \"a@x.res.lan\" to \"far.net\";", NOW, ""},
		{"expect allow \"a@example.com\" to \"near.net\";", NOW, ""},
		{"expect allow \"a@example.com\" to \"far.net\" at 10.20.3.4;", NOW, ""},
		{"expect block \"a@example.com\" to \"far.net\" at 192.88.99.7;", NOW, ""},
		{"expect block \"a@example.com\" to \"far.net\" at 2606:4700::1;", NOW, ""},
		{"expect allow \"a@example.com\" to 10.20.3.4;", NOW, ""},
		{"expect block \"a@example.com\" to 192.88.99.7;", NOW, ""},
		{"expect allow \"a@example.com\" to \"imap.far.net\" port 993 via imap;", NOW, ""},
		{"expect block \"a@example.com\" to \"imap.far.net\" port 143 via imap;", NOW, ""},
		{"expect block \"a@example.com\" to \"imap.far.net\" port 993 via smtp;", NOW, ""},
		{"expect block \"a@example.com\" to \"imap.far.net\" via imap;", NOW, ""},
		{"expect block \"a@example.com\" to \"imap.far.net\" port 993;", NOW, ""},
		{TRIED, NOW, ""},
		{TRIED, LATE, ""},
		{"expect block \"a@example.com\" to \"imap.far.net\" port 993 via imap on "
		 "2027-04-01;",
			NOW, ""},
		{"expect block \"a@example.com\" to \"imap.far.net\" port 993 via imap;", LATE, ""},
		{"expect block \"a@fin.net\" to \"near.net\";", NOW, ""},
		{"expect allow \"a@fin.net\" to \"smtp.own.net\";", NOW, ""},
		{"expect allow \"a@fin.net\" to \"any.net\" at 192.88.99.7;", NOW, ""},
		{"expect block \"a@fin.net\" to \"any.net\" at 192.88.98.7;", NOW, ""},
	};

	CHECK_ROWS(rows);
}

static void test_failures(void)
{
	static const struct row rows[] = {
		{"expect block \"a@corp.net\" to \"far.net\";", NOW,
			"error: \"a@corp.net\" to \"far.net\": seen allow (ordinary-identity), "
			"expected block\n"},
		{"expect allow \"a@example.com\" to \"far.net\" at 192.88.99.7 port 25 via smtp on "
		 "2027-02-03;",
			NOW,
			"error: \"a@example.com\" to \"far.net\" at 192.88.99.7 port 25 via smtp "
			"on 2027-02-03: seen block (reserved-identity-external-target, rule "
			"builtin:documentation), expected allow\n"},
		{"expect block \"a@example.com\" to \"imap.far.net\" port 993 via imap;", NOW,
			"error: \"a@example.com\" to \"imap.far.net\" port 993 via imap: seen "
			"allow (exception, rule exception:lab), expected block\n"},
		{"expect allow \"a@fin.net\" to \"near.net\";", NOW,
			"error: \"a@fin.net\" to \"near.net\": seen block "
			"(protected-identity-other-target, rule protect:fin), expected allow\n"},
		{"expect allow \"a@example.com\" to \"imap.far.net\" port 993 via imap on "
		 "2027-04-01;",
			LATE,
			"error: \"a@example.com\" to \"imap.far.net\" port 993 via imap on "
			"2027-04-01: seen block (reserved-identity-unknown-target, rule "
			"builtin:documentation), expected allow\n"},
	};

	CHECK_ROWS(rows);
}

/* Only where the exception is what has changed. */
static void test_expired(void)
{
	static const struct row rows[] = {
		{"expect allow \"a@example.com\" to \"imap.far.net\" port 993 via imap;", LATE,
			"warning: \"a@example.com\" to \"imap.far.net\" port 993 via imap: seen "
			"block (reserved-identity-unknown-target, rule builtin:documentation), "
			"expected allow; exception:lab has expired on 2027-03-31\n"},
		{"expect allow \"a@example.com\" to \"imap.far.net\" port 25 via imap;", LATE,
			"error: \"a@example.com\" to \"imap.far.net\" port 25 via imap: seen "
			"block (reserved-identity-unknown-target, rule builtin:documentation), "
			"expected allow\n"},
	};

	CHECK_ROWS(rows);
}

/* A reproducible build's clock may stand at 0, which is not today. */
static void test_second_zero(void)
{
	char said[1024];
	size_t passed;

	run("policy 1;\nexception old { identity \"*@example.com\"; target \"far.net\"; reason "
	    "\"r\"; owner \"o\"; expires 1970-01-01; }\nexpect allow \"a@example.com\" to "
	    "\"far.net\";",
		0, &passed, said, sizeof(said));
	CHECK_STRING("second zero", said, "");
	CHECK_NUMBER("second zero", passed, 1);
}

static void make_file(const char *root, const char *path, const char *text)
{
	char full[4600];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = strchr(full + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		CU_ASSERT(mkdir(full, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	file = text != NULL ? fopen(full, "w") : NULL;
	if (file != NULL) {
		fputs(text, file);
		CU_ASSERT(fclose(file) == 0);
	}
}

static void make_link(const char *root, const char *path, const char *to)
{
	char full[4600];

	snprintf(full, sizeof(full), "%s%s", root, path);
	CU_ASSERT(symlink(to, full) == 0);
}

#define VENDOR AFENCE_FOLDER_VENDOR "/"
#define SITE   AFENCE_FOLDER_SITE "/"

static void make_tree(const char *root)
{
	make_file(root, VENDOR "10.policy", "policy 1;\nmode observe;\n");
	make_file(root, VENDOR "20.policy", "policy 1;\nreserve \"v20.lan\";\n");
	make_file(root, VENDOR "30.policy", "policy 1;\nreserve \"v30.lan\";\n");
	make_file(root, VENDOR "40.policy", "policy 1;\nreserve \"v40.lan\";\n");
	make_file(root, VENDOR ".hidden.policy", "wrong\n");
	make_file(root, VENDOR "note.txt", "wrong\n");
	make_file(root, VENDOR ".policy", "wrong\n");
	make_file(root, SITE "05.policy", "policy 1;\nmode off;\nreserve file \"names\";\n");
	make_file(root, SITE "20.policy", "policy 1;\nreserve \"s20.lan\";\n");
	make_file(root, SITE "names", "listed.lan\n");
	make_file(root, "/srv/real", "policy 1;\nreserve \"linked.lan\";\n");
	make_link(root, SITE "30.policy", "/dev/null");
	make_link(root, SITE "35.policy", "/srv/real");
}

/* Merged by name; the site's file replaces, its link masks though there is no /dev below the root,
 * links stay below the root, and the site's setting counts whatever the order of names. */
static void test_set(void)
{
	static const char *const want[] = {SITE "05.policy", VENDOR "10.policy", SITE "20.policy",
		SITE "35.policy", VENDOR "40.policy"};
	struct af_diagnostics diagnostics = {0};
	struct af_names names;
	struct af_root root;
	struct af_set set;
	const char *folder;
	char path[4300], shown[4600];

	snprintf(path, sizeof(path), "%s/tree", af_scratch_dir());
	make_tree(path);
	CU_ASSERT_FATAL(af_root_open(path, &root));
	CU_ASSERT(af_set_find(&root, &names, &folder));
	CHECK_NUMBER("files", names.count, 5);
	for (size_t i = 0; i < names.count && i < 5; i++)
		CHECK_STRING("file", names.name[i], want[i]);
	af_set_load(&root, NULL, 0, &diagnostics, &set);
	CHECK_NUMBER("loaded", set.count, 5);
	CHECK_NUMBER("errors", diagnostics.errors, 0);
	for (size_t i = 0; i < set.count && i < 5; i++) {
		snprintf(shown, sizeof(shown), "%s%s", path, want[i]);
		CHECK_STRING("shown", set.source[i].path, shown);
		CHECK_STRING("below", set.source[i].path + set.source[i].root, want[i]);
		CHECK_NUMBER(want[i], set.source[i].layer,
			want[i][1] == 'u' ? AFENCE_LAYER_VENDOR : AFENCE_LAYER_SITE);
	}
	CHECK_STRING("linked", set.count > 3 ? set.source[3].text : NULL,
		"policy 1;\nreserve \"linked.lan\";\n");
	af_set_free(&set);
	af_diagnostics_free(&diagnostics);
	af_names_free(&names);
	af_root_close(&root);
}

static CU_TestInfo tests[] = {
	{"qualifiers", test_qualifiers},
	{"failures", test_failures},
	{"a case that fails since an exception expired", test_expired},
	{"second zero", test_second_zero},
	{"files of a policy", test_set},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"expect", NULL, NULL, NULL, NULL, tests};
