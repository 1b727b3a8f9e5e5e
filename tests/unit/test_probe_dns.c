/* SPDX-License-Identifier: MIT */
/*
 * Many questions at once, in a loop as the command has it, against a name server that fails, falls
 * silent and lies (tests/unit/dns_server.h).
 */
#include "../../tools/probe/dns_parts.h"

#include <arpa/nameser.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_server.h"
#include "harness.h"

#define SOCKETS   16
#define GIVEN_UP  20000 /* a loop that takes so long does not end */
#define PLENTY_MS 5000

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

#define A    ns_t_a
#define AAAA ns_t_aaaa
#define MX   ns_t_mx
#define SRV  ns_t_srv
#define TXT  ns_t_txt

/* Whoever gets an answer has time; whoever gets none is not waited for. */
static const struct af_dns_pace patient = {.timeout_ms = PLENTY_MS, .pause_ms = 10};
static const struct af_dns_pace hurried = {.timeout_ms = 100, .pause_ms = 10};

static const struct dns_row script[] = {
	{"both.test", A, 0, 0, "both.test A 192.0.2.1\nboth.test A 192.0.2.2"},
	{"both.test", AAAA, 0, 0, "both.test AAAA 2001:db8::1"},
	{"empty.test", 0, 0, 0, NULL},
	{"mx.test", MX, 0, 0, "mx.test MX 20:b.test\nmx.test MX 10:A.test\nmx.test MX 20:c.test"},
	{"null.test", MX, 0, 0, "null.test MX 0:"},
	{"odd.test", MX, 0, 0, "odd.test MX 1:_a\\046b\\001.test"},
	{"_a.test", SRV, 0, 0,
		"_a.test SRV 2:0:143:two.test\n_a.test SRV 1:65535:993:one.test\n"
		"_a.test SRV 1:0:0:"},
	{"txt.test", TXT, 0, 0, "txt.test TXT one|\\032two\ntxt.test TXT a\\000b"},
	/* Aliases. */
	{"alias.test", MX, 0, 0, "alias.test CNAME x.test\nx.test MX 5:a.test"},
	{"alias.test", A, 0, 0, "y.test A 192.0.2.3\nx.test CNAME y.test\nalias.test CNAME x.test"},
	{"alias.test", AAAA, 0, 0, "alias.test CNAME x.test\nx.test CNAME y.test"},
	{"dangling.test", 0, ns_r_nxdomain, 0, "dangling.test CNAME x.test"},
	/* Failures that pass, and such that do not. */
	{"later.test", MX, 0, DNS_FAIL_FIRST, "later.test MX 1:a.test"},
	{"servfail.test", 0, ns_r_servfail, 0, NULL},
	{"refused.test", 0, ns_r_refused, 0, NULL},
	{"formerr.test", 0, ns_r_formerr, 0, NULL},
	{"notauth.test", 0, ns_r_notauth, 0, NULL},
	{"referral.test", 0, 0, DNS_REFERRAL, NULL},
	{"big.test", TXT, 0, DNS_TRUNCATE, "big.test TXT big"},
	{"cut.test", TXT, 0, DNS_TRUNCATE | DNS_TRUNCATE_TCP, "cut.test TXT big"},
	{"foreign.test", MX, 0, 0, "elsewhere.test MX 1:a.test"},
	{"extra.test", MX, 0, 0, "extra.test MX 1:a.test\nelsewhere.test MX 1:a.test"},
	{"crossed.test", MX, 0, 0, "crossed.test MX 1:a.test\nelsewhere.test A 192.0.2.1"},
	{"garbage.test", 0, 0, DNS_GARBAGE, NULL},
	{"forged.test", A, 0, DNS_FORGE_FIRST, "forged.test A 192.0.2.1"},
	{"half.test", A, 0, 0, "half.test A 192.0.2.1"},
	{"half.test", AAAA, ns_r_servfail, 0, NULL},
	/* Nothing comes that is an answer. */
	{"silent.test", 0, 0, DNS_SILENT, NULL},
	{"lost.test", A, 0, DNS_LOSE_FIRST, "lost.test A 192.0.2.1"},
	{"mistake.test", A, 0, DNS_MISTAKE, "mistake.test A 192.0.2.1"},
	{"wrong-id.test", A, 0, DNS_WRONG_ID, "wrong-id.test A 192.0.2.1"},
	{"nothing.test", A, 0, DNS_EMPTY_PACKET, NULL},
};

