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

#include "../../tools/memory.h"
#include "../../tools/policy/writer.h"
#include "../../tools/verbs.h"
#include "af_image.h"
#include "compiled.h"
#include "harness.h"
#include "image_walk.h"

#define BAD_FILES_LEAST 30 /* fewer: the folder of the data was not found whole */

#define TODAY 1795305600 /* 2026-11-22, the day of the data */

/* --- messages: bad-*.policy beside bad-*.want, and warn-*.policy likewise */

/* What the compiler says of COUNT sources; the caller frees it. */
static char *complaints(struct af_source *sources, size_t count)
{
	struct af_diagnostics diagnostics = {0};
	struct af_rules rules;
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	af_rules_start(&rules, &diagnostics, TODAY);
	af_compile_read(sources, count, &rules);
	af_diagnostics_print(&diagnostics, file);
	fclose(file);
	CHECK_NUMBER(sources[0].path, diagnostics.errors + diagnostics.warnings > 0, len > 0);
	if (strncmp(sources[0].path, "bad-", 4) != 0 && count == 1)
		CHECK_NUMBER(sources[0].path, diagnostics.errors, 0);
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
	if (strncmp(name, "good-", 5) != 0) {
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
	unsigned bad = 0, good = 0, warn = 0;
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
		warn += strncmp(entry->d_name, "warn-", 5) == 0;
	}
	closedir(data);
	CU_ASSERT(bad >= BAD_FILES_LEAST && good > 0 && warn > 0);
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
		"internal, external, resolver, on-block, log, exception, protect, service, "
		"expect or pam-module\n"
		"foo;\n"
		"^\n");
	free(got);
	af_source_free(&sources[0]);
	af_source_free(&sources[1]);
}

/* --- layers: what the site sets holds, in whatever order the files come */

static const struct {
	const char *name, *text[3];
	char layer[3]; /* 'v' or 's' */
	size_t errors;
	uint8_t mode, service_mode, service_unknown;
} layer_rows[] = {
	{"vendor alone", {"mode off;"}, "v", 0, AFENCE_MODE_OFF, 0, 0},
	{"site last", {"mode off;", "mode observe;"}, "vs", 0, AFENCE_MODE_OBSERVE, 0, 0},
	{"site first", {"mode observe;", "mode off;"}, "sv", 0, AFENCE_MODE_OBSERVE, 0, 0},
	{"twice in the site's", {"mode off;", "mode off;"}, "ss", 1, AFENCE_MODE_OFF, 0, 0},
	{"twice in the vendor's", {"mode off;", "mode off;"}, "vv", 1, AFENCE_MODE_OFF, 0, 0},
	{"twice around another", {"mode off;", "mode observe;", "mode off;"}, "vsv", 1,
		AFENCE_MODE_OBSERVE, 0, 0},
	{"services add up", {"service pop { mode off; }", "service POP3 { unknown allow; }"}, "vs",
		0, AFENCE_MODE_ENFORCE, AFENCE_MODE_OFF, 1},
	{"services, site first",
		{"service pop { mode off; unknown block; }",
			"service pop { mode observe; unknown allow; }"},
		"sv", 0, AFENCE_MODE_ENFORCE, AFENCE_MODE_OFF, 0},
	{"services, site last",
		{"service pop { mode off; unknown block; }", "service pop { mode observe; }"}, "vs",
		0, AFENCE_MODE_ENFORCE, AFENCE_MODE_OBSERVE, 0},
	{"services, twice", {"service pop { mode off; }", "service pop { mode off; }"}, "ss", 1,
		AFENCE_MODE_ENFORCE, AFENCE_MODE_OFF, AFENCE_UNSET},
	{"a protect in two layers",
		{"protect a { identity \"*@a.lan\"; target \"b.lan\"; }",
			"protect a { identity \"*@a.lan\"; target \"c.lan\"; }"},
		"vs", 1, AFENCE_MODE_ENFORCE, 0, 0},
};

