/* SPDX-License-Identifier: MIT */
/*
 * What the files of the web room share: web.c is the order in which requests go out and come back,
 * web_request.c what of a request is accepted, web_transfer.c one try of it with libcurl.
 */
#ifndef PROBE_WEB_PARTS_H
#define PROBE_WEB_PARTS_H

#include <sys/queue.h>

#include "web.h"

#define AFENCE_WEB_CONNECT 10 /* seconds of a try for the connection alone */

/* "HOST:PORT:ADDRESS:PORT", read. */
struct af_web_route {
	char *host;             /* as in a URL; "": any */
	char *to;               /* an address as in a URL; "": the host itself */
	unsigned port, to_port; /* 0: any; the same */
};

struct af_web_routes {
	struct af_web_route *row;
	size_t count;
};

struct af_web_text {
	char *text; /* NUL terminated; NULL as long as it is empty */
	size_t len, room;
};

/* A request from its sending to its answer. */
struct af_web_transfer {
	TAILQ_ENTRY(af_web_transfer) link; /* in the one queue where it waits */
	struct af_web_host *host;          /* NULL: it was refused */
	af_web_told *told;
	void *context;

	bool post;
	char *url, *body;
	struct curl_slist *header, *resolve, *connect_to;

	CURL *easy; /* during a try */
	unsigned tries;
	uint64_t first, due; /* milliseconds on the clock: first try, next try */

	struct af_web_text content, headers;
	size_t header_bytes; /* of all blocks */
	bool header_end;     /* the last block is complete: what comes now is a trailer */
	bool cut;
	char error[CURL_ERROR_SIZE];
	struct af_web_answer answer;
};

TAILQ_HEAD(af_web_queue, af_web_transfer);
TAILQ_HEAD(af_web_hosts, af_web_host);

/* Reads COUNT of CONNECT_TO; false if one cannot be read. */
bool af_web_routes_read(struct af_web_routes *routes, const char *const *connect_to, size_t count);
void af_web_routes_free(struct af_web_routes *routes);

/*
 * A transfer for REQUEST, and in *place (to be freed) the "host:port" of its URL.  *place is NULL for
 * a request that must not be sent: the answer is there already.
 */
struct af_web_transfer *af_web_transfer_new(
	const struct af_web_request *request, const struct af_web_routes *routes, char **place);
void af_web_transfer_free(struct af_web_transfer *transfer);

/* A handle with all settings that transfers have in common; NULL: the library refused one. */
CURL *af_web_pattern(const char *cacert);

/* Starts a try. */
void af_web_transfer_start(struct af_web_transfer *transfer, CURLM *multi, CURL *pattern);

/* Ends a try, which libcurl ended with CODE, and makes the answer.  True: another one is due. */
bool af_web_transfer_end(struct af_web_transfer *transfer, CURLM *multi, CURLcode code);

/* The same for a transfer that is given up, under way or not. */
void af_web_transfer_stop(struct af_web_transfer *transfer, CURLM *multi);

struct af_probe_web {
	CURLM *multi;
	CURL *pattern;
	struct af_probe_limit *limit;
	struct af_web_routes routes;
	void *hosts; /* tsearch(3) tree of struct af_web_host */
	struct af_web_hosts known, ready;
	struct af_web_queue under_way, pauses, ended; /* pauses: by the time they are due */
	unsigned running;
	bool stopped;
};

#endif
