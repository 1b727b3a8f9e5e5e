/* SPDX-License-Identifier: MIT */
#include "dns_server.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX 65535
#define QUERIES_MAX 32768
#define PEERS_MAX   16
#define HELD_MAX    64
#define HOLD_MS     30

struct seen {
	char name[256];
	unsigned type;
};

/* Where answers go: a UDP peer or a TCP connection. */
struct line {
	int fd;
	bool tcp;
	struct sockaddr_in peer;
};

struct held {
	struct line line;
	uint8_t query[512];
	size_t len;
};

struct dns_server {
	const struct dns_row *rows;
	size_t row_count;
	int udp;
	int tcp;
	int stop[2];
	uint16_t port;
	pthread_t thread;
	uint8_t bytes[MESSAGE_MAX]; /* the thread's, as what is held */
	size_t held_count;
	struct held held[HELD_MAX];
	pthread_mutex_t lock; /* of what follows */
	size_t most_held;
	size_t seen_count;
	struct seen seen[QUERIES_MAX];
};

struct out {
	uint8_t *bytes;
	size_t len;
	size_t room;
};

static void put(struct out *out, const void *bytes, size_t len)
{
	if (out->len + len <= out->room)
		memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
}

static void put16(struct out *out, unsigned value)
{
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	put(out, bytes, sizeof(bytes));
}

/* Up to END: length and bytes; returns what follows. */
static const char *put_string(struct out *out, const char *text, char end)
{
	uint8_t string[256] = {0};

	while (*text != '\0' && *text != end) {
		unsigned byte = (uint8_t)*text++;

		if (byte == '\\') {
			byte = (unsigned)(100 * (text[0] - '0') + 10 * (text[1] - '0') + text[2] -
					  '0');
			text += 3;
		}
		string[++string[0]] = (uint8_t)byte;
	}
	put(out, string, (size_t)string[0] + 1);
	return text + (*text == end && end != '\0');
}

static void put_name(struct out *out, const char *text)
{
	while (*text != '\0')
		text = put_string(out, text, '.');
	put(out, "", 1);
}

static void put_numbers(struct out *out, const char *text, int count)
{
	while (count-- > 0) {
		put16(out, (unsigned)atoi(text));
		text = strchr(text, ':') + 1;
	}
	put_name(out, text);
}

static void put_record(struct out *out, const char *owner, const char *type, const char *data)
{
	uint8_t bytes[512];
	struct out value = {bytes, 0, sizeof(bytes)};
	unsigned number = ns_t_cname;

	if (strcmp(type, "A") == 0) {
		number = ns_t_a;
		value.len = 4;
		inet_pton(AF_INET, data, bytes);
	} else if (strcmp(type, "AAAA") == 0) {
		number = ns_t_aaaa;
		value.len = 16;
		inet_pton(AF_INET6, data, bytes);
	} else if (strcmp(type, "MX") == 0) {
		number = ns_t_mx;
		put_numbers(&value, data, 1);
	} else if (strcmp(type, "SRV") == 0) {
		number = ns_t_srv;
		put_numbers(&value, data, 3);
	} else if (strcmp(type, "TXT") == 0) {
		number = ns_t_txt;
		while (*data != '\0')
			data = put_string(&value, data, '|');
	} else {
		put_name(&value, data);
	}
	put_name(out, owner);
	put16(out, number);
	put16(out, ns_c_in);
	put16(out, 0);
	put16(out, 60);
	put16(out, (unsigned)value.len);
	put(out, bytes, value.len);
}

static unsigned put_records(struct out *out, const char *records)
{
	unsigned count = 0;

	while (records != NULL && *records != '\0') {
		char owner[600];
		char type[8];
		char data[600];
		int used = 0;

		if (sscanf(records, "%599s %7s %599s%n", owner, type, data, &used) != 3)
			abort();
		put_record(out, owner, type, data);
		records += used;
		records += strspn(records, "\n");
		count++;
	}
	return count;
}

