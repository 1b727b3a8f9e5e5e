/* SPDX-License-Identifier: MIT */
/*
 * The resolver against servers that answer, fall silent, refuse and lie (tests/unit/dns_server.h),
 * and as a guest: descriptors, environment, threads, fork, chroot.
 *
 * A question that gets no answer has 300 ms; that this is kept is asked with room for a loaded
 * machine.  One that gets an answer has plenty.
 */
#include "af_resolver.h"

#include <arpa/nameser.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "af_resolver_parts.h"
#include "dns_server.h"
#include "harness.h"

#define BUDGET_MS 300
#define KEPT_MS   1500 /* it was kept if it took less */
#define PLENTY_MS 3000

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

/*
 * Two calls of the resolver, slowed down on demand: only then does the peer of a connection reset
 * it before the first write, and only then does a flood of packets outrun their reader.
 */
static _Atomic bool slow;

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	int result = (int)syscall(SYS_connect, fd, address, len);
	int saved = errno;

	if (slow)
		usleep(20000);
	errno = saved;
	return result;
}

ssize_t recvfrom(int fd, void *restrict buffer, size_t room, int flags,
	struct sockaddr *restrict from, socklen_t *restrict from_len)
{
	if (slow && flags == 0)
		usleep(1000);
	return syscall(SYS_recvfrom, fd, buffer, room, flags, from, from_len);
}

static void set_domain(struct af_domain *domain, const char *name)
{
	memset(domain, 0, sizeof(*domain));
	domain->len = (uint8_t)strlen(name);
	memcpy(domain->name, name, domain->len);
}

static struct af_resolver *new_resolver(uint16_t port)
{
	struct af_resolver_config config = {.has_server = true, .port = port};
	struct af_resolver *resolver;

	af_address_parse("127.0.0.1", 9, &config.server);
	CU_ASSERT_EQUAL_FATAL(af_resolver_new(&config, &resolver), AFENCE_OK);
	return resolver;
}

/* "complete|incomplete, addresses; CNAMEs". */
static const char *describe(const struct af_resolution *resolution)
{
	static _Thread_local char text[8192];
	char address[AFENCE_ADDRESS_TEXT_MAX];
	size_t at = (size_t)sprintf(text, resolution->complete ? "complete" : "incomplete");

	for (size_t i = 0; i < resolution->address_count; i++)
		at += (size_t)sprintf(
			text + at, " %s", af_address_format(&resolution->address[i], address));
	for (size_t i = 0; i < resolution->cname_count; i++)
		at += (size_t)sprintf(text + at, " =%s", resolution->cname[i].name);
	return text;
}

static const char *ask(struct af_resolver *resolver, const char *name, unsigned budget_ms)
{
	static _Thread_local struct af_resolution resolution;
	struct af_domain domain;

	set_domain(&domain, name);
	memset(&resolution, 0xa5, sizeof(resolution));
	resolver->resolve(resolver, &domain, budget_ms, &resolution);
	return describe(&resolution);
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A and AAAA come in either order, so words are compared as sets. */
static const char *sorted(const char *text, char *out)
{
	char copy[8192];
	char *word[128];
	size_t count = 0;
	size_t at = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok(copy, " "); w != NULL && count < 128; w = strtok(NULL, " "))
		word[count++] = w;
	qsort(word, count, sizeof(word[0]), compare_words);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		at += (size_t)sprintf(out + at, " %s", word[i]);
	return out;
}

static void check_answer(const char *row, const char *got, const char *want)
{
	char got_sorted[8192];
	char want_sorted[8192];

	CHECK_STRING(row, sorted(got, got_sorted), sorted(want, want_sorted));
}

#define A    ns_t_a
#define AAAA ns_t_aaaa

