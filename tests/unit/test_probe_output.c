/* SPDX-License-Identifier: MIT */
/* A run of `authfence probe`, made by hand, as each printer, the state file and the metrics tell it. */
#include "../../tools/probe/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/af_utf8.h"
#include "../../tools/output/json.h"
#include "../../tools/probe/mechanisms.h"
#include "borrowed.h"
#include "harness.h"

#define STARTED 1800000000 /* 2027-01-15T08:00:00Z */

static const struct af_mechanism detect = {
	.name = "autodetect", .service = AFENCE_SERVICE_AUTODETECT};
static const struct af_mechanism mx = {.name = "mx", .service = AFENCE_SERVICE_DNS};

/* ---- runs ---- */

#define CHECKS_MOST 16
static struct af_probe_check checks[CHECKS_MOST];
static struct af_probe_run run;

static void free_run(void)
{
	for (size_t i = 0; i < run.count; i++) {
		free(checks[i].question);
		free(checks[i].detail);
		af_names_free(&checks[i].hosts);
	}
	af_names_free(&run.gone);
}

static void start_run(void)
{
	free_run();
	memset(&run, 0, sizeof(run));
	run.check = checks;
	run.started = STARTED;
	run.ms = 1234;
	run.policy = af_policy_builtin();
}

/* HOST may be NULL. */
static struct af_probe_check *add(const struct af_mechanism *mechanism, const char *domain,
	enum af_probe_result result, enum af_probe_level level, const char *host)
{
	struct af_probe_check *check = &checks[run.count++];

	CU_ASSERT_FATAL(run.count <= CHECKS_MOST);
	*check = (struct af_probe_check){
		.mechanism = mechanism,
		.name = mechanism->name,
		.domain = domain,
		.question = af_format("ask %s", domain),
		.result = result,
		.level = level,
		.detail = af_format("of %s", domain),
		.ms = (unsigned)run.count,
	};
	if (host != NULL)
		af_names_add(&check->hosts, af_format("%s", host));
	return check;
}

static void add_honest(const struct af_mechanism *mechanism, const char *domain)
{
	add(mechanism, domain, AFENCE_PROBE_HONEST, AFENCE_LEVEL_NONE, NULL);
}

static struct af_probe_check *add_control(
	const struct af_mechanism *mechanism, const char *domain, bool answered)
{
	struct af_probe_check *check =
		add(mechanism, domain, answered ? AFENCE_PROBE_HONEST : AFENCE_PROBE_INCONCLUSIVE,
			AFENCE_LEVEL_NONE, NULL);

	check->role = AFENCE_ROLE_POSITIVE;
	check->answered = answered;
	return check;
}

/* The incident: a stranger for example.com, a server that does not answer, a control that fails. */
static void make_incident(void)
{
	start_run();
	add(&detect, "example.com", AFENCE_PROBE_FINDING, AFENCE_LEVEL_F1, "imap.corp.net");
	af_names_add(&checks[0].hosts, af_format("%s", "smtp.corp.net"));
	add(&mx, "example.com", AFENCE_PROBE_INCONCLUSIVE, AFENCE_LEVEL_NONE, NULL);
	add(&mx, "example.net", AFENCE_PROBE_INCONCLUSIVE, AFENCE_LEVEL_NONE, NULL);
	add_honest(&detect, "example.net");
	add(&detect, "r4nd0m.example.com", AFENCE_PROBE_HONEST, AFENCE_LEVEL_NONE, NULL)->role =
		AFENCE_ROLE_NEGATIVE;
	add_control(&detect, "gmail.com", true);
	add_control(&mx, "gmail.com", false);
}

/* What PRINT writes, freed by the caller. */
static char *printed(bool (*print)(const struct af_probe_run *run))
{
	int saved = dup(STDOUT_FILENO);
	FILE *file = tmpfile();
	char *text;
	long len;

	CU_ASSERT_FATAL(saved >= 0 && file != NULL);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	CU_ASSERT(print(&run));
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	fseek(file, 0, SEEK_END);
	len = ftell(file);
	rewind(file);
	text = calloc((size_t)len + 1, 1);
	CU_ASSERT_FATAL(text != NULL && fread(text, 1, (size_t)len, file) == (size_t)len);
	fclose(file);
	return text;
}

/* ---- words ---- */

static void test_words(void)
{
	make_incident();
	CHECK_STRING("result", af_probe_result_string(AFENCE_PROBE_FINDING), "finding");
	CHECK_STRING("level", af_probe_level_string(AFENCE_LEVEL_F3), "F3");
	CHECK_STRING("no level", af_probe_level_string(AFENCE_LEVEL_NONE), NULL);
	CHECK_STRING("service", af_probe_service_string(AFENCE_SERVICE_DNS), "dns");
	CHECK_STRING("service", af_probe_service_string(AFENCE_SERVICE_ISPDB), "ispdb");
	CHECK_NUMBER("honest", af_probe_count(&run, AFENCE_PROBE_HONEST), 2);
	CHECK_NUMBER("findings", af_probe_count(&run, AFENCE_PROBE_FINDING), 1);
	CHECK_NUMBER("inconclusive", af_probe_count(&run, AFENCE_PROBE_INCONCLUSIVE), 2);
}

