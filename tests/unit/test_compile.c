/* SPDX-License-Identifier: MIT */
/* The policy compiler: every message, every setting, and the file it writes. */
#include "../../tools/policy/compile.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/policy/writer.h"
#include "../../tools/verbs.h"
#include "af_image.h"
#include "compiled.h"
#include "harness.h"

#define BAD_FILES_LEAST 30 /* fewer: the folder of the data was not found whole */

/* --- messages: bad-*.policy beside bad-*.want */

/* What the compiler says of COUNT sources; the caller frees it. */
static char *complaints(struct af_source *sources, size_t count)
{
	struct af_diagnostics diagnostics = {0};
	struct af_rules rules;
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	af_rules_start(&rules, &diagnostics, 1000);
	af_compile_read(sources, count, &rules);
	af_diagnostics_print(&diagnostics, file);
	fclose(file);
	CHECK_NUMBER(sources[0].path, diagnostics.errors > 0, len > 0);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	return text;
}

/* The messages name a file as it was given, so the data is read by its bare name. */
static void check_data_file(const char *name)
{
	struct af_source source, want = {0};
	char *got, *wanted = NULL;

	CHECK_NUMBER(name, af_source_load(name, &source), AFENCE_OK);
	got = complaints(&source, 1);
	if (strncmp(name, "bad-", 4) == 0) {
		CU_ASSERT(asprintf(&wanted, "%.*s.want", (int)strcspn(name, "."), name) > 0);
		CHECK_NUMBER(wanted, af_source_load(wanted, &want), AFENCE_OK);
	}
	CHECK_STRING(name, got, want.text != NULL ? want.text : "");
	free(got);
	free(wanted);
	af_source_free(&source);
	af_source_free(&want);
}

static void test_messages(void)
{
	struct dirent *entry;
	unsigned bad = 0, good = 0;
	char folder[4200];
	DIR *data;

	snprintf(folder, sizeof(folder), "%s/tests/data/policy", af_source_dir);
	data = opendir(folder);
	CU_ASSERT_FATAL(data != NULL && chdir(folder) == 0);
	while ((entry = readdir(data)) != NULL) {
		const char *ending = strrchr(entry->d_name, '.');

		if (ending == NULL || strcmp(ending, ".policy") != 0)
			continue;
		check_data_file(entry->d_name);
		bad += strncmp(entry->d_name, "bad-", 4) == 0;
		good += strncmp(entry->d_name, "good-", 5) == 0;
	}
	closedir(data);
	CU_ASSERT(bad >= BAD_FILES_LEAST && good > 0);
	CU_ASSERT(chdir(af_source_dir) == 0);
}

static void test_two_sources(void)
{
	static const char first[] = "policy 1;\nmode off;\n";
	static const char second[] = "policy 1;\n\tmode off;\nfoo;\n";
	struct af_source sources[2];
	char *got;

	af_source_copy("b.policy", first, strlen(first), &sources[0]);
	af_source_copy("a.policy", second, strlen(second), &sources[1]);
	got = complaints(sources, 2);
	CHECK_STRING("a setting in two files", got,
		"a.policy:2:2: error: seen \"mode\" again, expected it once in all files\n"
		"\tmode off;\n"
		"\t^\n"
		"b.policy:2:1: note: \"mode\" is set here first\n"
		"mode off;\n"
		"^\n"
		"a.policy:3:1: error: unknown keyword \"foo\", expected policy, mode, reserve, "
		"internal, external, resolver, on-block or log\n"
		"foo;\n"
		"^\n");
	free(got);
	af_source_free(&sources[0]);
	af_source_free(&sources[1]);
}

/* --- settings: each one flipped, all others as they were */

#define AT(field) \
	offsetof(struct af_image_settings, field), sizeof(((struct af_image_settings *)0)->field)

