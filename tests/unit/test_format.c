/* SPDX-License-Identifier: MIT */
/* The layout of policy text: rows, and properties over the data files and random texts. */
#include "../../tools/policy/format.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiled.h"
#include "harness.h"

#define RANDOM_TEXTS 3000
#define GOOD_LEAST   3 /* data files that can be laid out */

static char *format_text(const char *text, size_t len)
{
	struct af_diagnostics diagnostics = {0};
	struct af_source source;
	char *out;

	af_source_copy("test.policy", text, len, &source);
	af_format_source(&source, &diagnostics, &out, &len);
	CU_ASSERT((out == NULL) == (diagnostics.errors > 0)); /* else a defect of the formatter */
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
	return out;
}

static const struct {
	const char *name, *text, *want;
} rows[] = {
	{"nothing", "", ""},
	{"only a comment", "  # a \t\r\n\n\n\n#b", "# a\n\n#b\n"},
	{"statements in a line", "policy 1;mode  off ;", "policy 1;\nmode off;\n"},
	{"empty lines", "\n\npolicy 1;\n\n\n\nmode off;\n\n", "policy 1;\n\nmode off;\n"},
	{"bytes of other systems", "\xef\xbb\xbfpolicy 1;\r\nmode\toff;\r\n",
		"policy 1;\nmode off;\n"},
	{"comments in a column", "policy 1;#a\nmode off; # b\n\n# c\non-block cut; # d",
		"policy 1;  #a\nmode off;  # b\n\n# c\non-block cut;  # d\n"},
	{"a comment before a comma", "reserve \"a\" # x\n , \"b\";",
		"reserve \"a\",  # x\n        \"b\";\n"},
	{"a comment on a line of a list", "reserve \"a\",\n# x\n\"b\";",
		"reserve \"a\",\n        # x\n        \"b\";\n"},
	{"a comment before a semicolon", "mode off # x\n;", "mode off;  # x\n"},
	{"two comments before a semicolon", "mode off # x\n# y\n; # z",
		"mode off;  # x\n# y\n# z\n"},
	{"a comment behind a keyword", "mode # x\noff;", "mode  # x\n     off;\n"},
	{"a short block", "log {\nidentity\nnone;\n}", "log { identity none; }\n"},
	{"an empty block", "log\n{\n\n}", "log { }\n"},
	{"a block with a comment", "log { # x\n\nidentity none; }",
		"log {  # x\n\n    identity none;\n}\n"},
	{"a comment before a brace", "log # x\n{ identity none; }",
		"log {  # x\n    identity none;\n}\n"},
	{"a comment at the end of a block", "log { identity none;\n\n# x\n}",
		"log {\n    identity none;\n\n    # x\n}\n"},
	{"fields aligned", "service imap { mode off; unknown block; resolve off; }",
		"service imap {\n    mode    off;\n    unknown block;\n    resolve off;\n}\n"},
	{"a list over the edge",
		"reserve \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
		"\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\", \"c\";",
		"reserve \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
		"\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\n        \"c\";\n"},
	{"a value that is a keyword", "exception x { service imap # c\n, owner; }",
		"exception x {\n    service imap  # c\n            , owner;\n}\n"},
	{"no semicolon", "policy 1", NULL},
	{"no brace", "log {", NULL},
	{"no text", "policy 1;\x01", NULL},
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *got = format_text(rows[i].text, strlen(rows[i].text));

		CHECK_STRING(rows[i].name, got, rows[i].want);
		free(got);
	}
}

/* Comments in their order, and everything else without blanks: what a layout must not change.  Of
 * the marks that may go before a comment nothing is asked here. */
static char *substance(const char *text)
{
	char *out = calloc(2, strlen(text) + 1), *comments = out + strlen(text) + 1, *code = out;
	size_t used = 0;
	bool quoted = false;

	for (; *text != '\0'; text++) {
		quoted ^= *text == '"';
		if (*text == '#' && !quoted) {
			size_t len = strcspn(text, "\n"), shown = len;

			while (strchr(" \t\r", text[shown - 1]) != NULL)
				shown--;
			memcpy(comments + used, text, shown);
			used += shown;
			text += len - 1;
		} else if (strchr(" \t\r\n", *text) == NULL) {
			*code++ = *text;
		}
	}
	memmove(code, comments, used);
	code[used] = '\0';
	return out;
}

/* True if TEXT could be laid out. */
static bool check_properties(const char *name, const char *text, size_t len)
{
	char *once = format_text(text, len), *twice, *before, *after;

	if (once == NULL)
		return false;
	twice = format_text(once, strlen(once));
	CHECK_STRING(name, twice, once);
	before = substance(strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text);
	after = substance(once);
	CHECK_STRING(name, after, before);
	free(before);
	free(after);
	free(twice);
	free(once);
	return true;
}