/* ---- JSON ---- */

static void check_json(const char *row, json_t *got, const char *want)
{
	json_t *wanted = json_loads(want, 0, NULL);
	char *shown = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);

	CU_ASSERT_PTR_NOT_NULL(wanted);
	if (!json_equal(got, wanted))
		CHECK_STRING(row, shown, want);
	CU_ASSERT(json_equal(got, wanted));
	free(shown);
	json_decref(wanted);
}

#define FOUND                                                                                      \
	"\"domain\":\"example.com\",\"service\":\"autodetect\",\"question\":\"ask example.com\","  \
	"\"result\":\"finding\",\"level\":\"F1\",\"hosts\":[\"imap.corp.net\",\"smtp.corp.net\"]," \
	"\"detail\":\"of example.com\",\"ms\":1"
#define SUMMARY                                                                                     \
	"\"checks\":5,\"findings\":1,\"inconclusive\":2,\"left_out\":0,\"F1\":1,\"F2\":0,\"F3\":0," \
	"\"ms\":1234"

static void test_json(void)
{
	char *text;
	json_t *object;

	make_incident();
	text = printed(af_probe_print_json);
	object = json_loads(text, 0, NULL);
	CHECK_NUMBER("members", json_object_size(object), 4);
	CHECK_NUMBER("checks", json_array_size(json_object_get(object, "checks")), 5);
	check_json("finding", json_array_get(json_object_get(object, "checks"), 0), "{" FOUND "}");
	check_json("negative", json_array_get(json_object_get(object, "checks"), 4),
		"{\"domain\":\"r4nd0m.example.com\",\"service\":\"autodetect\","
		"\"question\":\"ask r4nd0m.example.com\",\"result\":\"honest\",\"level\":null,"
		"\"hosts\":[],\"detail\":\"of r4nd0m.example.com\",\"ms\":5,"
		"\"control\":\"negative\"}");
	check_json("controls", json_object_get(object, "controls"),
		"[{\"service\":\"autodetect\",\"domain\":\"gmail.com\",\"question\":\"ask gmail.com\","
		"\"answered\":true,\"detail\":\"of gmail.com\",\"ms\":6},"
		"{\"service\":\"dns\",\"domain\":\"gmail.com\",\"question\":\"ask gmail.com\","
		"\"answered\":false,\"detail\":\"of gmail.com\",\"ms\":7}]");
	CHECK_STRING("started", json_string_value(json_object_get(object, "started")),
		"2027-01-15T08:00:00Z");
	check_json("summary", json_object_get(object, "summary"), "{" SUMMARY "}");
	json_decref(object);
	free(text);
}

static void test_compared(void)
{
	char *text;
	json_t *object;

	make_incident();
	run.compared = true;
	checks[0].change = AFENCE_CHANGE_NEW;
	af_names_add(&run.gone, af_format("%s", "example.org mx F2"));
	text = printed(af_probe_print_json);
	object = json_loads(text, 0, NULL);
	check_json("new", json_array_get(json_object_get(object, "checks"), 0),
		"{" FOUND ",\"change\":\"new\"}");
	CHECK_STRING("an inconclusive one has no change",
		json_string_value(json_object_get(
			json_array_get(json_object_get(object, "checks"), 1), "change")),
		NULL);
	check_json("gone", json_object_get(object, "gone"), "[\"example.org mx F2\"]");
	json_decref(object);
	free(text);
}

static void test_lines(void)
{
	static const char *const types[] = {"check", "check", "check", "check", "check", "control",
		"control", "gone", "summary"};
	char *text, *line, *rest = NULL;
	size_t count = 0;

	make_incident();
	run.compared = true;
	checks[0].change = AFENCE_CHANGE_KNOWN;
	af_names_add(&run.gone, af_format("%s", "example.org mx F2"));
	text = printed(af_probe_print_lines);
	for (line = strtok_r(text, "\n", &rest); line != NULL && count < 9;
		line = strtok_r(NULL, "\n", &rest), count++) {
		json_t *object = json_loads(line, 0, NULL);

		CHECK_STRING(
			line, json_string_value(json_object_get(object, "type")), types[count]);
		if (count == 0)
			check_json(line, object,
				"{\"type\":\"check\"," FOUND ",\"change\":\"known\"}");
		if (count == 7)
			check_json(line, object,
				"{\"type\":\"gone\",\"finding\":\"example.org mx F2\"}");
		if (count == 8)
			check_json(line, object,
				"{\"type\":\"summary\",\"started\":\"2027-01-15T08:00:00Z\"," SUMMARY
				"}");
		json_decref(object);
	}
	CHECK_NUMBER("lines", count, 9);
	CHECK_STRING("after them", line, NULL);
	free(text);
}

/* ---- text ---- */

static void check_text(const char *row, const char *want)
{
	char *got = printed(af_probe_print_text);

	CHECK_STRING(row, got, want);
	free(got);
}