/* Header with room for the flags and counts, the question. */
static void put_start(struct out *out, unsigned id, unsigned flags, const char *name, unsigned type)
{
	put16(out, id);
	put16(out, flags);
	put16(out, 1);
	put16(out, 0);
	put16(out, 0);
	put16(out, 0);
	put_name(out, name);
	put16(out, type);
	put16(out, ns_c_in);
}

static void set_count(struct out *out, unsigned count)
{
	out->bytes[6] = (uint8_t)(count >> 8);
	out->bytes[7] = (uint8_t)count;
}

size_t dns_message(const struct dns_row *row, unsigned type, uint8_t *bytes, size_t room)
{
	struct out out = {bytes, 0, room};

	put_start(&out, 1, 0x8180U | row->rcode, row->name, type);
	set_count(&out, put_records(&out, row->records));
	return out.len;
}

static const struct dns_row *find_row(
	const struct dns_server *server, const char *name, unsigned type)
{
	for (size_t i = 0; i < server->row_count; i++)
		if (strcasecmp(server->rows[i].name, name) == 0 &&
			(server->rows[i].type == 0 || server->rows[i].type == type))
			return &server->rows[i];
	return NULL;
}

/* Notes the query. */
static void note(struct dns_server *server, const char *name, unsigned type)
{
	pthread_mutex_lock(&server->lock);
	if (server->seen_count < QUERIES_MAX) {
		snprintf(server->seen[server->seen_count].name, sizeof(server->seen[0].name), "%s",
			name);
		server->seen[server->seen_count++].type = type;
	}
	pthread_mutex_unlock(&server->lock);
}

/* Whether the query that was noted last has been the first of its kind. */
static bool is_first(struct dns_server *server, const char *name, unsigned type)
{
	size_t count = 0;

	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->seen_count; i++)
		count += server->seen[i].type == type && strcmp(server->seen[i].name, name) == 0;
	pthread_mutex_unlock(&server->lock);
	return count == 1;
}

static bool read_question(
	const uint8_t *query, size_t len, char name[256], unsigned *id, unsigned *type)
{
	size_t at = 12;
	size_t used = 0;

	while (at < len && query[at] != 0 && used + query[at] + 1 < 256) {
		size_t label = query[at];

		if (at + 1 + label >= len)
			return false;
		memcpy(name + used, query + at + 1, label);
		used += label;
		name[used++] = '.';
		at += 1 + label;
	}
	if (used == 0 || at + 5 > len)
		return false;
	name[used - 1] = '\0';
	*id = (unsigned)query[0] << 8 | query[1];
	*type = (unsigned)query[at + 1] << 8 | query[at + 2];
	return true;
}

static void send_out(const struct line *line, const struct out *out)
{
	uint8_t prefix[2] = {(uint8_t)(out->len >> 8), (uint8_t)out->len};

	if (line->tcp) {
		send(line->fd, prefix, sizeof(prefix), MSG_NOSIGNAL | MSG_MORE);
		send(line->fd, out->bytes, out->len, MSG_NOSIGNAL);
	} else {
		sendto(line->fd, out->bytes, out->len, MSG_NOSIGNAL,
			(const struct sockaddr *)&line->peer, sizeof(line->peer));
	}
}

static void flood(const struct dns_server *server, const struct line *line, const struct out *out)
{
	struct pollfd stop = {.fd = server->stop[0], .events = POLLIN};

	while (poll(&stop, 1, 0) == 0)
		for (int i = 0; i < 64; i++)
			send_out(line, out);
}

static void forge(
	const struct line *line, const char *name, unsigned id, unsigned type, struct out *out)
{
	put_start(out, id ^ 0x5555, 0x8180, name, type);
	put_record(out, name, type == ns_t_a ? "A" : "AAAA", type == ns_t_a ? "6.6.6.6" : "6::6");
	set_count(out, 1);
	send_out(line, out);
	out->len = 0;
}

