/* SPDX-License-Identifier: MIT */
/* What is asked: templates, URLs, --connect-to, subjects, and the checks they come to. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/probe/connect.h"
#include "../../tools/probe/engine.h"
#include "compiled.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_expand(void)
{
	static const struct af_words words = {
		.domain = "xn--p1ai.test", .local = "a b", .random = "r7", .target = "h.example"};
	static const struct {
		const char *template;
		bool url;
		const char *want;
	} rows[] = {
		{"%D", false, "xn--p1ai.test"},
		{"_imaps._tcp.%D", false, "_imaps._tcp.xn--p1ai.test"},
		{"X-Email: %A", false, "X-Email: a b@xn--p1ai.test"},
		{"https://%D/?e=%A&p=1", true, "https://xn--p1ai.test/?e=a%20b@xn--p1ai.test&p=1"},
		{"%R.%D", false, "r7.xn--p1ai.test"},
		{"https://%S/x", true, "https://h.example/x"},
		{"https://autoconfig.%B/", true, "https://autoconfig.<MX>/"},
		{"%F", false, "<MX-PARENT>"},
		{"100%25 %", false, "100%25 %"},
		{"", false, ""},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = af_expand(rows[i].template, &words, rows[i].url);

		CHECK_STRING(rows[i].template, got, rows[i].want);
		free(got);
	}
}

static void test_url(void)
{
	static const struct {
		const char *reference, *base, *text, *host;
		int port;
	} rows[] = {
		{"https://Example.COM/a?b", NULL, "https://Example.COM/a?b", "example.com", 443},
		{"http://h.test:8080/", NULL, "http://h.test:8080/", "h.test", 8080},
		{"https://h.test./x", NULL, NULL, "h.test", 443},
		{"https://u:pw@h.test/x#y", NULL, "https://h.test/x", "h.test", 443},
		{"https://[2001:db8::1]/", NULL, "https://[2001:db8::1]/", "2001:db8::1", 443},
		{"/b", "https://h.test/a/c?d", "https://h.test/b", "h.test", 443},
		{"b", "https://h.test/a/c", "https://h.test/a/b", "h.test", 443},
		{"//o.test/b", "http://h.test/", "http://o.test/b", "o.test", 80},
		{"?RedirectCount=1", "https://h.test/a.json?x",
			"https://h.test/a.json?RedirectCount=1", "h.test", 443},
		{"https://b\xc3\xbc"
		 "cher.test/x",
			NULL, "https://xn--bcher-kva.test/x", "xn--bcher-kva.test", 443},
		{"https://\xff.test/", NULL, NULL, NULL, 0},
		{"ftp://h.test/", NULL, NULL, NULL, 0},
		{"javascript:alert(1)", "https://h.test/", NULL, NULL, 0},
		{"file:///etc/passwd", "https://h.test/", NULL, NULL, 0},
		{"https://", NULL, NULL, NULL, 0},
		{"", NULL, NULL, NULL, 0},
		{"nonsense", NULL, NULL, NULL, 0},
	};
	struct af_url url;

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool read = af_url_read(rows[i].reference, rows[i].base, &url);

		CHECK_NUMBER(rows[i].reference, read, rows[i].host != NULL);
		CHECK_STRING(rows[i].reference, url.host, rows[i].host);
		CHECK_NUMBER(rows[i].reference, url.port, rows[i].port);
		if (rows[i].text != NULL)
			CHECK_STRING(rows[i].reference, url.text, rows[i].text);
		af_url_free(&url);
	}
}

static void test_connect(void)
{
	static const struct {
		const char *word;
		bool good;
		const char *url;
		bool service, covers;
	} rows[] = {
		{"a.test:443:127.0.0.1:8443", true, "https://a.test/", false, true},
		{"a.test:443:127.0.0.1:8443", true, "http://a.test/", false, false},
		{"A.TEST::127.0.0.1:", true, "http://a.test/", false, true},
		{"a.test:443:[::1]:8443", true, "https://b.a.test/", false, false},
		{"a.test:443:[::1]:8443", true, "https://xa.test/", false, false},
		{"::127.0.0.1:8443", true, "https://a.test/", false, false},
		{"::127.0.0.1:8443", true, "https://a.test/", true, true},
		{":80:127.0.0.1:8080", true, "https://a.test/", true, false},
		{"a.test:443:localhost:8443", false, NULL, false, false},
		{"a.test:443:127.0.0.1", false, NULL, false, false},
		{"a.test:0:127.0.0.1:1", false, NULL, false, false},
		{"a.test:443:127.0.0.1:65536", false, NULL, false, false},
		{"a.test:443:127.0.0.1:84x", false, NULL, false, false},
		{"a.test", false, NULL, false, false},
		{"", false, NULL, false, false},
	};
	struct af_url url;

	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_NUMBER(rows[i].word, af_connect_check(rows[i].word) == NULL, rows[i].good);
		if (!rows[i].good)
			continue;
		CU_ASSERT(af_url_read(rows[i].url, NULL, &url));
		CHECK_NUMBER(rows[i].word,
			af_connect_covers(&rows[i].word, 1, &url, rows[i].service), rows[i].covers);
		af_url_free(&url);
	}
}

static bool has_subject(const struct af_subjects *subjects, const char *name, bool strict)
{
	for (size_t i = 0; i < subjects->count; i++)
		if (strcmp(subjects->subject[i].domain.name, name) == 0)
			return subjects->subject[i].strict == strict;
	return false;
}

static void test_subjects(void)
{
	struct af_policy *policy =
		load_policy("policy 1; reserve \"dev.acme.internal\", \"a.test\";");
	struct af_subjects subjects = {0};
	size_t registry;

	af_subjects_add_registry(&subjects);
	registry = subjects.count;
	CU_ASSERT(has_subject(&subjects, "example.com", true));
	CU_ASSERT(has_subject(&subjects, "test", true));
	CU_ASSERT(has_subject(&subjects, "xn--zckzah", true));
	CU_ASSERT(
		!has_subject(&subjects, "local", true) && !has_subject(&subjects, "local", false));
	CHECK_NUMBER("names where no account can exist", registry, 17);
	af_subjects_add_reserved(&subjects, policy);
	CU_ASSERT(has_subject(&subjects, "dev.acme.internal", false));
	CU_ASSERT(has_subject(&subjects, "a.test", true));
	CHECK_NUMBER("with the policy's", subjects.count, registry + 2);
	af_subjects_add_reserved(&subjects, policy);
	CHECK_NUMBER("twice", subjects.count, registry + 2);
	CHECK_NUMBER("nothing left out", subjects.left_out, 0);
	af_subjects_free(&subjects);
	af_policy_free(policy);
}

/* A policy may reserve a million names; so many requests would be an attack on the services. */
static void test_subjects_bound(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct af_subjects subjects = {0};
	struct af_policy *policy;

	fputs("policy 1;\n", out);
	for (int i = 0; i < AFENCE_RESERVED_MOST + 3; i++)
		fprintf(out, "reserve \"n%d.acme.internal\";\n", i);
	fclose(out);
	policy = load_policy(text);
	af_subjects_add_reserved(&subjects, policy);
	CHECK_NUMBER("taken", subjects.count, AFENCE_RESERVED_MOST);
	CHECK_NUMBER("left out", subjects.left_out, 3);
	af_subjects_free(&subjects);
	af_policy_free(policy);
	free(text);
}

