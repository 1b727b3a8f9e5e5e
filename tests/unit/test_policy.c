/* SPDX-License-Identifier: MIT */
/* The policy in force: which files are trusted (P1 to P3), and what the policy answers. */
#include "af_policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiled.h"
#include "harness.h"

#define STRANGER 65533 /* a user who owns nothing */

static char path[4400]; /* the policy file of a test; folders are the suite's scratch folder */

static const char *in_scratch(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", af_scratch_dir(), name);
	return path;
}

static void write_bytes(const char *file, const void *bytes, size_t length)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(write(fd, bytes, length) == (ssize_t)length);
	CU_ASSERT(fchmod(fd, 0644) == 0);
	close(fd);
}

static void write_policy(const char *file, const char *text, uint64_t generation)
{
	struct af_compiled compiled;

	compile_text(text, generation, &compiled);
	write_bytes(file, compiled.bytes, compiled.length);
	free(compiled.bytes);
}

static struct af_domain domain_of(const char *name)
{
	struct af_domain domain;

	CHECK_NUMBER(name, af_domain_parse(name, strlen(name), &domain), AFENCE_OK);
	return domain;
}

static struct af_address address_of(const char *text)
{
	struct af_address address;

	CU_ASSERT(af_address_parse(text, strlen(text), &address));
	return address;
}

static size_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	while (folder != NULL && readdir(folder) != NULL)
		count++;
	if (folder != NULL)
		closedir(folder);
	return count;
}

/* --- P1: which files count */

static void make_good(void)
{
	write_policy(path, "policy 1;", 3);
}

static void make_nothing(void)
{
}

static void make_folder(void)
{
	mkdir(path, 0755);
}

static void make_fifo(void)
{
	mkfifo(path, 0644);
}

static void make_symlink(void)
{
	char target[4500];

	snprintf(target, sizeof(target), "%s.target", path);
	write_policy(target, "policy 1;", 3);
	CU_ASSERT(symlink(target, path) == 0);
}

static void make_group_writable(void)
{
	make_good();
	chmod(path, 0664);
}

static void make_world_writable(void)
{
	make_good();
	chmod(path, 0646);
}

static void make_of_stranger(void)
{
	make_good();
	CU_ASSERT(chown(path, STRANGER, (gid_t)-1) == 0);
}

static void make_empty(void)
{
	write_bytes(path, "", 0);
}

static void make_short(void)
{
	make_good();
	CU_ASSERT(truncate(path, 500) == 0);
}

static void make_text(void)
{
	char text[1000];

	memset(text, '#', sizeof(text));
	write_bytes(path, text, sizeof(text));
}

static void make_huge(void)
{
	write_bytes(path, "x", 1);
	CU_ASSERT(truncate(path, (off_t)AFENCE_IMAGE_MAX + 1) == 0);
}

static void make_newer(void)
{
	struct af_compiled compiled;
	struct af_image_header header;

	compile_text("policy 1;", 1, &compiled);
	memcpy(&header, compiled.bytes, sizeof(header));
	header.format = header.min_reader = AFENCE_IMAGE_FORMAT + 1;
	memcpy(compiled.bytes, &header, sizeof(header));
	write_bytes(path, compiled.bytes, compiled.length);
	free(compiled.bytes);
}

/* Over 1 MiB, so it is mapped. */
static void make_large(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	fputs("policy 1;", file);
	for (int i = 0; i < 30000; i++)
		fprintf(file, "reserve \"a%d.lan\";", i);
	fclose(file);
	write_policy(path, text, 3);
	free(text);
}

