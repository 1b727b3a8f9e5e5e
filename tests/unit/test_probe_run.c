/* SPDX-License-Identifier: MIT */
/* Whole runs against a name server and a web server of the test: how checks end. */
#include "harness.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/probe/engine.h"
#include "compiled.h"
#include "dns_server.h"
#include "web_server.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ACME         "dev.acme.internal"
#define CONFIG(at)   "/mail/config-v1.1.xml?emailaddress=authfence-probe@" at
#define POX          "/autodiscover/autodiscover.xml"
#define REDIRECT(to) .status = 302, .headers = "Location: " to "\r\n"
#define FAR_CONFIG                                                                  \
	"<clientConfig><emailProvider><incomingServer><hostname>far.net</hostname>" \
	"</incomingServer></emailProvider></clientConfig>"
#define POX_ANSWER(text) \
	"<Autodiscover><Response><Account>" text "</Account></Response></Autodiscover>"

static const struct dns_row names[] = {
	{"gmail.com", ns_t_mx, 0, 0, "gmail.com MX 5:mx.gmail.com\n"},
	{"in." ACME, ns_t_a, 0, 0, "in." ACME " A 10.1.1.1\n"},
	{"in." ACME, ns_t_aaaa, 0, 0, ""},
	{"half." ACME, ns_t_a, 0, 0, "half." ACME " A 10.1.1.1\n"},
	{"half." ACME, ns_t_aaaa, ns_r_servfail, 0, ""},
	{"other." ACME, ns_t_a, ns_r_refused, 0, ""},
	{"other." ACME, ns_t_aaaa, 0, 0, "other." ACME " AAAA fd00::1\n"},
	{"bad." ACME, ns_t_a, 0, 0, "bad." ACME " A 192.88.99.7\n"},
	{"bad." ACME, ns_t_aaaa, ns_r_servfail, 0, ""},
	{"_imaps._tcp." ACME, 0, 0, 0, "_imaps._tcp." ACME " SRV 0:0:993:half.lan\n"},
	{"_imap._tcp." ACME, 0, 0, 0,
		"_imap._tcp." ACME " SRV 0:0:143:half.lan\n_imap._tcp." ACME
		" SRV 1:0:143:out.net\n"},
	{"_imaps._tcp.test", 0, 0, 0, "_imaps._tcp.test SRV 0:0:993:half.lan\n"},
	{"_jmap._tcp." ACME, 0, 0, 0, "_jmap._tcp." ACME " SRV 0:0:8443:in." ACME "\n"},
	{"half.lan", ns_t_a, 0, 0, "half.lan A 10.1.1.1\n"},
	{"half.lan", ns_t_aaaa, ns_r_servfail, 0, ""},
	{"out.net", 0, 0, 0, "out.net A 192.88.99.7\n"},
	{"autoconfig." ACME, ns_t_a, 0, 0, "autoconfig." ACME " A 10.1.1.1\n"},
	{"autoconfig.test", ns_t_a, 0, 0, "autoconfig.test A 192.88.99.7\n"},
	{"autodiscover.test", ns_t_a, 0, 0, "autodiscover.test A 192.88.99.7\n"},
	{"www.test", ns_t_a, 0, 0, "www.test A 192.88.99.7\n"},
	{"xn--bcher-kva.test", ns_t_a, 0, 0, "xn--bcher-kva.test A 192.88.99.7\n"},
};

static const struct row {
	const char *name, *mechanism, *domain;
	struct web_row web[3];
	const char *want; /* result, level, hosts and detail; NULL: any */
} rows[] = {
	{"all addresses are inside", "address", "in." ACME, {{0}},
		"honest 10.1.1.1 (names none but internal or reserved servers)"},
	{"the other address is not known", "address", "half." ACME, {{0}},
		"inconclusive 10.1.1.1 (the name server failed (SERVFAIL))"},
	{"the first address is not known", "address", "other." ACME, {{0}},
		"inconclusive fd00::1 (the name server refused (REFUSED))"},
	{"outside, whatever the other is", "address", "bad." ACME, {{0}},
		"finding F2 192.88.99.7 (names a server outside)"},
	{"a server whose place is not known", "srv-imaps", ACME, {{0}},
		"inconclusive half.lan (the DNS did not say where a server that was named is)"},
	{"a server whose place is not known, and one outside", "srv-imap", ACME, {{0}},
		"finding F1 half.lan out.net (names a server outside)"},
	{"a server, wherever it is, where there can be none", "srv-imaps", "test", {{0}},
		"finding F1 half.lan (names a server outside)"},
	{"redirect, relative", "autoconfig-http", "test",
		{{CONFIG("test"), REDIRECT("/a")}, {"/a", .status = 410}}, "honest (status 410)"},
	{"redirect, below the domain", "autoconfig-http", "test",
		{{CONFIG("test"), REDIRECT("http://www.test/a")}, {"/a", .status = 410}},
		"honest (status 410)"},
	{"redirect, a name not in ASCII", "autoconfig-http", "test",
		{{CONFIG("test"), REDIRECT("http://b\xc3\xbc"
					   "cher.test/a")},
			{"/a", .status = 200, .body = FAR_CONFIG}},
		"finding F1 far.net (names a server outside)"},
	{"redirect to itself", "autoconfig-http", "test",
		{{CONFIG("test"), REDIRECT(CONFIG("test"))}},
		"inconclusive (more than 10 redirects)"},
	{"redirect elsewhere", "autoconfig-http", "test",
		{{CONFIG("test"), REDIRECT("//far.net/a")}},
		"finding F3 far.net (redirects to somebody else's domain)"},
	{"redirect inside", "autoconfig-http", "test",
		{{CONFIG("test"), REDIRECT("http://127.0.0.1/a")}},
		"finding F3 127.0.0.1 (redirects to somebody else's domain)"},
	{"redirect inside, by a policy's domain", "autoconfig-http", ACME,
		{{CONFIG(ACME), REDIRECT("http://10.9.8.7/a")}, {"/a", .status = 410}},
		"honest (status 410)"},
	{"redirect to an address that ends alike", "autoconfig-http", ACME,
		{{CONFIG(ACME), REDIRECT("http://10.9.8.7/a")},
			{"/a", REDIRECT("http://9.9.8.7/b")}},
		"finding F3 9.9.8.7 (redirects to somebody else's domain)"},
	{"redirect to a file", "autoconfig-http", "test",
		{{CONFIG("test"), REDIRECT("file:///etc/passwd")}},
		"inconclusive (status 302 without a place to go to)"},
	{"a server", "autodiscover-redirect", "test",
		{{POX, .status = 200,
			.body = POX_ANSWER("<Protocol><Server>far.net</Server></Protocol>")}},
		"finding F1 far.net (names a server outside)"},
	{"another address", "autodiscover-redirect", "test",
		{{POX, .status = 200,
			.body = POX_ANSWER("<RedirectAddr>a@far.net</RedirectAddr>")}},
		"finding F2 far.net (sends clients on to another address)"},
	{"another host", "autodiscover-redirect", "test", {{POX, REDIRECT("https://far.net/a")}},
		"finding F2 far.net (redirects, which names a server)"},
};

