/* SPDX-License-Identifier: MIT */
/* W1 to W5 of tools/probe/web.h, against a server of the test. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tools/names.h"
#include "../../tools/probe/web_parts.h"
#include "harness.h"
#include "web_server.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct bench {
	struct web_server *server;
	struct af_probe_limit limit;
	struct af_probe_web *web;
	unsigned sent, told;
};

struct got {
	struct bench *bench;
	unsigned times, at; /* told as the at-th of all */
	enum af_web_end end;
	long status;
	size_t len;
	char *why, *body, *headers;
};

static void open_bench(struct bench *bench, const struct web_row *rows, size_t count, unsigned most)
{
	const char *why;

	memset(bench, 0, sizeof(*bench));
	bench->limit.most = most;
	bench->server = web_server_start(rows, count);
	bench->web = af_probe_web_new(NULL, NULL, 0, &bench->limit, &why);
	if (bench->server == NULL || bench->web == NULL) {
		printf("no server, or no libcurl: %s\n", why);
		exit(2);
	}
}

static void close_bench(struct bench *bench)
{
	CHECK_NUMBER("nothing counts as under way", bench->limit.now, 0);
	af_probe_web_free(bench->web);
	web_server_stop(bench->server);
}

static void drop(struct got *got)
{
	free(got->why);
	free(got->body);
	free(got->headers);
}

static void take(void *context, const struct af_web_answer *answer)
{
	struct got *got = context;

	if (got->times++ > 0)
		drop(got);
	got->at = ++got->bench->told;
	got->end = answer->end;
	got->status = answer->status;
	got->len = answer->len;
	got->why = af_format("%s", answer->why);
	got->body = af_format("%s", answer->body);
	got->headers = af_format("%s", answer->headers);
}

static struct af_address address_of(const char *text)
{
	struct af_address address;

	if (!af_address_parse(text, strlen(text), &address))
		abort();
	return address;
}

static uint16_t port_of(const struct bench *bench)
{
	return web_server_port(bench->server);
}

static void ask_url(struct bench *bench, struct got *got, const char *url)
{
	struct af_address address = address_of("127.0.0.1");
	struct af_web_request request = {.url = url, .address = &address, .address_count = 1};

	got->bench = bench;
	bench->sent++;
	af_probe_web_send(bench->web, &request, take, got);
}

/* The URL is made of START ("http://host"), the port of the server and PATH. */
static void ask(struct bench *bench, struct got *got, const char *start, const char *path)
{
	char *url = af_format("%s:%u%s", start, port_of(bench), path);

	ask_url(bench, got, url);
	free(url);
}

static void step(struct bench *bench)
{
	int ms = 1000;

	af_probe_web_next(bench->web, &ms);
	af_probe_web_wait(bench->web, NULL, 0, ms);
	af_probe_web_run(bench->web);
}

/* Until everything that was sent is told, or it has become hopeless. */
static void settle(struct bench *bench)
{
	for (unsigned i = 0; i < 200000 && bench->told < bench->sent; i++)
		step(bench);
	CHECK_NUMBER("all are told", bench->told, bench->sent);
}

static char exact[AFENCE_WEB_BODY + 1], over[AFENCE_WEB_BODY + 2];
static char many_headers[AFENCE_WEB_HEADERS + 4096];

#define INTERIM                                                                     \
	"HTTP/1.1 100 Continue\r\nX-Row: first\r\n\r\nHTTP/1.1 103 Early Hints\r\n" \
	"X-Row: early\r\n\r\nHTTP/1.1 200 OK\r\nX-Other: a\r\nX-Row: \t last \r\n"  \
	"Content-Length: 2\r\n\r\nok"
#define TRAILER \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Row: late\r\n\r\n"
#define FOLDED "HTTP/1.1 200 OK\r\nX-Row: one\r\n two\r\nContent-Length: 0\r\n\r\n"