static void check_layers(size_t index)
{
	const char *name = layer_rows[index].name;
	struct af_diagnostics diagnostics = {0};
	struct af_source source[3];
	struct af_rules rules;
	size_t count = strnlen(layer_rows[index].layer, 3);
	char text[200];

	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "policy 1; %s", layer_rows[index].text[i]);
		af_source_copy("x", text, strlen(text), &source[i]);
		source[i].layer =
			layer_rows[index].layer[i] == 'v' ? AFENCE_LAYER_VENDOR : AFENCE_LAYER_SITE;
	}
	af_rules_start(&rules, &diagnostics, TODAY);
	af_compile_read(source, count, &rules);
	CHECK_NUMBER(name, diagnostics.errors, layer_rows[index].errors);
	CHECK_NUMBER(name, rules.settings.mode, layer_rows[index].mode);
	if (rules.service.count > 0) {
		const uint8_t *value = rules.service.row[0].value;

		CHECK_NUMBER(name, rules.service.count, 1);
		CHECK_STRING(name, af_rules_string(&rules, rules.service.row[0].name), "pop");
		CHECK_NUMBER(name, value[AFENCE_SERVICE_MODE], layer_rows[index].service_mode);
		CHECK_NUMBER(
			name, value[AFENCE_SERVICE_UNKNOWN], layer_rows[index].service_unknown);
	}
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	for (size_t i = 0; i < count; i++)
		af_source_free(&source[i]);
}

static void test_layers(void)
{
	for (size_t i = 0; i < sizeof(layer_rows) / sizeof(layer_rows[0]); i++)
		check_layers(i);
}

/* --- the rules of a policy, as text */

static void print_values(
	const struct af_rules *rules, const struct af_image_range *range, bool names, FILE *out)
{
	for (uint32_t i = 0; i < range->count; i++) {
		uint32_t value = rules->value.row[range->first + i];

		if (names)
			fprintf(out, " %s", af_rules_string(rules, value));
		else
			fprintf(out, " %u", value);
	}
}

static void print_text(const struct af_rules *rules, uint32_t text, FILE *out)
{
	fprintf(out, "|%s", text != AFENCE_IMAGE_NONE ? af_rules_string(rules, text) : "-");
}

static void print_clause(
	const struct af_rules *rules, const struct af_clause_row *clause, FILE *out)
{
	const struct af_member_row *member = rules->member.row + clause->members.first;
	const struct af_target_row *target = rules->target.row + clause->places.first;
	char network[AFENCE_NETWORK_TEXT_MAX];

	fprintf(out, "%s:%u ", af_rules_string(rules, clause->name), clause->line);
	for (uint32_t i = 0; i < clause->members.count; i++)
		fprintf(out, " %s@%u%s",
			member[i].local != AFENCE_IMAGE_NONE
				? af_rules_string(rules, member[i].local)
				: "*",
			member[i].reach, af_rules_string(rules, member[i].domain));
	fputs(" >", out);
	for (uint32_t i = 0; i < clause->places.count; i++)
		fprintf(out, " %u%s", target[i].reach,
			target[i].reach != 0
				? af_rules_string(rules, target[i].name)
				: af_network_format(&target[i].address, target[i].prefix, network));
	fputs(" :", out);
	print_values(rules, &clause->ports, false, out);
	print_values(rules, &clause->services, true, out);
	print_text(rules, clause->reason, out);
	print_text(rules, clause->owner, out);
	print_text(rules, clause->ticket, out);
	fprintf(out, "|%lld\n", clause->expires == AFENCE_NEVER ? -1 : (long long)clause->expires);
}

static void print_expect(const struct af_rules *rules, const struct af_expect_row *row, FILE *out)
{
	char address[AFENCE_ADDRESS_TEXT_MAX];

	fprintf(out, "%s", row->allow ? "allow" : "block");
	print_text(rules, row->identity, out);
	print_text(rules, row->host, out);
	print_text(rules, row->service, out);
	fprintf(out, "|%s|%u|%lld\n",
		row->has_address ? af_address_format(&row->address, address) : "-", row->port,
		row->on == INT64_MIN ? -1 : (long long)row->on);
}