static const struct {
	const char *name;
	void (*make)(void);
	bool own_user, root; /* root: only root can make it */
	enum af_status want;
} file_rows[] = {
	{"good", make_good, true, false, AFENCE_OK},
	{"root's", make_good, false, true, AFENCE_OK},
	{"large", make_large, true, false, AFENCE_OK},
	{"absent", make_nothing, true, false, AFENCE_ERR_ABSENT},
	{"folder", make_folder, true, false, AFENCE_ERR_UNTRUSTED},
	{"FIFO", make_fifo, true, false, AFENCE_ERR_UNTRUSTED},
	{"symlink", make_symlink, true, false, AFENCE_ERR_UNTRUSTED},
	{"group may write", make_group_writable, true, false, AFENCE_ERR_UNTRUSTED},
	{"world may write", make_world_writable, true, false, AFENCE_ERR_UNTRUSTED},
	{"stranger's", make_of_stranger, true, true, AFENCE_ERR_UNTRUSTED},
	{"empty", make_empty, true, false, AFENCE_ERR_DAMAGED},
	{"cut", make_short, true, false, AFENCE_ERR_DAMAGED},
	{"text", make_text, true, false, AFENCE_ERR_DAMAGED},
	{"over the limit", make_huge, true, false, AFENCE_ERR_LIMIT},
	{"newer", make_newer, true, false, AFENCE_ERR_NEWER},
};

static void test_files(void)
{
	size_t before = count_descriptors();
	struct af_policy *policy;
	char name[32];

	for (size_t i = 0; i < sizeof(file_rows) / sizeof(file_rows[0]); i++) {
		if (file_rows[i].root && geteuid() != 0) {
			printf("\nskipped: policy file \"%s\" needs root\n", file_rows[i].name);
			continue;
		}
		snprintf(name, sizeof(name), "file-%zu.bin", i);
		in_scratch(name);
		file_rows[i].make();
		CHECK_NUMBER(file_rows[i].name,
			af_policy_load(path, file_rows[i].own_user, &policy), file_rows[i].want);
		CHECK_NUMBER(file_rows[i].name, policy != NULL, file_rows[i].want == AFENCE_OK);
		if (policy != NULL) {
			CHECK_STRING(file_rows[i].name, af_policy_source(policy), path);
			CHECK_NUMBER(file_rows[i].name, af_policy_generation(policy), 3);
			CHECK_NUMBER(file_rows[i].name, af_policy_created(policy), 1000);
		}
		af_policy_free(policy);
	}
	CHECK_NUMBER(
		"relative path", af_policy_load("load.bin", true, &policy), AFENCE_ERR_UNTRUSTED);
	CHECK_NUMBER("below a file", af_policy_load("/proc/self/status/x", true, &policy),
		AFENCE_ERR_ABSENT);
	CHECK_NUMBER("descriptors", count_descriptors(), before);
	af_policy_free(NULL);
	af_policy_free(af_policy_builtin());
}

/* --- tests of what a process holds: each in a process of its own */

/* Runs TEST in a child, which ends with 0 if all was well; a hang ends it too. */
static void in_child(const char *name, int (*test)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(60);
		_exit(test());
	}
	CU_ASSERT(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK_NUMBER(name, status, 0);
}

#define NEED(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("\nline %d: not so: %s (errno %d)\n", __LINE__, #condition, errno); \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

/* A host that closed its standard streams gets none of them taken. */
static int run_without_streams(void)
{
	struct af_policy *policy;
	int fd;

	for (fd = 0; fd <= 2; fd++)
		close(fd);
	if (af_policy_load(path, true, &policy) != AFENCE_OK)
		return 1;
	fd = open("/dev/null", O_RDONLY);
	return fd == 0 ? 0 : 1;
}

static int run_nothing(void)
{
	struct af_policy_trouble trouble;
	const struct af_policy *policy = af_policy_open("/nonexistent/policy.bin", true, &trouble);

	NEED(policy == af_policy_builtin());
	NEED(trouble.file == AFENCE_ERR_ABSENT && trouble.previous == AFENCE_ERR_ABSENT);
	NEED(strcmp(af_policy_source(policy), "builtin") == 0);
	NEED(af_policy_generation(policy) == 0);
	NEED(af_policy_created(policy) == 0);
	return 0;
}

/* What is opened has GENERATION, and the file and its .prev are met in the states given. */
static int open_path(uint64_t generation, enum af_status file, enum af_status previous)
{
	struct af_policy_trouble trouble = {AFENCE_ERR_LIMIT, AFENCE_ERR_LIMIT};
	const struct af_policy *policy = af_policy_open(path, true, &trouble);

	NEED(af_policy_generation(policy) == generation);
	NEED(trouble.file == file && trouble.previous == previous);
	af_policy_free(policy);
	return 0;
}