/* A server, and questions to it. */
struct bench {
	struct dns_server *server;
	struct af_probe_limit limit;
	struct af_probe_dns *dns;
	size_t told; /* how often somebody was */
};

static void set_server(struct ares_addr_port_node *node, struct dns_server *server)
{
	node->family = AF_INET;
	node->addr.addr4.s_addr = htonl(INADDR_LOOPBACK);
	node->udp_port = node->tcp_port = dns_server_port(server);
}

static void start(struct bench *bench, const struct dns_row *rows, size_t count, unsigned most,
	const struct af_dns_pace *pace)
{
	struct af_servers servers = {0};

	*bench = (struct bench){.server = dns_server_start(rows, count, 0), .limit = {0, most}};
	CU_ASSERT_PTR_NOT_NULL_FATAL(bench->server);
	set_server(&servers.node[0], bench->server);
	bench->dns = af_probe_dns_open(&servers, pace, &bench->limit);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bench->dns);
}

static void finish(struct bench *bench)
{
	CHECK_NUMBER("under way at the end", bench->limit.now, 0);
	af_probe_dns_free(bench->dns);
	dns_server_stop(bench->server);
}

static void turn(struct af_probe_dns *dns)
{
	struct curl_waitfd fd[SOCKETS] = {0};
	struct pollfd polled[SOCKETS];
	int ms = GIVEN_UP;
	size_t count = af_probe_dns_wait(dns, fd, SOCKETS, &ms);

	for (size_t i = 0; i < count; i++)
		polled[i] = (struct pollfd){.fd = fd[i].fd,
			.events = (short)((fd[i].events & CURL_WAIT_POLLIN ? POLLIN : 0) |
					  (fd[i].events & CURL_WAIT_POLLOUT ? POLLOUT : 0))};
	CHECK_NUMBER("something to wait for", ms < GIVEN_UP || count > 0, 1);
	poll(polled, count, ms);
	for (size_t i = 0; i < count; i++)
		fd[i].revents = (short)((polled[i].revents & ~POLLOUT ? CURL_WAIT_POLLIN : 0) |
					(polled[i].revents & POLLOUT ? CURL_WAIT_POLLOUT : 0));
	af_probe_dns_run(dns, fd, count);
}

static void turn_until(struct bench *bench, size_t told)
{
	int64_t until = af_resolver_clock() + GIVEN_UP;

	while (bench->told < told && af_resolver_clock() < until)
		turn(bench->dns);
	CHECK_NUMBER("told", bench->told, told);
}

static void count_told(void *context, const struct af_dns_answer *answer)
{
	struct bench *bench = context;

	(void)answer;
	bench->told++;
}

static void ask(struct bench *bench, const char *name, unsigned type)
{
	af_probe_dns_ask(bench->dns, name, type, count_told, bench);
}

static char *describe_record(const struct af_dns_record *r, unsigned type, char *out)
{
	char address[AFENCE_ADDRESS_TEXT_MAX];

	if (type == A || type == AAAA)
		return out + sprintf(out, " %s", af_address_format(&r->address, address));
	if (type == SRV)
		out += sprintf(out, " %u/%u/%u", r->priority, r->weight, r->port);
	else if (type == MX)
		out += sprintf(out, " %u", r->priority);
	*out++ = type == TXT ? ' ' : '/';
	for (size_t i = 0; i < r->text_len; i++)
		*out++ = r->text[i] != '\0' ? r->text[i] : '0';
	*out = '\0';
	CHECK_NUMBER("text is closed", r->text[r->text_len], 0);
	return out;
}

