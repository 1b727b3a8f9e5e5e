/* SPDX-License-Identifier: MIT */
/*
 * The rules R1 to R6 and R12 under the built-in policy, with a resolver that knows a few names
 * and counts the questions.
 */
#include "af_decide.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "fake_resolver.h"

struct row {
	const char *identity;
	const char *host;
	const char *want; /* "verdict reason" */
};

static void decide(const char *identity, size_t len, const char *host, struct af_resolver *resolver,
	struct af_decision *out)
{
	struct af_request request = {.stack = AFENCE_STACK_SASL, .service = "imap"};

	request.login[0] = (struct af_login){identity, len, AFENCE_FORM_AUTO};
	request.login_count = 1;
	request.host = host;
	request.resolver = resolver;
	af_decide(af_policy_builtin(), &request, out);
}

static void check_rows(const struct row *rows, size_t count, unsigned questions)
{
	struct fake_resolver fake;
	struct af_decision decision;
	char name[200], got[100];

	fake_resolver_start(&fake);
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];

		decide(row->identity, strlen(row->identity), row->host, &fake.resolver, &decision);
		snprintf(name, sizeof(name), "%s to %s", row->identity,
			row->host ? row->host : "(none)");
		snprintf(got, sizeof(got), "%s %s", af_verdict_string(decision.verdict),
			af_reason_string(decision.reason));
		CHECK_STRING(name, got, row->want);
	}
	CHECK_NUMBER("questions", fake.questions, questions);
}

/* R1, R3, R5: no question is asked for any of these. */
static void test_ordinary(void)
{
	static const struct row rows[] = {
		{"alice", "far.net", "allow no-domain"},
		{"", "far.net", "allow no-domain"},
		{"alice@corp.net", "far.net", "allow ordinary-identity"},
		{"alice@notexample.com", "far.net", "allow ordinary-identity"},
		{"alice@example.com.org", "far.net", "allow ordinary-identity"},
		{"\"a@example.com\"@corp.net", "far.net", "allow ordinary-identity"},
		{"user+example.com@corp.net", "far.net", "allow ordinary-identity"},
		{"EXAMPLE\\alice", "far.net", "allow no-domain"},
		{"root@localhost", "far.net", "allow ordinary-identity"},
		{"alice@corp.internal", "far.net", "allow ordinary-identity"},
		{"alice@x.onion", "far.net", "allow ordinary-identity"},
		{"al ice@corp net", "far.net", "allow malformed-identity"},
		{"alice@corp\001.net", "far.net", "allow malformed-identity"},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]), 0);
}

/* R2 and R6 by name; one question for each name that must be looked up. */
static void test_reserved(void)
{
	static const struct row rows[] = {
		{"alice@example.com", "far.net", "block reserved-identity-external-target"},
		{"alice@EXAMPLE.com.", "far.net", "block reserved-identity-external-target"},
		{" alice@mail.example.org\r\n", "far.net",
			"block reserved-identity-external-target"},
		{"alice@shop.test", "far.net", "block reserved-identity-external-target"},
		{"a@b@example.com", "far.net", "block reserved-identity-external-target"},
		{"alice@exam\342\200\213ple.com", "far.net",
			"block reserved-identity-external-target"},
		{"alice@example.com", "near.net", "allow target-internal"},
		{"alice@example.com", "mixed.net", "block reserved-identity-external-target"},
		{"alice@example.com", "half.net", "block reserved-identity-unknown-target"},
		{"alice@example.com", "half-far.net", "block reserved-identity-external-target"},
		{"alice@example.com", "none.net", "block reserved-identity-unknown-target"},
		{"alice@example.com", "unheard.net", "block reserved-identity-unknown-target"},
		{"alice@example.com", "x.test", "block reserved-identity-unknown-target"},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows) / sizeof(rows[0]));
}

/* R5, R6: literals, localhost and no name at all ask nobody. */
static void test_reserved_without_question(void)
{
	static const struct row rows[] = {
		{"alice@example.com", "localhost", "allow target-local"},
		{"alice@example.com", "imap.localhost.", "allow target-local"},
		{"alice@example.com", "127.0.0.1", "allow target-local"},
		{"alice@example.com", "127.1", "allow target-local"},
		{"alice@example.com", "[::1]", "allow target-local"},
		{"alice@example.com", "10.1.2.3", "allow target-internal"},
		{"alice@example.com", "fe80::1%eth0", "allow target-internal"},
		{"alice@example.com", "192.88.99.7", "block reserved-identity-external-target"},
		{"alice@example.com", "0xc0586307", "block reserved-identity-external-target"},
		{"alice@example.com", "::ffff:8.8.8.8", "block reserved-identity-external-target"},
		{"alice@example.com", NULL, "block reserved-identity-unknown-target"},
		{"alice@example.com", "", "block reserved-identity-unknown-target"},
		{"alice@example.com", "no such host", "block reserved-identity-unknown-target"},
		{"alice@exa\001mple.com@.example.com", "8.8.8.8",
			"block reserved-identity-external-target"},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]), 0);
}