static size_t count_items(const struct af_probe_item *item, size_t count, const char *mechanism,
	const char *domain, int role)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += strcmp(item[i].mechanism->name, mechanism) == 0 &&
			 (domain == NULL || strcmp(item[i].domain, domain) == 0) &&
			 (role < 0 || item[i].role == (enum af_probe_role)role);
	return found;
}

static void test_items(void)
{
	struct af_subjects subjects = {0};
	struct af_domain name;
	bool *wanted = calloc(af_mechanism_count, sizeof(bool));
	struct af_probe_plan plan = {.wanted = wanted, .random = "r7", .control_count = 1};
	struct af_probe_item *item;
	size_t count;

	memset(wanted, true, af_mechanism_count);
	af_domain_parse("example.com", 11, &name);
	af_subjects_add(&subjects, &name);
	af_domain_parse("test", 4, &name);
	af_subjects_add(&subjects, &name);
	af_domain_parse("gmail.com", 9, &plan.control[0].domain);
	plan.subject = subjects.subject;
	plan.subject_count = subjects.count;
	item = af_probe_items(&plan, &count);
	CHECK_NUMBER("address of a TLD", count_items(item, count, "address", "test", -1), 1);
	CHECK_NUMBER("address of a public zone",
		count_items(item, count, "address", "example.com", -1), 0);
	CHECK_NUMBER("negative",
		count_items(item, count, "autodetect", "r7.example.com", AFENCE_ROLE_NEGATIVE), 1);
	CHECK_NUMBER("positive",
		count_items(item, count, "autodetect", "gmail.com", AFENCE_ROLE_POSITIVE), 1);
	CHECK_NUMBER("dns", count_items(item, count, "mx", "gmail.com", AFENCE_ROLE_POSITIVE), 1);
	CHECK_NUMBER("in all", count, 2 * af_mechanism_count - 1 + 3 * 2 + 1);
	af_probe_items_free(item, count);
	plan.service[AFENCE_SERVICE_AUTODETECT] = "";
	item = af_probe_items(&plan, &count);
	CHECK_NUMBER("left out", count_items(item, count, "autodetect", NULL, -1), 0);
	CHECK_NUMBER("something is left", af_probe_asks(&plan), 1);
	CHECK_NUMBER("the others stay", count_items(item, count, "ispdb", NULL, -1), 4);
	af_probe_items_free(item, count);
	memset(wanted, false, af_mechanism_count);
	wanted[0] = true;
	CHECK_NUMBER("the only one is left out", af_probe_asks(&plan), 0);
	plan.service[AFENCE_SERVICE_AUTODETECT] = NULL;
	CHECK_NUMBER("the only one", af_probe_asks(&plan), 1);
	plan.subject_count = 0;
	CHECK_NUMBER("nobody to ask about", af_probe_asks(&plan), 0);
	af_subjects_free(&subjects);
	free(wanted);
}

/* Names are words of --mechanism, of metrics and of state files. */
static void test_table(void)
{
	for (size_t i = 0; i < af_mechanism_count; i++) {
		const struct af_mechanism *row = &af_mechanisms[i];

		CHECK_NUMBER(row->name, strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
			strlen(row->name));
		CU_ASSERT(row->source != NULL);
		CU_ASSERT((row->dns != NULL) == (row->type != 0));
		CU_ASSERT((row->dns == NULL) || row->records != NULL);
		CU_ASSERT((row->url == NULL) || row->read != NULL);
		CU_ASSERT(row->dns != NULL || row->url != NULL);
		CU_ASSERT((row->service != AFENCE_SERVICE_DNS) ==
			  (row->url != NULL && *row->url == '\0'));
		for (size_t j = 0; j < i; j++)
			CU_ASSERT(strcmp(row->name, af_mechanisms[j].name) != 0);
	}
}

static CU_TestInfo tests[] = {
	{"templates", test_expand},
	{"URLs", test_url},
	{"connect-to", test_connect},
	{"subjects", test_subjects},
	{"a policy with too many names", test_subjects_bound},
	{"checks", test_items},
	{"the table of mechanisms", test_table},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {.pName = "probe_plan", .pTests = tests};
