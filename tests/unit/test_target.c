/* SPDX-License-Identifier: MIT */
/*
 * R6, R6a and R6b: what peers, names and rows weigh together.  Each row is a scene: a policy, a
 * host, peers; the want is the class, and how many questions and fitting peers there were.
 */
#include "af_decide.h"

#include <stdio.h>
#include <string.h>

#include "compiled.h"
#include "fake_resolver.h"
#include "harness.h"

#define PEERS 3

struct scene {
	const char *service;
	const char *host;
	const char *given;       /* the peer that the host handed over */
	const char *peer[PEERS]; /* connections of the process; "=" before one: its own address */
	const char *want;
	unsigned questions;
	size_t fits;
};

static const char rows_policy[] =
	"policy 1;\n"
	"internal 198.51.99.0/24, 10.20.0.0/16, \"*.corp.lan\", \"far.net\", \".both.net\";\n"
	"external 10.20.30.0/24, 10.99.0.0/16, \"partner.corp.lan\", \"near.net\", \".both.net\";\n"
	"external 127.0.0.9;\n";

static size_t find_peers(void *context, struct af_peer *out, size_t room)
{
	const struct scene *scene = context;
	size_t count = 0;

	CU_ASSERT_FATAL(room >= PEERS);
	for (; count < PEERS && scene->peer[count] != NULL; count++) {
		const char *text = scene->peer[count];

		out[count].own = *text == '=';
		out[count].port = 143;
		text += out[count].own;
		CU_ASSERT(af_address_parse(text, strlen(text), &out[count].address));
	}
	return count;
}

static void describe(const struct scene *scene, char *name, size_t room)
{
	snprintf(name, room, "%s host=%s given=%s peers=%s,%s,%s",
		scene->service ? scene->service : "-", scene->host ? scene->host : "-",
		scene->given ? scene->given : "-", scene->peer[0] ? scene->peer[0] : "-",
		scene->peer[1] ? scene->peer[1] : "-", scene->peer[2] ? scene->peer[2] : "-");
}

static void judge(const struct af_policy *policy, const struct scene *scenes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct scene *scene = &scenes[i];
		struct af_request request = {.stack = AFENCE_STACK_SASL, .login_count = 1};
		struct af_decision decision;
		struct fake_resolver fake;
		char name[200];

		fake_resolver_start(&fake);
		describe(scene, name, sizeof(name));
		request.service = scene->service;
		request.login[0] = (struct af_login){"a@example.com", 13, AFENCE_FORM_AUTO};
		request.host = scene->host;
		request.has_peer = scene->given != NULL;
		if (scene->given != NULL)
			CU_ASSERT(af_address_parse(
				scene->given, strlen(scene->given), &request.peer.address));
		request.find_peers = find_peers;
		request.find_peers_context = (void *)(uintptr_t)scene;
		request.resolver = &fake.resolver;
		af_decide(policy, &request, &decision);
		CHECK_STRING(name, af_target_class_string(decision.target.class), scene->want);
		CHECK_NUMBER(name, fake.questions, scene->questions);
		CHECK_NUMBER(name, decision.target.fit_count, scene->fits);
	}
}

#define JUDGE(policy, scenes) judge((policy), (scenes), sizeof(scenes) / sizeof((scenes)[0]))

/* far.net is 198.51.99.7 and 2606:4700::1, near.net 10.1.2.3 and fd00::3. */
static void test_builtin(void)
{
	static const struct scene scenes[] = {
		/* a peer handed over */
		{"imap", "near.net", "10.1.2.3", {NULL}, "internal", 1, 0},
		{"imap", "near.net", "8.8.8.8", {NULL}, "external", 0, 0},
		{"imap", "far.net", "127.0.0.1", {NULL}, "external", 1, 0}, /* a tunnel */
		{"imap", "half.net", "127.0.0.1", {NULL}, "unknown", 1, 0},
		{"imap", NULL, "127.0.0.1", {NULL}, "local", 0, 0},
		{"imap", "localhost", "127.0.0.1", {NULL}, "local", 0, 0},
		{"imap", "127.0.0.1", "127.0.0.1", {NULL}, "local", 0, 0},
		{"imap", "8.8.8.8", "127.0.0.1", {NULL}, "external", 0, 0},
		{"imap", "no such", "127.0.0.1", {NULL}, "unknown", 0, 0},
		/* connections of the process: one that fits */
		{"imap", "near.net", NULL, {"10.1.2.3"}, "internal", 1, 1},
		{"imap", "near.net", NULL, {"8.8.8.8", "10.1.2.3"}, "internal", 1, 1},
		{"imap", "loop.net", NULL, {"8.8.8.8", "127.0.0.1"}, "local", 1, 1},
		{"imap", "10.1.2.3", NULL, {"8.8.8.8", "10.1.2.3"}, "internal", 0, 1},
		{"imap", "localhost", NULL, {"8.8.8.8", "::1"}, "local", 0, 1},
		{"imap", "far.net", NULL, {"10.1.2.3", "198.51.99.7"}, "external", 1, 1},
		/* two that fit */
		{"imap", "near.net", NULL, {"10.1.2.3", "fd00::3", "8.8.8.8"}, "internal", 1, 2},
		/* none fits: all are evidence, and only make it worse */
		{"imap", "near.net", NULL, {"8.8.8.8"}, "external", 0, 0},
		{"imap", "near.net", NULL, {"127.0.0.1"}, "internal", 1, 0},
		{"imap", "far.net", NULL, {"127.0.0.1"}, "external", 1, 0},
		{"imap", "none.net", NULL, {"127.0.0.1"}, "unknown", 1, 0},
		/* no connection, no name */
		{"imap", "near.net", NULL, {NULL}, "internal", 1, 0},
		{"imap", NULL, NULL, {"10.1.2.3", "127.0.0.1"}, "internal", 0, 0},
		{"imap", NULL, NULL, {"10.1.2.3", "8.8.8.8"}, "external", 0, 0},
		{"imap", NULL, NULL, {NULL}, "unknown", 0, 0},
		/* the machine talks to itself by its public address */
		{"imap", NULL, NULL, {"=198.51.99.7"}, "local", 0, 0},
		{"imap", "198.51.99.7", NULL, {"=198.51.99.7"}, "local", 0, 1},
		{"imap", "far.net", NULL, {"=198.51.99.7"}, "external", 1, 1},
	};

	JUDGE(af_policy_builtin(), scenes);
}