static const struct dns_row script[] = {
	{"both.test", A, 0, 0, "both.test A 192.0.2.1"},
	{"both.test", AAAA, 0, 0, "both.test AAAA 2001:db8::1"},
	{"four.test", A, 0, 0, "four.test A 192.0.2.1\nfour.test A 192.0.2.2"},
	{"four.test", AAAA, 0, 0, NULL},
	{"four-nx.test", A, 0, 0, "four-nx.test A 192.0.2.1"},
	{"four-nx.test", AAAA, ns_r_nxdomain, 0, NULL},
	{"empty.test", 0, 0, 0, NULL},
	{"silent.test", 0, 0, DNS_SILENT, NULL},
	{"half.test", A, 0, 0, "half.test A 10.0.0.1"},
	{"half.test", AAAA, 0, DNS_SILENT, NULL},
	{"other-half.test", A, 0, DNS_SILENT, NULL},
	{"other-half.test", AAAA, 0, 0, "other-half.test AAAA fd00::1"},
	{"half-servfail.test", A, 0, 0, "half-servfail.test A 10.0.0.1"},
	{"half-servfail.test", AAAA, ns_r_servfail, 0, NULL},
	{"servfail.test", 0, ns_r_servfail, 0, NULL},
	{"refused.test", 0, ns_r_refused, 0, NULL},
	{"formerr.test", 0, ns_r_formerr, 0, NULL},
	{"notimpl.test", 0, ns_r_notimpl, 0, NULL},
	{"yxdomain.test", 0, ns_r_yxdomain, 0, "yxdomain.test A 10.0.0.1"},
	{"notauth.test", 0, ns_r_notauth, 0, NULL},
	{"referral.test", 0, 0, DNS_REFERRAL, NULL},
	{"lost.test", A, 0, DNS_LOSE_FIRST, "lost.test A 192.0.2.1"},
	{"lost.test", AAAA, 0, DNS_LOSE_FIRST, NULL},
	{"double.test", A, 0, 0, "double.test A 192.0.2.1\ndouble.test A 192.0.2.1"},
	{"double.test", AAAA, 0, 0, "double.test AAAA ::ffff:192.0.2.1"},
	{"case.test", A, 0, 0, "CASE.Test A 192.0.2.1"},
	{"case.test", AAAA, 0, 0, NULL},
	/* Records that nobody asked for. */
	{"foreign.test", A, 0, 0, "elsewhere.test A 10.0.0.1"},
	{"foreign.test", AAAA, 0, 0, NULL},
	{"extra.test", A, 0, 0, "extra.test A 192.0.2.1\nelsewhere.test A 10.0.0.1"},
	{"extra.test", AAAA, 0, 0, NULL},
	{"below.test", A, 0, 0, "a.below.test A 10.0.0.1"},
	{"below.test", AAAA, 0, 0, NULL},
	{"stray.test", A, 0, 0, "stray.test A 192.0.2.1\nx.test CNAME y.test"},
	{"stray.test", AAAA, 0, 0, NULL},
	{"crossed.test", A, 0, 0, "crossed.test A 192.0.2.1\nz.test AAAA 2001:db8::1"},
	{"crossed.test", AAAA, 0, 0, NULL},
	/* Aliases. */
	{"chain.test", A, 0, 0,
		"chain.test CNAME one.test\none.test CNAME two.test\ntwo.test A 192.0.2.1"},
	{"chain.test", AAAA, 0, 0, "chain.test CNAME one.test\none.test CNAME two.test"},
	{"backwards.test", A, 0, 0,
		"two.test A 192.0.2.1\none.test CNAME two.test\nbackwards.test CNAME one.test"},
	{"backwards.test", AAAA, 0, 0, NULL},
	{"endless.test", 0, 0, 0, "endless.test CNAME one.test\none.test CNAME two.test"},
	{"nowhere.test", 0, ns_r_nxdomain, 0, "nowhere.test CNAME one.test"},
	{"loop.test", 0, 0, 0, "loop.test CNAME one.test\none.test CNAME loop.test"},
	{"self.test", 0, 0, 0, "self.test CNAME self.test"},
	{"fork.test", A, 0, 0,
		"fork.test CNAME one.test\nfork.test CNAME two.test\none.test A 192.0.2.1\n"
		"two.test A 192.0.2.2"},
	{"fork.test", AAAA, 0, 0, NULL},
	{"odd.test", A, 0, 0,
		"odd.test CNAME a\\032b\\001\\255.test\na\\032b\\001\\255.test CNAME one.test\n"
		"one.test A 192.0.2.1"},
	{"odd.test", AAAA, 0, 0, NULL},
	{"upper.test", A, 0, 0, "upper.test CNAME ONE.test\none.TEST A 192.0.2.1"},
	{"upper.test", AAAA, 0, 0, NULL},
	{"broken.test", A, 0, 0, "broken.test CNAME one.test\ntwo.test A 10.0.0.1"},
	{"broken.test", AAAA, 0, 0, NULL},
	/* Transport. */
	{"big.test", A, 0, DNS_TRUNCATE, "big.test A 192.0.2.1"},
	{"big.test", AAAA, 0, 0, NULL},
	{"cut.test", A, 0, DNS_TRUNCATE | DNS_TRUNCATE_TCP, "cut.test A 10.0.0.1"},
	{"cut.test", AAAA, 0, 0, NULL},
	{"wrong-id.test", 0, 0, DNS_WRONG_ID, "wrong-id.test A 10.0.0.1"},
	{"forged.test", A, 0, DNS_FORGE_FIRST, "forged.test A 192.0.2.1"},
	{"forged.test", AAAA, 0, DNS_FORGE_FIRST, NULL},
	{"garbage.test", 0, 0, DNS_GARBAGE, NULL},
	{"nothing.test", 0, 0, DNS_EMPTY_PACKET, NULL},
};

struct ask_row {
	const char *name;
	const char *want;
};