/* Each rule and its place; the caller frees it. */
static char *describe(const struct af_rules *rules)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < rules->row_count; i++)
		fprintf(out, "%s %s:%u\n", af_rules_string(rules, rules->row[i].name),
			rules->files.bytes + rules->row[i].file, rules->row[i].line);
	for (size_t i = 0; i < rules->clause.count; i++)
		print_clause(rules, &rules->clause.row[i], out);
	for (size_t i = 0; i < rules->service.count; i++) {
		const struct af_service_row *row = &rules->service.row[i];

		fprintf(out, "service %s mode %d on-block %d unknown %d resolve %d\n",
			af_rules_string(rules, row->name), row->value[AFENCE_SERVICE_MODE],
			row->value[AFENCE_SERVICE_ON_BLOCK], row->value[AFENCE_SERVICE_UNKNOWN],
			row->value[AFENCE_SERVICE_RESOLVE]);
	}
	for (size_t i = 0; i < rules->module.count; i++) {
		fputs(af_rules_string(rules, rules->module.row[i].name), out);
		print_text(rules, rules->module.row[i].host, out);
		fprintf(out, ":%u\n", rules->module.row[i].line);
	}
	for (size_t i = 0; i < rules->expect.count; i++)
		print_expect(rules, &rules->expect.row[i], out);
	fclose(out);
	return text;
}

static void test_everything(void)
{
	struct af_diagnostics diagnostics = {0};
	struct af_source source, want;
	struct af_rules rules;
	char folder_before[4096], path[4200], *got;

	CU_ASSERT_FATAL(getcwd(folder_before, sizeof(folder_before)) != NULL);
	snprintf(path, sizeof(path), "%s/tests/data/policy", af_source_dir);
	CU_ASSERT_FATAL(chdir(path) == 0);
	CHECK_NUMBER("good-all", af_source_load("good-all.policy", &source), AFENCE_OK);
	CHECK_NUMBER("good-all", af_source_load("good-all.rules", &want), AFENCE_OK);
	af_rules_start(&rules, &diagnostics, TODAY);
	af_compile_read(&source, 1, &rules);
	got = describe(&rules);
	CHECK_STRING("good-all", got, want.text);
	free(got);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
	af_source_free(&want);
	CU_ASSERT(chdir(folder_before) == 0);
}

/* A list is read below the folder of the policy file, by the function that the caller names. */
static enum af_status load_list(void *context, const char *path, struct af_source *out)
{
	CHECK_STRING("path of a list", path, context);
	af_source_copy(path, "a.lan\nb.lan", 11, out);
	return AFENCE_OK;
}

