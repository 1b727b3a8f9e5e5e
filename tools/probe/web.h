/* SPDX-License-Identifier: MIT */
/*
 * Many HTTP requests at once over one libcurl multi handle that a loop of the caller drives.
 *
 * W1  The addresses are the caller's (CURLOPT_RESOLVE): libcurl never resolves a name, so what was
 *     judged is what is contacted.  No proxy, no netrc, no cookies, no credentials of any kind.
 * W2  http and https only, certificates verified, no redirect followed: the caller does, by hand.
 * W3  At most AFENCE_WEB_BODY bytes of a body and AFENCE_WEB_HEADERS of headers are kept; more of
 *     either ends the transfer, as CUT or BROKEN.
 * W4  At most AFENCE_WEB_PER_HOST requests to one host and port are under way, AFENCE_WEB_MOST in all
 *     (before libcurl 7.87 each connection has all certificates for itself, about 1 MB).
 * W5  A request that got no answer, or 429, 502, 503 or 504, is sent again, at most AFENCE_WEB_TRIES
 *     times in all, after a pause that grows and is partly random.  A time-out or a failed
 *     handshake is not tried again.
 *
 * A request that must not be sent ends BROKEN without a connection: a URL with a user name or a host
 * name of odd characters, a header of two lines or with credentials.  One to a host of which nobody
 * has said where it is (W1) ends UNREACHED.
 *
 * Of one thread.  Running out of memory ends the program (status 3).
 */
#ifndef PROBE_WEB_H
#define PROBE_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "af_address.h"
#include "dns.h"

#define AFENCE_WEB_BODY     (256 * 1024)
#define AFENCE_WEB_HEADERS  (64 * 1024)
#define AFENCE_WEB_PER_HOST 4
#define AFENCE_WEB_MOST     32
#define AFENCE_WEB_TRIES    3
#define AFENCE_WEB_SECONDS  20 /* for one try; the Microsoft service was seen to take 3.5 s */
#define AFENCE_WEB_AGENT \
	"authfence-probe/" AFENCE_VERSION " (asks what is answered for reserved domains)"

struct af_web_request {
	bool post;
	const char *url;                  /* http or https, absolute */
	const char *const *header;        /* "Name: value" strings, NULL at the end; NULL: none */
	const char *body;                 /* of a POST */
	const struct af_address *address; /* judged answers for the host of the URL */
	size_t address_count;             /* 0: the host is a literal, or a connect-to names it */
};

enum af_web_end {
	AFENCE_WEB_ANSWERED, /* status and body are there */
	AFENCE_WEB_CUT,      /* status is there; the body is longer than AFENCE_WEB_BODY */
	AFENCE_WEB_TIMEOUT,
	AFENCE_WEB_TLS,       /* no trusted connection */
	AFENCE_WEB_UNREACHED, /* no connection, not even after a while */
	AFENCE_WEB_BROKEN,    /* a connection, but no HTTP answer in it */
	AFENCE_WEB_STOPPED,   /* af_probe_web_stop() */
};

struct af_web_answer {
	enum af_web_end end;
	long status;      /* 0: none */
	const char *why;  /* what went wrong, in the library's words; "" if nothing did */
	const char *body; /* NUL terminated; never NULL */
	size_t len;
	const char *headers; /* status line and lines of the last header block; never NULL */
	unsigned ms;         /* from the first sending to the end, pauses included */
};

struct af_probe_web;

/* ANSWER lives only during the call. */
typedef void af_web_told(void *context, const struct af_web_answer *answer);

/*
 * CACERT: a file of trusted certificates instead of the system's, or NULL.  CONNECT_TO: COUNT strings
 * HOST:PORT:ADDRESS:PORT, each part may be empty, the first that fits counts (as CURLOPT_CONNECT_TO,
 * but for names instead of an address).  NULL: *why (constant) says why, else *why is NULL.
 */
struct af_probe_web *af_probe_web_new(const char *cacert, const char *const *connect_to,
	size_t count, struct af_probe_limit *limit, const char **why);
void af_probe_web_free(struct af_probe_web *web);

/* Queues a request; everything in it is copied.  TOLD is called from af_probe_web_run() or _stop(),
 * never before the return; it may send and stop. */
void af_probe_web_send(struct af_probe_web *web, const struct af_web_request *request,
	af_web_told *told, void *context);

/* The value of the header NAME in HEADERS (first one, blanks trimmed) copied for the caller to free;
 * NULL: there is none. */
char *af_web_header(const char *headers, const char *name);

/* Waits until something happens on a transfer, on one of the COUNT descriptors at FD, or MS
 * milliseconds have passed. */
void af_probe_web_wait(struct af_probe_web *web, struct curl_waitfd *fd, size_t count, int ms);

/* Lowers *ms to the time until af_probe_web_run() has something to do besides moving transfers on. */
void af_probe_web_next(const struct af_probe_web *web, int *ms);

/* Starts what may start, moves transfers on, tells the ends. */
void af_probe_web_run(struct af_probe_web *web);

/* Ends everything that is queued or under way as STOPPED, and whatever is sent from then on, and
 * tells everybody. */
void af_probe_web_stop(struct af_probe_web *web);

#endif
