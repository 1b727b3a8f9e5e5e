/* SPDX-License-Identifier: MIT */
/*
 * The registry of names: what matches, the table against its file, and a generator that takes
 * no malformed row.  The generator is the program that the build has just used.
 */
#include "af_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "harness.h"

struct match_row {
	const char *domain;
	const char *row; /* the longest that matches; NULL: none */
	enum af_name_class class;
	bool public_dns;
};

static const struct match_row matches[] = {
	{"example.com", "example.com", AFENCE_NAME_DOCUMENTATION, true},
	{"mail.example.com", "example.com", AFENCE_NAME_DOCUMENTATION, true},
	{"a.b.c.example.org", "example.org", AFENCE_NAME_DOCUMENTATION, true},
	{"example.net", "example.net", AFENCE_NAME_DOCUMENTATION, true},
	{"example", "example", AFENCE_NAME_DOCUMENTATION, false},
	{"com.example", "example", AFENCE_NAME_DOCUMENTATION, false},
	{"test", "test", AFENCE_NAME_TESTING, false},
	{"ipa.lab.test", "test", AFENCE_NAME_TESTING, false},
	{"x.invalid", "invalid", AFENCE_NAME_TESTING, false},
	{"xn--kgbechtv", "xn--kgbechtv", AFENCE_NAME_TESTING, false},
	{"a.xn--hgbk6aj7f53bba", "xn--hgbk6aj7f53bba", AFENCE_NAME_TESTING, false},
	{"xn--0zwm56d", "xn--0zwm56d", AFENCE_NAME_TESTING, false},
	{"xn--g6w251d", "xn--g6w251d", AFENCE_NAME_TESTING, false},
	{"xn--80akhbyknj4f", "xn--80akhbyknj4f", AFENCE_NAME_TESTING, false},
	{"xn--11b5bs3a9aj6g", "xn--11b5bs3a9aj6g", AFENCE_NAME_TESTING, false},
	{"xn--jxalpdlp", "xn--jxalpdlp", AFENCE_NAME_TESTING, false},
	{"xn--9t4b11yi5a", "xn--9t4b11yi5a", AFENCE_NAME_TESTING, false},
	{"xn--deba0ad", "xn--deba0ad", AFENCE_NAME_TESTING, false},
	{"xn--zckzah", "xn--zckzah", AFENCE_NAME_TESTING, false},
	{"xn--hlcj6aya9esc7a", "xn--hlcj6aya9esc7a", AFENCE_NAME_TESTING, false},
	{"localhost", "localhost", AFENCE_NAME_SPECIAL, false},
	{"a.localhost", "localhost", AFENCE_NAME_SPECIAL, false},
	{"printer.local", "local", AFENCE_NAME_SPECIAL, false},
	{"dev.acme.internal", "internal", AFENCE_NAME_SPECIAL, false},
	{"router.home.arpa", "home.arpa", AFENCE_NAME_SPECIAL, false},
	{"a.onion", "onion", AFENCE_NAME_SPECIAL, true},
	{"a.alt", "alt", AFENCE_NAME_SPECIAL, true},
	{"default.service.arpa", "service.arpa", AFENCE_NAME_SPECIAL, true},
	{"tls.eap.arpa", "eap.arpa", AFENCE_NAME_SPECIAL, true},
	{"16.172.in-addr.arpa", "16.172.in-addr.arpa", AFENCE_NAME_SPECIAL, true},
	{"9.31.172.in-addr.arpa", "31.172.in-addr.arpa", AFENCE_NAME_SPECIAL, true},
	{"1.b.e.f.ip6.arpa", "b.e.f.ip6.arpa", AFENCE_NAME_SPECIAL, true},
	{"a.corp", "corp", AFENCE_NAME_SPECIAL, false},
	{"a.home", "home", AFENCE_NAME_SPECIAL, false},
	{"a.mail", "mail", AFENCE_NAME_SPECIAL, false},
	{"a.lan", "lan", AFENCE_NAME_SPECIAL, false},
	{"a.intranet", "intranet", AFENCE_NAME_SPECIAL, false},
	{"a.private", "private", AFENCE_NAME_SPECIAL, false},
	{"a.localdomain", "localdomain", AFENCE_NAME_SPECIAL, false},
	/* Near misses. */
	{"notexample.com", NULL, AFENCE_NAME_NONE, false},
	{"example.com.org", NULL, AFENCE_NAME_NONE, false},
	{"example.co", NULL, AFENCE_NAME_NONE, false},
	{"example.edu", NULL, AFENCE_NAME_NONE, false},
	{"example.co.jp", NULL, AFENCE_NAME_NONE, false},
	{"exampl.com", NULL, AFENCE_NAME_NONE, false},
	{"test.com", NULL, AFENCE_NAME_NONE, false},
	{"contest", NULL, AFENCE_NAME_NONE, false},
	{"xn--hgbk6aj7f53b", NULL, AFENCE_NAME_NONE, false},
	{"15.172.in-addr.arpa", NULL, AFENCE_NAME_NONE, false},
	{"32.172.in-addr.arpa", NULL, AFENCE_NAME_NONE, false},
	{"172.in-addr.arpa", NULL, AFENCE_NAME_NONE, false},
	{"127.in-addr.arpa", NULL, AFENCE_NAME_NONE, false},
	{"d.f.ip6.arpa", NULL, AFENCE_NAME_NONE, false},
	{"c.e.f.ip6.arpa", NULL, AFENCE_NAME_NONE, false},
	{"arpa", NULL, AFENCE_NAME_NONE, false},
	{"in-addr.arpa", NULL, AFENCE_NAME_NONE, false},
	{"ip6.arpa", NULL, AFENCE_NAME_NONE, false},
	{"as112.arpa", NULL, AFENCE_NAME_NONE, false},
	{"bit", NULL, AFENCE_NAME_NONE, false},
	{"com", NULL, AFENCE_NAME_NONE, false},
	{"gmail.com", NULL, AFENCE_NAME_NONE, false},
};