static const struct ask_row asked[] = {
	{"both.test", "complete 192.0.2.1 2001:db8::1"},
	{"four.test", "complete 192.0.2.1 192.0.2.2"},
	{"four-nx.test", "complete 192.0.2.1"},
	{"empty.test", "complete"},
	{"absent.test", "complete"},
	{"silent.test", "incomplete"},
	{"half.test", "incomplete 10.0.0.1"},
	{"other-half.test", "incomplete fd00::1"},
	{"half-servfail.test", "incomplete 10.0.0.1"},
	{"servfail.test", "incomplete"},
	{"refused.test", "incomplete"},
	{"formerr.test", "incomplete"},
	{"notimpl.test", "incomplete"},
	{"yxdomain.test", "incomplete"},
	{"notauth.test", "incomplete"},
	{"referral.test", "incomplete"},
	{"lost.test", "complete 192.0.2.1"},
	{"double.test", "complete 192.0.2.1"},
	{"case.test", "complete 192.0.2.1"},
	{"foreign.test", "incomplete"},
	{"extra.test", "incomplete 192.0.2.1"},
	{"below.test", "incomplete"},
	{"stray.test", "incomplete 192.0.2.1"},
	{"crossed.test", "complete 192.0.2.1"},
	{"chain.test", "complete 192.0.2.1 =one.test =two.test"},
	{"backwards.test", "complete 192.0.2.1 =one.test =two.test"},
	{"endless.test", "complete =one.test =two.test"},
	{"nowhere.test", "complete =one.test"},
	{"loop.test", "complete =one.test"},
	{"self.test", "complete"},
	{"fork.test", "complete 192.0.2.1 192.0.2.2 =one.test =two.test"},
	{"odd.test", "complete 192.0.2.1 =one.test"},
	{"upper.test", "complete 192.0.2.1 =one.test"},
	{"broken.test", "incomplete =one.test"},
	{"big.test", "complete 192.0.2.1"},
	{"cut.test", "incomplete"},
	{"wrong-id.test", "incomplete"},
	{"forged.test", "complete 192.0.2.1"},
	{"garbage.test", "incomplete"},
	{"nothing.test", "incomplete"},
	/* RFC 7686 s2: not for the DNS. */
	{"abc.onion", "incomplete"},
};

static void test_answers(void)
{
	struct dns_server *server = dns_server_start(ROWS(script), 0);
	struct af_resolver *resolver;

	CU_ASSERT_PTR_NOT_NULL_FATAL(server);
	resolver = new_resolver(dns_server_port(server));
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		bool complete = starts(asked[i].want, "complete");
		int64_t start = af_resolver_clock();

		check_answer(asked[i].name,
			ask(resolver, asked[i].name, complete ? PLENTY_MS : BUDGET_MS),
			asked[i].want);
		CHECK_NUMBER(asked[i].name, complete || af_resolver_clock() - start < KEPT_MS, 1);
	}
	CHECK_NUMBER("onion", dns_server_queries(server, "abc.onion"), 0);
	/* In the order that the answer has them. */
	CU_ASSERT_PTR_NOT_NULL(strstr(ask(resolver, "chain.test", 0), "=one.test =two.test"));
	af_resolver_free(resolver);
	dns_server_stop(server);
}

/* Lines for dns_row: n.test by so many aliases to so many addresses. */
static void write_records(char *out, unsigned aliases, unsigned addresses)
{
	char owner[32] = "n.test";

	*out = '\0';
	for (unsigned i = 0; i < aliases; i++) {
		out += sprintf(out, "%s CNAME alias%u.test\n", owner, i);
		snprintf(owner, sizeof(owner), "alias%u.test", i);
	}
	for (unsigned i = 0; i < addresses; i++)
		out += sprintf(out, "%s A 192.0.%u.%u\n", owner, i / 256, i % 256);
}

struct bound_row {
	const char *name;
	unsigned aliases;
	unsigned addresses;
	bool complete;
};

/* As many as fit are complete, one more is not. */
static const struct bound_row bounds[] = {
	{"all addresses", 0, AFENCE_ADDRESSES_MAX, true},
	{"one address more", 0, AFENCE_ADDRESSES_MAX + 1, false},
	{"100 addresses", 0, 100, false},
	{"1000 addresses", 0, 1000, false},
	{"all aliases", AFENCE_CNAMES_MAX, 1, true},
	{"one alias more", AFENCE_CNAMES_MAX + 1, 1, false},
};

static void test_bounds(void)
{
	static char records[65536];
	static const struct dns_row rows[] = {
		{"n.test", A, 0, DNS_TRUNCATE, records}, {"n.test", AAAA, 0, 0, NULL}};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct dns_server *server;
		struct af_resolver *resolver;

		write_records(records, bounds[i].aliases, bounds[i].addresses);
		server = dns_server_start(ROWS(rows), 0);
		CU_ASSERT_PTR_NOT_NULL_FATAL(server);
		resolver = new_resolver(dns_server_port(server));
		CHECK_NUMBER(bounds[i].name, starts(ask(resolver, "n.test", PLENTY_MS), "complete"),
			bounds[i].complete);
		af_resolver_free(resolver);
		dns_server_stop(server);
	}
}