static const struct web_row answers[] = {
	{"/ok", .status = 200, .headers = "X-Row: 1\r\nX-Row: 2\r\nSet-Cookie: a=b\r\n",
		.body = "hello"},
	{"/none", .status = 204},
	{"/moved", .status = 302, .headers = "Location: /ok\r\nX-Row: x\r\n", .body = "elsewhere"},
	{"/login", .status = 401, .headers = "WWW-Authenticate: Basic realm=\"x\"\r\n"},
	{"/error", .status = 500},
	{"/huge", .status = 200, .flags = WEB_HUGE},
	{"/exact", .status = 200, .body = exact},
	{"/over", .status = 200, .body = over},
	{"/headers", .status = 200, .headers = many_headers},
	{"/garbage", .flags = WEB_CLOSE, WEB_RAW("SSH-2.0-Server\r\n\r\n")},
	{"/close", .flags = WEB_CLOSE, WEB_RAW("")},
	{"/part", .flags = WEB_CLOSE, WEB_RAW("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")},
	{"/busy", .status = 200, .flags = WEB_BUSY_TWICE, .body = "at last"},
	{"/busy429", .status = 429},
	{"/busy502", .status = 502},
	{"/busy503", .status = 503, .body = "never"},
	{"/busy504", .status = 504},
	{"/interim", WEB_RAW(INTERIM)},
	{"/trailer", WEB_RAW(TRAILER)},
	{"/folded", WEB_RAW(FOLDED)},
};

/* X-Row is what af_web_header() finds. */
static const struct {
	const char *path;
	unsigned requests;
	enum af_web_end end;
	long status;
	size_t len;
	const char *body, *row; /* NULL: not looked at; there is none */
} want_answers[] = {
	{"/ok", 1, AFENCE_WEB_ANSWERED, 200, 5, "hello", "1"},
	{"/none", 1, AFENCE_WEB_ANSWERED, 204, 0, "", NULL},
	{"/moved", 1, AFENCE_WEB_ANSWERED, 302, 9, "elsewhere", "x"},
	{"/login", 1, AFENCE_WEB_ANSWERED, 401, 0, "", NULL},
	{"/error", 1, AFENCE_WEB_ANSWERED, 500, 0, "", NULL},
	{"/unknown", 1, AFENCE_WEB_ANSWERED, 404, 0, "", NULL},
	{"/huge", 1, AFENCE_WEB_CUT, 200, AFENCE_WEB_BODY, NULL, NULL},
	{"/exact", 1, AFENCE_WEB_ANSWERED, 200, AFENCE_WEB_BODY, exact, NULL},
	{"/over", 1, AFENCE_WEB_CUT, 200, AFENCE_WEB_BODY, exact, NULL},
	{"/headers", 1, AFENCE_WEB_BROKEN, 200, 0, "", NULL},
	{"/garbage", 1, AFENCE_WEB_BROKEN, 0, 0, "", NULL},
	{"/close", 3, AFENCE_WEB_BROKEN, 0, 0, "", NULL},
	{"/part", 3, AFENCE_WEB_BROKEN, 200, 3, "abc", NULL},
	{"/busy", 3, AFENCE_WEB_ANSWERED, 200, 7, "at last", NULL},
	{"/busy429", 3, AFENCE_WEB_ANSWERED, 429, 0, "", NULL},
	{"/busy502", 3, AFENCE_WEB_ANSWERED, 502, 0, "", NULL},
	{"/busy503", 3, AFENCE_WEB_ANSWERED, 503, 5, "never", NULL},
	{"/busy504", 3, AFENCE_WEB_ANSWERED, 504, 0, "", NULL},
	{"/interim", 1, AFENCE_WEB_ANSWERED, 200, 2, "ok", "last"},
	{"/trailer", 1, AFENCE_WEB_ANSWERED, 200, 2, "ok", NULL},
	{"/folded", 1, AFENCE_WEB_ANSWERED, 200, 0, "", "one two"},
};

static void fill_bodies(void)
{
	size_t at = 0;

	memset(exact, 'x', sizeof(exact) - 1);
	memset(over, 'x', sizeof(over) - 1);
	while (at + 40 < sizeof(many_headers))
		at += (size_t)sprintf(many_headers + at, "X-Many: 0123456789abcdef\r\n");
}