static void set_domain(struct af_domain *domain, const char *name)
{
	memset(domain, 0, sizeof(*domain));
	domain->len = (uint8_t)strlen(name);
	memcpy(domain->name, name, domain->len);
}

static void test_match(void)
{
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		const struct match_row *want = &matches[i];
		const struct af_registry_row *got;
		struct af_domain domain;

		set_domain(&domain, want->domain);
		got = af_registry_match(&domain);
		CHECK_STRING(want->domain, got != NULL ? got->name : NULL, want->row);
		if (got == NULL)
			continue;
		CHECK_NUMBER(want->domain, got->class, want->class);
		CHECK_NUMBER(want->domain, got->public_dns, want->public_dns);
	}
}

static void test_empty(void)
{
	struct af_domain none = {0};

	CU_ASSERT_PTR_NULL(af_registry_match(&none));
}

/* Every line of the file is a row, word for word and in its order, and there is no other row. */
static void test_file(void)
{
	char path[sizeof(af_source_dir) + 64];
	char line[1024];
	size_t count;
	size_t seen = 0;
	const struct af_registry_row *rows = af_registry_rows(&count);
	FILE *in;

	snprintf(path, sizeof(path), "%s/common/registry/names.tsv", af_source_dir);
	in = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		char made[1024];

		if (line[0] == '#' || strncmp(line, "name\t", 5) == 0)
			continue;
		if (!CHECK_NUMBER(line, seen < count, 1))
			break;
		snprintf(made, sizeof(made), "%s\t%s\t%s\t%s", rows[seen].name,
			af_name_class_string(rows[seen].class),
			rows[seen].public_dns ? "yes" : "no", rows[seen].source);
		*strrchr(line, '\t') = '\0';
		CHECK_STRING(line, made, line);
		CHECK_NUMBER(line, rows[seen].len, strlen(rows[seen].name));
		seen++;
	}
	fclose(in);
	CHECK_NUMBER("rows", seen, count);
}