/* Any cut of a message and any change of a byte is survived; no cut one is whole. */
static void test_damage(void)
{
	static const struct dns_row row = {"chain.test", A, 0, 0,
		"chain.test CNAME one.test\none.test CNAME two.test\ntwo.test A 192.0.2.1"};
	uint8_t good[512];
	size_t len = dns_message(&row, A, good, sizeof(good));
	struct af_resolution resolution = {0};
	struct af_domain name;

	set_domain(&name, "chain.test");
	CU_ASSERT_TRUE(af_answer_read(good, len, &name, A, &resolution));
	check_answer("whole", describe(&resolution), "incomplete 192.0.2.1 =one.test =two.test");
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut > 0 ? cut : 1); /* so that a checker sees the end */

		memcpy(copy, good, cut);
		CHECK_NUMBER("cut", af_answer_read(copy, cut, &name, A, &resolution), 0);
		free(copy);
	}
	for (size_t i = 0; i < len * 256; i++) {
		uint8_t *copy = malloc(len);

		memcpy(copy, good, len);
		copy[i / 256] = (uint8_t)i;
		memset(&resolution, 0, sizeof(resolution));
		if (af_answer_read(copy, len, &name, A, &resolution))
			CU_ASSERT(resolution.address_count <= 1 && resolution.cname_count <= 2);
		free(copy);
	}
}

/* An address of the wrong length is no address, even within a whole message. */
static void test_lengths(void)
{
	static const struct dns_row row = {"a.test", A, 0, 0, "a.test AAAA 2001:db8::1"};
	uint8_t message[512];
	size_t len = dns_message(&row, A, message, sizeof(message));
	struct af_resolution resolution = {0};
	struct af_domain name;

	set_domain(&name, "a.test");
	message[len - 16 - 10 + 1] = ns_t_a;
	CU_ASSERT_FALSE(af_answer_read(message, len, &name, A, &resolution));
	CHECK_NUMBER("addresses", resolution.address_count, 0);
}

static void test_refusing_port(void)
{
	static const struct dns_row none[] = {{"a.test", 0, 0, 0, NULL}};
	struct dns_server *server = dns_server_start(ROWS(none), 0);
	uint16_t port = dns_server_port(server);
	struct af_resolver *resolver = new_resolver(port);
	int64_t start = af_resolver_clock();

	dns_server_stop(server);
	check_answer("refusing", ask(resolver, "both.test", BUDGET_MS), "incomplete");
	CHECK_NUMBER("refusing", af_resolver_clock() - start < KEPT_MS, 1);
	af_resolver_free(resolver);
}

static void test_second_server(void)
{
	static const struct dns_row silent[] = {{"both.test", 0, 0, DNS_SILENT, NULL}};
	static const struct dns_row refusing[] = {{"both.test", 0, ns_r_refused, 0, NULL}};
	static const struct {
		const char *name;
		const struct dns_row *first;
	} rows[] = {{"first silent", silent}, {"first refuses", refusing}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns_server *first = dns_server_start(rows[i].first, 1, 0);
		struct dns_server *second = dns_server_start(ROWS(script), 0);
		struct dns_server *server[] = {first, second};
		struct af_servers servers = {0};
		struct af_resolution resolution = {0};
		struct af_domain name;

		CU_ASSERT_FATAL(first != NULL && second != NULL);
		for (size_t j = 0; j < 2; j++) {
			servers.node[j].family = AF_INET;
			servers.node[j].addr.addr4.s_addr = htonl(INADDR_LOOPBACK);
			servers.node[j].udp_port = dns_server_port(server[j]);
			servers.node[j].tcp_port = dns_server_port(server[j]);
		}
		servers.node[0].next = &servers.node[1];
		set_domain(&name, "both.test");
		af_dns_ask(&servers, &name, af_resolver_clock() + PLENTY_MS, &resolution);
		check_answer(rows[i].name, describe(&resolution), "complete 192.0.2.1 2001:db8::1");
		CU_ASSERT(dns_server_queries(first, "both.test") >= 2);
		dns_server_stop(first);
		dns_server_stop(second);
	}
}

/* Packets without end, all with a wrong id, must not hold the question beyond its deadline. */
static void test_flood(void)
{
	static const struct dns_row rows[] = {{"flood.test", 0, 0, DNS_FLOOD, NULL}};
	struct dns_server *server = dns_server_start(ROWS(rows), 0);
	struct af_resolver *resolver = new_resolver(dns_server_port(server));
	int64_t start = af_resolver_clock();

	slow = true;
	check_answer("flood", ask(resolver, "flood.test", BUDGET_MS), "incomplete");
	slow = false;
	CHECK_NUMBER("flood", af_resolver_clock() - start < KEPT_MS, 1);
	af_resolver_free(resolver);
	dns_server_stop(server);
}