static const struct {
	const char *text;
	size_t offset, size;
	uint32_t want;
} setting_rows[] = {
	{"", AT(mode), AFENCE_MODE_ENFORCE},
	{"mode enforce;", AT(mode), AFENCE_MODE_ENFORCE},
	{"mode observe;", AT(mode), AFENCE_MODE_OBSERVE},
	{"mode off;", AT(mode), AFENCE_MODE_OFF},
	{"on-block cut;", AT(on_block), AFENCE_ON_BLOCK_CUT},
	{"on-block refuse;", AT(on_block), AFENCE_ON_BLOCK_REFUSE},
	{"log { identity full; }", AT(log_identity), AFENCE_LOG_FULL},
	{"log { identity domain; }", AT(log_identity), AFENCE_LOG_DOMAIN},
	{"log { identity none; }", AT(log_identity), AFENCE_LOG_NONE},
	{"", AT(unknown), 0},
	{"", AT(resolve), 1},
	{"", AT(has_server), 0},
	{"resolver { within 1ms; }", AT(within_ms), 1},
	{"resolver { within 300ms; }", AT(within_ms), 300},
	{"resolver { within 1s; }", AT(within_ms), 1000},
	{"resolver { within 10s; }", AT(within_ms), 10000},
	{"resolver { within 10000ms; }", AT(within_ms), 10000},
};

static void test_settings(void)
{
	static const struct af_image_settings normal = {.resolve = 1, .within_ms = 1000};

	for (size_t i = 0; i < sizeof(setting_rows) / sizeof(setting_rows[0]); i++) {
		struct af_image_settings got;
		struct af_compiled compiled;
		struct af_image image;
		uint32_t value = 0;
		char text[100];

		snprintf(text, sizeof(text), "policy 1; %s", setting_rows[i].text);
		compile_text(text, 1, &compiled);
		CHECK_NUMBER(
			text, af_image_open(compiled.bytes, compiled.length, &image), AFENCE_OK);
		got = *af_image_settings(&image);
		memcpy(&value, (char *)&got + setting_rows[i].offset, setting_rows[i].size);
		CHECK_NUMBER(text, value, setting_rows[i].want);
		memcpy((char *)&got + setting_rows[i].offset,
			(const char *)&normal + setting_rows[i].offset, setting_rows[i].size);
		CHECK_NUMBER(text, memcmp(&got, &normal, sizeof(got)), 0);
		free(compiled.bytes);
	}
}

static const struct {
	const char *text;
	const char *address; /* NULL: the text is refused */
	unsigned port;
} server_rows[] = {
	{"server 127.0.0.1;", "127.0.0.1", 53},
	{"server \"::1\" port 1;", "::1", 1},
	{"server 2001:db8::53 port 65535;", "2001:db8::53", 65535},
	{"server ::1 port 0;", NULL, 0},
	{"server ::1 port 65536;", NULL, 0},
	{"server ::1 port 053;", NULL, 0},
	{"server ::1 port -1;", NULL, 0},
	{"server ::1 port \"53\";", NULL, 0},
	{"server 127.1;", NULL, 0},
	{"within 0ms;", NULL, 0},
	{"within 0s;", NULL, 0},
	{"within 11s;", NULL, 0},
	{"within 10001ms;", NULL, 0},
	{"within 99999999999999999999ms;", NULL, 0},
	{"within 1m;", NULL, 0},
	{"within 1.5s;", NULL, 0},
	{"within 1 s;", NULL, 0},
	{"within ms;", NULL, 0},
	{"within 1sx;", NULL, 0},
	{"within \"1s\";", NULL, 0},
};

static void test_resolver(void)
{
	for (size_t i = 0; i < sizeof(server_rows) / sizeof(server_rows[0]); i++) {
		struct af_diagnostics diagnostics = {0};
		char text[100], shown[AFENCE_ADDRESS_TEXT_MAX];
		struct af_address address;
		struct af_source source;
		struct af_rules rules;

		snprintf(text, sizeof(text), "policy 1; resolver { %s }", server_rows[i].text);
		af_source_copy("x", text, strlen(text), &source);
		af_rules_start(&rules, &diagnostics, 1000);
		af_compile_read(&source, 1, &rules);
		CHECK_NUMBER(text, diagnostics.errors == 0, server_rows[i].address != NULL);
		CHECK_NUMBER(text, rules.settings.has_server, server_rows[i].address != NULL);
		CHECK_NUMBER(text, rules.settings.server_port, server_rows[i].port);
		memcpy(address.byte, rules.settings.server, sizeof(address.byte));
		if (server_rows[i].address != NULL)
			CHECK_STRING(
				text, af_address_format(&address, shown), server_rows[i].address);
		af_rules_free(&rules);
		af_diagnostics_free(&diagnostics);
		af_source_free(&source);
	}
}