/* "found RECORD...", or why not. */
static const char *describe(const struct af_dns_answer *answer, unsigned type)
{
	static const char *const end[] = {"found", "nodata", "nxdomain"};
	static char text[4096];
	char *out = text;

	if (answer == NULL)
		return "nothing";
	if (answer->end == AFENCE_DNS_FAILED)
		return answer->why;
	CHECK_STRING("why", answer->why, NULL);
	out += sprintf(out, "%s", end[answer->end]);
	for (size_t i = 0; i < answer->count; i++)
		out = describe_record(&answer->record[i], type, out);
	return text;
}

struct ask_row {
	const char *name;
	unsigned type;
	const char *want;
	size_t queries;
};

static const struct ask_row answered[] = {
	{"both.test", A, "found 192.0.2.1 192.0.2.2", 2}, /* two types */
	{"both.test", AAAA, "found 2001:db8::1", 2},
	{"empty.test", MX, "nodata", 1},
	{"absent.test", TXT, "nxdomain", 1},
	{"mx.test", MX, "found 10/a.test 20/b.test 20/c.test", 1},
	{"null.test", MX, "found 0/", 1},
	{"odd.test", MX, "found 1/_a\\.b\\001.test", 1},
	{"_a.test", SRV, "found 1/65535/993/one.test 1/0/0/ 2/0/143/two.test", 1},
	{"txt.test", TXT, "found one two a0b", 1},
	{"alias.test", MX, "found 5/a.test", 3},
	{"alias.test", A, "found 192.0.2.3", 3},
	{"alias.test", AAAA, "nodata", 3},
	{"dangling.test", A, "nxdomain", 1},
	{"later.test", MX, "found 1/a.test", 2},
	{"servfail.test", MX, "the name server failed (SERVFAIL)", AFENCE_DNS_TRIES},
	{"refused.test", MX, "the name server refused (REFUSED)", AFENCE_DNS_TRIES},
	{"formerr.test", MX, "the name server does not understand the question (FORMERR)",
		AFENCE_DNS_TRIES},
	{"notauth.test", MX, "the name server answers with an error", AFENCE_DNS_TRIES},
	{"referral.test", MX, AFENCE_DNS_UNREADABLE, AFENCE_DNS_TRIES},
	{"big.test", TXT, "found big", 2}, /* over UDP and TCP */
	{"cut.test", TXT, "the answer is cut off", 2 * AFENCE_DNS_TRIES},
	{"foreign.test", MX, "the answer has a record of another name", AFENCE_DNS_TRIES},
	{"extra.test", MX, "the answer has a record of another name", AFENCE_DNS_TRIES},
	{"crossed.test", MX, "found 1/a.test", 1},
	{"forged.test", A, "found 192.0.2.1", 1},
	/* No query. */
	{"abc.onion", A, "nxdomain", 0},
	{"a.ABC.Onion", TXT, "nxdomain", 0},
	{"a..test", A, "this is no name that can be asked for", 0},
};

static const struct ask_row unanswered[] = {
	{"silent.test", MX, "Timeout while contacting DNS servers", AFENCE_DNS_TRIES},
	{"lost.test", A, "found 192.0.2.1", 2},
	{"mistake.test", A, "Timeout while contacting DNS servers", AFENCE_DNS_TRIES},
	{"wrong-id.test", A, "Timeout while contacting DNS servers", AFENCE_DNS_TRIES},
	{"nothing.test", A, "Timeout while contacting DNS servers", AFENCE_DNS_TRIES},
};

/* Alone: newer c-ares takes such a message for the end of all queries of its socket. */
static const struct ask_row unreadable[] = {
	{"garbage.test", TXT, AFENCE_DNS_UNREADABLE, AFENCE_DNS_TRIES},
};

static void check_rows(const struct ask_row *rows, size_t count, const struct af_dns_pace *pace)
{
	struct bench bench;

	start(&bench, ROWS(script), 64, pace);
	for (size_t i = 0; i < count; i++)
		ask(&bench, rows[i].name, rows[i].type);
	turn_until(&bench, count);
	for (size_t i = 0; i < count; i++) {
		const struct af_dns_answer *answer =
			af_probe_dns_known(bench.dns, rows[i].name, rows[i].type);

		CHECK_STRING(rows[i].name, describe(answer, rows[i].type), rows[i].want);
		CHECK_NUMBER(rows[i].name, dns_server_queries(bench.server, rows[i].name),
			rows[i].queries);
	}
	finish(&bench);
}

