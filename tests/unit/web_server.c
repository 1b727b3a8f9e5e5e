/* SPDX-License-Identifier: MIT */
#include "web_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PEERS_MAX   128
#define SEEN_MAX    8192
#define REQUEST_MAX 16384

struct peer {
	int fd; /* -1: free */
	char in[REQUEST_MAX + 1];
	size_t in_len;
	const struct web_row *row; /* of a request that has no answer yet */
	char host[128], path[256];
	uint64_t due;
	char *out;
	size_t out_len, out_at, huge_left;
	bool close;
};

struct seen {
	char path[256];
	char *text;
};

struct web_server {
	const struct web_row *rows;
	size_t row_count;
	int listener, stop[2];
	uint16_t port;
	pthread_t thread;
	struct peer peer[PEERS_MAX]; /* the thread's */
	pthread_mutex_t lock;        /* of what follows */
	struct web_counts counts;
	struct seen seen[SEEN_MAX];
};

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void hang_up(struct peer *peer)
{
	close(peer->fd);
	free(peer->out);
	memset(peer, 0, sizeof(*peer));
	peer->fd = -1;
}

static size_t count_path(const struct web_server *server, const char *path)
{
	size_t count = 0;

	for (size_t i = 0; i < server->counts.requests; i++)
		count += strcmp(server->seen[i].path, path) == 0;
	return count;
}

static void note(struct web_server *server, struct peer *peer, size_t len)
{
	size_t together = 0, together_host = 0;

	for (size_t i = 0; i < PEERS_MAX; i++) {
		if (server->peer[i].row == NULL)
			continue;
		together++;
		together_host += strcmp(server->peer[i].host, peer->host) == 0;
	}
	pthread_mutex_lock(&server->lock);
	if (server->counts.requests < SEEN_MAX) {
		struct seen *seen = &server->seen[server->counts.requests++];

		strcpy(seen->path, peer->path);
		seen->text = strndup(peer->in, len);
	}
	if (together > server->counts.together)
		server->counts.together = together;
	if (together_host > server->counts.together_host)
		server->counts.together_host = together_host;
	pthread_mutex_unlock(&server->lock);
}

static const char *find_header(const char *head, const char *name)
{
	const char *line = strcasestr(head, name);

	return line != NULL ? line + strlen(name) : "";
}

/* The length of the first request in what has come, 0: it is not complete. */
static size_t request_len(const struct peer *peer)
{
	const char *end = strstr(peer->in, "\r\n\r\n");
	size_t len;

	if (end == NULL)
		return 0;
	len = (size_t)(end + 4 - peer->in) +
	      (size_t)atol(find_header(peer->in, "\r\nContent-Length: "));
	return len <= peer->in_len ? len : 0;
}

static const struct web_row *find_row(const struct web_server *server, const char *path)
{
	static const struct web_row absent = {.status = 404};

	for (size_t i = 0; i < server->row_count; i++)
		if (strcmp(server->rows[i].path, path) == 0)
			return &server->rows[i];
	return &absent;
}

static void take_request(struct web_server *server, struct peer *peer)
{
	static const struct web_row tls = {WEB_RAW("HTTP/1.1 400 No\r\n\r\n"), .flags = WEB_CLOSE};
	size_t len = request_len(peer);

	if (peer->row != NULL || peer->out != NULL || (len == 0 && peer->in[0] != 0x16))
		return;
	sscanf(peer->in, "%*s %255s", peer->path);
	sscanf(find_header(peer->in, "\r\nHost: "), "%127s", peer->host);
	peer->row = len == 0 ? &tls : find_row(server, peer->path);
	peer->due = clock_ms() + peer->row->delay;
	note(server, peer, len);
	peer->in_len -= len;
	memmove(peer->in, peer->in + len, peer->in_len + 1);
}

static void answer(struct web_server *server, struct peer *peer)
{
	const struct web_row *row = peer->row;
	const char *body = row->body != NULL ? row->body : "";
	size_t size = row->flags & WEB_HUGE ? WEB_HUGE_SIZE : strlen(body);
	unsigned status = row->status;
	int len;

	if (row->flags & WEB_BUSY_TWICE && count_path(server, row->path) <= 2)
		status = 503;
	peer->row = NULL;
	peer->out_at = 0;
	peer->close = row->flags & WEB_CLOSE;
	peer->huge_left = row->flags & WEB_HUGE ? WEB_HUGE_SIZE : 0;
	if (row->raw != NULL) {
		peer->out = malloc(row->raw_len + 1);
		memcpy(peer->out, row->raw, row->raw_len);
		peer->out_len = row->raw_len;
		return;
	}
	if (status == 204)
		len = asprintf(&peer->out, "HTTP/1.1 204 None\r\n\r\n");
	else
		len = asprintf(&peer->out, "HTTP/1.1 %u Said\r\nContent-Length: %zu\r\n%s\r\n%s",
			status, size, row->headers != NULL ? row->headers : "", body);
	peer->out_len = (size_t)len;
}

