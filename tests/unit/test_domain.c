/* SPDX-License-Identifier: MIT */
/*
 * Canonical names against rows, against libidn2 over the Basic Multilingual Plane, and the suffix
 * walk against a slow one over every short name of two letters and the dot.
 */
#include "af_domain.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "af_hash.h"
#include "harness.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define LABEL_53 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnop"
#define NAME_253                               \
	LABEL_63 "." LABEL_63 "." LABEL_63 "." \
		 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuv.c"

struct row {
	const char *text;
	const char *want; /* NULL: no name */
};

static const struct row names[] = {
	{"example.com", "example.com"},
	{"EXAMPLE.com", "example.com"},
	{"Example.COM.", "example.com"},
	{"example.com..", NULL},
	{"notexample.com", "notexample.com"},
	{"example.com.org", "example.com.org"},
	{"com", "com"},
	{"a", "a"},
	{"_dmarc.example.com", "_dmarc.example.com"},
	{"-x-.example.com", "-x-.example.com"},
	{"xn--a.test", "xn--a.test"},
	{"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
	{"ab--cd.example", "ab--cd.example"},
	{"192.0.2.1", "192.0.2.1"},
	{"ABCDEFGHIJKLMNOPQRSTUVWXYZ.abcdefghijklmnopqrstuvwxyz",
		"abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz"},
	{"0123456789", "0123456789"},
	{LABEL_63, LABEL_63},
	{LABEL_63 ".", LABEL_63},
	{LABEL_63 "x", NULL},
	{LABEL_63 "x.test", NULL},
	{"a." LABEL_63 "x", NULL},
	{NAME_253, NAME_253},
	{NAME_253 ".", NAME_253},
	{NAME_253 "x", NULL},
	{NAME_253 "x.", NULL},
	{"a." NAME_253, NULL},
	{"", NULL},
	{".", NULL},
	{"..", NULL},
	{".example.com", NULL},
	{"example..com", NULL},
	{"exam ple.com", NULL},
	{" example.com", NULL},
	{"example.com ", NULL},
	{"example.com\n", NULL},
	{"user@example.com", NULL},
	{"example.com:25", NULL},
	{"example.com/", NULL},
	{"example,com", NULL},
	{"*.example.com", NULL},
	{"[192.0.2.1]", NULL},
	{"exam`ple", NULL},
	{"exam{ple", NULL},
	{"exam\x7fple", NULL},
	/* U-labels. */
	{"b\u00fccher.example", "xn--bcher-kva.example"},
	{"bu\u0308cher.example", "xn--bcher-kva.example"},
	{"B\u00dcCHER.Example", "xn--bcher-kva.example"},
	{"stra\u00dfe.example", "xn--strae-oqa.example"},
	{"\u0625\u062e\u062a\u0628\u0627\u0631", "xn--kgbechtv"},
	{"a_\u00fc.example", "xn--a_-yka.example"},
	{"example\u3002com", "example.com"},
	{"example\uff0ecom", "example.com"},
	{"example\uff61com", "example.com"},
	{"example.com\u3002", "example.com"},
	{"example.com\u3002.", NULL},
	{"example.com.\uff61", NULL},
	{"\u3002example.com", NULL},
	{"example\u2024com", NULL},
	{"example\u06d4com", NULL},
	{"exam\u200bple.com", "example.com"},
	{"exam\u00adple.com", "example.com"},
	{"exam\u2060ple.com", "example.com"},
	{"\ufeffexample.com", "example.com"},
	{"example.\u200bcom", "example.com"},
	{"\u200b.example.com", NULL},
	{"\u200b", NULL},
	{"\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.\uff43\uff4f\uff4d", "example.com"},
	{"\uff25\uff38\uff21\uff2d\uff30\uff2c\uff25.com", "example.com"},
	{"\u24d4\u24e7\u24d0\u24dc\u24df\u24db\u24d4.com", "example.com"},
	{"\U0001d41e\U0001d431\U0001d41a\U0001d426\U0001d429\U0001d425\U0001d41e.com",
		"example.com"},
	{"te\u017ft", "test"},
	{"examp\u217ce.com", "example.com"},
	{"ex\u0430mple.com", "xn--exmple-4nf.com"},
	{"exam\u200cple.com", NULL},
	{"exam\uff20ple.com", NULL},
	{"ex\u00a0ample.com", NULL},
	{"\U0001f600.example.com", NULL},
	{"-b\u00fccher.example", NULL},
	/* A label that libidn2 refuses by itself does not spoil its neighbour. */
	{"xn--a.b\u00fccher.example", "xn--a.xn--bcher-kva.example"},
	{"-x-.b\u00fccher.example", "-x-.xn--bcher-kva.example"},
	{"\u00fc." LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_53,
		"xn--tda." LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_53},
	{"\u00fc." LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_53 "x", NULL},
	/* Not UTF-8: overlong, surrogate, over U+10FFFF, cut. */
	{"\xc0\xaf.example.com", NULL},
	{"exam\xc1\xb0le.com", NULL},
	{"a\xed\xa0\x80.com", NULL},
	{"a\xf4\x90\x80\x80.com", NULL},
	{"a\xff.com", NULL},
	{"a.com\xe3\x80", NULL},
};

/* Parses a copy that ends where the text ends, so that AddressSanitizer sees any step too far. */
static const char *parse(const char *text, size_t len, struct af_domain *out)
{
	char *copy = malloc(len > 0 ? len : 1);
	enum af_status status;

	memcpy(copy, text, len);
	memset(out, 0xa5, sizeof(*out));
	status = af_domain_parse(copy, len, out);
	free(copy);
	CHECK_NUMBER(text, out->name[out->len], 0);
	if (status == AFENCE_OK)
		return out->name;
	CHECK_NUMBER(text, status, AFENCE_ERR_SYNTAX);
	CHECK_NUMBER(text, out->len, 0);
	return NULL;
}

static void test_names(void)
{
	struct af_domain domain, again;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct row *row = &names[i];

		CHECK_STRING(row->text, parse(row->text, strlen(row->text), &domain), row->want);
		if (row->want == NULL)
			continue;
		CHECK_STRING(row->text, parse(domain.name, domain.len, &again), domain.name);
		CHECK_NUMBER(row->text, af_domain_equal(&domain, &again), 1);
	}
	CHECK_NUMBER("NULL", af_domain_parse(NULL, 0, &domain), AFENCE_ERR_SYNTAX);
}

