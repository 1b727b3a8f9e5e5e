/* SPDX-License-Identifier: MIT */
/*
 * The rules in their order: R1 to R6 under the built-in policy, R7, R8 and R12 under compiled
 * ones, with a resolver that knows a few names and counts the questions.
 */
#include "af_decide.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "compiled.h"
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

/* --- R7, R8, R12: compiled policies */

#define CREATED 1803859200 /* 2027-03-01 00:00:00 UTC */
#define LAST    1806537599 /* 2027-03-31 23:59:59 UTC */

#define WHY    " reason \"r\"; owner \"o@acme.internal\"; "
#define EXPIRY " expires 2027-03-31; } "

struct compiled_policy {
	struct af_compiled image;
	struct af_policy *policy;
};

static void start_policy(
	const char *text, change_rules *change, int64_t created, struct compiled_policy *out)
{
	const struct af_stamp stamp = {.generation = 1, .created = created};
	struct af_diagnostics diagnostics = {0};
	struct af_source source;
	struct af_rules rules;

	af_source_copy("test.policy", text, strlen(text), &source);
	af_rules_start(&rules, &diagnostics, CREATED);
	af_compile_read(&source, 1, &rules);
	if (diagnostics.errors > 0)
		af_diagnostics_print(&diagnostics, stdout);
	CHECK_NUMBER(text, diagnostics.errors, 0);
	if (change != NULL)
		change(&rules);
	CHECK_NUMBER(text, af_compile_write(&rules, &stamp, &out->image), AFENCE_OK);
	CHECK_NUMBER(text,
		af_policy_borrow("test", out->image.bytes, out->image.length, &out->policy),
		AFENCE_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out->policy);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
}

static void end_policy(struct compiled_policy *compiled)
{
	af_policy_free(compiled->policy);
	free(compiled->image.bytes);
}

#define CASE_PEERS 2
#define BY_CLOCK   (-1) /* no date is asked for */

struct row_case {
	const char *service;
	const char *identity[2];
	const char *host;
	uint16_t port;
	const char *given;            /* the peer that the host handed over */
	const char *peer[CASE_PEERS]; /* connections of the process */
	time_t now;                   /* 0: CREATED */
	const char *want;             /* "verdict reason rule" */
	unsigned questions;
};

static size_t find_case_peers(void *context, struct af_peer *out, size_t room)
{
	const struct row_case *row = context;
	size_t count = 0;

	CU_ASSERT_FATAL(room >= CASE_PEERS);
	for (; count < CASE_PEERS && row->peer[count] != NULL; count++) {
		out[count] = (struct af_peer){.port = 993};
		CU_ASSERT(af_address_parse(
			row->peer[count], strlen(row->peer[count]), &out[count].address));
	}
	return count;
}

static void set_request(
	const struct row_case *row, struct af_resolver *resolver, struct af_request *request)
{
	memset(request, 0, sizeof(*request));
	request->service = row->service;
	for (size_t i = 0; i < 2 && row->identity[i] != NULL; i++)
		request->login[request->login_count++] = (struct af_login){
			row->identity[i], strlen(row->identity[i]), AFENCE_FORM_AUTO};
	request->host = row->host;
	request->port = row->port;
	request->has_peer = row->given != NULL;
	if (row->given != NULL)
		CU_ASSERT(af_address_parse(row->given, strlen(row->given), &request->peer.address));
	request->find_peers = find_case_peers;
	request->find_peers_context = (void *)(uintptr_t)row;
	request->resolver = resolver;
	request->now = row->now == BY_CLOCK ? 0 : row->now == 0 ? CREATED : row->now;
}

static const char *describe(const struct af_decision *decision, char *got, size_t room)
{
	snprintf(got, room, "%s %s %s", af_verdict_string(decision->verdict),
		af_reason_string(decision->reason),
		decision->rule.name ? decision->rule.name : "-");
	return got;
}

static void check_cases(const struct af_policy *policy, const struct row_case *rows, size_t count)
{
	struct af_request request;
	struct af_decision decision;
	struct fake_resolver fake;
	char name[300], got[200];

	for (size_t i = 0; i < count; i++) {
		fake_resolver_start(&fake);
		set_request(&rows[i], &fake.resolver, &request);
		af_decide(policy, &request, &decision);
		snprintf(name, sizeof(name), "row %zu: %s: %s, %s to %s", i,
			rows[i].service ? rows[i].service : "-", rows[i].identity[0],
			rows[i].identity[1] ? rows[i].identity[1] : "-",
			rows[i].host ? rows[i].host : "(none)");
		CHECK_STRING(name, describe(&decision, got, sizeof(got)), rows[i].want);
		CHECK_NUMBER(name, fake.questions, rows[i].questions);
	}
}