static void test_text(void)
{
	make_incident();
	check_text("incident",
		"F1  autodetect  example.com\n"
		"    asked    ask example.com\n"
		"    names    imap.corp.net, smtp.corp.net\n"
		"    answer   of example.com\n"
		"    means    a client would send the password for such an address to a stranger\n"
		"    to do    tell those who run the service; see that the fence is in force: "
		"authfence doctor\n"
		"\n"
		"?   mx  2 domains: of DOMAIN\n"
		"?   control of dns  gmail.com: of gmail.com\n"
		"No control was answered by dns: without one, nothing there counts as clean.\n"
		"5 checks of 2 domains in 1.2 s: 2 honest, 1 finding (F1), 2 inconclusive\n");
	start_run();
	add_honest(&mx, "test");
	check_text("clean", "1 check of 1 domain in 1.2 s: 1 honest, 0 findings, 0 inconclusive\n");
	run.left_out = 1;
	check_text("not all",
		"1 check of 1 domain in 1.2 s: 1 honest, 0 findings, 0 inconclusive; 1 domain not "
		"asked about\n");
}

static void test_negative(void)
{
	start_run();
	add(&detect, "abc.test", AFENCE_PROBE_FINDING, AFENCE_LEVEL_F1, "imap.corp.net")->role =
		AFENCE_ROLE_NEGATIVE;
	check_text("negative",
		"F1  autodetect  abc.test\n"
		"    asked    ask abc.test\n"
		"    names    imap.corp.net\n"
		"    answer   of abc.test\n"
		"    means    the label is random: the service answers for names that nobody has\n"
		"    to do    tell those who run the service; see that the fence is in force: "
		"authfence doctor\n"
		"\n"
		"1 check of 0 domains in 1.2 s: 0 honest, 1 finding (F1), 0 inconclusive\n");
}

/* One cause in many domains is one entry; other hosts are another one. */
static void test_groups(void)
{
	static const char *const domains[] = {"example", "example.com", "example.net",
		"example.org", "invalid", "localhost", "test"};

	start_run();
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
		add(&mx, domains[i], AFENCE_PROBE_FINDING, AFENCE_LEVEL_F2, "203.0.114.7");
	add(&mx, "test.lan", AFENCE_PROBE_FINDING, AFENCE_LEVEL_F3, "a.test.lan");
	run.compared = true;
	for (size_t i = 0; i < run.count; i++)
		checks[i].change = AFENCE_CHANGE_KNOWN;
	checks[7].change = AFENCE_CHANGE_NEW;
	af_names_add(&run.gone, af_format("%s", "example.org autodetect F1"));
	check_text("groups",
		"F2  mx  7 domains  known\n"
		"    asked    ask example\n"
		"    domains  example, example.com, example.net, example.org, invalid, localhost and 1 "
		"more\n"
		"    names    203.0.114.7\n"
		"    answer   of DOMAIN\n"
		"    means    something is there where nothing can be\n"
		"    to do    ask another name server the same: the one in use may make answers up\n"
		"\n"
		"F3  mx  test.lan  new\n"
		"    asked    ask test.lan\n"
		"    names    a.test.lan\n"
		"    answer   of test.lan\n"
		"    means    somebody answers without an answer, or sends clients elsewhere\n"
		"    to do    look at the answer: a captive portal or a name server that makes answers "
		"up does this\n"
		"\n"
		"gone  example.org autodetect F1\n"
		"8 checks of 8 domains in 1.2 s: 0 honest, 8 findings (7 F2, 1 F3), 0 inconclusive; "
		"since the last run 1 new, 1 gone\n");
}

/* One reason is one line, by however many mechanisms. */
static void test_doubts(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
	static struct af_mechanism many[7];

	start_run();
	for (size_t i = 0; i < 14; i++) {
		many[i % 7].name = names[i % 7];
		add(&many[i % 7], i < 7 ? "example.com" : "test", AFENCE_PROBE_INCONCLUSIVE,
			AFENCE_LEVEL_NONE, NULL);
		free(checks[i].detail);
		checks[i].detail = af_format("%s", "no answer");
	}
	free(checks[3].detail);
	checks[3].detail = af_format("%s", "autoconfig.example.com: example.communist");
	free(checks[10].detail);
	checks[10].detail = af_format("%s", "autoconfig.test: latest");
	check_text("doubts",
		"?   d  example.com: autoconfig.example.com: example.communist\n"
		"?   d  test: autoconfig.test: latest\n"
		"?   a, b, c, e, f, g  2 domains: no answer\n"
		"14 checks of 2 domains in 1.2 s: 0 honest, 0 findings, 14 inconclusive\n");
	free(checks[10].detail);
	checks[10].detail = af_format("%s", "no answer");
	check_text("more doubts",
		"?   d  example.com: autoconfig.example.com: example.communist\n"
		"?   a, b, c, e, f, g and 1 more  2 domains: no answer\n"
		"14 checks of 2 domains in 1.2 s: 0 honest, 0 findings, 14 inconclusive\n");
}

/* ---- strangers' bytes ---- */