/* --- the command */

static char folder[4300], output[4400], good[4400], bad[4400], said[4400];

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	CU_ASSERT_FATAL(file != NULL);
	fputs(text, file);
	fclose(file);
}

static void make_folder(const char *name)
{
	snprintf(said, sizeof(said), "%s/%s.said", af_scratch_dir(), name);
	snprintf(folder, sizeof(folder), "%s/%s", af_scratch_dir(), name);
	CU_ASSERT(mkdir(folder, 0755) == 0);
	snprintf(output, sizeof(output), "%s/policy.bin", folder);
	snprintf(good, sizeof(good), "%s/good.policy", folder);
	snprintf(bad, sizeof(bad), "%s/bad.policy", folder);
	write_text(good, "policy 1;\nreserve \"a.lan\", \"A.lan\";\ninternal 10.1.0.0/16;\n");
	write_text(bad, "policy 1;\nmode on;\n");
}

static unsigned count_files(void)
{
	DIR *open = opendir(folder);
	unsigned count = 0;

	while (readdir(open) != NULL)
		count++;
	closedir(open);
	return count - 2;
}

/* Runs the verb in a process of its own, after PREPARE; what it says goes to the file `said`. */
static int run(int (*prepare)(void), const char *const *argument)
{
	char *argv[16] = {"policy"};
	int status = -1, argc = 1, fd;
	pid_t pid;

	for (; argument[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)argument[argc - 1];
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fd = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (prepare != NULL && prepare() != 0)
			_exit(99);
		status = af_verb_policy(argc, argv);
		fflush(stdout);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool has_said(const char *text)
{
	struct af_source all;
	bool found;

	CHECK_NUMBER(said, af_source_load(said, &all), AFENCE_OK);
	found = strstr(all.text, text) != NULL;
	if (!found)
		printf("\nsaid: %s", all.text);
	af_source_free(&all);
	return found;
}

#define RUN(prepare, ...) run(prepare, (const char *const[]){__VA_ARGS__, NULL})

static void test_usage(void)
{
	const struct {
		const char *name;
		const char *argument[8];
		int want;
		const char *says;
	} rows[] = {
		{"nothing", {NULL}, 2, "compile"},
		{"help", {"--help"}, 0, "usage: authfence policy"},
		{"unknown sub-verb", {"compiel"}, 2, "did you mean \"compile\"?"},
		{"unknown sub-verb, far", {"x"}, 2, "unknown sub-verb \"x\""},
		{"help of compile", {"compile", "--help"}, 0, "--output FILE"},
		{"no arguments", {"compile"}, 2, "expected --output FILE"},
		{"no output", {"compile", good}, 2, "expected --output FILE"},
		{"no source", {"compile", "-o", output}, 2, "expected at least one policy file"},
		{"no value", {"compile", good, "--output"}, 2, "\"--output\" lacks its value"},
		{"unknown option", {"compile", "--frob", good}, 2, "\"--frob\" is unknown"},
		{"output twice", {"compile", "-o", output, "-o", output, good}, 2, "stands twice"},
		{"empty output", {"compile", "--output=", good}, 2, "expected the name of a file"},
		{"folder", {"compile", "-o", folder, good}, 2, "is a folder"},
		{"device", {"compile", "-o", "/dev/null", good}, 2, "is no regular file"},
		{"source as output", {"compile", "-o", good, good}, 2, "is one of the sources"},
		{"bad policy", {"compile", "-o", output, good, bad}, 2, "1 error, nothing written"},
		{"bad policy, message", {"compile", "-o", output, bad}, 2,
			"bad.policy:2:6: error: seen \"on\", expected enforce, observe or off"},
		{"absent source", {"compile", "-o", output, "/nonexistent"}, 2,
			"/nonexistent: error: cannot be read: No such file or directory"},
		{"folder as source", {"compile", "-o", output, folder}, 2, "Is a directory"},
		{"endless source", {"compile", "-o", output, "/dev/zero"}, 2, "more than 256 MiB"},
		{"no such folder", {"compile", "-o", "/nonexistent/x", good}, 3,
			"cannot make a file beside \"/nonexistent/x\": No such file"},
	};

	make_folder("usage");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_NUMBER(rows[i].name, run(NULL, rows[i].argument), rows[i].want);
		CHECK_NUMBER(rows[i].name, has_said(rows[i].says), true);
		CHECK_NUMBER(rows[i].name, count_files(), 2);
	}
}

static int set_umask(void)
{
	umask(077);
	return 0;
}

static int set_epoch(void)
{
	return setenv("SOURCE_DATE_EPOCH", "86400", 1);
}

static int set_bad_epoch(void)
{
	return setenv("SOURCE_DATE_EPOCH", "yesterday", 1);
}

static void load_output(struct af_source *out)
{
	CHECK_NUMBER("load output", af_source_load(output, out), AFENCE_OK);
}

static void check_output(const char *row, uint64_t generation, int64_t created)
{
	struct af_source file;
	struct af_image image;

	load_output(&file);
	CHECK_NUMBER(row, af_image_open((uint8_t *)file.text, file.length, &image), AFENCE_OK);
	CHECK_NUMBER(row, af_image_generation(&image), generation);
	if (created > 0)
		CHECK_NUMBER(row, af_image_created(&image), created);
	af_source_free(&file);
}

static void test_output(void)
{
	struct stat st;

	make_folder("output");
	CHECK_NUMBER("first", RUN(set_umask, "compile", "--output", output, good), 0);
	CU_ASSERT(has_said("1 reserve, 1 internal, 0 external, generation 1\n"));
	CU_ASSERT(stat(output, &st) == 0);
	CHECK_NUMBER("mode", st.st_mode & 07777, 0644);
	check_output("first", 1, 0);
	CHECK_NUMBER("second", RUN(set_epoch, "compile", good, "-o", output), 0);
	check_output("second", 2, 86400);
	CHECK_NUMBER("bad date", RUN(set_bad_epoch, "compile", good, "-o", output), 2);
	CU_ASSERT(has_said("SOURCE_DATE_EPOCH is \"yesterday\""));
	check_output("bad date", 2, 86400);
	write_text(output, "AFPOLICY, but nothing more");
	CHECK_NUMBER("over a damaged one", RUN(NULL, "compile", good, "-o", output), 0);
	check_output("over a damaged one", 1, 0);
	CHECK_NUMBER("files", count_files(), 3);
}

static void test_deterministic(void)
{
	struct af_source first, second;

	make_folder("deterministic");
	RUN(set_epoch, "compile", "-o", output, good);
	load_output(&first);
	unlink(output);
	RUN(set_epoch, "compile", "-o", output, good);
	load_output(&second);
	CHECK_NUMBER("length", first.length, second.length);
	CHECK_NUMBER("bytes", memcmp(first.text, second.text, first.length), 0);
	af_source_free(&first);
	af_source_free(&second);
}

/* No file may grow over 100 bytes: what a full disk does. */
static int set_full_disk(void)
{
	return setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, 100});
}