/* Nothing is asked without time; what is known already counts. */
static void test_no_budget(void)
{
	struct dns_server *server = dns_server_start(ROWS(script), 0);
	struct af_resolver *resolver = new_resolver(dns_server_port(server));

	check_answer("first", ask(resolver, "both.test", 0), "incomplete");
	CHECK_NUMBER("queries", dns_server_queries(server, NULL), 0);
	check_answer(
		"asked", ask(resolver, "both.test", PLENTY_MS), "complete 192.0.2.1 2001:db8::1");
	check_answer("kept", ask(resolver, "both.test", 0), "complete 192.0.2.1 2001:db8::1");
	CHECK_NUMBER("queries", dns_server_queries(server, NULL), 2);
	af_resolver_free(resolver);
	dns_server_stop(server);
}

static void test_cache(void)
{
	struct dns_server *server = dns_server_start(ROWS(script), 0);
	struct af_resolver *resolver = new_resolver(dns_server_port(server));
	char name[32];

	for (int i = 0; i < 3; i++) {
		ask(resolver, "both.test", PLENTY_MS);
		ask(resolver, "chain.test", PLENTY_MS);
		ask(resolver, "formerr.test", BUDGET_MS);
		ask(resolver, "absent.test", PLENTY_MS);
	}
	CHECK_NUMBER("both.test", dns_server_queries(server, "both.test"), 2);
	CHECK_NUMBER("chain.test", dns_server_queries(server, "chain.test"), 2);
	CHECK_NUMBER("formerr.test", dns_server_queries(server, "formerr.test"), 2);
	CHECK_NUMBER("absent.test", dns_server_queries(server, "absent.test"), 2);
	check_answer("kept whole", ask(resolver, "chain.test", 0),
		"complete 192.0.2.1 =one.test =two.test");
	/* 256 others drive the first ones out. */
	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "name%d.test", i);
		ask(resolver, name, PLENTY_MS);
	}
	ask(resolver, "name0.test", PLENTY_MS);
	CHECK_NUMBER("name0.test", dns_server_queries(server, "name0.test"), 2);
	ask(resolver, "absent.test", PLENTY_MS);
	CHECK_NUMBER("absent.test again", dns_server_queries(server, "absent.test"), 4);
	af_resolver_free(resolver);
	dns_server_stop(server);
}

static size_t count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void test_descriptors(void)
{
	struct dns_server *server = dns_server_start(ROWS(script), 0);
	size_t before = count_descriptors();
	struct af_resolver *resolver = new_resolver(dns_server_port(server));
	static const char *const names[] = {
		"both.test", "big.test", "servfail.test", "half.test", "garbage.test"};

	CHECK_NUMBER("resolver", count_descriptors(), before);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ask(resolver, names[i], BUDGET_MS);
		/* The server's end of a TCP connection may still be open. */
		for (int wait = 0; wait < 100 && count_descriptors() != before; wait++)
			usleep(10000);
		CHECK_NUMBER(names[i], count_descriptors(), before);
	}
	af_resolver_free(resolver);
	dns_server_stop(server);
}

/* Runs a check in a child of its own; its exit status, or minus the signal that ended it. */
static int in_child(int (*check)(void *context), void *context)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(30);
		_exit(check(context));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void *ask_half(void *context)
{
	ask(context, "half.test", 2000);
	return NULL;
}

static size_t count_new(const bool *before, int *bad)
{
	size_t count = 0;

	for (int fd = 0; fd < 64; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0 || before[fd])
			continue;
		count++;
		if (fd <= STDERR_FILENO || !(flags & FD_CLOEXEC))
			*bad = 2;
	}
	return count;
}

/* While a question is under way, what is new is above standard error and close-on-exec. */
static int check_sockets(struct af_resolver *resolver)
{
	pthread_t thread;
	bool before[64];
	int bad = 3;

	for (int fd = 0; fd < 64; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	if (pthread_create(&thread, NULL, ask_half, resolver) != 0)
		return 1;
	/* Late enough for the files that c-ares opens for a moment. */
	for (int wait = 0; wait < 20 && bad == 3; wait++) {
		usleep(100000);
		bad = 0;
		if (count_new(before, &bad) == 0)
			bad = 3;
	}
	pthread_join(thread, NULL);
	return bad;
}

static int check_open_standard(void *context)
{
	return check_sockets(context);
}

static int check_closed_standard(void *context)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	if (!starts(ask(context, "both.test", PLENTY_MS), "complete") ||
		!starts(ask(context, "big.test", PLENTY_MS), "complete"))
		return 4;
	return check_sockets(context);
}

