/* SPDX-License-Identifier: MIT */
/*
 * Questions wait, are sent, rest until they are sent again, and are answered.
 *
 * 1  c-ares sends once, to one server; when and where to send again is decided here.  So each name
 *    server has a channel of its own.
 * 2  Nobody is told anything from within c-ares, and no list is walked while somebody is told: what
 *    is told may ask or stop.
 * 3  A question never moves and is not freed before the end: its answer is borrowed.
 */
#include "dns_parts.h"

#include <arpa/nameser.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../memory.h"
#include "af_hash.h"

#define BUCKETS      16384
#define BURST_MS     100 /* so long may a flood of packets hold the caller's loop */
#define SENT_AT_ONCE 32

struct asker {
	struct asker *next;
	af_dns_told *told;
	void *context;
};

struct question {
	struct af_dns_query query;
	struct af_probe_dns *dns;
	struct question *next;        /* in the list it is in; none while it is sent */
	struct question *next_hashed; /* in its bucket */
	struct asker *asker;          /* the first, */
	struct asker **last_asker;    /* and where another one goes */
	unsigned tries;
	unsigned server; /* that is asked next */
	int64_t started, due;
	bool ended; /* what follows is final */
	struct af_dns_answer answer;
	struct af_names aliases;
};

/* First in, first out. */
struct list {
	struct question *first, **last;
};

struct af_probe_dns {
	ares_channel channel[AFENCE_SERVERS_MAX];
	unsigned servers;
	unsigned preferred; /* that has not failed to answer, as far as is known */
	struct af_dns_pace pace;
	struct af_probe_limit *limit;
	int64_t until;       /* nothing is read after it */
	const char *stopped; /* why, else NULL */
	struct list waiting;
	struct list resting[AFENCE_DNS_TRIES - 1]; /* by how often they were sent */
	struct list answered;                      /* or not, which is to be dealt with */
	struct question *bucket[BUCKETS];
};

static const struct af_dns_answer no_name = {
	.end = AFENCE_DNS_FAILED, .why = "this is no name that can be asked for"};
static const struct af_dns_answer no_such_name = {.end = AFENCE_DNS_NXDOMAIN};

