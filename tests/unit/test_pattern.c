/* SPDX-License-Identifier: MIT */
/*
 * The patterns of identities and targets, over all short names of a tiny alphabet and all networks
 * around one address, against matchers that are slow and plain.  Each is tried again with a matcher
 * that is wrong in one point, which must be noticed.
 */
#include "af_decide.h"
#include "harness.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "borrowed.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define NAMES_MAX     400
#define NAME_LEN      5 /* of names, in patterns and in questions */
#define LABEL_LEN     2 /* longer ones are public suffixes: xxx */
#define LOCAL_LEN     3
#define LOCALS_MAX    1000
#define EXCEPTION_END " reason \"r\"; owner \"o\"; expires 1970-06-01; }"

static char names[NAMES_MAX][NAME_LEN + 1], locals[LOCALS_MAX][LOCAL_LEN + 3];
static size_t name_count, local_count;

static const char *const marks[] = {"", "*.", "."};

static bool is_name(const char *text)
{
	size_t label = 0;

	for (; *text != '\0'; text++) {
		label = *text == '.' ? 0 : label + 1;
		if (label > LABEL_LEN || (label == 0 && (text[1] == '.' || text[1] == '\0')))
			return false;
	}
	return true;
}

/* Word NUMBER of those of LEN letters of ALPHABET; false if there are fewer. */
static bool make_word(const char *alphabet, size_t len, size_t number, char *out)
{
	size_t letters = strlen(alphabet);

	for (size_t i = 0; i < len; i++, number /= letters)
		out[i] = alphabet[number % letters];
	out[len] = '\0';
	return number == 0;
}

static void make_names(void)
{
	char word[NAME_LEN + 1];

	name_count = 0;
	for (size_t len = 1; len <= NAME_LEN; len++)
		for (size_t i = 0; make_word("xy.", len, i, word); i++)
			if (word[0] != '.' && is_name(word)) {
				CU_ASSERT_FATAL(name_count < NAMES_MAX);
				strcpy(names[name_count++], word);
			}
}

/* Each local part without quotes and in quotes. */
static void make_locals(void)
{
	char word[LOCAL_LEN + 1];

	local_count = 0;
	for (size_t len = 1; len <= LOCAL_LEN; len++)
		for (size_t i = 0; make_word("uUv+", len, i, word); i++) {
			CU_ASSERT_FATAL(local_count + 1 < LOCALS_MAX);
			strcpy(locals[local_count++], word);
			sprintf(locals[local_count++], "\"%s\"", word);
		}
}

/* Which point a matcher gets wrong. */
enum fault { RIGHT, BELOW_IS_BOTH, NO_BOUNDARY, CASE_COUNTS, DETAIL_COUNTS, BIT_SHORT };