static char long_text[4097];
static const char *const hostile[] = {"\033[2J\033]0;x\007", "a\nF1  forged", "a\rb", "\"}],\\\"",
	"\xff\xfe\x80",
	"\xc2\x9b"
	"31m",
	"\xe2\x80\xae"
	"moc.elpmaxe",
	long_text};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static void put_hostile(size_t field, const char *text)
{
	struct af_probe_check *check = &checks[0];

	if (field == 0) {
		free(check->question);
		check->question = af_format("%s", text);
	} else if (field == 1) {
		free(check->detail);
		check->detail = af_format("%s", text);
	} else if (field == 2) {
		af_names_add(&check->hosts, af_format("%s", text));
	} else if (field == 3) {
		free(checks[1].detail);
		checks[1].detail = af_format("%s", text);
	} else if (field == 4) {
		free(checks[6].detail);
		checks[6].detail = af_format("%s", text);
	} else if (field == 5) {
		check->domain = text;
	} else {
		af_names_add(&run.gone, af_format("%s", text));
	}
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static bool is_plain(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0, taken; i < len; i += taken) {
		taken = af_utf8_printable(text + i, len - i);
		if (taken == 0 && text[i] != '\n')
			return false;
		taken += taken == 0;
	}
	return true;
}

/* The same in JSON, as it must come back. */
static void check_field(const char *row, const char *text, size_t field, const char *hostile_text)
{
	static const char *const member[] = {"question", "detail", "hosts"};
	json_t *object = json_loads(text, 0, NULL), *want, *got;

	CU_ASSERT_PTR_NOT_NULL(object);
	if (field < 3) {
		want = af_json_text(hostile_text, strlen(hostile_text));
		got = json_object_get(
			json_array_get(json_object_get(object, "checks"), 0), member[field]);
		if (field == 2)
			got = json_array_get(got, 2);
		CHECK_STRING(row, json_string_value(got), json_string_value(want));
		json_decref(want);
	}
	json_decref(object);
}

static void test_hostile(void)
{
	memset(long_text, 'x', sizeof(long_text) - 1);
	for (size_t i = 0; i < HOSTILE; i++)
		for (size_t field = 0; field < 7; field++) {
			char row[64], *text;

			snprintf(row, sizeof(row), "hostile %zu in field %zu", i, field);
			make_incident();
			run.compared = true;
			put_hostile(field, hostile[i]);
			text = printed(af_probe_print_text);
			CHECK_NUMBER(row, is_plain(text), true);
			/* Doubts of two domains come apart where only one has the text. */
			CHECK_NUMBER(row, count_lines(text), 11 + (field == 3 || field == 6));
			CHECK_NUMBER(row, strlen(text) < 2600, true);
			free(text);
			text = printed(af_probe_print_json);
			CHECK_NUMBER(row, is_plain(text), true);
			CHECK_NUMBER(row, count_lines(text), 1);
			check_field(row, text, field, hostile[i]);
			free(text);
			text = printed(af_probe_print_lines);
			CHECK_NUMBER(row, is_plain(text), true);
			CHECK_NUMBER(row, count_lines(text), 8 + (field == 6));
			free(text);
		}
}

/* ---- files ---- */

/* A fresh path in a folder of its own. */
static const char *new_path(void)
{
	static char path[4300];
	static unsigned number;

	snprintf(path, sizeof(path), "%s/output%u", af_scratch_dir(), number++);
	CU_ASSERT_FATAL(mkdir(path, 0755) == 0);
	strcat(path, "/file");
	return path;
}

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	CU_ASSERT_FATAL(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Freed by the caller; NULL: there is none. */
static char *get_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	if (file == NULL)
		return NULL;
	if (getdelim(&text, &room, '\0', file) < 0)
		strcpy(text, "");
	fclose(file);
	return text;
}

static void check_file(const char *row, const char *path, const char *want)
{
	char *got = get_file(path);

	CHECK_STRING(row, got, want);
	free(got);
}

/* How many entries the folder of PATH has. */
static int count_entries(const char *path)
{
	char folder[4300];
	struct dirent **entry;
	int count;

	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	count = scandir(folder, &entry, NULL, NULL);
	for (int i = 0; i < count; i++)
		free(entry[i]);
	if (count > 0)
		free(entry);
	return count - 2;
}

static void check_replace(const char *row, const char *path, int want)
{
	errno = 0;
	CHECK_NUMBER(row, af_probe_replace_file(path, "new text", 8), want == 0);
	if (want != 0)
		CHECK_NUMBER(row, errno, want);
}