static void test_list_path(void)
{
	static const char *const rows[][3] = {
		{"/etc/policy.d/a.policy", "n", "/etc/policy.d/n"},
		{"/etc/policy.d/a.policy", "../n", "/etc/policy.d/../n"},
		{"/etc/policy.d/a.policy", "/n", "/n"},
		{"a.policy", "b/n", "b/n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct af_diagnostics diagnostics = {0};
		struct af_source source;
		struct af_rules rules;
		char text[100];

		snprintf(text, sizeof(text), "policy 1; reserve file \"%s\";", rows[i][1]);
		af_source_copy(rows[i][0], text, strlen(text), &source);
		af_rules_start(&rules, &diagnostics, TODAY);
		rules.load = load_list;
		rules.load_context = (void *)(uintptr_t)rows[i][2];
		af_compile_read(&source, 1, &rules);
		CHECK_NUMBER(text, diagnostics.errors, 0);
		CHECK_NUMBER(text, rules.row_count, 2);
		CHECK_STRING(text, rules.files.bytes + rules.row[1].file, rows[i][2]);
		CHECK_NUMBER(text, rules.row[1].line, 2);
		af_rules_free(&rules);
		af_diagnostics_free(&diagnostics);
		af_source_free(&source);
	}
}

/* --- from rules to an image and back by its look-ups */

#define MANY     200
#define TEXT_MAX 100

#define PUSH(array)                                                                       \
	((array)->row = af_grow(                                                          \
		 (array)->row, (array)->count, 1, &(array)->room, sizeof(*(array)->row)), \
		&(array)->row[(array)->count++])

/* BEFORE, NUMBER and BEHIND in a row. */
static const char *numbered(
	const char *before, unsigned number, const char *behind, char text[TEXT_MAX])
{
	snprintf(text, TEXT_MAX, "%s%u%s", before, number, behind);
	return text;
}

static uint32_t add_text(struct af_rules *rules, const char *text)
{
	return af_rules_add_string(rules, text, strlen(text));
}

static uint32_t add_numbered(
	struct af_rules *rules, const char *before, unsigned number, const char *behind)
{
	char text[TEXT_MAX];

	return add_text(rules, numbered(before, number, behind, text));
}

/* Identity "user@dN.lan", target "tN.net", port 1000+N, service "sN"; every second one a protect that
 * has none of the last two, nor a ticket. */
static void add_clause(struct af_rules *rules, unsigned number)
{
	uint32_t clause = (uint32_t)rules->clause.count;
	bool lists = number % 2 == 0;
	struct af_clause_row row = {
		.kind = lists ? AFENCE_CLAUSE_EXCEPTION : AFENCE_CLAUSE_PROTECT,
		.name = add_numbered(rules, lists ? "exception:c" : "protect:c", number, ""),
		.reason = add_text(rules, ""),
		.owner = add_numbered(rules, "owner ", number, ""),
		.ticket = lists ? add_numbered(rules, "T-", number, "") : AFENCE_IMAGE_NONE,
		.file = rules->file,
		.line = number + 1,
		.expires = lists ? (int64_t)number << 33 : AFENCE_NEVER,
		.members = {(uint32_t)rules->member.count, 1},
		.places = {(uint32_t)rules->target.count, 1},
	};

	*PUSH(&rules->member) = (struct af_member_row){.clause = clause,
		.domain = add_numbered(rules, "d", number / 4, ".lan"),
		.local = lists ? add_text(rules, "user") : AFENCE_IMAGE_NONE,
		.reach = AFENCE_REACH_BOTH};
	*PUSH(&rules->target) = (struct af_target_row){
		.reach = AFENCE_REACH_EXACT, .name = add_numbered(rules, "t", number, ".net")};
	if (lists) {
		row.ports = (struct af_image_range){(uint32_t)rules->value.count, 1};
		*PUSH(&rules->value) = 1000 + number;
		row.services = (struct af_image_range){(uint32_t)rules->value.count, 1};
		*PUSH(&rules->value) = add_numbered(rules, "s", number, "");
	}
	*PUSH(&rules->clause) = row;
}

static void check_numbered(const char *before, unsigned number, const char *behind, const char *got)
{
	char want[TEXT_MAX];

	CHECK_STRING(before, got, numbered(before, number, behind, want));
}

/* The clause on the chain of its domain, by its name. */
static const struct af_image_clause *find_clause(const struct af_image *image, unsigned number)
{
	bool lists = number % 2 == 0;
	const struct af_image_member *member;
	char domain[TEXT_MAX], name[TEXT_MAX];
	struct af_suffix suffix = af_whole(numbered("d", number / 4, ".lan", domain));

	numbered(lists ? "exception:c" : "protect:c", number, "", name);
	member = af_image_find_member(
		image, lists ? AFENCE_CLAUSE_EXCEPTION : AFENCE_CLAUSE_PROTECT, &suffix);
	while (member != NULL &&
		strcmp(af_image_string(image, af_image_clause_of(image, member)->name), name) != 0)
		member = af_image_next_member(image, member);
	return member == NULL ? NULL : af_image_clause_of(image, member);
}

static void check_clause(const struct af_image *image, unsigned number)
{
	const struct af_image_clause *clause = find_clause(image, number);
	const struct af_image_member *member;
	bool lists = number % 2 == 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(clause);
	member = af_image_members(image, &clause->members);
	CHECK_NUMBER("line", clause->line, number + 1);
	CHECK_NUMBER("expires", clause->expires, lists ? (int64_t)number << 33 : AFENCE_NEVER);
	CHECK_STRING("file", af_image_string(image, clause->file), "by-hand");
	CHECK_STRING("reason", af_image_string(image, clause->reason), "");
	check_numbered("owner ", number, "", af_image_string(image, clause->owner));
	CHECK_NUMBER("reach", member->reach, AFENCE_REACH_BOTH);
	CHECK_NUMBER("local", member->local == AFENCE_IMAGE_NONE, !lists);
	check_numbered("t", number, ".net",
		af_image_string(image, af_image_places(image, &clause->places)->name));
	CHECK_NUMBER("ticket", clause->ticket == AFENCE_IMAGE_NONE, !lists);
	CHECK_NUMBER("ports", clause->ports.count, lists);
	CHECK_NUMBER("services", clause->services.count, lists);
	if (!lists)
		return;
	check_numbered("T-", number, "", af_image_string(image, clause->ticket));
	CHECK_STRING("local", af_image_string(image, member->local), "user");
	CHECK_NUMBER("port", *af_image_values(image, &clause->ports), 1000 + number);
	check_numbered("s", number, "",
		af_image_string(image, *af_image_values(image, &clause->services)));
}

static void test_clauses_by_hand(void)
{
	const struct af_stamp stamp = {.generation = 1, .created = 1000};
	struct af_diagnostics diagnostics = {0};
	struct af_compiled compiled;
	struct af_image image;
	struct af_rules rules;
	struct walk walk;

	af_rules_start(&rules, &diagnostics, TODAY);
	af_rules_enter_file(&rules, "by-hand");
	for (unsigned i = 0; i < MANY; i++)
		add_clause(&rules, i);
	CHECK_NUMBER("write", af_compile_write(&rules, &stamp, &compiled), AFENCE_OK);
	CHECK_NUMBER("open", af_image_open(compiled.bytes, compiled.length, &image), AFENCE_OK);
	CHECK_NUMBER("exceptions", compiled.clauses[AFENCE_CLAUSE_EXCEPTION], MANY / 2);
	CHECK_NUMBER("protects", compiled.clauses[AFENCE_CLAUSE_PROTECT], MANY / 2);
	for (unsigned i = 0; i < MANY; i++)
		check_clause(&image, i);
	CU_ASSERT_PTR_NULL(find_clause(&image, MANY));
	walk = walk_image(&image);
	CHECK_NUMBER("wrong", walk.wrong, 0);
	CHECK_NUMBER("clauses", walk.clauses, MANY);
	free(compiled.bytes);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
}

#define TRIALS                                                                                          \
	"policy 1; reserve \"a.lan\", \"a.lan\", \"a.lan\"; external \"b.lan\", \"b.lan\", 10.0.0.0/8," \
	" 10.0.0.0/8; protect p { identity \"*@c.lan\"; target \"d.lan\"; }"

static void try_second(struct af_rules *rules)
{
	rules->row[1].life = AFENCE_LIFE_TRIAL;
	rules->row[4].life = AFENCE_LIFE_TRIAL;
	rules->row[6].life = AFENCE_LIFE_TRIAL;
}

/* A double is one rule, unless only one of the two holds. */
static void test_lives(void)
{
	static const struct af_stamp stamp = {.generation = 1, .created = 1000};
	struct af_compiled compiled;
	const struct af_image_rule *rule;
	const struct af_image_clause *clause;
	struct af_suffix suffix = af_whole("a.lan");
	struct af_image image;
	size_t count;

	compile_changed(TRIALS, try_second, &stamp, &compiled);
	CHECK_NUMBER("open", af_image_open(compiled.bytes, compiled.length, &image), AFENCE_OK);
	CHECK_NUMBER("on trial", af_image_settings(&image)->on_trial, 1);
	af_image_rules(&image, &count);
	CHECK_NUMBER("rules", count, 6);
	rule = af_image_find_name(&image, AFENCE_SECTION_IDENTITIES, &suffix);
	CHECK_NUMBER("first", rule->life, AFENCE_LIFE_FULL);
	rule = af_image_rule(&image, rule->next);
	CHECK_NUMBER("second", rule->life, AFENCE_LIFE_TRIAL);
	CHECK_NUMBER("end", rule->next, AFENCE_IMAGE_NONE);
	rule = af_image_rule(&image, af_image_networks(&image, &count)->rule);
	CHECK_NUMBER("network", af_image_rule(&image, rule->next)->life, AFENCE_LIFE_TRIAL);
	clause = af_image_clauses(&image, &count);
	CHECK_STRING("no reason", af_image_string(&image, clause->reason), "");
	CHECK_STRING("no owner", af_image_string(&image, clause->owner), "");
	free(compiled.bytes);
	compile_text(TRIALS, 1, &compiled);
	CHECK_NUMBER("open", af_image_open(compiled.bytes, compiled.length, &image), AFENCE_OK);
	CHECK_NUMBER("not on trial", af_image_settings(&image)->on_trial, 0);
	af_image_rules(&image, &count);
	CHECK_NUMBER("rules", count, 3);
	free(compiled.bytes);
}

/* The bytes of TEXT with a stamp, read at NOW. */
static void compile_at(
	const char *text, int64_t now, const struct af_stamp *stamp, struct af_compiled *out)
{
	struct af_diagnostics diagnostics = {0};
	struct af_source source;
	struct af_rules rules;

	af_source_copy("x", text, strlen(text), &source);
	af_rules_start(&rules, &diagnostics, now);
	af_compile_read(&source, 1, &rules);
	CHECK_NUMBER(text, diagnostics.errors, 0);
	CHECK_NUMBER(text, af_compile_write(&rules, stamp, out), AFENCE_OK);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
}

#define LAB                                                                               \
	"policy 1; exception lab { identity \"*@a.lan\"; target \"b.net\"; reason \"r\";" \
	" owner \"o\"; expires 2027-03-31; }"

static const struct af_image_origin apply = {"apply", "root", {1}, 0};
static const struct af_image_origin rollback = {"rollback", "alice", {2}, 7};

/* What is stamped later is what would have been written so; nothing depends on the clock. */
static void test_stamp(void)
{
	static const struct af_stamp first = {3, 1000, &apply}, second = {4, 2000, &rollback};
	static const struct af_stamp bare = {4, 2000, NULL};
	struct af_compiled stamped, want, nobody;
	struct af_image image;

	compile_at(LAB, TODAY, &first, &stamped);
	compile_at(LAB, TODAY + 86400, &second, &want);
	CHECK_NUMBER("length", stamped.length, want.length);
	CHECK_NUMBER("before", memcmp(stamped.bytes, want.bytes, want.length) == 0, false);
	af_compile_stamp(stamped.bytes, stamped.length, &second);
	CHECK_NUMBER("stamped", memcmp(stamped.bytes, want.bytes, want.length), 0);
	af_compile_stamp(stamped.bytes, stamped.length, &bare);
	CHECK_NUMBER("origin kept", memcmp(stamped.bytes, want.bytes, want.length), 0);
	compile_at(LAB, TODAY, &bare, &nobody);
	af_compile_stamp(nobody.bytes, nobody.length, &first);
	CHECK_NUMBER("open", af_image_open(nobody.bytes, nobody.length, &image), AFENCE_OK);
	CU_ASSERT_PTR_NULL(af_image_origin(&image));
	CHECK_NUMBER("generation", af_image_generation(&image), 3);
	CHECK_NUMBER("created", af_image_created(&image), 1000);
	free(stamped.bytes);
	free(want.bytes);
	free(nobody.bytes);
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
	write_text(good, "policy 1;\nreserve \"a.lan\";\ninternal 10.1.0.0/16;\n");
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
		{"no source", {"compile", "--root", folder, "-o", output}, 2,
			"expected at least one"},
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
		{"folder as source", {"compile", "-o", output, folder}, 2, "bad.policy:2:6: error"},
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
	write_text(good, "policy 1;\nreserve \"a.lan\", \"A.lan\";\ninternal 10.1.0.0/16;\n");
	CHECK_NUMBER("first", RUN(set_umask, "compile", "--output", output, good), 0);
	CU_ASSERT(has_said(
		"1 reserve, 1 internal, 0 external, 0 exception, 0 protect, generation 1\n"));
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

static void test_last_generation(void)
{
	const struct af_stamp last = {.generation = UINT64_MAX, .created = 1};
	struct af_source file;
	FILE *out;

	make_folder("last");
	CHECK_NUMBER("first", RUN(NULL, "compile", "-o", output, good), 0);
	load_output(&file);
	af_compile_stamp((uint8_t *)file.text, file.length, &last);
	out = fopen(output, "w");
	CHECK_NUMBER("write", fwrite(file.text, 1, file.length, out), file.length);
	fclose(out);
	CHECK_NUMBER("none above", RUN(NULL, "compile", "-o", output, good), 3);
	CU_ASSERT(has_said("there is no number above the generation of"));
	check_output("none above", UINT64_MAX, 1);
	af_source_free(&file);
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
	{"layers", test_layers},
	{"every statement", test_everything},
	{"where a list lies", test_list_path},
	{"clauses made by hand", test_clauses_by_hand},
	{"rules that differ in their life", test_lives},
	{"stamps", test_stamp},
	{"every setting", test_settings},
	{"name servers and durations", test_resolver},
	{"command line", test_usage},
	{"last generation", test_last_generation},
	{"output", test_output},
	{"same input, same bytes", test_deterministic},
	{"full disk", test_full_disk},
	{"nothing but an image is written", test_verified},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"compile", NULL, NULL, NULL, NULL, tests};