static const struct af_registry_row *find_slowly(const char *name)
{
	size_t count;
	const struct af_registry_row *rows = af_registry_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* Each row, and each row with any one byte changed, against a walk over all rows. */
static void test_find(void)
{
	static const char bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	size_t count;
	const struct af_registry_row *rows = af_registry_rows(&count);

	for (size_t i = 0; i < count * AFENCE_LABEL_MAX; i++) {
		char name[AFENCE_DOMAIN_MAX + 1];
		size_t at = i % AFENCE_LABEL_MAX;

		snprintf(name, sizeof(name), "%s", rows[i / AFENCE_LABEL_MAX].name);
		for (size_t j = 0; j < sizeof(bytes) - 1 && at < strlen(name); j++) {
			struct af_suffix suffix = {name, strlen(name), 0};

			name[at] = bytes[j];
			suffix.hash = af_hash_name(name, suffix.len);
			if (af_registry_find(&suffix) != find_slowly(name))
				CHECK_STRING(name, "found", "not found, or the other way round");
		}
	}
}

#define NAMES  "name\tclass\tpublic\tsource\tdate\n"
#define BLOCKS "block\tclass\tembeds\tname\tsource\tdate\n"
#define GOOD   "test\ttesting\tno\tRFC 1\t2026-09\n"

struct bad_row {
	const char *table;
	const char *text;
	unsigned line;
	const char *message; /* how it begins, after FILE:LINE */
};

static const struct bad_row bad[] = {
	{"names", "", 0, "end of file, expected rows"},
	{"names", NAMES, 1, "end of file, expected rows"},
	{"names", GOOD, 1, "\"test\ttesting\tno\tRFC 1\t2026-09\", expected the header"},
	{"names", "# c\n" NAMES "test\ttesting\tno\tRFC 1\n", 3, "4 columns, expected 5"},
	{"names", NAMES "test\ttesting\tno\tRFC 1\t2026-09\tx\n", 2, "6 columns, expected 5"},
	{"names", NAMES "a\tb\tc\td\te\tf\tg\th\n", 2, "8 columns, expected 5"},
	{"names", NAMES "\n" GOOD, 2, "column 1 is empty, expected a value"},
	{"names", NAMES "test\ttesting\tno\t\t2026-09\n", 2, "column 4 is empty"},
	{"names", NAMES GOOD "test\ttesting\tno\tRFC 1\t2026-09", 3, "NUL byte, no newline"},
	{"names", NAMES "test\ttesting\tno\tRFC \"1\t2026-09\n", 2, "byte 0x22, expected plain"},
	{"names", NAMES "test\ttesting\tno\tRFC 1\t2026-09\r\n", 2, "byte 0x0d, expected plain"},
	{"names", NAMES "t\xc3\xa9\ttesting\tno\tRFC 1\t2026-09\n", 2, "byte 0xc3, expected"},
	{"names", NAMES "test\tTesting\tno\tRFC 1\t2026-09\n", 2,
		"unknown class \"Testing\", expected documentation or testing or special"},
	{"names", NAMES "test\ttesting\tmaybe\tRFC 1\t2026-09\n", 2,
		"unknown public \"maybe\", expected yes or no"},
	{"names", NAMES GOOD GOOD, 3, "second row for \"test\", expected one"},
	{"names", NAMES "Test\ttesting\tno\tRFC 1\t2026-09\n", 2, "name \"Test\" holds 'T'"},
	{"names", NAMES "a b\ttesting\tno\tRFC 1\t2026-09\n", 2, "name \"a b\" holds ' '"},
	{"names", NAMES "test.\ttesting\tno\tRFC 1\t2026-09\n", 2,
		"name \"test.\" holds a label of 0 bytes"},
	{"names", NAMES ".test\ttesting\tno\tRFC 1\t2026-09\n", 2,
		"name \".test\" holds a label of 0 bytes"},
	{"names",
		NAMES "a123456789012345678901234567890123456789012345678901234567890123"
		      "\ttesting\tno\tRFC 1\t2026-09\n",
		2, "name \"a123"},
	{"names", NAMES "test\ttesting\tno\tRFC 1\t2026\n", 2, "date \"2026\", expected YYYY-MM"},
	{"names", NAMES "test\ttesting\tno\tRFC 1\t2026-13\n", 2, "date \"2026-13\""},
	{"names", NAMES "test\ttesting\tno\tRFC 1\t2026-00\n", 2, "date \"2026-00\""},
	{"names", NAMES "test\ttesting\tno\tRFC 1\t2026-01-32\n", 2, "date \"2026-01-32\""},
	{"names", NAMES "test\ttesting\tno\tRFC 1\t2026/01/02\n", 2, "date \"2026/01/02\""},
	{"addresses", BLOCKS "10.0.0.0\tprivate\t-\tp\tRFC 1\t2026-09\n", 2,
		"block \"10.0.0.0\", expected ADDRESS/PREFIX"},
	{"addresses", BLOCKS "10.0/8\tprivate\t-\tp\tRFC 1\t2026-09\n", 2, "block \"10.0/8\""},
	{"addresses", BLOCKS "10.0.0.0/33\tprivate\t-\tp\tRFC 1\t2026-09\n", 2,
		"prefix length \"33\", expected a number from 0 to 32"},
	{"addresses", BLOCKS "10.0.0.0/08\tprivate\t-\tp\tRFC 1\t2026-09\n", 2,
		"prefix length \"08\""},
	{"addresses", BLOCKS "10.0.0.0/\tprivate\t-\tp\tRFC 1\t2026-09\n", 2, "prefix length \"\""},
	{"addresses", BLOCKS "10.0.0.0/-8\tprivate\t-\tp\tRFC 1\t2026-09\n", 2,
		"prefix length \"-8\""},
	{"addresses", BLOCKS "fe80::/129\tlink-local\t-\tl\tRFC 1\t2026-09\n", 2,
		"prefix length \"129\", expected a number from 0 to 128"},
	{"addresses", BLOCKS "10.0.0.1/8\tprivate\t-\tp\tRFC 1\t2026-09\n", 2,
		"block \"10.0.0.1/8\" has host bits set, expected none"},
	{"addresses", BLOCKS "fec0::/9\tprivate\t-\tp\tRFC 1\t2026-09\n", 2,
		"block \"fec0::/9\" has host bits set"},
	{"addresses", BLOCKS "FE80::/10\tlink-local\t-\tl\tRFC 1\t2026-09\n", 2,
		"block \"FE80::/10\", expected the spelling fe80::"},
	{"addresses", BLOCKS "::ffff:10.0.0.0/104\tprivate\t-\tp\tRFC 1\t2026-09\n", 2,
		"block \"::ffff:10.0.0.0/104\", expected IPv4 in dotted form"},
	{"addresses", BLOCKS "::/64\texternal\t-\tp\tRFC 1\t2026-09\n", 2,
		"block \"::/64\" covers all of IPv4"},
	{"addresses", BLOCKS "10.0.0.0/8\thome\t-\tp\tRFC 1\t2026-09\n", 2,
		"unknown class \"home\""},
	{"addresses", BLOCKS "10.0.0.0/8\tprivate\t96\tp\tRFC 1\t2026-09\n", 2,
		"embeds \"96\" for class private, expected -"},
	{"addresses", BLOCKS "2002::/16\tembeds\t-\tp\tRFC 1\t2026-09\n", 2, "bit offset \"-\""},
	{"addresses", BLOCKS "2002::/16\tembeds\t8\tp\tRFC 1\t2026-09\n", 2,
		"bit offset 8, expected a multiple of 8 from the prefix length 16 on"},
	{"addresses", BLOCKS "2002::/16\tembeds\t17\tp\tRFC 1\t2026-09\n", 2, "bit offset 17"},
	{"addresses", BLOCKS "2002::/16\tembeds\t104\tp\tRFC 1\t2026-09\n", 2,
		"bit offset \"104\", expected a number from 0 to 96"},
	{"addresses", BLOCKS "2001::/32\tembeds\t96 reversed\tp\tRFC 1\t2026-09\n", 2,
		"embeds \"96 reversed\", expected BITS or BITS inverted"},
	{"addresses",
		BLOCKS "10.0.0.0/8\tprivate\t-\tp\tRFC 1\t2026-09\n"
		       "10.0.0.0/8\texternal\t-\tp\tRFC 1\t2026-09\n",
		3, "second row for \"10.0.0.0/8\", expected one"},
};

static void read_file(const char *path, char *text, size_t room)
{
	FILE *in = fopen(path, "r");
	size_t len = in != NULL ? fread(text, 1, room - 1, in) : 0;

	text[len] = '\0';
	if (in != NULL)
		fclose(in);
}

/* Runs the generator over TEXT; returns its exit status, what it printed and its complaint. */
static int generate(const char *table, const char *text, char *out, char *complaint, size_t room)
{
	char command[4 * sizeof(af_build_dir)];
	char path[sizeof(af_build_dir) + 128];
	FILE *file;
	int status;

	snprintf(path, sizeof(path), "%s/table", af_scratch_dir());
	file = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
	snprintf(command, sizeof(command), "cd '%s' && '%s/gen/registry' %s table >out 2>err",
		af_scratch_dir(), af_build_dir, table);
	status = system(command);
	snprintf(path, sizeof(path), "%s/out", af_scratch_dir());
	read_file(path, out, room);
	snprintf(path, sizeof(path), "%s/err", af_scratch_dir());
	read_file(path, complaint, room);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_malformed(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char want[512];
		char out[512];
		char complaint[512];

		snprintf(want, sizeof(want), "table:%u: %s", bad[i].line, bad[i].message);
		CHECK_NUMBER(
			want, generate(bad[i].table, bad[i].text, out, complaint, sizeof(out)), 1);
		CHECK_STRING(want, out, "");
		complaint[strlen(want) < sizeof(want) ? strlen(want) : 0] = '\0';
		CHECK_STRING(want, complaint, want);
	}
}

static void test_well_formed(void)
{
	char out[65536];
	char complaint[65536];

	CHECK_NUMBER(
		"names", generate("names", "# c\n" NAMES GOOD, out, complaint, sizeof(out)), 0);
	CHECK_STRING("names", complaint, "");
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "{\"test\", 4, AFENCE_NAME_TESTING, false, \"RFC 1\"}"));
	CHECK_NUMBER("usage", generate("colours", NAMES GOOD, out, complaint, sizeof(out)), 2);
}

static CU_TestInfo tests[] = {
	{"the longest row matches, on label boundaries", test_match},
	{"no name, no row", test_empty},
	{"the table is the file", test_file},
	{"every row is found, nothing near it is", test_find},
	{"the generator refuses malformed tables", test_malformed},
	{"the generator takes a good one", test_well_formed},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"registry", NULL, NULL, NULL, NULL, tests};