static void test_answers(void)
{
	check_rows(ROWS(answered), &patient);
}

static void test_no_answers(void)
{
	check_rows(ROWS(unanswered), &hurried);
	check_rows(ROWS(unreadable), &patient);
}

#define LABEL "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk" /* 63 */

static const struct {
	const char *name;
	const char *want; /* length of the name in a packet, and its bytes; NULL: none */
} names[] = {
	{"", "1:."},
	{"a.Test", "8:.a.test."},
	{"_a.b\\046C", "8:._a.b.c."},
	{"\\065\\.\\\\", "5:.a.\\."},
	{"\\000\\255", "4:.\0\377."},
	{LABEL "." LABEL "." LABEL "."
	       "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi",
		"255:."},
	{LABEL "." LABEL "." LABEL "."
	       "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij",
		NULL},
	{LABEL "a", NULL},
	{".", NULL},
	{"a.", NULL},
	{".a", NULL},
	{"a..b", NULL},
	{"\\", NULL},
	{"a\\12", NULL},
	{"a\\1b2", NULL},
	{"a\\256", NULL},
};

/* Lengths of labels are written as dots. */
static void test_names(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct af_dns_query query;
		bool good = af_dns_query_write(names[i].name, SRV, &query);
		size_t len = query.len - AFENCE_QUERY_HEADER - 4;
		uint8_t *at = query.bytes + AFENCE_QUERY_HEADER;

		CHECK_NUMBER(names[i].name, good, names[i].want != NULL);
		if (!good || names[i].want == NULL)
			continue;
		CHECK_NUMBER(names[i].name, len, atoi(names[i].want));
		CHECK_NUMBER("type and class", memcmp(at + len, "\0\41\0\1", 4), 0);
		for (size_t label = 0; at[label] != 0;) {
			size_t next = label + 1 + at[label];

			at[label] = '.';
			label = next;
		}
		at[len - 1] = '.';
		if (len < sizeof(LABEL))
			CHECK_NUMBER(
				names[i].name, memcmp(at, strchr(names[i].want, ':') + 1, len), 0);
	}
}

static void test_once(void)
{
	static const struct dns_row rows[] = {{"a.test", 0, 0, 0, "a.test A 192.0.2.1"}};
	struct bench bench;

	start(&bench, ROWS(rows), 64, &patient);
	ask(&bench, "a.test", A);
	ask(&bench, "A.Test", A);
	ask(&bench, "\\097.test", A);
	CHECK_NUMBER("nobody is told before the answer", bench.told, 0);
	CU_ASSERT_PTR_NULL(af_probe_dns_known(bench.dns, "a.test", A));
	turn_until(&bench, 3);
	ask(&bench, "a.test", A);
	CHECK_NUMBER("told at once", bench.told, 4);
	CU_ASSERT_PTR_EQUAL(af_probe_dns_known(bench.dns, "A.test", A),
		af_probe_dns_known(bench.dns, "a.test", A));
	CU_ASSERT_PTR_NULL(af_probe_dns_known(bench.dns, "a.test", AAAA));
	CHECK_NUMBER("queries", dns_server_queries(bench.server, NULL), 1);
	finish(&bench);
}

static void test_limit(void)
{
	static const struct dns_row rows[] = {
		{"1.test", 0, 0, DNS_HOLD, NULL},
		{"2.test", 0, 0, DNS_HOLD, NULL},
		{"3.test", 0, 0, DNS_HOLD, NULL},
		{"4.test", 0, 0, DNS_HOLD, NULL},
		{"5.test", 0, 0, DNS_HOLD, NULL},
	};
	struct bench bench;

	start(&bench, ROWS(rows), 2, &patient);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ask(&bench, rows[i].name, TXT);
	turn_until(&bench, 5);
	CHECK_NUMBER("at once", dns_server_most_held(bench.server), 2);
	finish(&bench);
}