static void test_replace(void)
{
	const char *path = new_path();
	char other[4400], temporary[4400];
	mode_t mask = umask(0077);
	struct stat st;

	check_replace("made", path, 0);
	CU_ASSERT(stat(path, &st) == 0);
	CHECK_NUMBER("mode", st.st_mode & 07777, 0644);
	umask(mask);
	put_file(path, "old and longer text");
	snprintf(temporary, sizeof(temporary), "%s.tmp.%ld", path, (long)getpid());
	put_file(temporary, "left by somebody who was killed");
	check_replace("replaced", path, 0);
	check_file("replaced", path, "new text");
	CHECK_NUMBER("nothing beside it", count_entries(path), 1);

	snprintf(other, sizeof(other), "%s.link", path);
	CU_ASSERT(symlink(path, other) == 0);
	put_file(path, "old");
	check_replace("a link", other, ELOOP);
	check_file("what the link leads to", path, "old");
	CU_ASSERT(lstat(other, &st) == 0 && S_ISLNK(st.st_mode));

	check_replace("a device", "/dev/null", EINVAL);
	*strrchr(other, '/') = '\0';
	check_replace("a folder", other, EINVAL);
	strcat(other, "/none/file");
	check_replace("no folder", other, ENOENT);
	check_replace("in /proc", "/proc/authfence", ENOENT);
	snprintf(other, sizeof(other), "%s/below", path);
	check_replace("below a file", other, ENOTDIR);
}

/* A full disk, as far as a limit can play it: the temporary file is there already. */
static bool limited(bool (*write)(const char *path), const char *path)
{
	struct rlimit old, little = {4, RLIM_INFINITY};
	bool done;

	CU_ASSERT_FATAL(getrlimit(RLIMIT_FSIZE, &old) == 0);
	little.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &little);
	done = write(path);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	return done;
}

static bool write_limited(const char *path)
{
	return af_probe_replace_file(path, "new text", 8);
}

static void test_full(void)
{
	const char *path = new_path();

	put_file(path, "old");
	CHECK_NUMBER("full", limited(write_limited, path), false);
	check_file("as it was", path, "old");
	CHECK_NUMBER("nothing beside it", count_entries(path), 1);
}

/* ---- state ---- */

static void compare(const char *row, const char *path, const char *want)
{
	char *why;

	CHECK_NUMBER(row, af_probe_compare(&run, path, &why), true);
	CHECK_STRING(row, why, NULL);
	CHECK_NUMBER(row, run.compared, true);
	for (size_t i = 0; want != NULL && i < run.count; i++)
		CHECK_NUMBER(row,
			checks[i].change == AFENCE_CHANGE_NEW     ? 'n'
			: checks[i].change == AFENCE_CHANGE_KNOWN ? 'k'
								  : '-',
			want[i]);
}

#define ONE                                                                            \
	"{\"domain\":\"example.com\",\"hosts\":[\"imap.corp.net\",\"smtp.corp.net\"]," \
	"\"level\":\"F1\",\"mechanism\":\"autodetect\",\"role\":\"subject\"}"
#define STATE(findings) "{\"format\":1,\"findings\":[" findings "\n]}\n"

static void swap_hosts(void)
{
	char *first = checks[0].hosts.name[0];

	checks[0].hosts.name[0] = checks[0].hosts.name[1];
	checks[0].hosts.name[1] = first;
}

static void test_state(void)
{
	const char *path = new_path();

	make_incident();
	compare("first run", path, "n------");
	check_file("first run", path, STATE("\n" ONE));
	make_incident();
	swap_hosts();
	compare("same run, other order", path, "k------");
	check_file("same run", path, STATE("\n" ONE));
	CHECK_NUMBER("nothing gone", run.gone.count, 0);

	make_incident();
	checks[0].result = AFENCE_PROBE_INCONCLUSIVE;
	checks[0].level = AFENCE_LEVEL_NONE;
	compare("inconclusive now", path, "-------");
	CHECK_NUMBER("not gone", run.gone.count, 0);
	check_file("kept", path, STATE("\n" ONE));

	start_run();
	add_honest(&detect, "example.net");
	add_honest(&mx, "example.com");
	compare("not asked", path, "--");
	CHECK_NUMBER("not asked: not gone", run.gone.count, 0);
	check_file("not asked: kept", path, STATE("\n" ONE));

	start_run();
	add(&detect, "example.com", AFENCE_PROBE_FINDING, AFENCE_LEVEL_F1, "other.corp.net");
	compare("other hosts", path, "n");
	CHECK_NUMBER("other hosts: there, not gone", run.gone.count, 0);
	start_run();
	add(&detect, "example.com", AFENCE_PROBE_FINDING, AFENCE_LEVEL_F3, "other.corp.net");
	compare("other level", path, "n");
	CHECK_NUMBER("other level", run.gone.count, 1);
	start_run();
	add_honest(&detect, "example.com");
	compare("gone", path, "-");
	CHECK_NUMBER("gone", run.gone.count, 1);
	CHECK_STRING("gone", run.gone.name[0], "example.com autodetect F3");
	check_file("gone", path, STATE(""));
	start_run();
	compare("nothing asked", path, NULL);
	check_file("nothing asked", path, STATE(""));
}