static void answer(
	struct dns_server *server, const struct line *line, const uint8_t *query, size_t query_len)
{
	static const struct dns_row absent = {.rcode = ns_r_nxdomain};
	struct out out = {server->bytes, 0, sizeof(server->bytes)};
	const struct dns_row *row;
	unsigned flags = 0x8180;
	unsigned id;
	unsigned type;
	char name[256];

	if (!read_question(query, query_len, name, &id, &type))
		return;
	note(server, name, type);
	row = find_row(server, name, type);
	if (row == NULL)
		row = &absent;
	if (row->flags & DNS_SILENT ||
		(row->flags & DNS_LOSE_FIRST && is_first(server, name, type)))
		return;
	if (row->flags & DNS_FAIL_FIRST && is_first(server, name, type))
		flags |= ns_r_servfail;
	if (row->flags & DNS_FORGE_FIRST)
		forge(line, name, id, type, &out);
	if (row->flags & DNS_REFERRAL)
		flags = 0x8000;
	if ((row->flags & DNS_TRUNCATE && !line->tcp) || row->flags & DNS_TRUNCATE_TCP)
		flags |= 0x0200;
	if (row->flags & DNS_EMPTY_PACKET)
		put(&out, "", 0);
	else
		put_start(&out, row->flags & DNS_WRONG_ID ? id ^ 0x5555 : id, flags | row->rcode,
			row->flags & DNS_MISTAKE ? "other.test" : name, type);
	if (row->flags & (DNS_GARBAGE | DNS_FLOOD)) {
		set_count(&out, 3);
		for (int i = 0; i < 200; i++)
			put(&out, &(uint8_t){(uint8_t)rand()}, 1);
	} else if (out.len > 0 && (line->tcp || !(row->flags & DNS_TRUNCATE))) {
		set_count(&out, put_records(&out, row->records));
	}
	if (row->flags & DNS_FLOOD) {
		out.bytes[0] ^= 0x55; /* for no query that there is */
		flood(server, line, &out);
	}
	send_out(line, &out);
}

/* False: it is to be answered now. */
static bool hold(struct dns_server *server, const struct held *query)
{
	const struct dns_row *row;
	char name[256];
	unsigned id;
	unsigned type;

	if (!read_question(query->query, query->len, name, &id, &type))
		return false;
	row = find_row(server, name, type);
	if (row == NULL || !(row->flags & DNS_HOLD) || server->held_count == HELD_MAX)
		return false;
	server->held[server->held_count++] = *query;
	pthread_mutex_lock(&server->lock);
	if (server->most_held < server->held_count)
		server->most_held = server->held_count;
	pthread_mutex_unlock(&server->lock);
	return true;
}

static void answer_held(struct dns_server *server)
{
	for (size_t i = 0; i < server->held_count; i++)
		answer(server, &server->held[i].line, server->held[i].query, server->held[i].len);
	server->held_count = 0;
}

static void serve_udp(struct dns_server *server)
{
	struct held held = {.line = {.fd = server->udp}};
	socklen_t peer_len = sizeof(held.line.peer);
	ssize_t len = recvfrom(server->udp, held.query, sizeof(held.query), 0,
		(struct sockaddr *)&held.line.peer, &peer_len);

	if (len <= 0)
		return;
	held.len = (size_t)len;
	if (!hold(server, &held))
		answer(server, &held.line, held.query, held.len);
}

/* False: the connection is over. */
static bool serve_tcp(struct dns_server *server, int fd)
{
	struct line line = {.fd = fd, .tcp = true};
	uint8_t prefix[2];
	uint8_t query[512];
	size_t len;

	if (recv(fd, prefix, sizeof(prefix), MSG_WAITALL) != sizeof(prefix))
		return false;
	len = (size_t)prefix[0] << 8 | prefix[1];
	if (len > sizeof(query) || recv(fd, query, len, MSG_WAITALL) != (ssize_t)len)
		return false;
	answer(server, &line, query, len);
	return true;
}