/* Somebody else has what there is: nothing is sent, and nobody turns in circles. */
static void test_shared_limit(void)
{
	static const struct dns_row rows[] = {{"a.test", 0, 0, 0, NULL}};
	struct curl_waitfd fd[SOCKETS];
	struct bench bench;
	int ms = 1000;

	start(&bench, ROWS(rows), 1, &patient);
	bench.limit.now = 1;
	ask(&bench, "a.test", A);
	af_probe_dns_run(bench.dns, NULL, 0);
	CHECK_NUMBER("descriptors", af_probe_dns_wait(bench.dns, fd, SOCKETS, &ms), 0);
	CHECK_NUMBER("wait", ms, 1000);
	bench.limit.now = 0;
	af_probe_dns_wait(bench.dns, fd, SOCKETS, &ms);
	CHECK_NUMBER("no wait", ms, 0);
	turn_until(&bench, 1);
	finish(&bench);
}

#define DEEP 40

/* A chain of questions, each asked from within the answer to the one before, with a second asker. */
struct chain {
	struct bench *bench;
	unsigned at;
};

static void go_on(void *context, const struct af_dns_answer *answer)
{
	struct chain *chain = context;
	char name[32];

	CHECK_NUMBER("chain", answer->end, AFENCE_DNS_NXDOMAIN);
	chain->bench->told++;
	if (chain->at == DEEP)
		return;
	snprintf(name, sizeof(name), "%u.test", chain->at++);
	ask(chain->bench, name, A); /* known from the second time on */
	ask(chain->bench, "mx.test", MX);
	snprintf(name, sizeof(name), "%u.test", chain->at);
	af_probe_dns_ask(chain->bench->dns, name, A, go_on, chain);
	ask(chain->bench, name, A);
}

static void test_within(void)
{
	struct bench bench;
	struct chain chain = {&bench, 0};

	start(&bench, ROWS(script), 2, &patient);
	af_probe_dns_ask(bench.dns, "0.test", A, go_on, &chain);
	turn_until(&bench, 1 + 4 * DEEP);
	CHECK_NUMBER("queries", dns_server_queries(bench.server, NULL), DEEP + 2);
	finish(&bench);
}

static const char stopped[] = "stopped";

struct stop {
	struct bench *bench;
	bool stops; /* when it is told */
	const char *why;
};

static void note_stop(void *context, const struct af_dns_answer *answer)
{
	struct stop *stop = context;

	stop->why = answer->why;
	stop->bench->told++;
	if (stop->stops)
		af_probe_dns_stop(stop->bench->dns, stopped);
	ask(stop->bench, "silent.test", A);
	ask(stop->bench, "new.test", A);
}

/* Under way, waiting and resting questions, all at once; first from without, then from within. */
static void test_stop(void)
{
	static const struct af_dns_pace slow = {.timeout_ms = PLENTY_MS, .pause_ms = PLENTY_MS};
	static const char *const asked[] = {"silent.test", "servfail.test", "later.test"};

	for (int within = 0; within < 2; within++) {
		struct bench bench;
		struct stop stop[4];

		start(&bench, ROWS(script), 2, &slow);
		for (size_t i = 0; i < 4; i++)
			stop[i] = (struct stop){&bench, within && i == 3, "not told"};
		for (size_t i = 0; i < 3; i++)
			af_probe_dns_ask(bench.dns, asked[i], MX, note_stop, &stop[i]);
		while (dns_server_queries(bench.server, "servfail.test") == 0 ||
			bench.limit.now > 1)
			turn(bench.dns);
		af_probe_dns_ask(bench.dns, within ? "mx.test" : "silent.test", within ? MX : TXT,
			note_stop, &stop[3]);
		if (!within)
			af_probe_dns_stop(bench.dns, stopped);
		turn_until(&bench, 4 + 2 * 4);
		for (size_t i = 0; i < 3; i++)
			CHECK_STRING(asked[i], stop[i].why, stopped);
		CHECK_STRING("the last", stop[3].why, within ? NULL : stopped);
		ask(&bench, "last.test", A);
		CHECK_NUMBER("told at once", bench.told, 4 + 2 * 4 + 1);
		CHECK_STRING("after", describe(af_probe_dns_known(bench.dns, "new.test", A), A),
			stopped);
		finish(&bench);
	}
}

