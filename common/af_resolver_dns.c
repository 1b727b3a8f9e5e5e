/* SPDX-License-Identifier: MIT */
/*
 * One bounded question to the DNS over c-ares.
 *
 * 1  Every option is given, so neither the environment nor a file of the host has a say.
 * 2  A channel lives for one question and is known to one thread; nothing survives a fork.
 * 3  ares_library_init() and _cleanup() belong to the host: their counter is not atomic.
 * 4  A and AAAA are two queries: ares_getaddrinfo() of 1.18 calls half an answer a success.
 * 5  The deadline is ours.  Not even a flood of packets may hold the loop inside c-ares.
 * 6  Sockets are our own: close-on-exec from birth, above standard error, and a write to a
 *    connection that is gone must not raise SIGPIPE in the host (c-ares would use writev()).
 * 7  poll(), not select(): hosts have descriptors over 1023.
 */
#include "af_resolver_parts.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "af_descriptor.h"

#define SOCKETS_MAX (2 * AFENCE_SERVERS_MAX) /* UDP and TCP */
#define TRIES       3

/* Quarters of the budget: a lost packet is sent again, a silent server replaced, in time. */
#define TRIES_IN_BUDGET 4

struct question {
	int64_t deadline;
	unsigned pending; /* queries without an answer */
	const struct af_domain *name;
	struct af_resolution *out;
};

struct query {
	struct question *question;
	unsigned type;
};