/* The label is another one in each run, and a service may play it back. */
static void test_labels(void)
{
	const char *path = new_path();

	start_run();
	add(&detect, "abc.example.com", AFENCE_PROBE_FINDING, AFENCE_LEVEL_F1,
		"mail.abc.example.com")
		->role = AFENCE_ROLE_NEGATIVE;
	compare("first label", path, "n");
	start_run();
	add(&detect, "xyz.example.com", AFENCE_PROBE_FINDING, AFENCE_LEVEL_F1,
		"mail.xyz.example.com")
		->role = AFENCE_ROLE_NEGATIVE;
	add_honest(&detect, "example.com");
	compare("other label", path, "k-");
	CHECK_NUMBER("other label", run.gone.count, 0);
	start_run();
	add_honest(&detect, "klm.example.com");
	checks[0].role = AFENCE_ROLE_NEGATIVE;
	compare("third label", path, "-");
	CHECK_NUMBER("third label", run.gone.count, 1);
	CHECK_STRING("third label", run.gone.name[0], "*.example.com autodetect F1");
}

static void test_hostile_hosts(void)
{
	for (size_t i = 0; i < HOSTILE; i++) {
		const char *path = new_path();

		for (int again = 0; again < 2; again++) {
			start_run();
			add(&mx, "test", AFENCE_PROBE_FINDING, AFENCE_LEVEL_F2, hostile[i]);
			compare(hostile[i], path, again ? "k" : "n");
		}
	}
}

static void check_refused(const char *row, const char *path, const char *want)
{
	char *why;

	make_incident();
	CHECK_NUMBER(row, af_probe_compare(&run, path, &why), false);
	CHECK_NUMBER(row, run.compared, false);
	CHECK_NUMBER(row, checks[0].change, AFENCE_CHANGE_NONE);
	CHECK_NUMBER(row, run.gone.count, 0);
	if (why == NULL || strstr(why, want) == NULL || strstr(why, path) == NULL)
		CHECK_STRING(row, why, want);
	free(why);
}

static void test_damaged(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "damaged at line 1, column 0"},
		{"{\"format\":1,\n\"findings\":[", "damaged at line 2"},
		{"{}", "no state of this command"},
		{"[]", "no state of this command"},
		{"{\"format\":1}", "no state of this command"},
		{"{\"format\":\"1\",\"findings\":[]}", "no state of this command"},
		{"{\"format\":2,\"findings\":[]}", "format 2, expected 1"},
		{STATE("\n" ONE ",\n{}"), "finding 2 of it is damaged"},
		{STATE("1"), "finding 1 of it is damaged"},
		{STATE("{\"domain\":\"a\",\"hosts\":[1],\"level\":\"F1\",\"mechanism\":\"mx\",\"role\":"
		       "\"subject\"}"),
			"finding 1 of it is damaged"},
		{STATE("{\"domain\":\"a\",\"hosts\":{},\"level\":\"F1\",\"mechanism\":\"mx\",\"role\":"
		       "\"subject\"}"),
			"finding 1 of it is damaged"},
		{STATE("") "x", "damaged at line 3"},
		{"{\"\xff\":1}", "damaged at line 1"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *path = new_path();

		put_file(path, rows[i].text);
		check_refused(rows[i].text, path, rows[i].want);
		check_file(rows[i].text, path, rows[i].text);
		CHECK_NUMBER(rows[i].text, count_entries(path), 1);
	}
}

static void test_no_state(void)
{
	const char *path = new_path();
	char other[4400];

	snprintf(other, sizeof(other), "%s.link", path);
	CU_ASSERT(symlink(path, other) == 0);
	check_refused("dangling link", other, "symbolic link");
	check_file("dangling link", path, NULL);
	put_file(path, STATE(""));
	check_refused("link", other, "symbolic link");
	check_file("link", path, STATE(""));
	check_refused("device", "/dev/null", "no regular file");
	snprintf(other, sizeof(other), "%s/below", path);
	check_refused("below a file", other, "Not a directory");
	check_refused("no folder", "/proc/authfence/none", "No such file");
	check_refused("no file to be made", "/proc/authfence", "cannot be written");
	if (geteuid() != 0)
		return;
	CU_ASSERT_FATAL(seteuid(65534) == 0);
	check_refused("somebody else's folder", path, "Permission denied");
	CU_ASSERT_FATAL(seteuid(0) == 0);
	check_file("somebody else's folder", path, STATE(""));
}

static bool compare_limited(const char *path)
{
	char *why;
	bool done = af_probe_compare(&run, path, &why);

	free(why);
	return done;
}

static void test_full_state(void)
{
	const char *path = new_path();

	put_file(path, STATE(""));
	make_incident();
	CHECK_NUMBER("full", limited(compare_limited, path), false);
	CHECK_NUMBER("full", run.compared, false);
	CHECK_NUMBER("full", count_entries(path), 1);
	check_file("full", path, STATE(""));
}

/* ---- metrics ---- */

static bool is_name(const char *text, size_t len)
{
	return len > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyz_") == len;
}

/* The length of {a="b",c="d"}, 0: not well formed. */
static size_t skip_labels(const char *text)
{
	const char *p = text + 1;

	for (;; p++) {
		size_t len = strcspn(p, "=");

		if (!is_name(p, len) || p[len + 1] != '"')
			return 0;
		for (p += len + 2; *p != '"'; p++)
			if (*p == '\0' || (*p == '\\' && strchr("\\\"n", *++p) == NULL))
				return 0;
		if (*++p == '}')
			return (size_t)(p + 1 - text);
		if (*p != ',')
			return 0;
	}
}