static void test_bytes(void)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	struct af_domain domain;
	char text[] = "a?b";

	for (int byte = 0; byte < 128; byte++) {
		bool want = byte != 0 && strchr(allowed, byte) != NULL;

		text[1] = (char)byte;
		if (byte == '.')
			want = true;
		CHECK_NUMBER(text, parse(text, 3, &domain) != NULL, want);
		CHECK_NUMBER(text, af_domain_byte((char)byte), want);
	}
	for (int byte = 128; byte < 256; byte++)
		CHECK_NUMBER("high", af_domain_byte((char)byte), 0);
	CHECK_STRING("NUL", parse("b\u00fcc\0her", 8, &domain), NULL);
	CHECK_STRING("final NUL", parse("b\u00fccher\0", 8, &domain), NULL);
}

static void test_long(void)
{
	static const char *const units[] = {
		"a", "a.", ".", "\u200b", "\u00fc", "\u3002", "\u00fc."};
	const size_t size = 65536;
	char *text = malloc(size);
	struct af_domain domain;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t width = strlen(units[i]), len = 0;

		for (; len + width <= size; len += width)
			memcpy(text + len, units[i], width);
		CHECK_STRING("64 KiB", af_domain_parse(text, len, &domain) ? NULL : "name", NULL);
		CHECK_NUMBER("64 KiB", domain.len, 0);
		af_domain_parse_tail(text, len, &domain);
	}
	free(text);
}

static const struct row tails[] = {
	{"example.com", "example.com"},
	{"Example.COM...", "example.com"},
	{".example.com", "example.com"},
	{"a..example.com", "example.com"},
	{"example..com", "com"},
	{LABEL_63 "x.example.com", "example.com"},
	{"a." NAME_253, NAME_253},
	{"b." LABEL_63 "." NAME_253, NAME_253},
	{"bad label.example.com", "example.com"},
	{"\u2024.\uff45xample.com", "example.com"},
	{"\xff.exam\u200bple\uff61com", "example.com"},
	{"example.\xff", NULL},
	{LABEL_63 "x", NULL},
	{"...", NULL},
	{"", NULL},
};

static void test_tails(void)
{
	struct af_domain domain;

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		const struct row *row = &tails[i];
		bool found = af_domain_parse_tail(row->text, strlen(row->text), &domain);

		CHECK_STRING(row->text, found ? domain.name : NULL, row->want);
		CHECK_NUMBER(row->text, domain.len, row->want != NULL ? strlen(row->want) : 0);
	}
}

static void put_utf8(unsigned c, char *out)
{
	if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
	} else {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (c & 0x3f));
	*out = '\0';
}

/* Each character between two letters: what libidn2 makes of the whole name, if it is a name, else
 * no name. */