static void check_text(
	const char *text, change_rules *change, const struct row_case *rows, size_t count)
{
	struct compiled_policy compiled;

	start_policy(text, change, CREATED, &compiled);
	check_cases(compiled.policy, rows, count);
	end_policy(&compiled);
}

#define CHECK_CASES(text, change, rows) \
	check_text((text), (change), (rows), sizeof(rows) / sizeof((rows)[0]))

#define EXTERNAL(rule) "block reserved-identity-external-target " rule
#define UNKNOWN(rule)  "block reserved-identity-unknown-target " rule
#define BUILTIN        "builtin:documentation"
#define LAB            "allow exception exception:lab"
#define FREE           "allow ordinary-identity -"

/* R7, R4 */
static void test_exception(void)
{
	static const char text[] =
		"policy 1; reserve \"dev.acme.internal\";"
		"exception lab { identity \"*@example.com\", \"qa@dev.acme.internal\";"
		" target \"far.net\"; port 993; service imap, pop3;" WHY EXPIRY;
	static const struct row_case rows[] = {
		{"imap", {"a@example.com"}, "far.net", 993, .want = LAB, .questions = 1},
		{"IMAP", {"a@EXAMPLE.com"}, "FAR.net.", 993, .want = LAB, .questions = 1},
		{"pop3", {"a@example.com"}, "far.net", 993, .want = LAB, .questions = 1},
		{"pop", {"a@example.com"}, "far.net", 993, .want = LAB, .questions = 1},
		{"smtp", {"a@example.com"}, "far.net", 993, .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{NULL, {"a@example.com"}, "far.net", 993, .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"imap", {"a@example.com"}, "far.net", 143, .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"imap", {"a@example.com"}, "far.net", 0, .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"imap", {"a@example.com"}, "far.net", 0, NULL, {"198.51.99.7"}, .want = LAB},
		{"imap", {"a@x.example.com"}, "far.net", 993, .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"imap", {"a@example.com"}, "mixed.net", 993, .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"imap", {"a@example.com"}, "x.far.net", 993, .want = UNKNOWN(BUILTIN),
			.questions = 1},
		/* local parts, byte for byte */
		{"imap", {"qa@dev.acme.internal"}, "far.net", 993, .want = LAB, .questions = 1},
		{"imap", {"QA@dev.acme.internal"}, "far.net", 993,
			.want = EXTERNAL("reserve:dev.acme.internal"), .questions = 1},
		{"imap", {"qa+x@dev.acme.internal"}, "far.net", 993,
			.want = EXTERNAL("reserve:dev.acme.internal"), .questions = 1},
		{"imap", {"\"qa\"@dev.acme.internal"}, "far.net", 993,
			.want = EXTERNAL("reserve:dev.acme.internal"), .questions = 1},
		/* no DN and no damage slips through */
		{"imap", {"uid=a,dc=example,dc=com"}, "far.net", 993, .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"imap", {"mail=a@example.com,o=x"}, "far.net", 993, .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"imap", {"a@example.com\001"}, "far.net", 993, .want = EXTERNAL(BUILTIN),
			.questions = 1},
		/* each identity by itself */
		{"imap", {"a@example.com", "b@x.test"}, "far.net", 993,
			.want = EXTERNAL("builtin:testing"), .questions = 1},
		{"imap", {"b@x.test", "a@example.com"}, "far.net", 993,
			.want = EXTERNAL("builtin:testing"), .questions = 1},
		{"imap", {"a@corp.net", "a@example.com"}, "far.net", 993, .want = LAB,
			.questions = 1},
		{"imap", {"a@corp.net"}, "far.net", 993, .want = FREE},
		/* SOCKS: the name is meant */
		{"imap", {"a@example.com"}, "far.net", 993, "127.0.0.1", .want = LAB,
			.questions = 1},
		{"imap", {"a@example.com"}, "near.net", 993, .want = "allow target-internal -",
			.questions = 1},
		/* the last second */
		{"imap", {"a@example.com"}, "far.net", 993, .now = LAST, .want = LAB,
			.questions = 1},
		{"imap", {"a@example.com"}, "far.net", 993, .now = LAST + 1,
			.want = EXTERNAL(BUILTIN), .questions = 1},
		{"imap", {"a@example.com"}, "far.net", 993, .now = 1, .want = LAB, .questions = 1},
	};

	CHECK_CASES(text, NULL, rows);
}

static time_t tomorrow;

static void end_tomorrow(struct af_rules *rules)
{
	rules->clause.row[0].expires = tomorrow;
}

/* R7: an image that was made after the day of expiry knows better than a clock that runs behind. */
static void test_clock_behind(void)
{
	static const char text[] = "policy 1; exception lab { identity \"*@example.com\";"
				   " target \"far.net\";" WHY EXPIRY;
	struct row_case row = {
		"imap", {"a@example.com"}, "far.net", .now = BY_CLOCK, .want = LAB, .questions = 1};
	struct compiled_policy compiled;

	tomorrow = time(NULL) + 86400;
	start_policy(text, end_tomorrow, tomorrow, &compiled);
	check_cases(compiled.policy, &row, 1);
	end_policy(&compiled);
	start_policy(text, end_tomorrow, tomorrow + 1, &compiled);
	row.now = tomorrow;
	check_cases(compiled.policy, &row, 1);
	row.now = BY_CLOCK;
	row.want = EXTERNAL(BUILTIN);
	check_cases(compiled.policy, &row, 1);
	end_policy(&compiled);
}

/* Names from the far side (R6a), and networks. */
static void test_places(void)
{
	static const char text[] =
		"policy 1;"
		"exception lab { identity \"*@example.com\"; target \"far.net\", \"*.far.net\";" WHY
			EXPIRY "exception net { identity \"*@example.org\";"
		" target 198.51.99.0/24, 2606:4700::/32;" WHY EXPIRY
		"exception v4 { identity \"*@example.net\"; target 198.51.99.0/24;" WHY EXPIRY;
	static const struct row_case rows[] = {
		{"imap", {"a@example.com"}, "a.far.net", .want = LAB, .questions = 1},
		{"ldap", {"a@example.com"}, "far.net", 389, "198.51.99.7", .want = LAB,
			.questions = 1},
		{"ldap", {"a@example.com"}, "far.net", 389, "8.8.8.8", .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"xmpp", {"a@example.com"}, "far.net", 389, "8.8.8.8", .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"ldap", {"a@example.com"}, "far.net", .want = UNKNOWN(BUILTIN), .questions = 1},
		{"ldap", {"a@example.com"}, "a.far.net", 389, "8.8.8.8", .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"ldap", {"a@example.com"}, "far.net", .peer = {"198.51.99.7", "8.8.8.8"},
			.want = EXTERNAL(BUILTIN), .questions = 1},
		{"imap", {"a@example.com"}, "198.51.99.7", .want = EXTERNAL(BUILTIN)},
		/* networks: a name by its peer, or by all of its addresses */
		{"imap", {"a@example.org"}, "198.51.99.7", .want = "allow exception exception:net"},
		{"imap", {"a@example.org"}, "198.51.98.7", .want = EXTERNAL(BUILTIN)},
		{"imap", {"a@example.org"}, "198.51.99.7", 0, "8.8.8.8", .want = EXTERNAL(BUILTIN)},
		{"imap", {"a@example.net"}, "far.net", .want = EXTERNAL(BUILTIN), .questions = 1},
		{"imap", {"a@example.net"}, "half-far.net", .want = EXTERNAL(BUILTIN),
			.questions = 1},
		{"imap", {"a@example.net"}, "far.net", 0, "198.51.99.7",
			.want = "allow exception exception:v4"},
		{"imap", {"a@example.net"}, "far.net", 0, "8.8.8.8", .want = EXTERNAL(BUILTIN)},
		{"imap", {"a@example.net"}, "far.net", .peer = {"8.8.8.8", "198.51.99.7"},
			.want = "allow exception exception:v4", .questions = 1},
		{"imap", {"a@example.net"}, "unheard.net", .peer = {"8.8.8.8", "198.51.99.7"},
			.want = EXTERNAL(BUILTIN), .questions = 1},
		{"imap", {"a@example.net"}, "unheard.net", .peer = {"198.51.99.8", "198.51.99.7"},
			.want = "allow exception exception:v4", .questions = 1},
		{"imap", {"a@example.net"}, NULL, .peer = {"198.51.99.7"},
			.want = "allow exception exception:v4"},
		{"imap", {"a@example.net"}, "no such", .peer = {"198.51.99.7"},
			.want = EXTERNAL(BUILTIN)},
		{"ldap", {"a@example.net"}, "198.51.99.7", .want = UNKNOWN(BUILTIN)},
	};

	CHECK_CASES(text, NULL, rows);
}

#define OTHER(name)  "block protected-identity-other-target protect:" name
#define LISTED(name) "allow protected-target protect:" name

/* R8 */
static void test_protect(void)
{
	static const char text[] =
		"policy 1; service smtp { unknown allow; } reserve \"both.acme.internal\";"
		"protect fin { identity \"*@fin.acme.internal\"; target \"near.net\", \".relay.net\","
		" 10.9.0.0/16;" WHY "}"
		"protect two { identity \"*@*.fin.acme.internal\", \"*@fin.acme.internal\";"
		" target \"near.net\", \"half.net\";" WHY "}"
		"protect boss { identity \"Boss@corp.net\"; target \"near.net\";" WHY "}"
		"protect both { identity \"*@both.acme.internal\"; target \"near.net\", \"far.net\";" WHY
		"}"
		"exception lab { identity \"x@fin.acme.internal\"; target \"far.net\";" WHY EXPIRY;
	static const struct row_case rows[] = {
		/* every protect must list the target */
		{"smtp", {"a@fin.acme.internal"}, "near.net", .want = LISTED("fin"),
			.questions = 1},
		{"smtp", {"a@fin.acme.internal"}, "x.relay.net", .want = OTHER("two"),
			.questions = 1},
		{"smtp", {"a@fin.acme.internal"}, "half.net", .want = OTHER("fin"), .questions = 1},
		{"smtp", {"a@x.fin.acme.internal"}, "half.net", .want = LISTED("two"),
			.questions = 1},
		/* near ones too */
		{"smtp", {"a@fin.acme.internal"}, "127.0.0.1", .want = OTHER("fin")},
		{"smtp", {"a@fin.acme.internal"}, "10.9.1.1", .want = OTHER("two")},
		{"smtp", {"a@fin.acme.internal"}, NULL, .want = OTHER("fin")},
		{"smtp", {"a@fin.acme.internal"}, "unheard.net", .want = OTHER("fin"),
			.questions = 1},
		/* other forms of the domain */
		{"ldap", {"uid=a,dc=fin,dc=acme,dc=internal"}, "far.net", .want = OTHER("fin")},
		{"ldap", {"a/admin@FIN.ACME.INTERNAL"}, "far.net", .want = OTHER("fin")},
		{"ldap", {"uid=a,dc=corp,dc=net"}, "far.net", .want = OTHER("boss")},
		/* spellings of a local part */
		{"smtp", {"boss@corp.net"}, "far.net", .want = OTHER("boss"), .questions = 1},
		{"smtp", {"BOSS+x@corp.net"}, "far.net", .want = OTHER("boss"), .questions = 1},
		{"smtp", {"boss/admin@corp.net"}, "far.net", .want = OTHER("boss"), .questions = 1},
		{"smtp", {"\"b\\oss\"@corp.net"}, "far.net", .want = OTHER("boss"), .questions = 1},
		{"smtp", {"\"boss+x\"@corp.net"}, "far.net", .want = OTHER("boss"), .questions = 1},
		{"smtp", {"boss (the (big) one)@corp.net"}, "far.net", .want = OTHER("boss"),
			.questions = 1},
		{"smtp", {"boss@corp.net"}, "near.net", .want = LISTED("boss"), .questions = 1},
		{"smtp", {"bos@corp.net"}, "far.net", .want = FREE},
		{"smtp", {"bossy@corp.net"}, "far.net", .want = FREE},
		{"smtp", {"\"boss \"@corp.net"}, "far.net", .want = FREE},
		{"smtp", {"boss@x.corp.net"}, "far.net", .want = FREE},
		/* R2 and R8 apart */
		{"smtp", {"a@both.acme.internal"}, "near.net", .want = LISTED("both"),
			.questions = 1},
		{"smtp", {"a@both.acme.internal"}, "far.net",
			.want = EXTERNAL("reserve:both.acme.internal"), .questions = 1},
		{"smtp", {"a@both.acme.internal"}, "loop.net", .want = OTHER("both"),
			.questions = 1},
		{"smtp", {"a@both.acme.internal"}, "8.8.8.8",
			.want = EXTERNAL("reserve:both.acme.internal")},
		{"smtp", {"a@both.acme.internal"}, "unheard.net", .want = OTHER("both"),
			.questions = 1},
		/* exceptions lift R8 too */
		{"smtp", {"x@fin.acme.internal"}, "far.net", .want = LAB, .questions = 1},
		{"smtp", {"x@fin.acme.internal", "a@fin.acme.internal"}, "far.net",
			.want = OTHER("fin"), .questions = 1},
	};

	CHECK_CASES(text, NULL, rows);
}

/* R12 */
static void test_services(void)
{
	static const char text[] = "policy 1; mode enforce;"
				   "service ldap { mode observe; }"
				   "service pop3 { mode off; }"
				   "service svn { unknown allow; }"
				   "service smtp { resolve off; on-block refuse; }";
	static const struct row_case rows[] = {
		{"imap", {"a@example.com"}, "8.8.8.8", .want = EXTERNAL(BUILTIN)},
		{NULL, {"a@example.com"}, "8.8.8.8", .want = EXTERNAL(BUILTIN)},
		{"ldap", {"a@example.com"}, "8.8.8.8", 0, "8.8.8.8",
			.want = "observe reserved-identity-external-target " BUILTIN},
		{"pop", {"a@example.com"}, "8.8.8.8", .want = "allow mode-off -"},
		{"pop3", {"a@example.com"}, "8.8.8.8", .want = "allow mode-off -"},
		{"svn", {"a@example.com"}, "unheard.net", .want = "allow target-unknown -",
			.questions = 1},
		{"imap", {"a@example.com"}, "unheard.net", .want = UNKNOWN(BUILTIN),
			.questions = 1},
		{"submission", {"a@example.com"}, "near.net", .want = UNKNOWN(BUILTIN)},
	};

	CHECK_CASES(text, NULL, rows);
}

static void end_mode(struct af_rules *rules)
{
	rules->settings.mode_until = LAST;
	rules->settings.mode_after = AFENCE_MODE_ENFORCE;
}

static void test_mode_with_end(void)
{
	static const struct row_case rows[] = {
		{"imap", {"a@example.com"}, "8.8.8.8", .now = LAST - 1, .want = "allow mode-off -"},
		{"imap", {"a@example.com"}, "8.8.8.8", .now = LAST, .want = EXTERNAL(BUILTIN)},
		{"imap", {"a@example.com"}, "8.8.8.8", .want = "allow mode-off -"},
		{"ldap", {"a@example.com"}, "8.8.8.8", 0, "8.8.8.8", .now = LAST,
			.want = "observe reserved-identity-external-target " BUILTIN},
	};

	CHECK_CASES("policy 1; mode off; service ldap { mode observe; }", end_mode, rows);
}

/* What the host itself is told replaces both the global word and that of the service. */
static void test_host_settings(void)
{
	static const struct row_case row = {.service = "ldap", .identity = {"a@example.com"}};
	struct compiled_policy compiled;
	struct af_decision decision;
	struct af_request request;
	char got[200];

	start_policy("policy 1; mode off; service ldap { mode observe; unknown allow; }", NULL,
		CREATED, &compiled);
	set_request(&row, NULL, &request);
	af_decide(compiled.policy, &request, &decision);
	CHECK_STRING("service", describe(&decision, got, sizeof(got)), "allow target-unknown -");
	request.has_mode = request.has_unknown = true;
	request.mode = AFENCE_MODE_ENFORCE;
	af_decide(compiled.policy, &request, &decision);
	CHECK_STRING("host", describe(&decision, got, sizeof(got)), UNKNOWN(BUILTIN));
	request.no_forwarder = true;
	af_decide(compiled.policy, &request, &decision);
	CHECK_STRING("forwarder", describe(&decision, got, sizeof(got)), "allow no-forwarder -");
	end_policy(&compiled);
}

/* Every rule of line 2 is on trial, those of line 3 are replaced, those of line 4 over. */
static void set_lives(struct af_rules *rules)
{
	static const uint8_t life[] = {AFENCE_LIFE_FULL, AFENCE_LIFE_FULL, AFENCE_LIFE_TRIAL,
		AFENCE_LIFE_REPLACED, AFENCE_LIFE_OVER};

	for (size_t i = 0; i < rules->row_count; i++)
		rules->row[i].life = life[rules->row[i].line];
	for (size_t i = 0; i < rules->clause.count; i++)
		rules->clause.row[i].life = life[rules->clause.row[i].line];
}

static const char trial_text[] =
	"policy 1; reserve \"full.lan\"; internal 198.51.0.0/16, \"far.net\";\n"
	"reserve \"new.lan\", \"x.full.lan\"; external 198.51.99.0/24, \"a.far.net\";"
	" protect p { identity \"*@corp.net\"; target \"near.net\", \"far.net\";" WHY "}\n"
	"protect q { identity \"*@corp.net\"; target \"near.net\", \"mixed.net\";" WHY "}\n"
	"protect r { identity \"*@corp.net\"; target \"none.net\";" WHY "}\n";

static const struct row_case trial_rows[] = {
	{"imap", {"a@x.full.lan"}, "8.8.8.8", .want = EXTERNAL("reserve:full.lan")},
	{"imap", {"a@new.lan"}, "8.8.8.8",
		.want = "observe reserved-identity-external-target reserve:new.lan"},
	{"imap", {"a@new.lan"}, "10.1.2.3", .want = FREE},
	{"imap", {"a@full.lan"}, "198.51.99.7",
		.want = "observe reserved-identity-external-target reserve:full.lan"},
	{"imap", {"a@full.lan"}, "198.51.98.7",
		.want = "allow target-internal internal:198.51.0.0/16"},
	{"imap", {"a@full.lan"}, "a.far.net", .want = UNKNOWN("reserve:full.lan"), .questions = 1},
	{"imap", {"a@corp.net"}, "near.net", .want = LISTED("q"), .questions = 2},
	{"imap", {"a@corp.net"}, "mixed.net",
		.want = "observe protected-identity-other-target protect:p", .questions = 2},
	{"imap", {"a@corp.net"}, "far.net", .want = OTHER("q")},
};

/* The trial view taken by itself, as `expect` takes it. */
static const struct row_case in_trial_rows[] = {
	{"imap", {"a@x.full.lan"}, "8.8.8.8", .want = EXTERNAL("reserve:x.full.lan")},
	{"imap", {"a@new.lan"}, "8.8.8.8", .want = EXTERNAL("reserve:new.lan")},
	{"imap", {"a@full.lan"}, "198.51.99.7", .want = EXTERNAL("reserve:full.lan")},
	{"imap", {"a@full.lan"}, "a.far.net", .want = EXTERNAL("reserve:full.lan")},
	{"imap", {"a@corp.net"}, "far.net", .want = LISTED("p")},
	{"imap", {"a@corp.net"}, "mixed.net", .want = OTHER("p"), .questions = 1},
};

static void test_trial(void)
{
	struct compiled_policy compiled;
	const struct af_policy *trial;

	start_policy(trial_text, set_lives, CREATED, &compiled);
	trial = af_policy_trial(compiled.policy);
	CU_ASSERT_PTR_NOT_NULL_FATAL(trial);
	CU_ASSERT_PTR_NULL(af_policy_trial(trial));
	check_cases(compiled.policy, trial_rows, sizeof(trial_rows) / sizeof(trial_rows[0]));
	check_cases(trial, in_trial_rows, sizeof(in_trial_rows) / sizeof(in_trial_rows[0]));
	end_policy(&compiled);
	start_policy(trial_text, NULL, CREATED, &compiled);
	CU_ASSERT_PTR_NULL(af_policy_trial(compiled.policy));
	end_policy(&compiled);
}

static CU_TestInfo tests[] = {
	{"ordinary identities", test_ordinary},
	{"reserved identities", test_reserved},
	{"reserved, nobody asked", test_reserved_without_question},
	{"no resolver", test_unresolved},
	{"malformed with a reserved name", test_malformed_reserved},
	{"several logins", test_several_logins},
	{"service names", test_service},
	{"exceptions", test_exception},
	{"a clock that runs behind", test_clock_behind},
	{"places", test_places},
	{"protect", test_protect},
	{"settings of services", test_services},
	{"a mode with an end", test_mode_with_end},
	{"settings of the host", test_host_settings},
	{"rules on trial", test_trial},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"decide", NULL, NULL, NULL, NULL, tests};