static void check_answer(struct bench *bench, size_t i, struct got *got)
{
	const char *row = want_answers[i].path;
	char *header = af_web_header(got->headers, "x-row");

	CHECK_NUMBER(row, got->times, 1);
	CHECK_NUMBER(row, got->end, want_answers[i].end);
	CHECK_NUMBER(row, got->status, want_answers[i].status);
	CHECK_NUMBER(row, got->len, want_answers[i].len);
	if (want_answers[i].body != NULL)
		CHECK_NUMBER(row, strcmp(got->body, want_answers[i].body), 0);
	CHECK_STRING(row, header, want_answers[i].row);
	CHECK_NUMBER(row, got->why[0] == '\0', got->end == AFENCE_WEB_ANSWERED);
	CHECK_NUMBER(row, web_server_counts(bench->server, row).requests, want_answers[i].requests);
	free(header);
	drop(got);
}

/* Each under a name of its own, so that no connection is used twice. */
static void test_answers(void)
{
	struct got got[COUNT(want_answers)] = {0};
	struct bench bench;
	char host[64];

	fill_bodies();
	open_bench(&bench, answers, COUNT(answers), 64);
	for (size_t i = 0; i < COUNT(want_answers); i++) {
		snprintf(host, sizeof(host), "http://row%zu.invalid", i);
		ask(&bench, &got[i], host, want_answers[i].path);
		CHECK_NUMBER("told before the return", got[i].times, 0);
	}
	settle(&bench);
	for (size_t i = 0; i < COUNT(want_answers); i++)
		check_answer(&bench, i, &got[i]);
	CHECK_NUMBER("the huge body was not sent to its end",
		web_server_counts(bench.server, NULL).sent < WEB_HUGE_SIZE / 2, true);
	close_bench(&bench);
}

static void test_nul(void)
{
	static const struct web_row rows[] = {
		{"/", WEB_RAW("HTTP/1.1 200 OK\r\nX-Row: a\0b\r\nContent-Length: 3\r\n\r\nc\0d")},
	};
	struct got got = {0};
	struct bench bench;
	char *header;

	open_bench(&bench, rows, COUNT(rows), 8);
	ask(&bench, &got, "http://nul.invalid", "/");
	settle(&bench);
	header = af_web_header(got.headers, "X-Row");
	if (got.end != AFENCE_WEB_BROKEN) { /* as later versions of libcurl have it */
		CHECK_STRING("NUL in a header", header, "a b");
		CHECK_NUMBER("NUL in a body", got.len, 3);
	}
	free(header);
	drop(&got);
	close_bench(&bench);
}

static void test_header(void)
{
	static const char headers[] = "HTTP/1.1 200 OK\r\nA: 1\r\nAB:\t 2 3 \r\nb:\r\nA: 4\nC: 5";
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"A", "1"},
		{"a", "1"},
		{"ab", "2 3"},
		{"B", ""},
		{"C", "5"},
		{"D", NULL},
		{"", NULL},
		{"HTTP/1.1 200 OK", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = af_web_header(headers, rows[i].name);

		CHECK_STRING(rows[i].name, got, rows[i].want);
		free(got);
	}
	CHECK_STRING("no headers", af_web_header("", "A"), NULL);
}

/* Each must end without a connection. */
static void test_refused(void)
{
	static const struct {
		const char *name, *start, *path, *header;
	} rows[] = {
		{"user and password", "http://user:pw@nowhere.invalid", "/", NULL},
		{"user", "http://user@127.0.0.1", "/", NULL},
		{"user, escaped", "http://us%40er:@127.0.0.1", "/", NULL},
		{"user, empty", "http://@127.0.0.1", "/", NULL},
		{"ftp", "ftp://nowhere.invalid", "/", NULL},
		{"file", "file:///etc/hostname#", "", NULL},
		{"no scheme", "nowhere.invalid", "/", NULL},
		{"relative", "/path?", "", NULL},
		{"nothing", "", "", NULL},
		{"port 0", "http://nowhere.invalid:0/", "", NULL},
		{"port too great", "http://nowhere.invalid", "0000/", NULL},
		{"host that takes a name out", "http://-localhost", "/", NULL},
		{"host that stands for all", "http://*", "/", NULL},
		{"host to be converted", "http://b\xc3\xbc.invalid", "/", NULL},
		{"host with a comma", "http://a%2cb.invalid", "/", NULL},
		{"header of two lines", "http://127.0.0.1", "/", "A: b\r\nC: d"},
		{"credentials", "http://127.0.0.1", "/", "authorization: Basic x"},
		{"cookie", "http://127.0.0.1", "/", "Cookie: a=b"},
		{"nobody knows where", "http://localhost", "/", NULL},
	};
	struct got got[COUNT(rows)] = {0};
	struct bench bench;

	open_bench(&bench, NULL, 0, 8);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *header[] = {rows[i].header, NULL};
		char *url = af_format("%s:%u%s", rows[i].start, port_of(&bench), rows[i].path);
		struct af_web_request request = {.url = url, .header = header};

		got[i].bench = &bench;
		bench.sent++;
		af_probe_web_send(bench.web, &request, take, &got[i]);
		CHECK_NUMBER(rows[i].name, got[i].times, 0);
		free(url);
	}
	settle(&bench);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool unknown = i + 1 == COUNT(rows);

		CHECK_NUMBER(rows[i].name, got[i].end,
			unknown ? AFENCE_WEB_UNREACHED : AFENCE_WEB_BROKEN);
		CHECK_NUMBER(rows[i].name, got[i].why[0] != '\0', true);
		drop(&got[i]);
	}
	CHECK_NUMBER("no connection", web_server_counts(bench.server, NULL).connections, 0);
	close_bench(&bench);
}

