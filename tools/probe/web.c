/* SPDX-License-Identifier: MIT */
/*
 * The order in which requests go out.  Each host and port has a queue; those that may send stand in
 * line (`ready`).  A host whose request has ended goes to the front, where its connection is still
 * open, but after TURN requests to the back, so that none waits for ever.
 *
 * Nothing is told before it is out of every queue, so that who is told may send and stop.
 */
#include "web.h"

#include <err.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../memory.h"
#include "web_parts.h"

#define TURN  16
#define PAUSE 500L /* milliseconds; doubled each time, and up to as much again by chance */

struct af_web_host {
	char *place; /* "host:port" */
	TAILQ_ENTRY(af_web_host) known, ready;
	struct af_web_queue queue;
	unsigned under_way, turn;
	bool is_ready;
};

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	bool is = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	if (fd >= 0)
		close(fd);
	return is;
}

/* Returns NULL, or why it could not start. */
static const char *start(
	struct af_probe_web *web, const char *cacert, const char *const *connect_to, size_t count)
{
	if (!af_web_routes_read(&web->routes, connect_to, count))
		return "connect-to must be HOST:PORT:ADDRESS:PORT";
	if (cacert != NULL && !is_file(cacert))
		return "the file of trusted certificates cannot be read";
	web->multi = curl_multi_init();
	web->pattern = af_web_pattern(cacert);
	if (web->multi == NULL || web->pattern == NULL ||
		curl_multi_setopt(web->multi, CURLMOPT_MAXCONNECTS, (long)AFENCE_WEB_MOST) !=
			CURLM_OK)
		return "libcurl is not as expected";
	return NULL;
}

struct af_probe_web *af_probe_web_new(const char *cacert, const char *const *connect_to,
	size_t count, struct af_probe_limit *limit, const char **why)
{
	struct af_probe_web *web;

	*why = "libcurl does not start";
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	web = af_new(1, sizeof(*web));
	web->limit = limit;
	TAILQ_INIT(&web->known);
	TAILQ_INIT(&web->ready);
	TAILQ_INIT(&web->under_way);
	TAILQ_INIT(&web->pauses);
	TAILQ_INIT(&web->ended);
	*why = start(web, cacert, connect_to, count);
	if (*why == NULL)
		return web;
	af_probe_web_free(web);
	return NULL;
}

static int compare_hosts(const void *a, const void *b)
{
	const struct af_web_host *left = a;
	const struct af_web_host *right = b;

	return strcasecmp(left->place, right->place);
}

/* Takes PLACE. */
static struct af_web_host *find_host(struct af_probe_web *web, char *place)
{
	struct af_web_host wanted = {.place = place};
	struct af_web_host **found = tfind(&wanted, &web->hosts, compare_hosts);
	struct af_web_host *host;

	if (found != NULL) {
		free(place);
		return *found;
	}
	host = af_new(1, sizeof(*host));
	host->place = place;
	TAILQ_INIT(&host->queue);
	if (tsearch(host, &web->hosts, compare_hosts) == NULL)
		err(3, NULL);
	TAILQ_INSERT_TAIL(&web->known, host, known);
	return host;
}

static void leave_line(struct af_probe_web *web, struct af_web_host *host)
{
	if (host->is_ready)
		TAILQ_REMOVE(&web->ready, host, ready);
	host->is_ready = false;
}

/* Puts HOST into the line, at its front or its back, if it may send. */
static void stand_in_line(struct af_probe_web *web, struct af_web_host *host, bool front)
{
	leave_line(web, host);
	host->is_ready = !TAILQ_EMPTY(&host->queue) && host->under_way < AFENCE_WEB_PER_HOST;
	if (host->is_ready && front)
		TAILQ_INSERT_HEAD(&web->ready, host, ready);
	else if (host->is_ready)
		TAILQ_INSERT_TAIL(&web->ready, host, ready);
}

static void queue(struct af_probe_web *web, struct af_web_transfer *transfer)
{
	struct af_web_host *host = transfer->host;

	TAILQ_INSERT_TAIL(&host->queue, transfer, link);
	if (!host->is_ready)
		stand_in_line(web, host, false);
}

void af_probe_web_send(struct af_probe_web *web, const struct af_web_request *request,
	af_web_told *told, void *context)
{
	char *place;
	struct af_web_transfer *transfer = af_web_transfer_new(request, &web->routes, &place);

	transfer->told = told;
	transfer->context = context;
	if (place != NULL)
		transfer->host = find_host(web, place);
	if (web->stopped)
		af_web_transfer_stop(transfer, web->multi);
	if (web->stopped || place == NULL)
		TAILQ_INSERT_TAIL(&web->ended, transfer, link);
	else
		queue(web, transfer);
}

static void begin(struct af_probe_web *web, struct af_web_host *host)
{
	struct af_web_transfer *transfer = TAILQ_FIRST(&host->queue);

	TAILQ_REMOVE(&host->queue, transfer, link);
	TAILQ_INSERT_TAIL(&web->under_way, transfer, link);
	if (transfer->tries == 0)
		transfer->first = clock_ms();
	web->limit->now++;
	web->running++;
	host->under_way++;
	host->turn++;
	stand_in_line(web, host, false);
	af_web_transfer_start(transfer, web->multi, web->pattern);
}