/* R6a: the name of an LDAP or XMPP server may be a lie. */
static void test_unverified(void)
{
	static const struct scene scenes[] = {
		{"ldap", "localhost", "8.8.8.8", {NULL}, "external", 0, 0},
		{"ldap", "far.net", "10.1.2.3", {NULL}, "internal", 0, 0},
		{"xmpp", "far.net", "127.0.0.1", {NULL}, "local", 0, 0},
		{"ldap", "localhost", NULL, {"8.8.8.8"}, "external", 0, 0},
		{"ldap", "near.net", NULL, {"10.1.2.3"}, "internal", 0, 0},
		{"ldap", "near.net", NULL, {NULL}, "unknown", 0, 0},
		{"ldap", "127.0.0.1", NULL, {NULL}, "unknown", 0, 0},
		/* a lie must not pick the nearer connection, neither to judge nor to cut */
		{"ldap", "localhost", NULL, {"8.8.8.8", "127.0.0.1"}, "external", 0, 0},
		{"ldap", "near.net", NULL, {"8.8.8.8", "10.1.2.3"}, "external", 1, 0},
		{"ldap", "far.net", NULL, {"198.51.99.7", "10.1.2.3"}, "external", 1, 1},
	};

	JUDGE(af_policy_builtin(), scenes);
}

static void test_rows(void)
{
	static const struct scene scenes[] = {
		/* addresses: the longest row, over the built-in blocks too */
		{"imap", "10.20.1.1", NULL, {NULL}, "internal", 0, 0},
		{"imap", "10.20.30.1", NULL, {NULL}, "external", 0, 0},
		{"imap", "10.99.1.1", NULL, {NULL}, "external", 0, 0},
		{"imap", "127.0.0.9", NULL, {NULL}, "external", 0, 0},
		{"imap", "198.51.99.1", NULL, {NULL}, "internal", 0, 0},
		{"imap", "64:ff9b::198.51.99.1", NULL, {NULL}, "internal", 0, 0},
		{"imap", "2002:a63:101::", NULL, {NULL}, "external", 0, 0},
		{"imap", "2002:a62:101::", NULL, {NULL}, "internal", 0, 0},
		{"imap", NULL, NULL, {"=127.0.0.9"}, "external", 0, 0},
		/* names: no DNS; same length: external */
		{"imap", "mx.corp.lan", NULL, {NULL}, "internal", 0, 0},
		{"imap", "partner.corp.lan", NULL, {NULL}, "external", 0, 0},
		{"imap", "x.partner.corp.lan", NULL, {NULL}, "internal", 0, 0},
		{"imap", "near.net", NULL, {NULL}, "external", 0, 0},
		{"imap", "far.net", NULL, {NULL}, "internal", 0, 0},
		{"imap", "both.net", NULL, {NULL}, "external", 0, 0},
		{"imap", "far.net", "8.8.8.8", {NULL}, "internal", 0, 0},
		{"imap", "far.net", NULL, {"8.8.8.8"}, "internal", 0, 0},
		/* unless an external row hits the peer */
		{"imap", "far.net", "10.99.0.1", {NULL}, "external", 1, 0},
		{"imap", "far.net", NULL, {"10.99.0.1"}, "external", 1, 0},
		{"imap", "far.net", NULL, {"10.99.0.1", "198.51.99.7"}, "internal", 1, 1},
		/* R6a: an internal row counts if the name resolves to the peer */
		{"ldap", "far.net", "198.51.99.7", {NULL}, "internal", 1, 0},
		{"ldap", "far.net", NULL, {"2606:4700::1"}, "internal", 1, 0},
		{"ldap", "far.net", NULL, {"8.8.8.8"}, "external", 1, 0},
		{"ldap", "mx.corp.lan", NULL, {"8.8.8.8"}, "external", 1, 0},
		{"ldap", "near.net", NULL, {"10.1.2.3"}, "external", 0, 0},
		{"ldap", "far.net", NULL, {NULL}, "unknown", 0, 0},
	};
	struct af_policy *policy = load_policy(rows_policy);

	JUDGE(policy, scenes);
	af_policy_free(policy);
}