static void test_libidn2(void)
{
	char text[16] = "a";
	size_t different = 0, mapped_count = 0;

	for (unsigned c = 0x80; c < 0x10000; c++) {
		struct af_domain domain;
		char *mapped = NULL;
		const char *want = NULL, *got;

		put_utf8(c, text + 1);
		strcat(text, "b.test");
		if (idn2_to_ascii_8z(text, &mapped, IDN2_NONTRANSITIONAL) == IDN2_OK &&
			strspn(mapped, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(mapped))
			want = mapped;
		got = af_domain_parse(text, strlen(text), &domain) == AFENCE_OK ? domain.name
										: NULL;
		if ((got == NULL) != (want == NULL) || (got != NULL && strcmp(got, want) != 0)) {
			CHECK_STRING(text, got, want);
			different++;
		}
		mapped_count += want != NULL;
		idn2_free(mapped);
	}
	CHECK_NUMBER("characters judged differently", different, 0);
	CHECK_NUMBER("characters mapped", mapped_count > 40000, 1);
}

/* A slow reading of what a canonical name is, for text of a, b and dots. */
static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && text[len - 1] == '.')
		len--;
	for (size_t i = 0; i <= len; i++) {
		bool boundary = i == len || text[i] == '.';

		if (boundary && (i == 0 || text[i - 1] == '.'))
			return false;
	}
	return true;
}

static const char *const members[] = {"a", "b.a", "ab", "bb.ab", "a.a.a", "a.b.b.b"};
enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

/* The longest member that NAME is or lies below, by comparing strings. */
static const char *match_slowly(const char *name)
{
	const char *best = NULL;

	for (size_t i = 0; i < MEMBERS; i++) {
		size_t len = strlen(name), part = strlen(members[i]);

		if (len < part || strcmp(name + len - part, members[i]) != 0 ||
			(len > part && name[len - part - 1] != '.'))
			continue;
		if (best == NULL || part > strlen(best))
			best = members[i];
	}
	return best;
}

static const char *match_by_walk(const struct af_domain *domain)
{
	struct af_suffix it = {.text = NULL};
	const char *best = NULL;

	while (af_suffix_next(domain, &it)) {
		for (size_t i = 0; i < MEMBERS; i++) {
			size_t len = strlen(members[i]);

			if (af_hash_name(members[i], len) == it.hash && len == it.len &&
				memcmp(members[i], it.text, len) == 0)
				best = members[i];
		}
	}
	return best;
}

static void compare_walk(const struct af_domain *domain)
{
	struct af_suffix it = {.text = NULL};

	for (size_t at = domain->len; at-- > 0;) {
		const char *suffix = domain->name + at;

		if (at > 0 && suffix[-1] != '.')
			continue;
		CHECK_NUMBER(domain->name, af_suffix_next(domain, &it), 1);
		CHECK_STRING(domain->name, it.text, suffix);
		CHECK_NUMBER(domain->name, it.len, strlen(suffix));
		CHECK_NUMBER(domain->name, it.hash, af_hash_bytes(suffix, strlen(suffix)));
	}
	CHECK_NUMBER(domain->name, af_suffix_next(domain, &it), 0);
	CHECK_STRING(domain->name, match_by_walk(domain), match_slowly(domain->name));
}

static void test_walk(void)
{
	static const char alphabet[] = "ab.";
	size_t count = 0, matched = 0;

	for (size_t len = 0, total = 1; len <= 7; len++, total *= 3) {
		for (size_t number = 0; number < total; number++) {
			char text[8] = "";
			struct af_domain domain;
			size_t rest = number;

			for (size_t i = 0; i < len; i++, rest /= 3)
				text[i] = alphabet[rest % 3];
			CHECK_NUMBER(text, parse(text, len, &domain) != NULL, is_name(text));
			if (domain.len == 0)
				continue;
			compare_walk(&domain);
			matched += match_slowly(domain.name) != NULL;
			count++;
		}
	}
	CHECK_NUMBER("names compared", count > 1000, 1);
	CHECK_NUMBER("names matched", matched > 100, 1);
}

static void test_walk_of_no_name(void)
{
	struct af_domain none = {.len = 0};
	struct af_suffix it = {.text = NULL};

	CHECK_NUMBER("no name", af_suffix_next(&none, &it), 0);
	CHECK_NUMBER("no name", af_hash_name("", 0), AFENCE_HASH_START);
	/* FNV-1a of "ab" read backwards, so that tables built elsewhere stay readable. */
	CHECK_NUMBER("hash of ba", af_hash_name("ba", 2), 0x4d2505ca);
}

static CU_TestInfo tests[] = {
	{"names", test_names},
	{"bytes", test_bytes},
	{"long texts", test_long},
	{"tails", test_tails},
	{"libidn2", test_libidn2},
	{"walk over all short names", test_walk},
	{"walk of no name", test_walk_of_no_name},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"domain", NULL, NULL, NULL, NULL, tests};