static const struct {
	const char *name;
	const char *want;
} resolutions[] = {
	{"both.test", "complete 192.0.2.1 192.0.2.2 2001:db8::1"},
	{"alias.test", "complete 192.0.2.3 =x.test =y.test"},
	{"dangling.test", "complete =x.test"},
	{"absent.test", "complete"},
	{"half.test", "incomplete 192.0.2.1"},
	{"b.onion", "complete"},
	{"a..test", "incomplete"},
	{"unasked.test", "incomplete"},
};

static void test_resolution(void)
{
	size_t count = sizeof(resolutions) / sizeof(resolutions[0]) - 1;
	struct bench bench;

	start(&bench, ROWS(script), 64, &patient);
	for (size_t i = 0; i < count; i++) {
		ask(&bench, resolutions[i].name, A);
		ask(&bench, resolutions[i].name, AAAA);
	}
	turn_until(&bench, 2 * count);
	for (size_t i = 0; i <= count; i++) {
		struct af_resolution r;
		char address[AFENCE_ADDRESS_TEXT_MAX];
		char text[1024];
		size_t at;

		af_probe_dns_resolution(bench.dns, resolutions[i].name, &r);
		at = (size_t)sprintf(text, r.complete ? "complete" : "incomplete");
		for (size_t j = 0; j < r.address_count; j++)
			at += (size_t)sprintf(
				text + at, " %s", af_address_format(&r.address[j], address));
		for (size_t j = 0; j < r.cname_count; j++)
			at += (size_t)sprintf(text + at, " =%s", r.cname[j].name);
		CHECK_STRING(resolutions[i].name, text, resolutions[i].want);
	}
	finish(&bench);
}

static const struct {
	struct dns_row row;
	unsigned type;
} damaged[] = {
	{{"a.test", 0, 0, 0, "a.test CNAME b.test\nb.test A 192.0.2.1"}, A},
	{{"a.test", 0, 0, 0, "a.test MX 1:a.test\na.test MX 2:b.test"}, MX},
	{{"a.test", 0, 0, 0, "a.test SRV 1:2:3:a.test"}, SRV},
	{{"a.test", 0, 0, 0, "a.test TXT one|two\na.test TXT three"}, TXT},
};

/* In memory of just its length, so that a checker sees the end. */
static bool read_copy(
	const struct af_dns_query *query, const uint8_t *message, size_t len, uint8_t *copy)
{
	struct af_dns_answer answer;
	struct af_names aliases = {0};
	bool good;

	memcpy(copy, message, len);
	af_dns_answer_read(query, copy, len, &answer, &aliases);
	good = answer.end != AFENCE_DNS_FAILED;
	CHECK_NUMBER("why", answer.why != NULL, !good);
	CHECK_NUMBER("aliases of what failed", !good && aliases.count > 0, 0);
	af_dns_answer_clear(&answer);
	af_names_free(&aliases);
	return good;
}

/* Any cut and any change of a byte is survived; no cut message is whole. */
static void test_damage(void)
{
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct af_dns_query query;
		uint8_t good[512];
		size_t len = dns_message(&damaged[i].row, damaged[i].type, good, sizeof(good));
		uint8_t *copy = malloc(len);

		CU_ASSERT_TRUE(af_dns_query_write("a.test", damaged[i].type, &query));
		CHECK_NUMBER("whole", read_copy(&query, good, len, copy), 1);
		for (size_t at = 0; at < len * 256; at++) {
			uint8_t byte = good[at / 256];

			good[at / 256] = (uint8_t)at;
			read_copy(&query, good, len, copy);
			good[at / 256] = byte;
		}
		free(copy);
		for (size_t cut = 0; cut < len; cut++) {
			copy = malloc(cut > 0 ? cut : 1);
			CHECK_NUMBER("cut", read_copy(&query, good, cut, copy), 0);
			free(copy);
		}
	}
}