static void check_has(const char *row, const char *text, const char *part, bool want)
{
	if ((strcasestr(text, part) != NULL) != want)
		printf("\n%s: in \"%s\": ", row, text);
	CHECK_NUMBER(row, strcasestr(text, part) != NULL, want);
}

static void post(struct bench *bench, struct got *got)
{
	static const char *const header[] = {
		"Content-Type: text/xml", "X-Email: a@b.example", NULL};
	struct af_address address = address_of("127.0.0.1");
	char *url = af_format("http://nowhere.invalid:%u/post", port_of(bench));
	char *body = af_format("<a>%s</a>", "b");
	struct af_web_request request = {
		true, url, header, body, .address = &address, .address_count = 1};

	got->bench = bench;
	bench->sent++;
	af_probe_web_send(bench->web, &request, take, got);
	memset(body, '#', strlen(body));
	free(body);
	free(url);
}

static void write_netrc(void)
{
	char *path = af_format("%s/.netrc", af_scratch_dir());
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs("default login netrcuser password netrcpass\n", file) < 0)
		abort();
	fclose(file);
	chmod(path, 0600);
	free(path);
	setenv("HOME", af_scratch_dir(), 1);
}

static const char *const proxies[] = {
	"http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"};

/* A cookie was set and credentials were asked for on the same connection before. */
static void test_requests(void)
{
	struct got got[4] = {{0}};
	struct bench bench;
	const char *text;

	for (size_t i = 0; i < COUNT(proxies); i++)
		setenv(proxies[i], "http://127.0.0.1:1", 1);
	write_netrc();
	open_bench(&bench, answers, COUNT(answers), 8);
	ask(&bench, &got[0], "http://nowhere.invalid", "/ok");
	settle(&bench);
	ask(&bench, &got[1], "http://nowhere.invalid", "/login");
	settle(&bench);
	ask(&bench, &got[2], "http://NoWhere.Invalid.", "/get?a=%40");
	settle(&bench);
	post(&bench, &got[3]);
	settle(&bench);
	text = web_server_request(bench.server, "/get?a=%40");
	check_has("GET", text, "GET /get?a=%40 HTTP/1.1\r\n", true);
	check_has("GET", text, "\r\nUser-Agent: " AFENCE_WEB_AGENT "\r\n", true);
	check_has("GET", text, "\r\nHost: nowhere.invalid:", true);
	check_has("GET", text, "Authorization", false);
	check_has("GET", text, "Cookie", false);
	check_has("GET", text, "Accept-Encoding", false);
	text = web_server_request(bench.server, "/post");
	check_has("POST", text, "POST /post HTTP/1.1\r\n", true);
	check_has("POST", text, "\r\nContent-Type: text/xml\r\n", true);
	check_has("POST", text, "\r\nX-Email: a@b.example\r\n", true);
	check_has("POST", text, "\r\n\r\n<a>b</a>", true);
	check_has("POST", text, "Authorization", false);
	check_has("POST", text, "Cookie", false);
	check_has("POST", text, "Expect", false);
	CHECK_NUMBER("one connection", web_server_counts(bench.server, NULL).connections, 1);
	for (size_t i = 0; i < COUNT(got); i++)
		drop(&got[i]);
	close_bench(&bench);
	for (size_t i = 0; i < COUNT(proxies); i++)
		unsetenv(proxies[i]);
}