/* R10: without a resolver, names that cannot be in the public DNS are a laboratory's. */
static void test_unresolved(void)
{
	static const struct row rows[] = {
		{"alice@example.com", "ipa.lab.test", "allow target-internal"},
		{"alice@example.com", "mx.corp", "allow target-internal"},
		{"alice@example.com", "nas.home.arpa", "allow target-internal"},
		{"alice@example.com", "x.onion", "block reserved-identity-unknown-target"},
		{"alice@example.com", "x.alt", "block reserved-identity-unknown-target"},
		{"alice@example.com", "mail.example.com", "block reserved-identity-unknown-target"},
		{"alice@example.com", "near.net", "block reserved-identity-unknown-target"},
	};
	struct af_decision decision;
	char got[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		decide(rows[i].identity, strlen(rows[i].identity), rows[i].host, NULL, &decision);
		snprintf(got, sizeof(got), "%s %s", af_verdict_string(decision.verdict),
			af_reason_string(decision.reason));
		CHECK_STRING(rows[i].host, got, rows[i].want);
	}
}

/* R5: bytes that no string literal shows. */
static void test_malformed_reserved(void)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
		bool reserved;
	} rows[] = {
		{"nul cuts", "alice@example.com\0.corp.net", 27, true},
		{"nul before", "alice\0@example.com", 18, true},
		{"bad utf-8 behind", "alice@example.com\377", 18, true},
		{"control behind", "alice@example.com\001x", 19, true},
		{"slash behind", "alice@example.com/../corp", 25, true},
		{"empty label before", "alice@..example.com", 19, true},
		{"longer name behind", "alice@example.com.corp\001", 23, false},
		{"longer label before", "alice@notexample.com\001", 21, false},
		{"tld behind", "alice@x.test\001", 13, true},
	};
	struct af_decision decision;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		decide(rows[i].bytes, rows[i].len, "8.8.8.8", NULL, &decision);
		CHECK_NUMBER(rows[i].name, decision.verdict == AFENCE_BLOCK, rows[i].reserved);
		CHECK_NUMBER(rows[i].name, decision.malformed, true);
		CHECK_STRING(rows[i].name, af_reason_string(decision.reason),
			rows[i].reserved ? "reserved-identity-external-target"
					 : "malformed-identity");
	}
}

/* R4: the worst login decides, whichever place it has. */
static void test_several_logins(void)
{
	static const char *const logins[] = {"bob", "bob@corp.net", "alice@example.com"};
	struct af_request request = {.stack = AFENCE_STACK_SASL, .host = "8.8.8.8"};
	struct af_decision decision;

	for (size_t turn = 0; turn < 3; turn++) {
		for (size_t i = 0; i < 3; i++) {
			const char *text = logins[(i + turn) % 3];

			request.login[i] = (struct af_login){text, strlen(text), AFENCE_FORM_AUTO};
		}
		request.login_count = 3;
		af_decide(af_policy_builtin(), &request, &decision);
		CHECK_STRING("verdict", af_verdict_string(decision.verdict), "block");
		CHECK_NUMBER("login", decision.login, (2 + 3 - turn) % 3);
		CHECK_STRING("rule", decision.rule.name, "builtin:documentation");
	}
	request.login_count = 0;
	af_decide(af_policy_builtin(), &request, &decision);
	CHECK_STRING("no login", af_reason_string(decision.reason), "no-domain");
}

static void test_service(void)
{
	static const struct {
		const char *said, *want;
	} rows[] = {{"IMAP", "imap"}, {"pop3", "pop"}, {"Submission", "smtp"}, {"x-y", "x-y"},
		{"", NULL}, {NULL, NULL},
		{"a-service-name-that-is-longer-than-any", "a-service-name-that-is-longer-t"}};
	struct af_request request = {.stack = AFENCE_STACK_SASL};
	struct af_decision decision;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request.service = rows[i].said;
		af_decide(af_policy_builtin(), &request, &decision);
		CHECK_STRING(
			rows[i].said ? rows[i].said : "(null)", decision.service, rows[i].want);
	}
}

static CU_TestInfo tests[] = {
	{"ordinary identities", test_ordinary},
	{"reserved identities", test_reserved},
	{"reserved, nobody asked", test_reserved_without_question},
	{"no resolver", test_unresolved},
	{"malformed with a reserved name", test_malformed_reserved},
	{"several logins", test_several_logins},
	{"service names", test_service},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"decide", NULL, NULL, NULL, NULL, tests};