static int left_ms(int64_t deadline)
{
	int64_t left = deadline - af_resolver_clock();

	if (left <= 0)
		return 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

static ares_socket_t open_socket(int family, int type, int protocol, void *context)
{
	(void)context;
	return af_descriptor_raise(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

static int close_socket(ares_socket_t fd, void *context)
{
	(void)context;
	return close(fd);
}

static int connect_socket(
	ares_socket_t fd, const struct sockaddr *address, ares_socklen_t len, void *context)
{
	(void)context;
	return connect(fd, address, len);
}

/* c-ares reads until there is nothing left, and somebody may see to it that there always is. */
static ares_ssize_t receive(ares_socket_t fd, void *buffer, size_t room, int flags,
	struct sockaddr *from, ares_socklen_t *from_len, void *context)
{
	const int64_t *deadline = context;

	if (left_ms(*deadline) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return recvfrom(fd, buffer, room, flags, from, from_len);
}

static ares_ssize_t send_vector(
	ares_socket_t fd, const struct iovec *vector, int count, void *context)
{
	struct msghdr message = {.msg_iov = (struct iovec *)vector, .msg_iovlen = (size_t)count};

	(void)context;
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static const struct ares_socket_functions socket_functions = {
	.asocket = open_socket,
	.aclose = close_socket,
	.aconnect = connect_socket,
	.arecvfrom = receive,
	.asendv = send_vector,
};

/* SERVERS 0: those of resolv.conf, else ARES_OPT_SERVERS.  The one that is named in the options only
 * keeps c-ares from reading that file; its option knows neither IPv6 nor ports. */
static int init_channel(const struct af_channel_config *config, int servers, ares_channel *out)
{
	char lookups[] = "b";
	struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | config->flags,
		.timeout = config->timeout_ms,
		.tries = config->tries,
		.ndots = 1,
		.servers = &loopback,
		.nservers = 1,
		.lookups = lookups,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
		   ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE;

#ifdef ARES_OPT_QUERY_CACHE /* else what is asked again is answered as before */
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	return ares_init_options(out, &options, mask | servers);
}

enum af_status af_channel_open(struct ares_addr_port_node *servers,
	const struct af_channel_config *config, ares_channel *out)
{
	*out = NULL;
	if (init_channel(config, ARES_OPT_SERVERS, out) != ARES_SUCCESS)
		return AFENCE_ERR_MEMORY;
	if (ares_set_servers_ports(*out, servers) != ARES_SUCCESS) {
		ares_destroy(*out);
		*out = NULL;
		return AFENCE_ERR_MEMORY;
	}
	ares_set_socket_functions(*out, &socket_functions, config->deadline);
	return AFENCE_OK;
}

static void on_answer(void *context, int status, int timeouts, unsigned char *message, int len)
{
	struct query *query = context;
	struct question *question = query->question;

	(void)timeouts;
	question->pending--;
	if (status != ARES_SUCCESS ||
		!af_answer_read(message, (size_t)len, question->name, query->type, question->out))
		question->out->complete = false;
}

/* The id is drawn here: c-ares 1.18 takes rand() where a chroot has no /dev/urandom.  A name below
 * onion makes no query (RFC 7686 s2). */
static void send_query(ares_channel channel, struct query *query)
{
	struct question *question = query->question;
	unsigned char *packet = NULL;
	uint16_t id;
	int len = 0;

	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != sizeof(id) ||
		ares_create_query(question->name->name, ns_c_in, (int)query->type, id, 1, &packet,
			&len, 0) != ARES_SUCCESS) {
		question->out->complete = false;
		return;
	}
	question->pending++;
	ares_send(channel, packet, len, on_answer, query);
	ares_free_string(packet);
}

static int next_timeout(ares_channel channel, const struct question *question)
{
	int left = left_ms(question->deadline);
	struct timeval most = {left / 1000, left % 1000 * 1000};
	struct timeval room;
	const struct timeval *next = ares_timeout(channel, &most, &room);

	return (int)(next->tv_sec * 1000 + (next->tv_usec + 999) / 1000);
}

/* Waits once and lets c-ares read, write and send again what was lost. */
static void step(ares_channel channel, const struct question *question)
{
	ares_socket_t sockets[SOCKETS_MAX];
	struct pollfd polled[SOCKETS_MAX];
	unsigned mask = (unsigned)ares_getsock(channel, sockets, SOCKETS_MAX);
	nfds_t count = 0;

	for (unsigned i = 0; i < SOCKETS_MAX; i++) {
		bool reads = mask >> i & 1;
		bool writes = mask >> (i + ARES_GETSOCK_MAXNUM) & 1;

		if (reads || writes)
			polled[count++] = (struct pollfd){.fd = sockets[i],
				.events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0))};
	}
	if (poll(polled, count, next_timeout(channel, question)) <= 0)
		count = 0;
	for (nfds_t i = 0; i < count; i++)
		if (polled[i].revents != 0)
			ares_process_fd(channel,
				polled[i].revents & ~POLLOUT ? polled[i].fd : ARES_SOCKET_BAD,
				polled[i].revents & POLLOUT ? polled[i].fd : ARES_SOCKET_BAD);
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void af_dns_ask(struct af_servers *servers, const struct af_domain *name, int64_t deadline,
	struct af_resolution *out)
{
	struct question question = {.deadline = deadline, .name = name, .out = out};
	struct query a = {&question, ns_t_a};
	struct query aaaa = {&question, ns_t_aaaa};
	struct af_channel_config config = {
		0, left_ms(deadline) / TRIES_IN_BUDGET + 1, TRIES, &deadline};
	ares_channel channel;

	if (af_channel_open(servers->node, &config, &channel) != AFENCE_OK)
		return;
	out->complete = true; /* until a query ends without an answer */
	send_query(channel, &a);
	send_query(channel, &aaaa);
	while (question.pending > 0 && left_ms(deadline) > 0)
		step(channel, &question);
	ares_cancel(channel);
	ares_destroy(channel);
}

static void set_server(
	const struct af_address *address, uint16_t port, struct ares_addr_port_node *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool four = memcmp(address->byte, mapped, sizeof(mapped)) == 0;

	out->family = four ? AF_INET : AF_INET6;
	out->udp_port = port;
	out->tcp_port = port;
	if (four)
		memcpy(&out->addr.addr4, address->byte + sizeof(mapped), sizeof(out->addr.addr4));
	else
		memcpy(&out->addr.addr6, address->byte, sizeof(out->addr.addr6));
}

/* c-ares itself falls back on 127.0.0.1. */
static enum af_status read_servers(struct af_servers *out)
{
	static const struct af_channel_config config = {.timeout_ms = 1, .tries = 1};
	struct ares_addr_port_node *list = NULL;
	ares_channel channel = NULL;
	size_t count = 0;

	if (init_channel(&config, 0, &channel) != ARES_SUCCESS)
		return AFENCE_ERR_MEMORY;
	if (ares_get_servers_ports(channel, &list) == ARES_SUCCESS) {
		for (const struct ares_addr_port_node *node = list;
			node != NULL && count < AFENCE_SERVERS_MAX; node = node->next)
			out->node[count++] = *node;
	}
	for (size_t i = 0; i < count; i++)
		out->node[i].next = i + 1 < count ? &out->node[i + 1] : NULL;
	ares_free_data(list);
	ares_destroy(channel);
	return count > 0 ? AFENCE_OK : AFENCE_ERR_MEMORY;
}

enum af_status af_servers_get(const struct af_resolver_config *config, struct af_servers *out)
{
	memset(out, 0, sizeof(*out));
	if (!config->has_server)
		return read_servers(out);
	set_server(&config->server, config->port, &out->node[0]);
	return AFENCE_OK;
}