/* Lengths that do not fit, in a message that is whole. */
static const struct {
	const char *name;
	struct dns_row row;
	unsigned type;   /* asked for, and that the record is given out for */
	size_t data_len; /* of the record */
	size_t at;       /* from the start of the data, or SIZE_MAX: nothing is changed */
	uint8_t byte;
} unfit[] = {
	{"an A of 16 bytes", {"a.test", 0, 0, 0, "a.test AAAA ::1"}, A, 16, SIZE_MAX, 0},
	{"an AAAA of 4 bytes", {"a.test", 0, 0, 0, "a.test A 192.0.2.1"}, AAAA, 4, SIZE_MAX, 0},
	{"an MX too short", {"a.test", 0, 0, 0, "a.test TXT a"}, MX, 2, SIZE_MAX, 0},
	{"an MX of a byte", {"a.test", 0, 0, 0, "a.test TXT |"}, MX, 1, SIZE_MAX, 0},
	{"an MX with more behind", {"a.test", 0, 0, 0, "a.test MX 1:ab"}, MX, 6, 2, 0},
	{"an SRV too short", {"a.test", 0, 0, 0, "a.test TXT abcde"}, SRV, 6, SIZE_MAX, 0},
	{"a TXT beyond its end", {"a.test", 0, 0, 0, "a.test TXT abc"}, TXT, 4, 0, 4},
};

static void test_lengths(void)
{
	for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
		struct af_dns_query query;
		struct af_dns_answer answer;
		struct af_names aliases = {0};
		uint8_t message[512];
		size_t len = dns_message(&unfit[i].row, unfit[i].type, message, sizeof(message));
		size_t data = len - unfit[i].data_len;

		message[data - 9] = (uint8_t)unfit[i].type;
		if (unfit[i].at != SIZE_MAX)
			message[data + unfit[i].at] = unfit[i].byte;
		CU_ASSERT_TRUE(af_dns_query_write("a.test", unfit[i].type, &query));
		af_dns_answer_read(&query, message, len, &answer, &aliases);
		CHECK_STRING(unfit[i].name, describe(&answer, unfit[i].type),
			"a record of the answer cannot be read");
		CHECK_NUMBER(unfit[i].name, answer.count, 0);
	}
}

static const struct {
	const char *name;
	unsigned type;
	const char *want;
} compared[] = {
	{"a.test", A, NULL},
	{"A.Test", A, NULL},
	{"b.test", A, "the answer is one to another question"},
	{"a.tesu", A, "the answer is one to another question"},
	{"a.test", AAAA, "the answer is one to another question"},
};

/* The question comes back with the answer. */
static void test_comparison(void)
{
	static const struct dns_row row = {"a.TEST", 0, 0, 0, NULL};

	for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]); i++) {
		struct af_dns_query query;
		struct af_dns_answer answer;
		struct af_names aliases = {0};
		uint8_t message[512];
		size_t len = dns_message(&row, A, message, sizeof(message));

		CU_ASSERT_TRUE(af_dns_query_write(compared[i].name, compared[i].type, &query));
		af_dns_answer_read(&query, message, len, &answer, &aliases);
		CHECK_STRING(compared[i].name, answer.why, compared[i].want);
		af_dns_answer_clear(&answer);
	}
}