static void count_sent(struct web_server *server, ssize_t len)
{
	pthread_mutex_lock(&server->lock);
	server->counts.sent += len > 0 ? (size_t)len : 0;
	pthread_mutex_unlock(&server->lock);
}

static void send_some(struct web_server *server, struct peer *peer)
{
	static const char huge[8192];
	ssize_t len;

	if (peer->out_at < peer->out_len) {
		len = send(peer->fd, peer->out + peer->out_at, peer->out_len - peer->out_at,
			MSG_NOSIGNAL);
		peer->out_at += len > 0 ? (size_t)len : 0;
	} else {
		size_t most = peer->huge_left < sizeof(huge) ? peer->huge_left : sizeof(huge);

		len = send(peer->fd, huge, most, MSG_NOSIGNAL);
		peer->huge_left -= len > 0 ? (size_t)len : 0;
	}
	count_sent(server, len);
	if (len < 0) {
		hang_up(peer);
	} else if (peer->out_at == peer->out_len && peer->huge_left == 0) {
		free(peer->out);
		peer->out = NULL;
		if (peer->close)
			hang_up(peer);
		else
			take_request(server, peer);
	}
}

static void receive(struct web_server *server, struct peer *peer)
{
	ssize_t len = recv(peer->fd, peer->in + peer->in_len, REQUEST_MAX - peer->in_len, 0);

	if (len <= 0) {
		hang_up(peer);
		return;
	}
	peer->in_len += (size_t)len;
	peer->in[peer->in_len] = '\0';
	take_request(server, peer);
}

static void take_peer(struct web_server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int small = 65536;

	for (size_t i = 0; i < PEERS_MAX && fd >= 0; i++) {
		if (server->peer[i].fd >= 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		server->peer[i].fd = fd;
		pthread_mutex_lock(&server->lock);
		server->counts.connections++;
		pthread_mutex_unlock(&server->lock);
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* What to wait for, and at most how long. */
static int prepare(struct web_server *server, struct pollfd *polled)
{
	uint64_t now = clock_ms();
	int ms = -1;

	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &server->peer[i];

		polled[i].fd = peer->fd;
		polled[i].events = peer->out != NULL ? POLLOUT : POLLIN;
		if (peer->row == NULL || peer->row->flags & WEB_SILENT)
			continue;
		if (peer->due <= now) {
			answer(server, peer);
			polled[i].events = POLLOUT;
		} else if (ms < 0 || peer->due - now < (uint64_t)ms) {
			ms = (int)(peer->due - now);
		}
	}
	return ms;
}

static void *serve(void *context)
{
	struct web_server *server = context;
	struct pollfd polled[PEERS_MAX + 2] = {0};

	polled[PEERS_MAX] = (struct pollfd){.fd = server->stop[0], .events = POLLIN};
	polled[PEERS_MAX + 1] = (struct pollfd){.fd = server->listener, .events = POLLIN};
	for (;;) {
		int ms = prepare(server, polled);

		if (poll(polled, PEERS_MAX + 2, ms) < 0 || polled[PEERS_MAX].revents != 0)
			break;
		for (size_t i = 0; i < PEERS_MAX; i++) {
			if (polled[i].revents & POLLOUT)
				send_some(server, &server->peer[i]);
			else if (polled[i].revents != 0)
				receive(server, &server->peer[i]);
		}
		if (polled[PEERS_MAX + 1].revents != 0)
			take_peer(server);
	}
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (server->peer[i].fd >= 0)
			hang_up(&server->peer[i]);
	return NULL;
}

static bool open_listener(struct web_server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);

	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(server->listener, (struct sockaddr *)&address, len) != 0 ||
		listen(server->listener, PEERS_MAX) != 0 ||
		getsockname(server->listener, (struct sockaddr *)&address, &len) != 0)
		return false;
	server->port = ntohs(address.sin_port);
	return true;
}

struct web_server *web_server_start(const struct web_row *rows, size_t count)
{
	struct web_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->rows = rows;
	server->row_count = count;
	for (size_t i = 0; i < PEERS_MAX; i++)
		server->peer[i].fd = -1;
	pthread_mutex_init(&server->lock, NULL);
	if (!open_listener(server) || pipe2(server->stop, O_CLOEXEC) != 0 ||
		pthread_create(&server->thread, NULL, serve, server) != 0)
		return NULL;
	return server;
}

void web_server_stop(struct web_server *server)
{
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->listener);
	for (size_t i = 0; i < server->counts.requests; i++)
		free(server->seen[i].text);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

uint16_t web_server_port(const struct web_server *server)
{
	return server->port;
}

const char *web_server_request(struct web_server *server, const char *path)
{
	const char *found = "";

	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->counts.requests; i++)
		if (strcmp(server->seen[i].path, path) == 0)
			found = server->seen[i].text;
	pthread_mutex_unlock(&server->lock);
	return found;
}

struct web_counts web_server_counts(struct web_server *server, const char *path)
{
	struct web_counts counts;

	pthread_mutex_lock(&server->lock);
	counts = server->counts;
	if (path != NULL)
		counts.requests = count_path(server, path);
	pthread_mutex_unlock(&server->lock);
	return counts;
}