static int run_good(void)
{
	write_policy(path, "policy 1; reserve \"held.lan\";", 5);
	return open_path(5, AFENCE_OK, AFENCE_OK);
}

static int run_previous(void)
{
	char previous[4500];

	snprintf(previous, sizeof(previous), "%s.prev", path);
	write_policy(previous, "policy 1;", 4);
	write_bytes(path, "AFPOLICY", 8);
	return open_path(4, AFENCE_ERR_DAMAGED, AFENCE_OK);
}

static int run_both_bad(void)
{
	char previous[4500];

	snprintf(previous, sizeof(previous), "%s.prev", path);
	write_bytes(path, "AFPOLICY", 8);
	write_policy(previous, "policy 1;", 4);
	chmod(previous, 0666);
	return open_path(0, AFENCE_ERR_DAMAGED, AFENCE_ERR_UNTRUSTED);
}

static bool reserves(const struct af_policy *policy, const char *name)
{
	struct af_domain domain = domain_of(name);
	struct af_domain_fact fact;

	af_policy_judge_domain(policy, &domain, &fact);
	return fact.reserved;
}

/* P2: what happens to the file later changes nothing. */
static int run_overwritten(void)
{
	struct af_policy_trouble trouble;
	const struct af_policy *policy;

	write_policy(path, "policy 1; reserve \"held.lan\";", 5);
	policy = af_policy_open(path, true, &trouble);
	NEED(reserves(policy, "x.held.lan"));
	write_policy(path, "policy 1; reserve \"other.lan\"; mode off;", 2);
	NEED(reserves(policy, "x.held.lan") && !reserves(policy, "other.lan"));
	NEED(truncate(path, 0) == 0);
	NEED(reserves(policy, "x.held.lan") && af_policy_generation(policy) == 5);
	NEED(unlink(path) == 0);
	NEED(reserves(policy, "x.held.lan"));
	af_policy_free(policy);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} held_rows[] = {
	{"no file", run_nothing},
	{"good file", run_good},
	{"damaged file, good .prev", run_previous},
	{"damaged file, bad .prev", run_both_bad},
	{"overwritten, cut, removed", run_overwritten},
};

static void test_held(void)
{
	char name[32];

	for (size_t i = 0; i < sizeof(held_rows) / sizeof(held_rows[0]); i++) {
		snprintf(name, sizeof(name), "held-%zu.bin", i);
		in_scratch(name);
		in_child(held_rows[i].name, held_rows[i].run);
	}
	make_good();
	in_child("standard streams closed", run_without_streams);
}

/* --- the user namespace of P1: needs a folder that only root can write */

#define NAMESPACE_SKIPPED 77

/* Root's file as a user of a namespace without root sees it. */
static int load_in_namespace(const char *file, enum af_status want)
{
	struct af_policy *policy;

	if (setgid(STRANGER) != 0 || setuid(STRANGER) != 0 || unshare(CLONE_NEWUSER) != 0)
		return NAMESPACE_SKIPPED;
	NEED(af_policy_load(file, false, &policy) == want);
	return 0;
}

static int run_in_namespace(const char *file, mode_t folder_mode, enum af_status want)
{
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("none", "/mnt", "tmpfs", 0, "mode=755") != 0)
		return NAMESPACE_SKIPPED;
	NEED(mkdir("/mnt/folder", 0755) == 0 && chmod("/mnt/folder", folder_mode) == 0);
	write_policy(file, "policy 1;", 1);
	return load_in_namespace(file, want);
}

static int run_beyond_reach(void)
{
	return run_in_namespace("/mnt/folder/policy.bin", 0755, AFENCE_OK);
}

static int run_in_open_folder(void)
{
	return run_in_namespace("/mnt/folder/policy.bin", 0777, AFENCE_ERR_UNTRUSTED);
}