static void test_data(void)
{
	char folder[4200], path[4600];
	struct dirent *entry;
	unsigned good = 0;
	DIR *data;

	snprintf(folder, sizeof(folder), "%s/tests/data/policy", af_source_dir);
	data = opendir(folder);
	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	while ((entry = readdir(data)) != NULL) {
		const char *ending = strrchr(entry->d_name, '.');
		struct af_source source;

		if (ending == NULL || strcmp(ending, ".policy") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		CHECK_NUMBER(path, af_source_load(path, &source), AFENCE_OK);
		good += check_properties(entry->d_name, source.text, source.length);
		af_source_free(&source);
	}
	closedir(data);
	CU_ASSERT(good >= GOOD_LEAST);
}

static const char *const blanks[] = {
	" ", "\n", "\t", "\n\n\n", " # c\n", "\n# own \r\n", "#x\n\n#y\n"};

static unsigned below(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % limit;
}

/* Statements that are right as they stand, with every blank exchanged for some other. */
static void make_text(unsigned *seed, FILE *out)
{
	static const char *const statement[] = {"mode off ;", "reserve \"a.lan\" , \"b.lan\" ;",
		"internal 10.0.0.0/8 , \"c.lan\" , \"dddddddddddddddddddddddd.lan\" , \"\xc3\xbc.lan\" ;",
		"external \"eeeeeeeeeeeeeeeeeeeeeeeeeeee.lan\" , \"ffffffffffffffffffffffffffff.lan\" ;",
		"log { identity none ; }", "resolver { server ::1 port 53 ; within 1s ; }",
		"service imap { mode off ; unknown allow ; resolve off ; }", "on-block cut ;",
		"exception x { identity \"*@example.com\" ; service imap , owner ; owner \"o # p\" ; }"};

	for (unsigned count = below(seed, 6); count > 0; count--) {
		const char *text = statement[below(seed, sizeof(statement) / sizeof(statement[0]))];
		bool quoted = false;

		for (; *text != '\0'; text++) {
			quoted ^= *text == '"';
			if (*text == ' ' && !quoted)
				fputs(below(seed, 3) == 0 ? blanks[below(seed, 7)] : " ", out);
			else
				fputc(*text, out);
		}
		fputs(blanks[below(seed, 7)], out);
	}
}

static void test_random(void)
{
	unsigned seed = 1, good = 0;

	for (unsigned i = 0; i < RANDOM_TEXTS; i++) {
		char name[32], *text = NULL;
		size_t len;
		FILE *file = open_memstream(&text, &len);

		snprintf(name, sizeof(name), "seed %u", seed);
		make_text(&seed, file);
		fclose(file);
		good += check_properties(name, text, len);
		free(text);
	}
	printf("%u of %u random texts could be laid out\n", good, RANDOM_TEXTS);
	CU_ASSERT(good > RANDOM_TEXTS / 2);
}

/* The image but for its lines, which are set to 1. */
static void compile_without_lines(const char *text, struct af_compiled *out)
{
	struct af_image_header *header;

	compile_text(text, 1, out);
	header = (struct af_image_header *)out->bytes;
	for (uint32_t i = 0; i < header->section_count; i++) {
		struct af_image_rule *rule = (void *)(out->bytes + header->section[i].offset);

		if (header->section[i].type != AFENCE_SECTION_RULES)
			continue;
		for (uint64_t k = 0; k < header->section[i].count; k++)
			rule[k].line = 1;
	}
	header->checksum = 0;
}

static void test_meaning(void)
{
	static const char *const text[] = {
		"policy 1; mode observe; reserve\n\n\"a.lan\", # x\n\n\"b.lan\"; internal\n10.0.0.0/8;",
		"policy 1;\n\n\n\nexternal \"a.lan\",\n\n\n\"*.b.lan\"; resolver {\nwithin 2s; }",
		"policy 1; log { identity\nnone; } reserve \"\xc3\xbcsen.de\"; on-block refuse;"};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		char *again = format_text(text[i], strlen(text[i]));
		struct af_compiled want, got;

		CU_ASSERT_PTR_NOT_NULL_FATAL(again);
		compile_without_lines(text[i], &want);
		compile_without_lines(again, &got);
		CHECK_NUMBER(text[i], got.length, want.length);
		CHECK_NUMBER(text[i], memcmp(got.bytes, want.bytes, want.length), 0);
		free(again);
		free(want.bytes);
		free(got.bytes);
	}
}

static CU_TestInfo tests[] = {
	{"rows", test_rows},
	{"data files", test_data},
	{"random texts", test_random},
	{"meaning", test_meaning},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"format", NULL, NULL, NULL, NULL, tests};