/* A sample of FAMILY: "name{labels} number". */
static bool is_sample(const char *line, const char *family)
{
	size_t len = strlen(family);
	char *end;

	if (strncmp(line, family, len) != 0)
		return false;
	line += len;
	if (*line == '{')
		line += skip_labels(line);
	if (*line++ != ' ' || *line < '0' || *line > '9')
		return false;
	strtod(line, &end);
	return *end == '\0';
}

/* Each family is a HELP, a TYPE and samples, none comes twice, and the last line ends. */
static void check_metrics(const char *row, const char *path)
{
	char *text = get_file(path), *line, *rest = NULL, family[128] = "", seen[2048] = "",
	     want[300];

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CHECK_NUMBER(row, text[strlen(text) - 1], '\n');
	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			snprintf(family, sizeof(family), "%.*s", (int)strcspn(line + 7, " "),
				line + 7);
			CHECK_NUMBER(line, is_name(family, strlen(family)), true);
			CHECK_NUMBER(line, strncmp(family, "authfence_probe_", 16), 0);
			snprintf(want, sizeof(want), " %s ", family);
			CHECK_NUMBER(line, strstr(seen, want) == NULL, true);
			strcat(seen, want);
			snprintf(want, sizeof(want), "# TYPE %s gauge", family);
			line = strtok_r(NULL, "\n", &rest);
			CHECK_STRING(row, line, want);
		} else if (!is_sample(line, family)) {
			CHECK_STRING(row, line, "a sample");
		}
	}
	free(text);
}

#define NONE -1

/* The value of the sample that starts with NAME, or NONE. */
static double value_of(const char *path, const char *name)
{
	char *text = get_file(path), *hit, start[200];
	double value = NONE;

	snprintf(start, sizeof(start), "\n%s ", name);
	hit = text != NULL ? strstr(text, start) : NULL;
	if (hit != NULL)
		value = strtod(hit + strlen(start), NULL);
	free(text);
	return value;
}

static void write_metrics(const char *row, const char *path)
{
	char *why;

	CHECK_NUMBER(row, af_probe_write_metrics(&run, path, &why), true);
	CHECK_STRING(row, why, NULL);
	check_metrics(row, path);
}

#define CHECK_VALUE(path, name, want) \
	CHECK_NUMBER(name, value_of(path, "authfence_probe_" name) * 1000, (want)*1000.0)

static void test_metrics(void)
{
	const char *path = new_path();

	make_incident();
	checks[3].ms = 2500;
	write_metrics("incident", path);
	CHECK_VALUE(path, "checks{mechanism=\"autodetect\",result=\"honest\"}", 2);
	CHECK_VALUE(path, "checks{mechanism=\"autodetect\",result=\"finding\"}", 1);
	CHECK_VALUE(path, "checks{mechanism=\"autodetect\",result=\"inconclusive\"}", 0);
	CHECK_VALUE(path, "checks{mechanism=\"mx\",result=\"inconclusive\"}", 2);
	CHECK_VALUE(path, "findings{level=\"F1\"}", 1);
	CHECK_VALUE(path, "findings{level=\"F2\"}", 0);
	CHECK_VALUE(path, "findings{level=\"F3\"}", 0);
	CHECK_VALUE(path, "inconclusive", 2);
	CHECK_VALUE(path, "mechanism_duration_seconds{mechanism=\"autodetect\"}", 2.5);
	CHECK_VALUE(path, "mechanism_duration_seconds{mechanism=\"mx\"}", 0.003);
	CHECK_VALUE(path, "duration_seconds", 1.234);
	CHECK_VALUE(path, "last_run_timestamp_seconds", STARTED);
	CHECK_VALUE(path, "last_success_timestamp_seconds", NONE);
	CHECK_VALUE(path, "exception_end_timestamp_seconds", NONE);
}

static void make_success(time_t started)
{
	start_run();
	run.started = started;
	add(&detect, "example.com", AFENCE_PROBE_FINDING, AFENCE_LEVEL_F1, "imap.corp.net");
	add_control(&mx, "gmail.com", false);
}

static void test_success(void)
{
	const char *path = new_path();

	make_success(STARTED);
	write_metrics("success", path);
	CHECK_VALUE(path, "last_success_timestamp_seconds", STARTED);
	make_incident();
	run.started = STARTED + 60;
	write_metrics("kept", path);
	CHECK_VALUE(path, "last_run_timestamp_seconds", STARTED + 60);
	CHECK_VALUE(path, "last_success_timestamp_seconds", STARTED);
	start_run();
	run.started = STARTED + 90;
	write_metrics("nothing asked", path);
	CHECK_VALUE(path, "last_success_timestamp_seconds", STARTED);
	make_success(STARTED + 100);
	run.left_out = 1;
	write_metrics("not all asked", path);
	CHECK_VALUE(path, "last_success_timestamp_seconds", STARTED);
	make_success(STARTED + 120);
	write_metrics("the next", path);
	CHECK_VALUE(path, "last_success_timestamp_seconds", STARTED + 120);
	make_incident();
	write_metrics("a success to come", path);
	CHECK_VALUE(path, "last_success_timestamp_seconds", NONE);
	put_file(path, "authfence_probe_last_success_timestamp_seconds 12x\n\xff\n");
	write_metrics("damaged", path);
	CHECK_VALUE(path, "last_success_timestamp_seconds", NONE);
}