static void test_sockets(void)
{
	struct dns_server *server = dns_server_start(ROWS(script), 0);
	struct af_resolver *resolver = new_resolver(dns_server_port(server));

	CHECK_NUMBER("0 to 2 open", in_child(check_open_standard, resolver), 0);
	CHECK_NUMBER("0 to 2 closed", in_child(check_closed_standard, resolver), 0);
	af_resolver_free(resolver);
	dns_server_stop(server);
}

static int check_many_descriptors(void *context)
{
	struct rlimit limit;
	int fd = open("/dev/null", O_RDONLY);

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < 2100)
		return 77;
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
	while (fd >= 0 && fd < 2000)
		fd = dup(fd);
	if (fd < 2000)
		return 77;
	if (!starts(ask(context, "both.test", PLENTY_MS), "complete"))
		return 1;
	return starts(ask(context, "big.test", PLENTY_MS), "complete") ? 0 : 2;
}

/* None left: no answer, and no harm. */
static int check_no_descriptor(void *context)
{
	struct rlimit limit = {64, 64};
	int fd = open("/dev/null", O_RDONLY);

	setrlimit(RLIMIT_NOFILE, &limit);
	while (fd >= 0)
		fd = dup(fd);
	return starts(ask(context, "both.test", BUDGET_MS), "incomplete") ? 0 : 1;
}

static void test_many_descriptors(void)
{
	struct dns_server *server = dns_server_start(ROWS(script), 0);
	struct af_resolver *resolver = new_resolver(dns_server_port(server));
	int got = in_child(check_many_descriptors, resolver);

	if (got == 77)
		printf("(no 2000 descriptors allowed here) ");
	CU_ASSERT(got == 0 || got == 77);
	CHECK_NUMBER("no descriptor", in_child(check_no_descriptor, resolver), 0);
	af_resolver_free(resolver);
	dns_server_stop(server);
}

/* A TCP server that hangs up before we write: the default action of SIGPIPE ends the child. */
static int check_sigpipe(void *context)
{
	signal(SIGPIPE, SIG_DFL);
	slow = true;
	return starts(ask(context, "reset.test", BUDGET_MS), "incomplete") ? 0 : 1;
}

static void test_sigpipe(void)
{
	static const struct dns_row rows[] = {
		{"reset.test", 0, 0, DNS_TRUNCATE | DNS_RESET_TCP, NULL}};
	struct dns_server *server = dns_server_start(ROWS(rows), 0);
	struct af_resolver *resolver = new_resolver(dns_server_port(server));

	CHECK_NUMBER("reset", in_child(check_sigpipe, resolver), 0);
	af_resolver_free(resolver);
	dns_server_stop(server);
}

static void *ask_much(void *context)
{
	uintptr_t wrong = 0;

	for (int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "name%d.test", i);
		wrong += !starts(ask(context, name, 5000), "complete");
		wrong += !starts(ask(context, "chain.test", 5000), "complete 192.0.2.1 =one");
		wrong += !starts(ask(context, "big.test", 5000), "complete 192.0.2.1");
	}
	return (void *)wrong;
}

static void test_threads(void)
{
	struct dns_server *server = dns_server_start(ROWS(script), 0);
	struct af_resolver *resolver = new_resolver(dns_server_port(server));
	pthread_t threads[8];

	for (size_t i = 0; i < 8; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, ask_much, resolver), 0);
	for (size_t i = 0; i < 8; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		CHECK_NUMBER("thread", (uintptr_t)wrong, 0);
	}
	af_resolver_free(resolver);
	dns_server_stop(server);
}

static int check_fork(void *context)
{
	if (!starts(ask(context, "chain.test", 5000), "complete 192.0.2.1 =one"))
		return 1;
	return starts(ask(context, "both.test", 5000), "complete 192.0.2.1") ? 0 : 2;
}

static void test_fork(void)
{
	struct dns_server *server = dns_server_start(ROWS(script), 0);
	struct af_resolver *resolver = new_resolver(dns_server_port(server));

	ask(resolver, "both.test", PLENTY_MS);
	CHECK_NUMBER("child", in_child(check_fork, resolver), 0);
	CHECK_NUMBER("both.test", dns_server_queries(server, "both.test"), 2);
	CHECK_NUMBER("parent", check_fork(resolver), 0);
	af_resolver_free(resolver);
	dns_server_stop(server);
}

static int check_held_lock(void *context)
{
	struct af_resolution resolution = {0};
	struct af_domain name;

	set_domain(&name, "both.test");
	af_cache_put(context, &name, &resolution);
	return af_cache_get(context, &name, &resolution) ? 1 : 0;
}

/* A lock that was held at the fork is held for ever: the child goes on without the cache. */
static void test_held_lock(void)
{
	struct af_cache *cache = af_cache_new();

	CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
	CHECK_NUMBER("free", in_child(check_held_lock, cache), 1);
	pthread_mutex_lock(&cache->lock);
	CHECK_NUMBER("held", in_child(check_held_lock, cache), 0);
	pthread_mutex_unlock(&cache->lock);
	af_cache_free(cache);
}

