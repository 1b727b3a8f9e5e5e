/* SPDX-License-Identifier: MIT */
/* Escaping, the log line and the sentence. */
#include "af_report.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

static void test_escape(void)
{
	static const struct {
		const char *name, *text;
		size_t len;
		const char *want;
	} rows[] = {
		{"plain", "alice@example.com", 17, "alice@example.com"},
		{"empty", "", 0, ""},
		{"newline", "a\nb", 3, "a\\x0ab"},
		{"nul", "a\0b", 3, "a\\x00b"},
		{"escape", "\033[2J", 4, "\\x1b[2J"},
		{"quote", "a\"b\\c", 5, "a\\\"b\\\\c"},
		{"umlaut", "b\303\274cher", 7, "b\303\274cher"},
		{"c1 control", "\302\205", 2, "\\xc2\\x85"},
		{"bidi override", "\342\200\256x", 4, "\\xe2\\x80\\xaex"},
		{"overlong slash", "\300\257", 2, "\\xc0\\xaf"},
		{"surrogate", "\355\240\200", 3, "\\xed\\xa0\\x80"},
		{"half a character", "\303", 1, "\\xc3"},
	};
	char out[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_STRING(rows[i].name, af_escape(rows[i].text, rows[i].len, out, sizeof(out)),
			rows[i].want);
}

static void test_escape_cuts(void)
{
	char out[9];

	CHECK_STRING("fits", af_escape("12345678", 8, out, sizeof(out)), "12345678");
	CHECK_STRING("cut", af_escape("123456789", 9, out, sizeof(out)), "12345...");
	CHECK_STRING("no half escape", af_escape("12\n\n\n", 5, out, sizeof(out)), "12...");
	CHECK_STRING("no half character", af_escape("1234\303\274\303\274", 8, out, sizeof(out)),
		"1234\303\274\303\274");
}

/* A decision as af_decide() leaves it for a block under the built-in policy. */
static void make_block(struct af_request *request, struct af_decision *decision, const char *login,
	const char *host)
{
	memset(request, 0, sizeof(*request));
	memset(decision, 0, sizeof(*decision));
	request->stack = AFENCE_STACK_SASL;
	request->login[0] = (struct af_login){login, strlen(login), AFENCE_FORM_AUTO};
	request->login_count = 1;
	request->host = host;
	decision->target.port = 465;
	decision->policy = af_policy_builtin();
	decision->verdict = AFENCE_BLOCK;
	decision->reason = AFENCE_REASON_RESERVED_EXTERNAL;
	decision->service = "smtp";
	af_domain_parse("example.com", 11, &decision->domain);
	af_policy_judge_domain(decision->policy, &decision->domain, &decision->fact);
	decision->rule = decision->fact.rule;
	decision->target.class = AFENCE_TARGET_EXTERNAL;
	decision->target.has_address =
		af_address_parse("203.0.114.7", 11, &decision->target.address);
}

static void test_line(void)
{
	struct af_request request;
	struct af_decision decision;
	char line[AFENCE_LINE_MAX];

	make_block(&request, &decision, "alice@example.com", "smtpgms.jnet.sei.co.jp");
	CHECK_STRING("block", af_report_line(&request, &decision, 1, 0, line),
		"verdict=block reason=reserved-identity-external-target stack=sasl service=smtp "
		"identity=alice@example.com domain=example.com class=documentation "
		"target=smtpgms.jnet.sei.co.jp port=465 address=203.0.114.7 "
		"rule=builtin:documentation generation=0 cut=yes");
	make_block(&request, &decision, "eve \" verdict=allow\n@example.com", NULL);
	decision.target.port = 0;
	decision.service = NULL;
	decision.malformed = true;
	CHECK_STRING("hostile", af_report_line(&request, &decision, -1, 7, line),
		"verdict=block reason=reserved-identity-external-target stack=sasl "
		"identity=\"eve \\\" verdict=allow\\x0a@example.com\" domain=example.com "
		"class=documentation malformed=yes address=203.0.114.7 "
		"rule=builtin:documentation generation=0 suppressed=7");
}

/* Whatever is cut, every key is there and the line ends whole. */
static void test_long_values(void)
{
	static char login[70000], host[70000];
	struct af_request request;
	struct af_decision decision;
	char line[AFENCE_LINE_MAX], sentence[AFENCE_SENTENCE_MAX];

	memset(login, '\001', sizeof(login) - 1);
	memset(host, '"', sizeof(host) - 1);
	make_block(&request, &decision, login, host);
	decision.service = host;
	request.module = request.why = login;
	decision.rule.name = host;
	af_report_line(&request, &decision, 0, 4294967295U, line);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "...\" domain=example.com"));
	CU_ASSERT_PTR_NOT_NULL(strstr(line, " module=\"\\x01"));
	CU_ASSERT_PTR_NOT_NULL(strstr(line, " why=\"\\x01"));
	CU_ASSERT_PTR_NOT_NULL(strstr(line, " cut=no suppressed=4294967295"));
	af_report_sentence(&request, &decision, sentence);
	CU_ASSERT_PTR_NOT_NULL(strstr(sentence, "external"));
	CU_ASSERT_PTR_NULL(strchr(sentence, '\001'));
}