static bool ends_with(const char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

static bool plain_name(const char *mark, const char *pattern, const char *name, enum fault fault)
{
	char below[NAME_LEN + 2];
	bool exact = strcmp(pattern, name) == 0;

	snprintf(below, sizeof(below), "%s%s", fault == NO_BOUNDARY ? "" : ".", pattern);
	if (strcmp(mark, "") == 0)
		return exact;
	if (strcmp(mark, "*.") == 0)
		return (ends_with(name, below) && !exact) || (fault == BELOW_IS_BOTH && exact);
	return exact || ends_with(name, below);
}

/* Without quotes, case and "+detail". */
static void plain_mailbox(const char *local, enum fault fault, char out[LOCAL_LEN + 1])
{
	for (; *local != '\0' && (*local != '+' || fault == DETAIL_COUNTS); local++)
		if (*local != '"')
			*out++ = fault == CASE_COUNTS ? *local : (char)tolower(*local);
	*out = '\0';
}

static bool plain_local(bool protects, const char *pattern, const char *local, enum fault fault)
{
	char a[LOCAL_LEN + 1], b[LOCAL_LEN + 1];

	if (strcmp(pattern, "*") == 0)
		return true;
	if (!protects)
		return fault == CASE_COUNTS ? strcasecmp(pattern, local) == 0
					    : strcmp(pattern, local) == 0;
	plain_mailbox(pattern, fault, a);
	plain_mailbox(local, fault, b);
	return strcmp(a, b) == 0;
}

/* All bits of a prefix, one by one; a family has its own networks. */
static bool plain_network(
	int family, const char *network, unsigned prefix, const char *address, enum fault fault)
{
	uint8_t a[16], b[16];

	if (inet_pton(family, network, a) != 1 || inet_pton(family, address, b) != 1)
		return false;
	if (fault == BIT_SHORT)
		prefix--;
	for (unsigned bit = 0; bit < prefix; bit++)
		if (((a[bit / 8] ^ b[bit / 8]) >> (7 - bit % 8) & 1) != 0)
			return false;
	return true;
}

struct tally {
	size_t cases, wrong;
	enum fault fault;
};

static void ask(const struct borrowed *policy, const char *identity, const char *host,
	struct af_decision *out)
{
	const struct af_request request = {.stack = AFENCE_STACK_PAM,
		.login = {{identity, strlen(identity), AFENCE_FORM_AUTO}},
		.login_count = 1,
		.host = host,
		.now = BORROWED_NOW};

	af_decide(policy->policy, &request, out);
}

static void count(struct tally *tally, const char *pattern, const char *asked, bool got, bool want)
{
	tally->cases++;
	if (got == want)
		return;
	if (tally->wrong++ == 0 && tally->fault == RIGHT)
		printf("\npattern %s, asked for %s: got %d, want %d ", pattern, asked, got, want);
}

static void finish(const char *name, const struct tally *tally)
{
	if (tally->fault == RIGHT)
		CHECK_NUMBER(name, tally->wrong, 0);
	else
		CHECK_NUMBER(name, tally->wrong > 0, true);
	printf("\n  %s, fault %d: %zu cases, %zu differ", name, (int)tally->fault, tally->cases,
		tally->wrong);
}

/* A policy in which only PATTERN decides: nothing but it lets the identities go to 8.8.8.8, or
 * nothing but it keeps them from going there. */
static void borrow_identity(bool protects, const char *pattern, struct borrowed *out)
{
	char text[400];

	if (protects)
		snprintf(text, sizeof(text),
			"policy 1; protect p { identity \"%s\"; target 8.8.4.4; }", pattern);
	else
		snprintf(text, sizeof(text),
			"policy 1; reserve \"x\", \"y\", \"xx\", \"xy\", \"yx\", \"yy\";"
			" exception e { identity \"%s\"; target 8.8.8.8;" EXCEPTION_END,
			pattern);
	borrow_text(text, NULL, NULL, out);
}

static bool is_matched(const struct borrowed *policy, bool protects, const char *identity)
{
	struct af_decision decision;

	ask(policy, identity, "8.8.8.8", &decision);
	return protects ? decision.reason == AFENCE_REASON_PROTECTED_OTHER
			: decision.reason == AFENCE_REASON_EXCEPTION;
}

static void try_domains(bool protects, const char *mark, const char *name, struct tally *tally)
{
	char pattern[40], identity[40];
	struct borrowed policy;

	snprintf(pattern, sizeof(pattern), "*@%s%.8s", mark, name);
	borrow_identity(protects, pattern, &policy);
	for (size_t i = 0; i < name_count; i++) {
		snprintf(identity, sizeof(identity), "u@%.8s", names[i]);
		count(tally, pattern, identity, is_matched(&policy, protects, identity),
			plain_name(mark, name, names[i], tally->fault));
	}
	give_back(&policy);
}

static void try_all_domains(const char *name, bool protects, enum fault fault)
{
	struct tally tally = {0, 0, fault};

	for (size_t i = 0; i < name_count; i++)
		for (size_t j = 0; j < COUNT(marks); j++)
			try_domains(protects, marks[j], names[i], &tally);
	finish(name, &tally);
}

static void test_domains(void)
{
	static const enum fault faults[] = {RIGHT, BELOW_IS_BOTH, NO_BOUNDARY};

	make_names();
	for (size_t i = 0; i < COUNT(faults); i++) {
		try_all_domains("domains in exceptions", false, faults[i]);
		try_all_domains("domains in protects", true, faults[i]);
	}
}

/* In the text of a policy a quote is written as \". */
static void try_locals(bool protects, const char *local, struct tally *tally)
{
	static const char *const places[] = {"x.y", "x.x.y", "x"};
	char pattern[40], escaped[20] = "", identity[40];
	struct borrowed policy;

	for (const char *p = local; *p != '\0'; p++)
		sprintf(escaped + strlen(escaped), *p == '"' ? "\\%c" : "%c", *p);
	snprintf(pattern, sizeof(pattern), "%s@.x.y", escaped);
	borrow_identity(protects, pattern, &policy);
	for (size_t i = 0; i < local_count; i++)
		for (size_t j = 0; j < COUNT(places); j++) {
			snprintf(identity, sizeof(identity), "%.8s@%s", locals[i], places[j]);
			count(tally, pattern, identity, is_matched(&policy, protects, identity),
				plain_local(protects, local, locals[i], tally->fault) &&
					plain_name(".", "x.y", places[j], tally->fault));
		}
	give_back(&policy);
}

static void try_all_locals(const char *name, bool protects, enum fault fault)
{
	struct tally tally = {0, 0, fault};

	try_locals(protects, "*", &tally);
	for (size_t i = 0; i < local_count; i++)
		try_locals(protects, locals[i], &tally);
	finish(name, &tally);
}

static void test_locals(void)
{
	make_locals();
	try_all_locals("local parts in exceptions", false, RIGHT);
	try_all_locals("local parts in exceptions", false, CASE_COUNTS);
	try_all_locals("local parts in protects", true, RIGHT);
	try_all_locals("local parts in protects", true, CASE_COUNTS);
	try_all_locals("local parts in protects", true, DETAIL_COUNTS);
}

/* What can name a target: a policy before and behind the pattern, under which the identity may go
 * to no other place that is not near anyway. */
static const struct {
	const char *name, *before, *behind, *identity;
} placed[] = {
	{"exception", "exception e { identity \"*@example.com\"; target \"", "\";" EXCEPTION_END,
		"a@example.com"},
	{"protect", "protect p { identity \"*@corp.net\"; target \"", "\"; }", "a@corp.net"},
	{"internal", "internal \"", "\";", "a@example.com"},
};

static void borrow_place(size_t kind, const char *pattern, struct borrowed *out)
{
	char text[400];

	snprintf(text, sizeof(text), "policy 1; %s%s%s", placed[kind].before, pattern,
		placed[kind].behind);
	borrow_text(text, NULL, NULL, out);
}

/* What is near without a rule has no rule. */
static void try_place(const struct borrowed *policy, size_t kind, const char *pattern,
	const char *host, bool want, struct tally *tally)
{
	struct af_decision decision;

	ask(policy, placed[kind].identity, host, &decision);
	count(tally, pattern, host, decision.verdict == AFENCE_ALLOW && decision.rule.name != NULL,
		want);
}

static void try_names(size_t kind, const char *mark, const char *name, struct tally *tally)
{
	char pattern[40];
	struct borrowed policy;

	snprintf(pattern, sizeof(pattern), "%s%.8s", mark, name);
	borrow_place(kind, pattern, &policy);
	for (size_t i = 0; i < name_count; i++)
		try_place(&policy, kind, pattern, names[i],
			plain_name(mark, name, names[i], tally->fault), tally);
	give_back(&policy);
}

static void try_all_names(size_t kind, enum fault fault)
{
	struct tally tally = {0, 0, fault};

	for (size_t i = 0; i < name_count; i++)
		for (size_t j = 0; j < COUNT(marks); j++)
			try_names(kind, marks[j], names[i], &tally);
	finish(placed[kind].name, &tally);
}

static void test_names(void)
{
	static const enum fault faults[] = {RIGHT, BELOW_IS_BOTH, NO_BOUNDARY};

	make_names();
	for (size_t i = 0; i < COUNT(faults); i++)
		for (size_t j = 0; j < COUNT(placed); j++)
			try_all_names(j, faults[i]);
}

/* An address, and the networks around it from LEAST bits on. */
static const struct family {
	int family;
	unsigned bits, least;
	const char *address;
	const char *other; /* an address of the other family */
} families[] = {
	{AF_INET, 32, 8, "198.51.99.7", "c633:6307::1"},
	{AF_INET6, 128, 16, "2606:4700:0:1::abcd", "38.6.71.0"},
};

/* The address with its bits from KEEP on cleared; if KEEP is negative, with bit -KEEP - 1 turned. */
static void turn_bits(const struct family *family, int keep, char out[INET6_ADDRSTRLEN])
{
	uint8_t byte[16];
	unsigned from = keep < 0 ? (unsigned)(-keep - 1) : (unsigned)keep;

	CU_ASSERT_FATAL(inet_pton(family->family, family->address, byte) == 1);
	if (keep < 0)
		byte[from / 8] ^= (uint8_t)(0x80 >> from % 8);
	for (unsigned bit = from; keep >= 0 && bit < family->bits; bit++)
		byte[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	inet_ntop(family->family, byte, out, INET6_ADDRSTRLEN);
}

static void try_network(
	size_t kind, const struct family *family, unsigned prefix, struct tally *tally)
{
	char network[INET6_ADDRSTRLEN], pattern[INET6_ADDRSTRLEN + 5], host[INET6_ADDRSTRLEN];
	struct borrowed policy;

	turn_bits(family, (int)prefix, network);
	snprintf(pattern, sizeof(pattern), "%s/%u", network, prefix);
	if (prefix == family->bits)
		strcpy(pattern, network);
	borrow_place(kind, pattern, &policy);
	for (int bit = 0; bit <= (int)family->bits; bit++) {
		turn_bits(family, bit < (int)family->bits ? -bit - 1 : bit, host);
		try_place(&policy, kind, pattern, host,
			plain_network(family->family, network, prefix, host, tally->fault), tally);
	}
	try_place(&policy, kind, pattern, family->other, false, tally);
	give_back(&policy);
}

static void try_all_networks(size_t kind, enum fault fault)
{
	struct tally tally = {0, 0, fault};

	for (size_t i = 0; i < COUNT(families); i++)
		for (unsigned prefix = families[i].least; prefix <= families[i].bits; prefix++)
			try_network(kind, &families[i], prefix, &tally);
	finish(placed[kind].name, &tally);
}

static void test_networks(void)
{
	for (size_t i = 0; i < COUNT(placed); i++) {
		try_all_networks(i, RIGHT);
		try_all_networks(i, BIT_SHORT);
	}
}

static CU_TestInfo tests[] = {
	{"domains of identities", test_domains},
	{"local parts of identities", test_locals},
	{"names of targets", test_names},
	{"networks of targets", test_networks},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"pattern", NULL, NULL, NULL, NULL, tests};