/* All variables that resolvers know; the name has no dot, so aliases and search lists apply. */
static int check_environment(void *context)
{
	struct dns_server *server = context;
	char path[sizeof(af_build_dir) + 128];
	FILE *aliases;
	int64_t start = af_resolver_clock();
	struct af_resolver *resolver;

	snprintf(path, sizeof(path), "%s/aliases", af_scratch_dir());
	aliases = fopen(path, "w");
	fputs("single both.test\n", aliases);
	fclose(aliases);
	setenv("HOSTALIASES", path, 1);
	setenv("RES_OPTIONS", "ndots:5 timeout:9 attempts:9 rotate use-vc", 1);
	setenv("LOCALDOMAIN", "lab.test", 1);
	setenv("CARES_HOSTS", path, 1);
	resolver = new_resolver(dns_server_port(server));
	if (strcmp(ask(resolver, "single", PLENTY_MS), "complete") != 0)
		return 1;
	ask(resolver, "silent.test", BUDGET_MS);
	af_resolver_free(resolver);
	return af_resolver_clock() - start < KEPT_MS ? 0 : 2;
}

static void test_environment(void)
{
	struct dns_server *server = dns_server_start(ROWS(script), 0);

	CHECK_NUMBER("environment", in_child(check_environment, server), 0);
	CHECK_NUMBER("single", dns_server_queries(server, "single"), 2);
	CHECK_NUMBER("all", dns_server_queries(server, NULL),
		2 + dns_server_queries(server, "silent.test"));
	dns_server_stop(server);
}

struct hosts_row {
	const char *text;
	const char *name;
	const char *want; /* NULL: not listed */
};

static const struct hosts_row hosts[] = {
	{"192.0.2.1 a.test\n", "a.test", "complete 192.0.2.1"},
	{"192.0.2.1 a.test", "a.test", "complete 192.0.2.1"},
	{"192.0.2.1\ta.test b.test\r\n", "b.test", "complete 192.0.2.1"},
	{"  192.0.2.1 \t A.Test  \n", "a.test", "complete 192.0.2.1"},
	{"192.0.2.1 a.test\n::1 b.test\n2001:db8::1 c.test a.test\n", "a.test",
		"complete 192.0.2.1 2001:db8::1"},
	{"192.0.2.1 a.test\n192.0.2.2 a.test\n192.0.2.1 a.test\n", "a.test",
		"complete 192.0.2.1 192.0.2.2"},
	{"192.0.2.1 a.test a.test\n", "a.test", "complete 192.0.2.1"},
	{"192.0.2.1 b.test#a.test\n", "b.test", "complete 192.0.2.1"},
	{"192.0.2.1 b.test #a.test\n192.0.2.2 b.test", "b.test", "complete 192.0.2.1 192.0.2.2"},
	{"192.0.2.1 b.test #a.test\n", "a.test", NULL},
	{"#192.0.2.1 a.test\n", "a.test", NULL},
	{"192.0.2.1 a.test.com\n", "a.test", NULL},
	{"192.0.2.1 xa.test\n", "a.test", NULL},
	{"192.0.2.1\na.test\n", "a.test", NULL},
	{"a.test 192.0.2.1\n", "a.test", NULL},
	{"a.test a.test\n", "a.test", NULL},
	{"127.1 a.test\n", "a.test", NULL},
	{"1 a.test\n", "a.test", NULL},
	{"[::1] a.test\n", "a.test", NULL},
	{"192.0.2.256 a.test\n192.0.2.1 a.test\n", "a.test", "complete 192.0.2.1"},
	{"", "a.test", NULL},
	{"\n\n\n", "a.test", NULL},
};

static const char *find_host(const char *text, size_t len, const char *name)
{
	static struct af_resolution resolution;
	char path[sizeof(af_build_dir) + 128];
	struct af_domain domain;
	FILE *out;

	snprintf(path, sizeof(path), "%s/hosts", af_scratch_dir());
	out = fopen(path, "w");
	fwrite(text, 1, len, out);
	fclose(out);
	memset(&resolution, 0, sizeof(resolution));
	set_domain(&domain, name);
	return af_hosts_find(path, &domain, &resolution) ? describe(&resolution) : NULL;
}

static void test_hosts(void)
{
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		CHECK_STRING(hosts[i].text,
			find_host(hosts[i].text, strlen(hosts[i].text), hosts[i].name),
			hosts[i].want);
}

