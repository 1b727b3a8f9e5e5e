/* SPDX-License-Identifier: MIT */
/*
 * An HTTP/1.1 server on a free port of 127.0.0.1 that misbehaves as told: a stand-in, since real
 * servers do not fall silent or send garbage on demand.  It runs in a thread of the test and keeps
 * every request.
 */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include <stddef.h>
#include <stdint.h>

enum {
	WEB_SILENT = 1,     /* no answer */
	WEB_CLOSE = 2,      /* the connection is closed behind the answer */
	WEB_BUSY_TWICE = 4, /* 503 to the first two requests */
	WEB_HUGE = 8,       /* a body of WEB_HUGE_SIZE */
};
#define WEB_HUGE_SIZE (10 * 1024 * 1024)

struct web_row {
	const char *path; /* as in the request line; what is in no row is 404 */
	unsigned flags;
	unsigned delay;  /* milliseconds before the answer */
	const char *raw; /* the whole answer as it stands */
	size_t raw_len;
	unsigned
		status; /* without RAW: made of this, HEADERS (lines with CRLF; NULL: none) and BODY */
	const char *headers;
	const char *body;
};
#define WEB_RAW(text) .raw = (text), .raw_len = sizeof(text) - 1

struct web_server;

/* NULL: no socket, or no thread.  ROWS are borrowed until web_server_stop(). */
struct web_server *web_server_start(const struct web_row *rows, size_t count);
void web_server_stop(struct web_server *server);

uint16_t web_server_port(const struct web_server *server);

/* The latest request for PATH, head and body, as long as the server runs; "" if there was none. */
const char *web_server_request(struct web_server *server, const char *path);

struct web_counts {
	size_t requests, connections;
	size_t together, together_host; /* most requests at once, in all and to one Host */
	size_t sent;                    /* bytes */
};

/* Requests for PATH (NULL: for any); the rest is of the whole server. */
struct web_counts web_server_counts(struct web_server *server, const char *path);

#endif