static void test_full_disk(void)
{
	struct af_source before, after;

	make_folder("full");
	CHECK_NUMBER("first", RUN(NULL, "compile", "-o", output, good), 0);
	load_output(&before);
	CHECK_NUMBER("full disk", RUN(set_full_disk, "compile", "-o", output, good), 3);
	load_output(&after);
	CHECK_NUMBER("old length", after.length, before.length);
	CHECK_NUMBER("old bytes", memcmp(before.text, after.text, before.length), 0);
	CHECK_NUMBER("no file left", count_files(), 3);
	af_source_free(&before);
	af_source_free(&after);
}

/* Bytes that are no image are never moved into place. */
static void test_verified(void)
{
	const char *step = NULL;

	make_folder("verified");
	CHECK_NUMBER("no image", af_output_write(output, (const uint8_t *)"no image", 8, &step),
		AFENCE_ERR_DAMAGED);
	CHECK_STRING("no image", step, "verify");
	CHECK_NUMBER("no image", af_output_kind(output), AFENCE_OUTPUT_NONE);
	CHECK_NUMBER("no file left", count_files(), 2);
}

static CU_TestInfo tests[] = {
	{"every message", test_messages},
	{"one policy in two files", test_two_sources},
	{"every setting", test_settings},
	{"name servers and durations", test_resolver},
	{"command line", test_usage},
	{"output", test_output},
	{"same input, same bytes", test_deterministic},
	{"full disk", test_full_disk},
	{"nothing but an image is written", test_verified},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"compile", NULL, NULL, NULL, NULL, tests};