/* Without a namespace the overflow uid is a user like others. */
static int run_without_namespace(void)
{
	struct af_policy *policy;

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("none", "/mnt", "tmpfs", 0, "mode=755") != 0)
		return NAMESPACE_SKIPPED;
	write_policy("/mnt/policy.bin", "policy 1;", 1);
	NEED(chown("/mnt/policy.bin", 65534, 65534) == 0);
	NEED(setgid(STRANGER) == 0 && setuid(STRANGER) == 0);
	NEED(af_policy_load("/mnt/policy.bin", false, &policy) == AFENCE_ERR_UNTRUSTED);
	return 0;
}

static void test_namespace(void)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} rows[] = {
		{"root's file beyond reach", run_beyond_reach},
		{"root's file in an open folder", run_in_open_folder},
		{"overflow uid, no namespace", run_without_namespace},
	};
	int status = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pid_t pid = geteuid() == 0 ? fork() : -1;

		if (pid == 0)
			_exit(rows[i].run());
		if (pid > 0)
			waitpid(pid, &status, 0);
		if (pid < 0 || WEXITSTATUS(status) == NAMESPACE_SKIPPED)
			printf("\nskipped: %s needs root and user namespaces\n", rows[i].name);
		else
			CHECK_NUMBER(rows[i].name, status, 0);
	}
}

/* --- what the policy says */

static const struct {
	const char *domain;
	bool with_image;
	bool reserved;
	const char *known; /* registry row */
	const char *rule;
	uint32_t line;
} domain_rows[] = {
	{"example.com", false, true, "example.com", "builtin:documentation", 0},
	{"a.b.example.com", false, true, "example.com", "builtin:documentation", 0},
	{"notexample.com", false, false, NULL, NULL, 0},
	{"example.com.org", false, false, NULL, NULL, 0},
	{"com", false, false, NULL, NULL, 0},
	{"host.test", false, true, "test", "builtin:testing", 0},
	{"printer.local", false, false, "local", NULL, 0},
	{"acme.internal", false, false, "internal", NULL, 0},
	{"acme.internal", true, false, "internal", NULL, 0},
	{"dev.acme.internal", true, true, "internal", "reserve:dev.acme.internal", 2},
	{"x.dev.acme.internal", true, true, "internal", "reserve:dev.acme.internal", 2},
	{"xdev.acme.internal", true, false, "internal", NULL, 0},
	{"x.qa.dev.acme.internal", true, true, "internal", "reserve:qa.dev.acme.internal", 3},
	{"printer.local", true, true, "local", "reserve:local", 4},
	{"www.example.com", true, true, "example.com", "builtin:documentation", 0},
	{"host.example.com", true, true, "example.com", "reserve:host.example.com", 5},
	{"a.test", true, true, "test", "reserve:test", 6},
	{"xn--bcher-kva.lan", true, true, "lan", "reserve:xn--bcher-kva.lan", 7},
	{"acme.com", true, false, NULL, NULL, 0},
};

static void test_domains(void)
{
	struct af_policy *policy = load_policy("policy 1;\n"
					       "reserve \"dev.acme.internal\";\n"
					       "reserve \"QA.dev.acme.internal.\";\n"
					       "reserve \"local\";\n"
					       "reserve \"host.example.com\";\n"
					       "reserve \"test\", \"test\";\n"
					       "reserve \"b\xc3\xbc"
					       "cher.lan\";\n");

	for (size_t i = 0; i < sizeof(domain_rows) / sizeof(domain_rows[0]); i++) {
		const char *name = domain_rows[i].domain;
		struct af_domain domain = domain_of(name);
		struct af_domain_fact fact;

		af_policy_judge_domain(
			domain_rows[i].with_image ? policy : af_policy_builtin(), &domain, &fact);
		CHECK_NUMBER(name, fact.reserved, domain_rows[i].reserved);
		CHECK_STRING(
			name, fact.known != NULL ? fact.known->name : NULL, domain_rows[i].known);
		CHECK_STRING(name, fact.rule.name, domain_rows[i].rule);
		CHECK_NUMBER(name, fact.rule.line, domain_rows[i].line);
		CHECK_STRING(name, fact.rule.file, domain_rows[i].line > 0 ? "test.policy" : NULL);
	}
	af_policy_free(policy);
}