static void test_label_values(void)
{
	static const struct af_mechanism odd = {.name = "a\"b\\c\nd\xff"};
	const char *path = new_path();

	start_run();
	add_honest(&odd, "test");
	write_metrics("odd name", path);
	CHECK_VALUE(path, "checks{mechanism=\"a\\\"b\\\\c\\nd?\",result=\"honest\"}", 1);
}

static bool metrics_limited(const char *path)
{
	char *why;
	bool done = af_probe_write_metrics(&run, path, &why);

	CU_ASSERT(done || (why != NULL && strstr(why, path) != NULL));
	free(why);
	return done;
}

static void test_full_metrics(void)
{
	const char *path = new_path();

	make_success(STARTED);
	put_file(path, "old");
	CHECK_NUMBER("full", limited(metrics_limited, path), false);
	CHECK_NUMBER("full", count_entries(path), 1);
	check_file("full", path, "old");
	CHECK_NUMBER("no folder", metrics_limited("/proc/authfence"), false);
}

/* By line, from 1 on. */
static const int64_t ends[] = {0, 0, 9000000000, 8000000000, 1000, AFENCE_NEVER};

static void change(struct af_rules *rules, const void *context)
{
	(void)context;
	for (size_t i = 0; i < rules->clause.count; i++)
		rules->clause.row[i].expires = ends[rules->clause.row[i].line];
}

#define EXCEPTION(name)                                                             \
	"exception " name " { identity \"a@test\"; target \"h.lan\"; owner \"o\"; " \
	"reason \"r\"; expires 1970-06-01; }\n"

/* Those that have ended or have no end do not count; of the others the first does. */
static void test_exceptions(void)
{
	const char *path = new_path();
	struct borrowed borrowed;

	borrow_text("policy 1;\n" EXCEPTION("late") EXCEPTION("early") EXCEPTION(
			    "ended") "protect p { identity \"*@a.lan\"; target \"h.lan\"; }\n",
		change, NULL, &borrowed);
	make_success(STARTED);
	run.policy = borrowed.policy;
	write_metrics("exceptions", path);
	CHECK_VALUE(path, "exception_end_timestamp_seconds", 8000000000);
	give_back(&borrowed);
}

/* ---- progress ---- */

/* What is written to standard error, a terminal, as PRINT runs; freed by the caller. */
static char *shown(void (*print)(void))
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), saved = dup(STDERR_FILENO),
	    slave;
	char *text = calloc(1, 512);
	struct pollfd end = {master, POLLIN, 0};
	size_t len = 0;
	ssize_t got;

	CU_ASSERT_FATAL(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	CU_ASSERT_FATAL(slave >= 0 && text != NULL);
	dup2(slave, STDERR_FILENO);
	print();
	dup2(saved, STDERR_FILENO);
	close(slave);
	/* A terminal hands on when it likes; with its last user gone it ends in EIO. */
	while (poll(&end, 1, 1000) == 1 && (got = read(master, text + len, 511 - len)) > 0)
		len += (size_t)got;
	close(master);
	close(saved);
	return text;
}

static void print_progress(void)
{
	af_probe_progress(1, 2, 1);
	af_probe_progress_done();
	af_probe_progress_done();
}

static void test_progress(void)
{
	char *text = shown(print_progress);

	CHECK_STRING("progress", text,
		"\rauthfence probe: 1 of 2 checks, 1 finding"
		"\r                                        "
		"  \r");
	free(text);
	text = shown(af_probe_progress_done);
	CHECK_STRING("nothing to take away", text, "");
	free(text);
}

static int clean_up(void)
{
	free_run();
	memset(&run, 0, sizeof(run));
	return 0;
}

static CU_TestInfo tests[] = {
	{"words and sums", test_words},
	{"JSON, field by field", test_json},
	{"JSON of a comparison", test_compared},
	{"JSON Lines", test_lines},
	{"text", test_text},
	{"text: a control that must not be answered", test_negative},
	{"text: one cause in many domains", test_groups},
	{"text: one reason by many mechanisms", test_doubts},
	{"strangers' bytes in every field", test_hostile},
	{"files are replaced whole", test_replace},
	{"a full disk", test_full},
	{"state: new, known, gone, kept", test_state},
	{"state: random labels", test_labels},
	{"state: strangers' bytes", test_hostile_hosts},
	{"state: damaged files are left alone", test_damaged},
	{"state: files that cannot be", test_no_state},
	{"state: a full disk", test_full_state},
	{"metrics of a run", test_metrics},
	{"metrics: the last success", test_success},
	{"metrics: values of labels", test_label_values},
	{"metrics: a full disk", test_full_metrics},
	{"metrics: exceptions that end", test_exceptions},
	{"progress on a terminal", test_progress},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"probe_output", NULL, clean_up, NULL, NULL, tests};