static void test_addresses(void)
{
	struct af_address list[] = {
		address_of("::1"), address_of("127.9.9.9"), address_of("127.0.0.1")};
	struct got got[3] = {{0}};
	struct bench bench;
	char url[64], closed[64];
	struct af_web_request several = {.url = url, .address = list, .address_count = 3};
	struct af_web_request refused = {.url = closed, .address = list, .address_count = 2};

	open_bench(&bench, answers, COUNT(answers), 8);
	snprintf(url, sizeof(url), "http://a.invalid:%u/ok", port_of(&bench));
	snprintf(closed, sizeof(closed), "http://b.invalid:%u/ok", port_of(&bench));
	for (size_t i = 0; i < COUNT(got); i++)
		got[i].bench = &bench;
	bench.sent += 2;
	af_probe_web_send(bench.web, &several, take, &got[0]);
	af_probe_web_send(bench.web, &refused, take, &got[1]);
	ask(&bench, &got[2], "http://0x7f.1", "/ok");
	settle(&bench);
	CHECK_NUMBER("the third address answers", got[0].end, AFENCE_WEB_ANSWERED);
	CHECK_NUMBER("none answers", got[1].end, AFENCE_WEB_UNREACHED);
	CHECK_NUMBER("none answers", got[1].why[0] != '\0', true);
	CHECK_NUMBER("odd literal", got[2].end, AFENCE_WEB_ANSWERED);
	for (size_t i = 0; i < COUNT(got); i++)
		drop(&got[i]);
	close_bench(&bench);
}

/* Requests wait for their answer a little, so that they meet. */
static const struct web_row slow[] = {
	{"/", .status = 200, .delay = 20, .body = "slow"},
	{"/soon", .status = 200, .delay = 5},
};

static void test_per_host(void)
{
	struct got got[40] = {{0}};
	struct bench bench;
	struct web_counts counts;

	open_bench(&bench, slow, COUNT(slow), 64);
	for (size_t i = 0; i < COUNT(got); i++)
		ask(&bench, &got[i], i % 2 == 0 ? "http://one.invalid" : "http://ONE.invalid.",
			"/");
	settle(&bench);
	counts = web_server_counts(bench.server, NULL);
	CHECK_NUMBER("at once", counts.together, AFENCE_WEB_PER_HOST);
	CHECK_NUMBER("connections", counts.connections, AFENCE_WEB_PER_HOST);
	CHECK_NUMBER("requests", counts.requests, 40);
	for (size_t i = 0; i < COUNT(got); i++) {
		CHECK_NUMBER("answered", got[i].end, AFENCE_WEB_ANSWERED);
		drop(&got[i]);
	}
	close_bench(&bench);
}

static void test_limit(void)
{
	static struct got got[96];
	struct bench bench;
	struct web_counts counts;
	char host[64];

	memset(got, 0, sizeof(got));
	open_bench(&bench, slow, COUNT(slow), 13);
	bench.limit.now = 3; /* held by somebody else */
	for (size_t i = 0; i < COUNT(got); i++) {
		snprintf(host, sizeof(host), "http://h%zu.invalid", i % 12);
		ask(&bench, &got[i], host, "/");
	}
	settle(&bench);
	counts = web_server_counts(bench.server, NULL);
	CHECK_NUMBER("at once", counts.together, 10);
	CHECK_NUMBER("at once to one host", counts.together_host <= AFENCE_WEB_PER_HOST, true);
	bench.limit.now -= 3;
	for (size_t i = 0; i < COUNT(got); i++)
		drop(&got[i]);
	close_bench(&bench);
}