static char *say(const struct af_probe_check *check)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(af_probe_result_string(check->result), out);
	if (check->level != AFENCE_LEVEL_NONE)
		fprintf(out, " %s", af_probe_level_string(check->level));
	for (size_t i = 0; i < check->hosts.count; i++)
		fprintf(out, " %s", check->hosts.name[i]);
	fprintf(out, " (%s)", check->detail);
	fclose(out);
	return text;
}

static size_t find_mechanism(const char *name)
{
	size_t i = 0;

	while (i < af_mechanism_count && strcmp(af_mechanisms[i].name, name) != 0)
		i++;
	CU_ASSERT_FATAL(i < af_mechanism_count);
	return i;
}

static void check_run(const struct row *row, const struct af_probe_plan *plan)
{
	struct af_probe_run run;
	const char *why;
	char *got;

	CU_ASSERT_FATAL(af_probe_ask_all(plan, &run, &why));
	CU_ASSERT_FATAL(run.count > 0);
	got = say(&run.check[0]);
	if (row->want != NULL)
		CHECK_STRING(row->name, got, row->want);
	free(got);
	af_probe_run_free(&run);
}

/* WEB takes all requests for PORT, whoever they are for; nobody takes others. */
static void ask(const struct row *row, unsigned port, unsigned seconds, struct dns_server *dns,
	struct web_server *web)
{
	struct af_subjects subjects = {0};
	struct af_domain domain;
	char *to = af_format(":%u:127.0.0.1:%u", port, web_server_port(web));
	const char *const connect_to[] = {to, "::127.0.0.1:1"};
	bool *wanted = calloc(af_mechanism_count, sizeof(bool));
	struct af_probe_plan plan = {.wanted = wanted,
		.random = "r7",
		.control_count = 1,
		.connect_to = connect_to,
		.connect_count = 2,
		.resolver = {.has_server = true, .port = dns_server_port(dns)},
		.deadline_s = seconds};

	af_address_parse("127.0.0.1", 9, &plan.resolver.server);
	af_domain_parse("gmail.com", 9, &plan.control[0].domain);
	af_domain_parse(row->domain, strlen(row->domain), &domain);
	af_subjects_add(&subjects, &domain);
	plan.subject = subjects.subject;
	plan.subject_count = subjects.count;
	plan.policy = load_policy("policy 1; reserve \"" ACME "\";");
	wanted[find_mechanism(row->mechanism)] = true;
	check_run(row, &plan);
	af_policy_free((struct af_policy *)plan.policy);
	af_subjects_free(&subjects);
	free(wanted);
	free(to);
}

static void test_verdicts(void)
{
	struct dns_server *dns = dns_server_start(names, COUNT(names), 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(dns);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t count = 0;
		struct web_server *web;

		while (count < COUNT(rows[i].web) && rows[i].web[count].path != NULL)
			count++;
		web = web_server_start(rows[i].web, count);
		CU_ASSERT_PTR_NOT_NULL_FATAL(web);
		ask(&rows[i], 80, 30, dns, web);
		web_server_stop(web);
	}
	dns_server_stop(dns);
}

static void test_port(void)
{
	static const struct row row = {"the port of an SRV record", "srv-jmap", ACME, {{0}}, NULL};
	struct dns_server *dns = dns_server_start(names, COUNT(names), 0);
	struct web_server *web = web_server_start(NULL, 0);

	CU_ASSERT_FATAL(dns != NULL && web != NULL);
	ask(&row, 8443, 1, dns, web);
	CHECK_NUMBER(row.name, web_server_counts(web, NULL).connections, 1);
	web_server_stop(web);
	dns_server_stop(dns);
}

static CU_TestInfo tests[] = {
	{"verdicts", test_verdicts},
	{"ports", test_port},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {.pName = "probe_run", .pTests = tests};