/* Lines and words of any length, over any border of a read; more addresses than fit. */
static void test_long_hosts(void)
{
	static char text[200000];
	size_t at;

	for (size_t pad = 4070; pad < 4110; pad++) {
		memset(text, 'x', pad);
		at = pad + (size_t)sprintf(text + pad, "\n192.0.2.1 a.test\n");
		CHECK_STRING("pad", find_host(text, at, "a.test"), "complete 192.0.2.1");
	}
	at = (size_t)sprintf(text, "192.0.2.1");
	for (int i = 0; i < 10000; i++)
		at += (size_t)sprintf(text + at, " name%d.test", i);
	CHECK_STRING("long line", find_host(text, at, "name9999.test"), "complete 192.0.2.1");
	CHECK_STRING("long line", find_host(text, at, "name10000.test"), NULL);
	at = 0;
	for (int i = 0; i < AFENCE_ADDRESSES_MAX + 1; i++)
		at += (size_t)sprintf(text + at, "192.0.2.%d a.test\n", i);
	CU_ASSERT(starts(find_host(text, at, "a.test"), "incomplete 192.0.2.0"));
}

static bool write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	return out != NULL && fputs(text, out) >= 0 && fclose(out) == 0;
}

/* A file of ours over one of the machine's, in a mount namespace that ends with the process. */
static bool cover(const char *name, const char *text, const char *over)
{
	char path[sizeof(af_build_dir) + 128];

	snprintf(path, sizeof(path), "%s/%s", af_scratch_dir(), name);
	return write_text(path, text) && mount(path, over, NULL, MS_BIND, NULL) == 0;
}

/* Mounts and network of our own, with the loopback up. */
static bool enter_namespace(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;
	bool up;

	if ((unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 &&
		    unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) != 0) ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	up = ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
	close(fd);
	return up;
}

/* Name servers are read once, so that they hold after a chroot; the hosts file comes first and
 * is read anew each time. */
static int ask_with_files(struct dns_server *server)
{
	struct af_resolver_config config = {.has_server = false};
	struct af_resolver *resolver;

	if (af_resolver_new(&config, &resolver) != AFENCE_OK)
		return 1;
	if (strcmp(ask(resolver, "both.test", PLENTY_MS), "complete 10.0.0.1 fd00::1") != 0 ||
		dns_server_queries(server, NULL) != 0)
		return 2;
	if (!cover("other", "nameserver 127.0.0.9\n", "/etc/resolv.conf"))
		return 77;
	if (!starts(ask(resolver, "chain.test", PLENTY_MS), "complete 192.0.2.1"))
		return 3;
	if (!cover("two", "10.0.0.2 chain.test\n", "/etc/hosts"))
		return 77;
	if (strcmp(ask(resolver, "chain.test", PLENTY_MS), "complete 10.0.0.2") != 0)
		return 4;
	if (chroot(af_scratch_dir()) != 0 || chdir("/") != 0)
		return 77;
	if (!starts(ask(resolver, "four.test", PLENTY_MS), "complete 192.0.2.1 192.0.2.2"))
		return 5;
	af_resolver_free(resolver);
	return 0;
}

static int check_files(void *context)
{
	static const char servers[] = "search lab.test\n"
				      "options ndots:5 timeout:9\n"
				      "nameserver 127.0.0.7\n"
				      "nameserver 127.0.0.1\n";
	struct dns_server *server;
	int bad;

	(void)context;
	if (!enter_namespace() || !cover("one", servers, "/etc/resolv.conf") ||
		!cover("hosts", "10.0.0.1 both.test\nfd00::1 x both.test\n", "/etc/hosts"))
		return 77;
	server = dns_server_start(ROWS(script), NS_DEFAULTPORT);
	if (server == NULL)
		return 77;
	bad = ask_with_files(server);
	dns_server_stop(server);
	return bad;
}

static void test_files(void)
{
	int got = in_child(check_files, NULL);

	if (got == 77)
		printf("(no namespaces here) ");
	CHECK_NUMBER("files", got == 77 ? 0 : got, 0);
}

static void test_free(void)
{
	af_resolver_free(NULL);
}

static CU_TestInfo tests[] = {
	{"answers, good and bad", test_answers},
	{"more than fits", test_bounds},
	{"damaged answers", test_damage},
	{"addresses of a wrong length", test_lengths},
	{"a port where nobody listens", test_refusing_port},
	{"the second server", test_second_server},
	{"a flood ends with the budget", test_flood},
	{"no budget, no query", test_no_budget},
	{"the cache asks once", test_cache},
	{"no descriptor is leaked", test_descriptors},
	{"sockets above standard error, close-on-exec", test_sockets},
	{"2000 open descriptors, and none left", test_many_descriptors},
	{"a connection reset raises no signal", test_sigpipe},
	{"eight threads", test_threads},
	{"forked children", test_fork},
	{"a lock held at the fork", test_held_lock},
	{"the environment has no say", test_environment},
	{"hosts file", test_hosts},
	{"hosts file, long lines", test_long_hosts},
	{"hosts file first, name servers kept over a chroot", test_files},
	{"free takes NULL", test_free},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"resolver", NULL, NULL, NULL, NULL, tests};