static const char row_policy[] = "policy 1;\n"
				 "internal \"exact.lan\", \"*.below.lan\", \".both.lan\";\n"
				 "external \"*.exact.lan\", \"host.below.lan\", \"x.both.lan\";\n"
				 "internal \"*.twice.lan\"; external \".twice.lan\";\n"
				 "internal \"host.com\"; external \"com\", \"*.com\";\n"
				 "internal \"*.x.both.lan\";\n";

static const struct {
	const char *name;
	enum af_row want;
	const char *rule;
	uint32_t line;
} name_rows[] = {
	{"exact.lan", AFENCE_ROW_INTERNAL, "internal:exact.lan", 2},
	{"a.exact.lan", AFENCE_ROW_EXTERNAL, "external:*.exact.lan", 3},
	{"inexact.lan", AFENCE_ROW_NONE, NULL, 0},
	{"below.lan", AFENCE_ROW_NONE, NULL, 0},
	{"a.b.below.lan", AFENCE_ROW_INTERNAL, "internal:*.below.lan", 2},
	{"host.below.lan", AFENCE_ROW_EXTERNAL, "external:host.below.lan", 3},
	{"a.host.below.lan", AFENCE_ROW_INTERNAL, "internal:*.below.lan", 2},
	{"both.lan", AFENCE_ROW_INTERNAL, "internal:.both.lan", 2},
	{"y.both.lan", AFENCE_ROW_INTERNAL, "internal:.both.lan", 2},
	{"x.both.lan", AFENCE_ROW_EXTERNAL, "external:x.both.lan", 3},
	{"a.x.both.lan", AFENCE_ROW_INTERNAL, "internal:*.x.both.lan", 6},
	{"twice.lan", AFENCE_ROW_EXTERNAL, "external:.twice.lan", 4},
	{"a.twice.lan", AFENCE_ROW_EXTERNAL, "external:.twice.lan", 4},
	{"host.com", AFENCE_ROW_INTERNAL, "internal:host.com", 5},
	{"a.host.com", AFENCE_ROW_EXTERNAL, "external:*.com", 5},
	{"com", AFENCE_ROW_EXTERNAL, "external:com", 5},
	{"org", AFENCE_ROW_NONE, NULL, 0},
};

static void test_name_rows(void)
{
	struct af_policy *policy = load_policy(row_policy);
	struct af_rule rule;

	for (size_t i = 0; i < sizeof(name_rows) / sizeof(name_rows[0]); i++) {
		const char *name = name_rows[i].name;
		struct af_domain domain = domain_of(name);

		CHECK_NUMBER(name, af_policy_name_row(policy, &domain, &rule), name_rows[i].want);
		CHECK_STRING(name, rule.name, name_rows[i].rule);
		CHECK_NUMBER(name, rule.line, name_rows[i].line);
		CHECK_NUMBER(name, af_policy_name_row(af_policy_builtin(), &domain, &rule),
			AFENCE_ROW_NONE);
		CHECK_STRING(name, rule.name, NULL);
	}
	af_policy_free(policy);
}

static const char network_policy[] =
	"policy 1;\n"
	"internal 198.51.0.0/16, 192.0.2.7, 2001:db8:1::/48;\n"
	"external 10.99.0.0/16, 198.51.100.0/24, 127.0.0.0/8, ::1;\n"
	"internal 198.51.100.128/25, 10.99.0.0/16, 93.184.0.0/16;\n"
	"external ::/0, ::/95; internal ::fffe:0:0/96, 2001:db9::/32;\n";