static bool resets(const struct dns_server *server)
{
	for (size_t i = 0; i < server->row_count; i++)
		if (server->rows[i].flags & DNS_RESET_TCP)
			return true;
	return false;
}

/* A closed descriptor is -1, which poll() passes over. */
static void take_peer(struct dns_server *server, struct pollfd *peers)
{
	struct linger reset = {.l_onoff = 1};
	int fd = accept(server->tcp, NULL, NULL);

	for (size_t i = 0; i < PEERS_MAX && fd >= 0 && !resets(server); i++) {
		if (peers[i].fd < 0) {
			peers[i].fd = fd;
			return;
		}
	}
	if (fd >= 0) {
		shutdown(fd, SHUT_WR);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
	}
}

static void *serve(void *context)
{
	struct dns_server *server = context;
	struct pollfd polled[3 + PEERS_MAX];

	for (size_t i = 0; i < 3 + PEERS_MAX; i++)
		polled[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	polled[0].fd = server->stop[0];
	polled[1].fd = server->udp;
	polled[2].fd = server->tcp;
	for (;;) {
		int ready = poll(polled, 3 + PEERS_MAX, server->held_count > 0 ? HOLD_MS : -1);

		if (ready < 0 || polled[0].revents != 0)
			break;
		if (ready == 0)
			answer_held(server);
		if (polled[1].revents != 0)
			serve_udp(server);
		for (size_t i = 3; i < 3 + PEERS_MAX; i++) {
			if (polled[i].revents == 0 || serve_tcp(server, polled[i].fd))
				continue;
			close(polled[i].fd);
			polled[i].fd = -1;
		}
		if (polled[2].revents != 0)
			take_peer(server, polled + 3);
	}
	for (size_t i = 3; i < 3 + PEERS_MAX; i++)
		if (polled[i].fd >= 0)
			close(polled[i].fd);
	return NULL;
}

/* One port for both, which the kernel picks for UDP and somebody may hold for TCP. */
static bool open_sockets(struct dns_server *server, uint16_t port)
{
	for (int attempt = 0; attempt < 16; attempt++) {
		struct sockaddr_in address = {.sin_family = AF_INET,
			.sin_port = htons(port),
			.sin_addr = {htonl(INADDR_LOOPBACK)}};
		socklen_t len = sizeof(address);
		int on = 1;

		server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(server->tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(server->udp, (struct sockaddr *)&address, len) == 0 &&
			getsockname(server->udp, (struct sockaddr *)&address, &len) == 0 &&
			bind(server->tcp, (struct sockaddr *)&address, len) == 0 &&
			listen(server->tcp, 16) == 0) {
			server->port = ntohs(address.sin_port);
			return true;
		}
		close(server->udp);
		close(server->tcp);
	}
	return false;
}

struct dns_server *dns_server_start(const struct dns_row *rows, size_t count, uint16_t port)
{
	struct dns_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->rows = rows;
	server->row_count = count;
	pthread_mutex_init(&server->lock, NULL);
	if (!open_sockets(server, port) || pipe(server->stop) != 0 ||
		pthread_create(&server->thread, NULL, serve, server) != 0)
		return NULL;
	return server;
}

void dns_server_stop(struct dns_server *server)
{
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->udp);
	close(server->tcp);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

uint16_t dns_server_port(const struct dns_server *server)
{
	return server->port;
}

size_t dns_server_queries(struct dns_server *server, const char *name)
{
	size_t count = 0;

	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->seen_count; i++)
		count += name == NULL || strcmp(server->seen[i].name, name) == 0;
	pthread_mutex_unlock(&server->lock);
	return count;
}

size_t dns_server_most_held(struct dns_server *server)
{
	size_t most;

	pthread_mutex_lock(&server->lock);
	most = server->most_held;
	pthread_mutex_unlock(&server->lock);
	return most;
}