/* Nobody moves as long as others hold the whole limit; then everybody does. */
static void test_full(void)
{
	struct got got = {0};
	struct bench bench;
	int ms = 77;

	open_bench(&bench, answers, COUNT(answers), 1);
	bench.limit.now = 1;
	ask(&bench, &got, "http://a.invalid", "/ok");
	af_probe_web_run(bench.web);
	af_probe_web_next(bench.web, &ms);
	CHECK_NUMBER("nothing to do", ms, 77);
	CHECK_NUMBER("no more than allowed", bench.limit.now, 1);
	bench.limit.now = 0;
	af_probe_web_next(bench.web, &ms);
	CHECK_NUMBER("something to do", ms, 0);
	settle(&bench);
	CHECK_NUMBER("answered", got.end, AFENCE_WEB_ANSWERED);
	drop(&got);
	close_bench(&bench);
}

/* A host asked once is not kept waiting by one that is asked 400 times, which comes first. */
static void test_fair(void)
{
	static struct got got[400];
	struct got single = {0};
	struct bench bench;

	memset(got, 0, sizeof(got));
	open_bench(&bench, answers, COUNT(answers), 1);
	for (size_t i = 0; i < COUNT(got); i++)
		ask(&bench, &got[i], "http://busy.invalid", "/ok");
	while (bench.told < 2)
		step(&bench);
	ask(&bench, &single, "http://single.invalid", "/ok");
	settle(&bench);
	CHECK_NUMBER("not among the last", single.at < 50, true);
	for (size_t i = 0; i < COUNT(got); i++)
		drop(&got[i]);
	drop(&single);
	close_bench(&bench);
}

static void test_many(void)
{
	static struct got got[2000];
	struct bench bench;
	struct web_counts counts;
	char host[64];
	unsigned answered = 0;

	memset(got, 0, sizeof(got));
	open_bench(&bench, slow, COUNT(slow), 1000);
	for (size_t i = 0; i < COUNT(got); i++) {
		snprintf(host, sizeof(host), "http://h%zu.invalid", i % 100);
		ask(&bench, &got[i], host, "/soon");
	}
	settle(&bench);
	for (size_t i = 0; i < COUNT(got); i++) {
		answered += got[i].times == 1 && got[i].end == AFENCE_WEB_ANSWERED;
		drop(&got[i]);
	}
	counts = web_server_counts(bench.server, NULL);
	CHECK_NUMBER("answered", answered, 2000);
	CHECK_NUMBER("requests", counts.requests, 2000);
	CHECK_NUMBER("at once", counts.together <= AFENCE_WEB_MOST, true);
	CHECK_NUMBER("connections are used again", counts.connections <= 400, true);
	close_bench(&bench);
}

static struct got chain[20];

/* Each answer is a reason to ask two more. */
static void take_and_ask(void *context, const struct af_web_answer *answer)
{
	struct got *got = context;
	struct bench *bench = got->bench;
	size_t index = (size_t)(got - chain);
	struct af_address address = address_of("127.0.0.1");
	char url[128];
	struct af_web_request request = {.url = url, .address = &address, .address_count = 1};

	take(context, answer);
	for (size_t i = 2 * index + 1; i <= 2 * index + 2 && i < COUNT(chain); i++) {
		snprintf(url, sizeof(url), "%s:%u/ok", i % 5 == 0 ? "nonsense" : "http://c.invalid",
			port_of(bench));
		chain[i].bench = bench;
		bench->sent++;
		af_probe_web_send(bench->web, &request, take_and_ask, &chain[i]);
		CHECK_NUMBER("told within a callback", chain[i].times, 0);
	}
}

static void start_chain(struct bench *bench, const char *path)
{
	char url[128];
	struct af_web_request request = {.url = url};

	memset(chain, 0, sizeof(chain));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port_of(bench), path);
	chain[0].bench = bench;
	bench->sent++;
	af_probe_web_send(bench->web, &request, take_and_ask, &chain[0]);
}

static void check_chain(size_t want_stopped)
{
	size_t stopped = 0;

	for (size_t i = 0; i < COUNT(chain); i++) {
		CHECK_NUMBER("told once", chain[i].times, 1);
		stopped += chain[i].end == AFENCE_WEB_STOPPED;
		drop(&chain[i]);
	}
	CHECK_NUMBER("stopped", stopped, want_stopped);
}

static void test_within(void)
{
	struct bench bench;

	open_bench(&bench, answers, COUNT(answers), 3);
	start_chain(&bench, "/ok");
	settle(&bench);
	check_chain(0);
	close_bench(&bench);
}