static bool may_begin(const struct af_probe_web *web)
{
	return !TAILQ_EMPTY(&web->ready) && web->running < AFENCE_WEB_MOST &&
	       web->limit->now < web->limit->most;
}

static void begin_all(struct af_probe_web *web)
{
	while (may_begin(web))
		begin(web, TAILQ_FIRST(&web->ready));
}

static void release(struct af_probe_web *web, struct af_web_transfer *transfer)
{
	struct af_web_host *host = transfer->host;
	bool front = host->turn < TURN;

	TAILQ_REMOVE(&web->under_way, transfer, link);
	web->limit->now--;
	web->running--;
	host->under_way--;
	if (!front)
		host->turn = 0;
	stand_in_line(web, host, front);
}

static uint64_t pause_ms(unsigned tries)
{
	uint64_t least = (uint64_t)PAUSE << (tries - 1);
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != (ssize_t)sizeof(chance))
		chance = (uint32_t)clock_ms();
	return least + chance % least;
}

static void rest(struct af_probe_web *web, struct af_web_transfer *transfer)
{
	struct af_web_transfer *before = TAILQ_LAST(&web->pauses, af_web_queue);

	transfer->due = clock_ms() + pause_ms(transfer->tries);
	while (before != NULL && before->due > transfer->due)
		before = TAILQ_PREV(before, af_web_queue, link);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&web->pauses, before, transfer, link);
	else
		TAILQ_INSERT_HEAD(&web->pauses, transfer, link);
}

static void wake(struct af_probe_web *web)
{
	struct af_web_transfer *transfer;
	uint64_t now = clock_ms();

	while ((transfer = TAILQ_FIRST(&web->pauses)) != NULL && transfer->due <= now) {
		TAILQ_REMOVE(&web->pauses, transfer, link);
		queue(web, transfer);
	}
}

static void collect(struct af_probe_web *web)
{
	struct af_web_transfer *transfer;
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(web->multi, &left)) != NULL) {
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		release(web, transfer);
		if (af_web_transfer_end(transfer, web->multi, message->data.result))
			rest(web, transfer);
		else
			TAILQ_INSERT_TAIL(&web->ended, transfer, link);
	}
}

static void tell(struct af_probe_web *web)
{
	struct af_web_transfer *transfer;

	while ((transfer = TAILQ_FIRST(&web->ended)) != NULL) {
		TAILQ_REMOVE(&web->ended, transfer, link);
		if (transfer->first != 0)
			transfer->answer.ms = (unsigned)(clock_ms() - transfer->first);
		transfer->told(transfer->context, &transfer->answer);
		af_web_transfer_free(transfer);
	}
}

void af_probe_web_run(struct af_probe_web *web)
{
	int running;

	wake(web);
	begin_all(web);
	if (curl_multi_perform(web->multi, &running) == CURLM_OUT_OF_MEMORY)
		errx(3, "out of memory");
	collect(web);
	tell(web);
}

void af_probe_web_next(const struct af_probe_web *web, int *ms)
{
	const struct af_web_transfer *first = TAILQ_FIRST(&web->pauses);
	uint64_t now = clock_ms();

	if (!TAILQ_EMPTY(&web->ended) || may_begin(web) || (first != NULL && first->due <= now))
		*ms = 0;
	else if (first != NULL && first->due - now < (uint64_t)*ms)
		*ms = (int)(first->due - now);
}

void af_probe_web_wait(struct af_probe_web *web, struct curl_waitfd *fd, size_t count, int ms)
{
	curl_multi_poll(web->multi, fd, (unsigned)count, ms, NULL);
}

/* Moves all of QUEUE to what has ended. */
static void end_queue(struct af_probe_web *web, struct af_web_queue *queue)
{
	struct af_web_transfer *transfer;

	while ((transfer = TAILQ_FIRST(queue)) != NULL) {
		if (queue == &web->under_way)
			release(web, transfer);
		else
			TAILQ_REMOVE(queue, transfer, link);
		af_web_transfer_stop(transfer, web->multi);
		TAILQ_INSERT_TAIL(&web->ended, transfer, link);
	}
}

static void end_all(struct af_probe_web *web)
{
	struct af_web_host *host = TAILQ_FIRST(&web->known);

	end_queue(web, &web->under_way);
	end_queue(web, &web->pauses);
	for (; host != NULL; host = TAILQ_NEXT(host, known)) {
		leave_line(web, host);
		end_queue(web, &host->queue);
	}
}

void af_probe_web_stop(struct af_probe_web *web)
{
	web->stopped = true;
	end_all(web);
	tell(web);
}

static void ignore(void *host)
{
	(void)host;
}

void af_probe_web_free(struct af_probe_web *web)
{
	struct af_web_transfer *transfer;
	struct af_web_host *host;

	if (web == NULL)
		return;
	end_all(web);
	while ((transfer = TAILQ_FIRST(&web->ended)) != NULL) {
		TAILQ_REMOVE(&web->ended, transfer, link);
		af_web_transfer_free(transfer);
	}
	tdestroy(web->hosts, ignore);
	while ((host = TAILQ_FIRST(&web->known)) != NULL) {
		TAILQ_REMOVE(&web->known, host, known);
		free(host->place);
		free(host);
	}
	curl_easy_cleanup(web->pattern);
	curl_multi_cleanup(web->multi);
	af_web_routes_free(&web->routes);
	curl_global_cleanup();
	free(web);
}