static void decide(const char *text, const char *identity, struct af_decision *out)
{
	static const struct scene none = {.host = "8.8.8.8"};
	struct af_policy *policy = load_policy(text);
	struct af_request request = {.stack = AFENCE_STACK_SASL, .host = none.host};

	request.login[0] = (struct af_login){identity, strlen(identity), AFENCE_FORM_AUTO};
	request.login_count = 1;
	af_decide(policy, &request, out);
	af_policy_free(policy);
}

/* R12, R3: each setting flipped once and seen in the verdict. */
static void test_settings(void)
{
	static const struct {
		const char *policy, *identity, *want;
	} rows[] = {
		{"policy 1;", "a@example.com", "block reserved-identity-external-target"},
		{"policy 1; mode enforce;", "a@example.com",
			"block reserved-identity-external-target"},
		{"policy 1; mode observe;", "a@example.com",
			"observe reserved-identity-external-target"},
		{"policy 1; mode observe;", "a@corp.net", "allow ordinary-identity"},
		{"policy 1; mode off;", "a@example.com", "allow mode-off"},
		{"policy 1; reserve \"corp.net\";", "a@corp.net",
			"block reserved-identity-external-target"},
		{"policy 1; reserve \"corp.net\";", "a@x.corp.net",
			"block reserved-identity-external-target"},
		{"policy 1; reserve \"corp.net\";", "a@xcorp.net", "allow ordinary-identity"},
		{"policy 1; reserve \"corp.net\";", "a@corp.net\001",
			"block reserved-identity-external-target"},
		{"policy 1; reserve \"internal\";", "a@x.internal",
			"block reserved-identity-external-target"},
		{"policy 1;", "a@x.internal", "allow ordinary-identity"},
		{"policy 1; internal 8.0.0.0/8;", "a@example.com", "allow target-internal"},
	};
	struct af_decision decision;
	char got[100], name[200];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		decide(rows[i].policy, rows[i].identity, &decision);
		snprintf(name, sizeof(name), "%s %s", rows[i].policy, rows[i].identity);
		snprintf(got, sizeof(got), "%s %s", af_verdict_string(decision.verdict),
			af_reason_string(decision.reason));
		CHECK_STRING(name, got, rows[i].want);
	}
}

/* More connections than are looked at: nobody knows what the others are. */
static size_t find_too_many(void *context, struct af_peer *out, size_t room)
{
	(void)context;
	for (size_t i = 0; i < room; i++) {
		out[i] = (struct af_peer){.own = false};
		CU_ASSERT(af_address_parse("10.1.2.3", 8, &out[i].address));
	}
	return room + 1;
}

static void test_too_many_peers(void)
{
	struct af_request request = {.stack = AFENCE_STACK_SASL, .login_count = 1};
	struct af_decision decision;

	request.login[0] = (struct af_login){"a@example.com", 13, AFENCE_FORM_AUTO};
	request.find_peers = find_too_many;
	af_decide(af_policy_builtin(), &request, &decision);
	CHECK_STRING("class", af_target_class_string(decision.target.class), "unknown");
}

/* The log names the port that the host said, else the one that the evidence shows. */
static void test_port(void)
{
	static const struct scene scene = {.peer = {"8.8.8.8"}};
	struct af_request request = {.stack = AFENCE_STACK_SASL, .login_count = 1};
	struct af_decision decision;

	request.login[0] = (struct af_login){"a@example.com", 13, AFENCE_FORM_AUTO};
	request.find_peers = find_peers;
	request.find_peers_context = (void *)(uintptr_t)&scene;
	af_decide(af_policy_builtin(), &request, &decision);
	CHECK_NUMBER("the peer's", decision.target.port, 143);
	request.port = 993;
	af_decide(af_policy_builtin(), &request, &decision);
	CHECK_NUMBER("as said", decision.target.port, 993);
}

static void test_glance(void)
{
	static const struct {
		const char *host, *want;
	} rows[] = {{"10.1.2.3", "internal"}, {"8.8.8.8", "external"}, {"localhost", "local"},
		{"far.net", "unknown"}, {NULL, "unknown"}};
	struct af_request request = {.stack = AFENCE_STACK_SASL};
	struct af_target target;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request.host = rows[i].host;
		af_target_glance(af_policy_builtin(), &request, &target);
		CHECK_STRING(rows[i].host ? rows[i].host : "(none)",
			af_target_class_string(target.class), rows[i].want);
	}
}

static CU_TestInfo tests[] = {
	{"built-in policy", test_builtin},
	{"unverified names", test_unverified},
	{"policy rows", test_rows},
	{"settings", test_settings},
	{"too many peers", test_too_many_peers},
	{"port", test_port},
	{"at a glance", test_glance},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"target", NULL, NULL, NULL, NULL, tests};