/* The next server is asked, and then asked first. */
static void test_second_server(void)
{
	static const struct {
		const char *name;
		struct dns_row row;
		size_t queries; /* to the first server, for two questions, one after the other */
	} rows[] = {
		{"first silent", {"mx.test", 0, 0, DNS_SILENT, NULL}, 1},
		{"first fails", {"mx.test", 0, ns_r_servfail, 0, NULL}, 2},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns_server *first = dns_server_start(&rows[i].row, 1, 0);
		struct bench bench = {.server = dns_server_start(ROWS(script), 0), .limit = {0, 9}};
		struct af_servers servers = {0};

		CU_ASSERT_FATAL(first != NULL && bench.server != NULL);
		set_server(&servers.node[0], first);
		set_server(&servers.node[1], bench.server);
		servers.node[0].next = &servers.node[1];
		bench.dns = af_probe_dns_open(&servers, &hurried, &bench.limit);
		ask(&bench, "mx.test", MX);
		turn_until(&bench, 1);
		CHECK_NUMBER(rows[i].name, af_probe_dns_known(bench.dns, "mx.test", MX)->end,
			AFENCE_DNS_FOUND);
		ask(&bench, "both.test", A);
		turn_until(&bench, 2);
		CHECK_NUMBER(rows[i].name, dns_server_queries(first, NULL), rows[i].queries);
		finish(&bench);
		dns_server_stop(first);
	}
}

static void test_sockets(void)
{
	static const struct dns_row rows[] = {{"a.test", 0, 0, DNS_SILENT, NULL}};
	struct curl_waitfd fd[SOCKETS];
	struct bench bench;
	size_t count;
	int ms = GIVEN_UP;

	start(&bench, ROWS(rows), 1, &patient);
	ask(&bench, "a.test", A);
	af_probe_dns_run(bench.dns, NULL, 0);
	CHECK_NUMBER("no room", af_probe_dns_wait(bench.dns, fd, 0, &ms), 0);
	count = af_probe_dns_wait(bench.dns, fd, SOCKETS, &ms);
	CHECK_NUMBER("descriptors", count, 1);
	CHECK_NUMBER("until the time-out", ms <= PLENTY_MS, 1);
	CHECK_NUMBER("close-on-exec", fcntl(fd[0].fd, F_GETFD), FD_CLOEXEC);
	af_probe_dns_stop(bench.dns, stopped);
	finish(&bench);
}

#define MANY 20000

static void test_many(void)
{
	static const struct dns_row none[] = {{"a.test", 0, 0, 0, NULL}};
	struct bench bench;

	start(&bench, ROWS(none), 32, &patient);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%u.test", i % MANY);
		ask(&bench, name, A);
	}
	turn_until(&bench, 2 * MANY);
	CHECK_NUMBER("queries", dns_server_queries(bench.server, NULL), MANY);
	finish(&bench);
}

static void test_new(void)
{
	static const struct dns_row rows[] = {{"a.test", 0, 0, 0, "a.test A 192.0.2.1"}};
	struct bench bench = {.server = dns_server_start(ROWS(rows), 0), .limit = {0, 1}};
	struct af_resolver_config config = {.has_server = true};
	const char *why = "not set";

	CU_ASSERT_PTR_NOT_NULL_FATAL(bench.server);
	af_address_parse("127.0.0.1", 9, &config.server);
	config.port = dns_server_port(bench.server);
	bench.dns = af_probe_dns_new(&config, &bench.limit, &why);
	CHECK_STRING("why", why, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bench.dns);
	ask(&bench, "a.test", A);
	turn_until(&bench, 1);
	CHECK_STRING("a.test", describe(af_probe_dns_known(bench.dns, "a.test", A), A),
		"found 192.0.2.1");
	ask(&bench, "left.test", A); /* nobody waits for it */
	finish(&bench);
	af_probe_dns_free(NULL);
}

static CU_TestInfo tests[] = {
	{"answers, good and bad", test_answers},
	{"no answers", test_no_answers},
	{"names in packets", test_names},
	{"one question, one query", test_once},
	{"never more under way than allowed", test_limit},
	{"a limit that is used up", test_shared_limit},
	{"questions from within answers", test_within},
	{"stop", test_stop},
	{"resolution for the policy", test_resolution},
	{"damaged answers", test_damage},
	{"records of a wrong length", test_lengths},
	{"answers to other questions", test_comparison},
	{"the second server", test_second_server},
	{"sockets", test_sockets},
	{"20,000 questions", test_many},
	{"as the command makes it", test_new},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"probe_dns", NULL, NULL, NULL, NULL, tests};