static const struct {
	const char *address;
	enum af_target_class want;
	enum af_row row;
	const char *rule;
} address_rows[] = {
	{"198.51.1.1", AFENCE_TARGET_INTERNAL, AFENCE_ROW_INTERNAL, "internal:198.51.0.0/16"},
	{"198.51.100.1", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_EXTERNAL, "external:198.51.100.0/24"},
	{"198.51.100.200", AFENCE_TARGET_INTERNAL, AFENCE_ROW_INTERNAL,
		"internal:198.51.100.128/25"},
	{"198.52.0.0", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_NONE, NULL},
	{"198.50.255.255", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_NONE, NULL},
	{"192.0.2.7", AFENCE_TARGET_INTERNAL, AFENCE_ROW_INTERNAL, "internal:192.0.2.7"},
	{"192.0.2.8", AFENCE_TARGET_INTERNAL, AFENCE_ROW_NONE, NULL},
	{"10.99.1.1", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_EXTERNAL, "external:10.99.0.0/16"},
	{"10.98.1.1", AFENCE_TARGET_INTERNAL, AFENCE_ROW_NONE, NULL},
	{"127.0.0.1", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_EXTERNAL, "external:127.0.0.0/8"},
	{"::1", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_EXTERNAL, "external:::1"},
	{"::ffff:10.99.1.1", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_EXTERNAL, "external:10.99.0.0/16"},
	{"2001:db8:1:ffff::1", AFENCE_TARGET_INTERNAL, AFENCE_ROW_INTERNAL,
		"internal:2001:db8:1::/48"},
	{"93.184.1.1", AFENCE_TARGET_INTERNAL, AFENCE_ROW_INTERNAL, "internal:93.184.0.0/16"},
	{"9.9.9.9", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_NONE, NULL},
	{"10.1.1.1", AFENCE_TARGET_INTERNAL, AFENCE_ROW_NONE, NULL},
	{"0.0.0.0", AFENCE_TARGET_LOCAL, AFENCE_ROW_NONE, NULL},
	{"fd00::1", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_EXTERNAL, "external:::/0"},
	{"::2", AFENCE_TARGET_EXTERNAL, AFENCE_ROW_EXTERNAL, "external:::/95"},
	{"::fffe:1:1", AFENCE_TARGET_INTERNAL, AFENCE_ROW_INTERNAL, "internal:::fffe:0:0/96"},
	{"2001:db9::1", AFENCE_TARGET_INTERNAL, AFENCE_ROW_INTERNAL, "internal:2001:db9::/32"},
};

static void test_address_rows(void)
{
	struct af_policy *policy = load_policy(network_policy);
	const struct af_address_block *block;
	struct af_rule rule;
	enum af_row row;

	for (size_t i = 0; i < sizeof(address_rows) / sizeof(address_rows[0]); i++) {
		const char *name = address_rows[i].address;
		struct af_address address = address_of(name);

		CHECK_NUMBER(name, af_policy_address_class(policy, &address, &row, &rule, &block),
			address_rows[i].want);
		CHECK_NUMBER(name, row, address_rows[i].row);
		CHECK_STRING(name, rule.name, address_rows[i].rule);
		CHECK_NUMBER(name,
			af_policy_address_class(af_policy_builtin(), &address, &row, &rule, NULL),
			af_address_class(&address, NULL));
		CHECK_NUMBER(name, row, AFENCE_ROW_NONE);
	}
	af_policy_free(policy);
}

static void test_settings(void)
{
	struct af_policy *policy =
		load_policy("policy 1; mode observe; on-block refuse;\n"
			    "resolver { server 127.0.0.2 port 5353; within 2s; }\n"
			    "log { identity none; }\n");
	struct af_address server = address_of("127.0.0.2");
	struct af_settings settings;

	af_policy_settings(af_policy_builtin(), "imap", 0, &settings);
	CHECK_NUMBER("default mode", settings.mode, AFENCE_MODE_ENFORCE);
	CHECK_NUMBER("default on-block", settings.on_block, AFENCE_ON_BLOCK_CUT);
	CHECK_NUMBER("default log", settings.log_identity, AFENCE_LOG_FULL);
	CHECK_NUMBER("default unknown", settings.unknown_allow, false);
	CHECK_NUMBER("default resolve", settings.resolve, true);
	CHECK_NUMBER("default within", settings.within_ms, 1000);
	CHECK_NUMBER("default server", settings.has_server, false);
	af_policy_settings(policy, NULL, 0, &settings);
	CHECK_NUMBER("mode", settings.mode, AFENCE_MODE_OBSERVE);
	CHECK_NUMBER("on-block", settings.on_block, AFENCE_ON_BLOCK_REFUSE);
	CHECK_NUMBER("log", settings.log_identity, AFENCE_LOG_NONE);
	CHECK_NUMBER("unknown", settings.unknown_allow, false);
	CHECK_NUMBER("resolve", settings.resolve, true);
	CHECK_NUMBER("within", settings.within_ms, 2000);
	CHECK_NUMBER("server", settings.has_server, true);
	CU_ASSERT(af_address_equal(&settings.server, &server));
	CHECK_NUMBER("port", settings.server_port, 5353);
	af_policy_free(policy);
}