static const struct web_row silent[] = {
	{"/silent", .flags = WEB_SILENT},
	{"/busy", .status = 503},
};

/* Under way, queued, in a pause between tries, and sent while it stops. */
static void test_stop(void)
{
	struct got got[7] = {{0}};
	struct bench bench;

	open_bench(&bench, silent, COUNT(silent), 8);
	for (size_t i = 0; i < 6; i++)
		ask(&bench, &got[i], "http://silent.invalid", "/silent");
	ask(&bench, &got[6], "http://busy.invalid", "/busy");
	start_chain(&bench, "/silent");
	while (web_server_counts(bench.server, NULL).requests < 6 || bench.limit.now > 5)
		step(&bench);
	CHECK_NUMBER("told before", bench.told, 0);
	af_probe_web_stop(bench.web);
	CHECK_NUMBER("all are told", bench.told, bench.sent);
	for (size_t i = 0; i < COUNT(got); i++) {
		CHECK_NUMBER(
			"stopped", got[i].times == 1 && got[i].end == AFENCE_WEB_STOPPED, true);
		CHECK_STRING("body", got[i].body, "");
		drop(&got[i]);
	}
	check_chain(COUNT(chain));
	memset(&got[0], 0, sizeof(got[0]));
	ask(&bench, &got[0], "http://late.invalid", "/silent");
	settle(&bench);
	CHECK_NUMBER("sent afterwards", got[0].end, AFENCE_WEB_STOPPED);
	drop(&got[0]);
	close_bench(&bench);
}

static void test_free(void)
{
	struct got got[8] = {{0}};
	struct bench bench;

	open_bench(&bench, silent, COUNT(silent), 3);
	for (size_t i = 0; i < COUNT(got); i++)
		ask(&bench, &got[i], i == 0 ? "nonsense" : "http://a.invalid", "/silent");
	af_probe_web_run(bench.web);
	CHECK_NUMBER("under way", bench.limit.now, 3);
	drop(&got[0]);
	af_probe_web_free(bench.web);
	CHECK_NUMBER("nobody else is told", bench.told, 1);
	CHECK_NUMBER("nothing counts as under way", bench.limit.now, 0);
	web_server_stop(bench.server);
	af_probe_web_free(NULL);
}

/* A listener whose queue is full: what else comes is not answered at all. */
static int open_hole(uint16_t *port, int filler[4])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 0) != 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		abort();
	*port = ntohs(address.sin_port);
	for (int i = 0; i < 4; i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(filler[i], (struct sockaddr *)&address, len);
	}
	return fd;
}

/* The time of a try is cut short, where the limits for a try are set for all. */
static void test_timeout(void)
{
	struct got got[2] = {{0}};
	struct bench bench;
	uint16_t port;
	int filler[4];
	int hole = open_hole(&port, filler);
	char url[64];

	open_bench(&bench, silent, COUNT(silent), 8);
	curl_easy_setopt(bench.web->pattern, CURLOPT_TIMEOUT_MS, 500L);
	curl_easy_setopt(bench.web->pattern, CURLOPT_CONNECTTIMEOUT_MS, 300L);
	ask(&bench, &got[0], "http://silent.invalid", "/silent");
	snprintf(url, sizeof(url), "http://hole.invalid:%u/", port);
	ask_url(&bench, &got[1], url);
	settle(&bench);
	CHECK_NUMBER("silent", got[0].end, AFENCE_WEB_TIMEOUT);
	CHECK_NUMBER("silent, tries", web_server_counts(bench.server, NULL).requests, 1);
	CHECK_NUMBER("no connection", got[1].end, AFENCE_WEB_UNREACHED);
	for (int i = 0; i < 4; i++)
		close(filler[i]);
	close(hole);
	drop(&got[0]);
	drop(&got[1]);
	close_bench(&bench);
}

static void test_tls(void)
{
	struct got got = {0};
	struct bench bench;

	open_bench(&bench, answers, COUNT(answers), 8);
	ask(&bench, &got, "https://nowhere.invalid", "/ok");
	settle(&bench);
	CHECK_NUMBER("no TLS spoken", got.end, AFENCE_WEB_TLS);
	CHECK_NUMBER("no TLS spoken", got.why[0] != '\0', true);
	CHECK_NUMBER("tries", web_server_counts(bench.server, NULL).connections, 1);
	drop(&got);
	close_bench(&bench);
}