static void test_sentence(void)
{
	struct af_request request;
	struct af_decision decision;
	char text[AFENCE_SENTENCE_MAX];

	make_block(&request, &decision, "alice@example.com", "imap.corp.net");
	CHECK_STRING("named", af_report_sentence(&request, &decision, text),
		"authfence: the password of alice@example.com was not sent to imap.corp.net: its "
		"domain is reserved, so no such account can exist (rule builtin:documentation), and "
		"that server is external");
	request.host = NULL;
	decision.target.class = AFENCE_TARGET_UNKNOWN;
	decision.reason = AFENCE_REASON_RESERVED_UNKNOWN;
	af_report_sentence(&request, &decision, text);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "not sent to 203.0.114.7:"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "not known to be internal"));
}

/* Makes it what a protect refuses. */
static void protect(struct af_decision *decision)
{
	decision->reason = AFENCE_REASON_PROTECTED_OTHER;
	decision->rule = (struct af_rule){"protect:finance", "a.policy", 7};
	af_domain_parse("finance.corp.lan", 16, &decision->domain);
	decision->fact.known = NULL;
}

/* What a module of PAM would do, where that is not known. */
static void test_module(void)
{
	struct af_request request;
	struct af_decision decision;
	char line[AFENCE_LINE_MAX], sentence[AFENCE_SENTENCE_MAX];

	make_block(&request, &decision, "alice@example.com", NULL);
	request.stack = AFENCE_STACK_PAM;
	request.module = "pam_foo.so";
	request.why = "pam_foo.so: a module that is not known";
	af_decide(af_policy_builtin(), &request, &decision);
	af_report_line(&request, &decision, -1, 0, line);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, " module=pam_foo.so "));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(line, " why=\"pam_foo.so: a module that is not known\" rule=builtin:"));
	af_report_sentence(&request, &decision, sentence);
	CU_ASSERT_PTR_NOT_NULL(strstr(sentence, " was not sent to a server of pam_foo.so: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(sentence,
		"; the policy row pam-module \"pam_foo.so\" target \"NAME\"; would settle it"));
}

static void test_protect(void)
{
	struct af_request request;
	struct af_decision decision;
	char text[AFENCE_SENTENCE_MAX], line[AFENCE_LINE_MAX];

	make_block(&request, &decision, "eve@finance.corp.lan", "smtp.corp.net");
	protect(&decision);
	CHECK_STRING("protected", af_report_sentence(&request, &decision, text),
		"authfence: the password of eve@finance.corp.lan was not sent to smtp.corp.net: its "
		"domain is protected (rule protect:finance), and that server is not on its list");
	CHECK_STRING("line", af_report_line(&request, &decision, -1, 0, line),
		"verdict=block reason=protected-identity-other-target stack=sasl service=smtp "
		"identity=eve@finance.corp.lan domain=finance.corp.lan class=none "
		"target=smtp.corp.net port=465 address=203.0.114.7 rule=protect:finance "
		"generation=0");
	/* An `internal` row would not settle it, so none is offered. */
	decision.target.class = AFENCE_TARGET_UNKNOWN;
	decision.target.has_name = true;
	af_domain_parse("smtp.corp.net", 13, &decision.target.name);
	CU_ASSERT_PTR_NULL(strstr(af_report_sentence(&request, &decision, text), "settle"));
	decision.reason = AFENCE_REASON_RESERVED_UNKNOWN;
	CU_ASSERT_PTR_NOT_NULL(strstr(af_report_sentence(&request, &decision, text),
		"; the policy row internal \"smtp.corp.net\"; would settle it"));
}

/* Who only observes by the mode is not on trial. */
static void test_trial(void)
{
	static const struct {
		const char *name;
		enum af_verdict verdict;
		enum af_mode mode;
		bool want;
	} rows[] = {
		{"rule on trial", AFENCE_OBSERVE, AFENCE_MODE_ENFORCE, true},
		{"mode observe", AFENCE_OBSERVE, AFENCE_MODE_OBSERVE, false},
		{"block", AFENCE_BLOCK, AFENCE_MODE_ENFORCE, false},
		{"allow", AFENCE_ALLOW, AFENCE_MODE_ENFORCE, false},
	};
	struct af_request request;
	struct af_decision decision;
	char line[AFENCE_LINE_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_block(&request, &decision, "eve@finance.corp.lan", "smtp.corp.net");
		protect(&decision);
		decision.verdict = rows[i].verdict;
		decision.mode = rows[i].mode;
		af_report_line(&request, &decision, -1, 0, line);
		CHECK_NUMBER(rows[i].name,
			strstr(line, " rule=protect:finance trial=yes generation=0") != NULL,
			rows[i].want);
		CHECK_NUMBER(rows[i].name, strstr(line, "trial") != NULL, rows[i].want);
	}
}

static CU_TestInfo tests[] = {
	{"escape", test_escape},
	{"escape cuts", test_escape_cuts},
	{"log line", test_line},
	{"long values", test_long_values},
	{"sentence", test_sentence},
	{"module", test_module},
	{"protect", test_protect},
	{"trial", test_trial},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"report", NULL, NULL, NULL, NULL, tests};