/* --- against a slow obvious matcher, over all names of a small alphabet */

static const char *const slow_internal[] = {"*.b", ".a.b", "b.a.b", "*.a.a.b", "a"};
static const char *const slow_external[] = {"b", "*.a.b", ".b.b", "a.a.b"};

/* How long a name of its pattern matches NAME, or -1. */
static int slow_match(const char *pattern, const char *name)
{
	size_t mark = pattern[0] == '*' ? 2 : pattern[0] == '.' ? 1 : 0;
	const char *base = pattern + mark;
	size_t base_len = strlen(base), len = strlen(name);
	bool same = strcmp(base, name) == 0;
	bool below = len > base_len && name[len - base_len - 1] == '.' &&
		     strcmp(name + len - base_len, base) == 0;

	return (same && mark != 2) || (below && mark != 0) ? (int)base_len : -1;
}

static enum af_row slow_row(const char *name)
{
	int internal = -1, external = -1;

	for (size_t i = 0; i < sizeof(slow_internal) / sizeof(slow_internal[0]); i++)
		if (slow_match(slow_internal[i], name) > internal)
			internal = slow_match(slow_internal[i], name);
	for (size_t i = 0; i < sizeof(slow_external) / sizeof(slow_external[0]); i++)
		if (slow_match(slow_external[i], name) > external)
			external = slow_match(slow_external[i], name);
	if (internal < 0 && external < 0)
		return AFENCE_ROW_NONE;
	return internal > external ? AFENCE_ROW_INTERNAL : AFENCE_ROW_EXTERNAL;
}

/* The NUMBER-th text of LEN letters out of "ab."; false if it is no name. */
static bool spell(unsigned number, size_t len, struct af_domain *out)
{
	char text[8];

	for (size_t i = 0; i < len; i++, number /= 3)
		text[i] = "ab."[number % 3];
	text[len] = '\0';
	return text[len - 1] != '.' && af_domain_parse(text, len, out) == AFENCE_OK;
}

static void test_against_slow(void)
{
	struct af_policy *policy = load_policy(
		"policy 1; internal \"*.b\", \".a.b\", \"b.a.b\", \"*.a.a.b\", \"a\";"
		"external \"b\", \"*.a.b\", \".b.b\", \"a.a.b\"; reserve \"a.b\", \"b.b.a\";");
	unsigned count = 1, names = 0;
	struct af_domain name;
	struct af_rule rule;

	for (size_t len = 1; len <= 7; len++) {
		count *= 3;
		for (unsigned number = 0; number < count; number++) {
			if (!spell(number, len, &name))
				continue;
			names++;
			CHECK_NUMBER(name.name, af_policy_name_row(policy, &name, &rule),
				slow_row(name.name));
			CHECK_NUMBER(name.name, reserves(policy, name.name),
				slow_match(".a.b", name.name) >= 0 ||
					slow_match(".b.b.a", name.name) >= 0);
		}
	}
	CU_ASSERT(names > 500);
	af_policy_free(policy);
}

static CU_TestInfo tests[] = {
	{"P1: files that count and files that do not", test_files},
	{"P1: user namespace", test_namespace},
	{"P2: what is opened, and what is held of it", test_held},
	{"domains", test_domains},
	{"name rows", test_name_rows},
	{"address rows", test_address_rows},
	{"settings", test_settings},
	{"names against a slow matcher", test_against_slow},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"policy", NULL, NULL, NULL, NULL, tests};