static void clear_list(struct list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static void append(struct list *list, struct question *question)
{
	question->next = NULL;
	*list->last = question;
	list->last = &question->next;
}

static struct question *take_first(struct list *list)
{
	struct question *question = list->first;

	if (question != NULL)
		list->first = question->next;
	if (list->first == NULL)
		list->last = &list->first;
	return question;
}

static uint16_t draw(void)
{
	uint16_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		err(3, "getrandom");
	return number;
}

/* False: a channel could not be opened. */
static bool open_channels(struct af_probe_dns *dns, const struct af_servers *servers)
{
	struct af_channel_config config = {
		ARES_FLAG_NOCHECKRESP, dns->pace.timeout_ms, 1, &dns->until};

	for (const struct ares_addr_port_node *node = servers->node; node != NULL;
		node = node->next) {
		struct ares_addr_port_node only = *node;

		only.next = NULL;
		if (af_channel_open(&only, &config, &dns->channel[dns->servers]) != AFENCE_OK)
			return false;
		dns->servers++;
	}
	return true;
}

struct af_probe_dns *af_probe_dns_open(const struct af_servers *servers,
	const struct af_dns_pace *pace, struct af_probe_limit *limit)
{
	struct af_probe_dns *dns = af_new(1, sizeof(*dns));

	dns->pace = *pace;
	dns->limit = limit;
	clear_list(&dns->waiting);
	clear_list(&dns->answered);
	for (size_t i = 0; i < AFENCE_DNS_TRIES - 1; i++)
		clear_list(&dns->resting[i]);
	if (open_channels(dns, servers))
		return dns;
	af_probe_dns_free(dns);
	return NULL;
}

struct af_probe_dns *af_probe_dns_new(
	const struct af_resolver_config *config, struct af_probe_limit *limit, const char **why)
{
	static const struct af_dns_pace pace = {.timeout_ms = 2000, .pause_ms = 250};
	struct af_probe_dns *dns = NULL;
	struct af_servers servers;

	if (af_servers_get(config, &servers) == AFENCE_OK)
		dns = af_probe_dns_open(&servers, &pace, limit);
	*why = dns == NULL ? "c-ares does not start" : NULL;
	return dns;
}

static void free_question(struct question *question)
{
	while (question->asker != NULL) {
		struct asker *asker = question->asker;

		question->asker = asker->next;
		free(asker);
	}
	af_dns_answer_clear(&question->answer);
	af_names_free(&question->aliases);
	free(question);
}

void af_probe_dns_free(struct af_probe_dns *dns)
{
	if (dns == NULL)
		return;
	for (unsigned i = 0; i < dns->servers; i++)
		ares_destroy(dns->channel[i]);
	for (size_t i = 0; i < BUCKETS; i++) {
		while (dns->bucket[i] != NULL) {
			struct question *question = dns->bucket[i];

			dns->bucket[i] = question->next_hashed;
			free_question(question);
		}
	}
	free(dns);
}

/* What needs no question; else NULL, and *out is the question. */
static const struct af_dns_answer *write_query(
	const char *name, unsigned type, struct af_dns_query *out)
{
	if (!af_dns_query_write(name, type, out))
		return &no_name;
	return af_dns_query_is_onion(out) ? &no_such_name : NULL;
}

static size_t bucket_of(const struct af_dns_query *query)
{
	return af_hash_bytes((const char *)query->bytes, query->len) % BUCKETS;
}

/* QUERY has no id yet, a question that was sent has. */
static struct question *find(const struct af_probe_dns *dns, const struct af_dns_query *query)
{
	struct question *question = dns->bucket[bucket_of(query)];

	while (question != NULL && (question->query.len != query->len ||
					   memcmp(question->query.bytes + AFENCE_QUERY_HEADER,
						   query->bytes + AFENCE_QUERY_HEADER,
						   query->len - AFENCE_QUERY_HEADER) != 0))
		question = question->next_hashed;
	return question;
}

static struct question *add_question(struct af_probe_dns *dns, const struct af_dns_query *query)
{
	struct question *question = af_new(1, sizeof(*question));
	struct question **bucket = &dns->bucket[bucket_of(query)];

	question->query = *query;
	question->dns = dns;
	question->answer.end = AFENCE_DNS_FAILED;
	question->last_asker = &question->asker;
	question->next_hashed = *bucket;
	*bucket = question;
	append(dns->stopped == NULL ? &dns->waiting : &dns->answered, question);
	return question;
}

static void add_asker(struct question *question, af_dns_told *told, void *context)
{
	struct asker *asker = af_new(1, sizeof(*asker));

	*asker = (struct asker){.told = told, .context = context};
	*question->last_asker = asker;
	question->last_asker = &asker->next;
}

/* Whoever asks meanwhile gets the answer at once. */
static void tell(struct question *question)
{
	question->ended = true;
	if (question->tries > 0)
		question->answer.ms = (unsigned)(af_resolver_clock() - question->started);
	while (question->asker != NULL) {
		struct asker asker = *question->asker;

		free(question->asker);
		question->asker = asker.next;
		asker.told(asker.context, &question->answer);
	}
}

/* A list is in the order of `due`, near enough: who was sent later may have a shorter pause, and
 * waits for those before. */
static void rest(struct question *question)
{
	struct af_probe_dns *dns = question->dns;
	unsigned pause = dns->pace.pause_ms << (question->tries - 1);

	question->server = (question->server + 1) % dns->servers;
	question->due = af_resolver_clock() + pause + draw() % (pause / 2 + 1);
	append(&dns->resting[question->tries - 1], question);
}

static void settle(struct af_probe_dns *dns)
{
	struct question *question;

	while ((question = take_first(&dns->answered)) != NULL) {
		bool again = question->answer.end == AFENCE_DNS_FAILED &&
			     question->tries < AFENCE_DNS_TRIES;

		if (again && dns->stopped == NULL) {
			rest(question);
			continue;
		}
		if (again)
			question->answer.why = dns->stopped;
		tell(question);
	}
}

void af_probe_dns_ask(
	struct af_probe_dns *dns, const char *name, unsigned type, af_dns_told *told, void *context)
{
	struct af_dns_query query;
	const struct af_dns_answer *answer = write_query(name, type, &query);
	struct question *question;

	if (answer != NULL) {
		told(context, answer);
		return;
	}
	question = find(dns, &query);
	if (question == NULL)
		question = add_question(dns, &query);
	if (question->ended) {
		told(context, &question->answer);
		return;
	}
	add_asker(question, told, context);
	if (dns->stopped != NULL)
		settle(dns);
}

/* As af_probe_dns_known(); *out is the question that was sent for it, else NULL. */
static const struct af_dns_answer *look_up(const struct af_probe_dns *dns, const char *name,
	unsigned type, const struct question **out)
{
	struct af_dns_query query;
	const struct af_dns_answer *answer = write_query(name, type, &query);

	*out = answer == NULL ? find(dns, &query) : NULL;
	return *out != NULL && (*out)->ended ? &(*out)->answer : answer;
}

const struct af_dns_answer *af_probe_dns_known(
	const struct af_probe_dns *dns, const char *name, unsigned type)
{
	const struct question *question;

	return look_up(dns, name, type, &question);
}

/* A name that cannot be written canonically matches no policy, so it is left out. */
static bool add_aliases(const struct af_names *aliases, struct af_resolution *out)
{
	bool all = true;

	for (size_t i = 0; i < aliases->count; i++) {
		struct af_domain domain;

		if (af_domain_parse(aliases->name[i], strlen(aliases->name[i]), &domain) ==
			AFENCE_OK)
			all &= af_resolution_add_cname(out, &domain);
	}
	return all;
}

void af_probe_dns_resolution(
	const struct af_probe_dns *dns, const char *name, struct af_resolution *out)
{
	static const unsigned type[] = {ns_t_a, ns_t_aaaa};

	memset(out, 0, sizeof(*out));
	out->complete = true;
	for (size_t i = 0; i < sizeof(type) / sizeof(type[0]); i++) {
		const struct question *question;
		const struct af_dns_answer *answer = look_up(dns, name, type[i], &question);

		out->complete &= answer != NULL && answer->end != AFENCE_DNS_FAILED;
		for (size_t j = 0; answer != NULL && j < answer->count; j++)
			out->complete &= af_resolution_add_address(out, &answer->record[j].address);
		if (question != NULL)
			out->complete &= add_aliases(&question->aliases, out);
	}
}

static const char *why_lost(const struct af_probe_dns *dns, int status)
{
	if (status == ARES_ECANCELLED)
		return dns->stopped;
	return status == ARES_EBADRESP ? AFENCE_DNS_UNREADABLE : ares_strerror(status);
}

static void on_answer(void *context, int status, int timeouts, unsigned char *message, int len)
{
	struct question *question = context;
	struct af_probe_dns *dns = question->dns;

	(void)timeouts;
	dns->limit->now--;
	if (status == ARES_ENOMEM)
		err(3, NULL);
	if (status == ARES_SUCCESS) {
		af_dns_answer_read(&question->query, message, (size_t)len, &question->answer,
			&question->aliases);
	} else {
		question->answer.why = why_lost(dns, status);
		if (dns->preferred == question->server)
			dns->preferred = (question->server + 1) % dns->servers;
	}
	append(&dns->answered, question);
}

static void send_query(struct question *question)
{
	struct af_probe_dns *dns = question->dns;
	uint16_t id = draw();

	memcpy(question->query.bytes, &id, sizeof(id));
	if (question->tries++ == 0) {
		question->started = af_resolver_clock();
		question->server = dns->preferred;
	}
	dns->limit->now++;
	ares_send(dns->channel[question->server], question->query.bytes, (int)question->query.len,
		on_answer, question);
}

/* Who was sent before goes first. */
static struct question *take_next(struct af_probe_dns *dns)
{
	int64_t now = af_resolver_clock();

	for (size_t i = AFENCE_DNS_TRIES - 1; i-- > 0;)
		if (dns->resting[i].first != NULL && dns->resting[i].first->due <= now)
			return take_first(&dns->resting[i]);
	return take_first(&dns->waiting);
}

/* A few at a time, so that answers that are there already are not kept waiting. */
static void send_some(struct af_probe_dns *dns)
{
	struct question *question;

	for (unsigned i = 0; i < SENT_AT_ONCE && dns->limit->now < dns->limit->most &&
			     (question = take_next(dns)) != NULL;
		i++)
		send_query(question);
}

static void lower(int *ms, int64_t to)
{
	if (to < *ms)
		*ms = to > 0 ? (int)to : 0;
}

/* How long until there is something to be done that no descriptor tells. */
static void lower_wait(const struct af_probe_dns *dns, int *ms)
{
	if (dns->answered.first != NULL)
		*ms = 0;
	if (dns->limit->now >= dns->limit->most)
		return;
	if (dns->waiting.first != NULL)
		*ms = 0;
	for (size_t i = 0; i < AFENCE_DNS_TRIES - 1; i++)
		if (dns->resting[i].first != NULL)
			lower(ms, dns->resting[i].first->due - af_resolver_clock());
}

static size_t list_sockets(ares_channel channel, struct curl_waitfd *fd, size_t room)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	unsigned mask = (unsigned)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
	size_t count = 0;

	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM && count < room; i++) {
		bool reads = mask >> i & 1;
		bool writes = mask >> (i + ARES_GETSOCK_MAXNUM) & 1;

		if (reads || writes)
			fd[count++] = (struct curl_waitfd){.fd = sockets[i],
				.events = (short)((reads ? CURL_WAIT_POLLIN : 0) |
						  (writes ? CURL_WAIT_POLLOUT : 0))};
	}
	return count;
}