static const char *try_new(const char *cacert, const char *connect_to)
{
	struct af_probe_limit limit = {0, 1};
	const char *why;
	struct af_probe_web *web =
		af_probe_web_new(cacert, &connect_to, connect_to != NULL, &limit, &why);

	CHECK_NUMBER("a reason if there is none", why != NULL, web == NULL);
	af_probe_web_free(web);
	return why;
}

static void test_new(void)
{
	static const char form[] = "connect-to must be HOST:PORT:ADDRESS:PORT";
	static const char *const good[] = {
		":::", "::127.0.0.1:", "a.test:443:[::1]:8443", ":80::81", "[::1]:80:10.0.0.1:81"};
	static const char *const bad[] = {"", "a", "a:1", "a:1:127.0.0.1", "a:1:b.test:2",
		"a:x:127.0.0.1:2", "a:1:127.0.0.1:70000", "a:1:127.0.0.1:2:3", "[::1:1:127.0.0.1:2",
		"a:0:127.0.0.1:1"};

	for (size_t i = 0; i < COUNT(good); i++)
		CHECK_STRING(good[i], try_new(NULL, good[i]), NULL);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STRING(bad[i], try_new(NULL, bad[i]), form);
	CHECK_STRING("no such file", try_new("/nonexistent", NULL),
		"the file of trusted certificates cannot be read");
	CHECK_STRING(
		"a folder", try_new("/", NULL), "the file of trusted certificates cannot be read");
	CHECK_STRING("a file", try_new("/proc/self/exe", NULL), NULL);
}

/* The first row that fits counts; without an address only the port is another. */
static void test_connect_to(void)
{
	struct got got[4] = {{0}};
	struct bench bench;
	const char *why;
	char row[4][64];
	const char *rows[4];
	uint16_t port;

	open_bench(&bench, answers, COUNT(answers), 8);
	port = port_of(&bench);
	snprintf(row[0], sizeof(row[0]), "A.invalid:80:127.0.0.1:%u", port);
	snprintf(row[1], sizeof(row[1]), "b.invalid:::%u", port);
	snprintf(row[2], sizeof(row[2]), "c.invalid:81:127.0.0.1:1");
	snprintf(row[3], sizeof(row[3]), ":82:127.0.0.1:%u", port);
	for (size_t i = 0; i < 4; i++)
		rows[i] = row[i];
	af_probe_web_free(bench.web);
	bench.web = af_probe_web_new(NULL, rows, 4, &bench.limit, &why);
	for (size_t i = 0; i < 4; i++) {
		static const char *const url[] = {"http://a.invalid/ok", "http://b.invalid:99/ok",
			"http://c.invalid:82/ok", "http://10.9.9.9:82/ok"};
		struct af_address address = address_of("127.0.0.1");
		struct af_web_request request = {
			.url = url[i], .address = &address, .address_count = i == 1};

		got[i].bench = &bench;
		bench.sent++;
		af_probe_web_send(bench.web, &request, take, &got[i]);
	}
	settle(&bench);
	for (size_t i = 0; i < 4; i++) {
		CHECK_STRING("answered", got[i].body, "hello");
		drop(&got[i]);
	}
	close_bench(&bench);
}

static CU_TestInfo tests[] = {
	{"answers of all kinds, and how often they are asked for", test_answers},
	{"NUL in an answer", test_nul},
	{"a value among headers", test_header},
	{"what is not sent", test_refused},
	{"what is sent, and what is not in it", test_requests},
	{"only the addresses given", test_addresses},
	{"few to one host", test_per_host},
	{"few in all", test_limit},
	{"a limit that others fill", test_full},
	{"every host has its turn", test_fair},
	{"2000 requests to 100 hosts", test_many},
	{"requests sent within a callback", test_within},
	{"stop", test_stop},
	{"free with requests under way", test_free},
	{"no answer, no connection", test_timeout},
	{"TLS that is none", test_tls},
	{"certificates and connect-to that cannot be read", test_new},
	{"connect-to", test_connect_to},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"probe_web", NULL, NULL, NULL, NULL, tests};