size_t af_probe_dns_wait(struct af_probe_dns *dns, struct curl_waitfd *fd, size_t room, int *ms)
{
	size_t count = 0;

	lower_wait(dns, ms);
	for (unsigned i = 0; i < dns->servers; i++) {
		struct timeval left;

		count += list_sockets(dns->channel[i], fd + count, room - count);
		if (ares_timeout(dns->channel[i], NULL, &left) != NULL)
			lower(ms, left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
	}
	return count;
}

/* A channel passes over a descriptor that is not its own. */
static void process(struct af_probe_dns *dns, ares_socket_t reads, ares_socket_t writes)
{
	for (unsigned i = 0; i < dns->servers; i++)
		ares_process_fd(dns->channel[i], reads, writes);
}

void af_probe_dns_run(struct af_probe_dns *dns, const struct curl_waitfd *fd, size_t count)
{
	dns->until = af_resolver_clock() + BURST_MS;
	for (size_t i = 0; i < count; i++)
		if (fd[i].revents != 0)
			process(dns,
				fd[i].revents & ~CURL_WAIT_POLLOUT ? fd[i].fd : ARES_SOCKET_BAD,
				fd[i].revents & CURL_WAIT_POLLOUT ? fd[i].fd : ARES_SOCKET_BAD);
	process(dns, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what has timed out */
	settle(dns);
	send_some(dns);
}

static void move_all(struct list *from, struct list *to)
{
	struct question *question;

	while ((question = take_first(from)) != NULL)
		append(to, question);
}

void af_probe_dns_stop(struct af_probe_dns *dns, const char *why)
{
	dns->stopped = why;
	for (unsigned i = 0; i < dns->servers; i++)
		ares_cancel(dns->channel[i]);
	for (size_t i = 0; i < AFENCE_DNS_TRIES - 1; i++)
		move_all(&dns->resting[i], &dns->answered);
	move_all(&dns->waiting, &dns->answered);
	settle(dns);
}
