/* SPDX-License-Identifier: MIT */
/*
 * What of a request is accepted.  A URL may come from strangers (a redirect), so it is taken apart
 * once, and libcurl is given what was made of it; a host whose addresses the caller has not judged
 * is never asked for (W1).
 */
#include "web_parts.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../memory.h"
#include "../names.h"

#define HOST_MAX 253 /* RFC 1035 s2.3.4, as text */

struct place {
	char *url, *host;
	unsigned port;
	bool literal;
};

/* Cuts *rest at the colon behind its first field, which may be a literal in brackets. */
static char *take_field(char **rest)
{
	char *field = *rest;
	char *end = field[0] == '[' ? strchr(field, ']') : field;

	end = end != NULL ? strchr(end, ':') : NULL;
	if (end == NULL)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return field;
}

static bool read_port(const char *text, unsigned *port)
{
	size_t len = strspn(text, "0123456789");

	*port = 0;
	if (text[0] == '\0')
		return true;
	if (text[len] != '\0' || len > 5)
		return false;
	*port = (unsigned)strtoul(text, NULL, 10);
	return *port > 0 && *port <= UINT16_MAX;
}

static char *address_text(const struct af_address *address)
{
	char text[AFENCE_ADDRESS_TEXT_MAX];

	af_address_format(address, text);
	return strchr(text, ':') != NULL ? af_format("[%s]", text) : af_format("%s", text);
}

/* A target that is a name would have to be resolved. */
static bool read_route(char *text, struct af_web_route *route)
{
	char *host = take_field(&text);
	char *port = host != NULL ? take_field(&text) : NULL;
	char *to = port != NULL ? take_field(&text) : NULL;
	struct af_address address;

	if (to == NULL || !read_port(port, &route->port) || !read_port(text, &route->to_port) ||
		(to[0] != '\0' && !af_address_parse(to, strlen(to), &address)))
		return false;
	route->host = af_format("%s", host);
	route->to = to[0] != '\0' ? address_text(&address) : af_format("%s", "");
	return true;
}

bool af_web_routes_read(struct af_web_routes *routes, const char *const *connect_to, size_t count)
{
	bool good = true;

	routes->row = af_new(count, sizeof(*routes->row));
	for (routes->count = 0; good && routes->count < count; routes->count += good) {
		char *copy = af_format("%s", connect_to[routes->count]);

		good = read_route(copy, &routes->row[routes->count]);
		free(copy);
	}
	return good;
}

void af_web_routes_free(struct af_web_routes *routes)
{
	for (size_t i = 0; i < routes->count; i++) {
		free(routes->row[i].host);
		free(routes->row[i].to);
	}
	free(routes->row);
}

static const struct af_web_route *find_route(
	const struct af_web_routes *routes, const struct place *place)
{
	for (size_t i = 0; i < routes->count; i++) {
		const struct af_web_route *row = &routes->row[i];

		if ((row->host[0] == '\0' || strcasecmp(row->host, place->host) == 0) &&
			(row->port == 0 || row->port == place->port))
			return row;
	}
	return NULL;
}

static char *take_part(CURLU *url, CURLUPart part)
{
	unsigned flags = part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0;
	char *got = NULL;
	char *text;

	if (curl_url_get(url, part, &got, flags) == CURLUE_OUT_OF_MEMORY)
		errx(3, "out of memory");
	text = af_format("%s", got != NULL ? got : "");
	curl_free(got);
	return text;
}

/* Characters that mean something in CURLOPT_RESOLVE or are converted by libcurl would make it look up
 * another name than the one whose addresses it was given. */
static bool is_host(const char *host)
{
	size_t len = strspn(host, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");

	return len > 0 && len <= HOST_MAX && host[len] == '\0' && host[0] != '-';
}

/*
 * "host." is "host": as such it is in certificates and among the addresses given.  A literal is
 * written the plain way, so that libcurl cannot take it for a name.
 */
static void make_plain(CURLU *url, struct place *place)
{
	char *host = take_part(url, CURLUPART_HOST);
	size_t len = strlen(host);
	struct af_address address;

	if (len > 1 && host[len - 1] == '.')
		host[--len] = '\0';
	place->literal = af_address_parse(host, len, &address);
	place->host = place->literal ? address_text(&address) : af_format("%s", host);
	curl_url_set(url, CURLUPART_HOST, place->host, 0);
	free(host);
}

/* Returns NULL, or what is wrong with URL. */
static const char *take_apart(CURLU *url, struct place *place)
{
	char *scheme, *port;
	bool http;

	make_plain(url, place);
	scheme = take_part(url, CURLUPART_SCHEME);
	http = strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
	free(scheme);
	port = take_part(url, CURLUPART_PORT);
	read_port(port, &place->port);
	free(port);
	place->url = take_part(url, CURLUPART_URL);
	if (!http)
		return "the URL is neither http nor https";
	if (place->port == 0)
		return "port 0";
	return place->literal || is_host(place->host) ? NULL : "bad host name";
}

static void append(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (longer == NULL)
		errx(3, "out of memory");
	*list = longer;
}

static const char *copy_headers(const char *const *header, struct curl_slist **out)
{
	static const char *const secret[] = {"Authorization:", "Cookie:", "Proxy-Authorization:"};

	for (; header != NULL && *header != NULL; header++) {
		if (strpbrk(*header, "\r\n") != NULL)
			return "a header of more than one line";
		for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
			if (strncasecmp(*header, secret[i], strlen(secret[i])) == 0)
				return "a header with credentials";
		append(out, *header);
	}
	return NULL;
}

/* CURLOPT_CONNECT_TO gets only the row that was found, in the form that fits everything, so that
 * there are no two opinions on which one that is. */
static void route_to(struct af_web_transfer *transfer, const struct af_web_route *route)
{
	char *text = route->to_port != 0 ? af_format("::%s:%u", route->to, route->to_port)
					 : af_format("::%s:", route->to);

	append(&transfer->connect_to, text);
	free(text);
}

static void pin(struct af_web_transfer *transfer, const struct place *place, unsigned port,
	const struct af_web_request *request)
{
	char *line = af_format("%s:%u:", place->host, port);

	for (size_t i = 0; i < request->address_count; i++) {
		char *address = address_text(&request->address[i]);
		char *longer = af_format("%s%s%s", line, i > 0 ? "," : "", address);

		free(address);
		free(line);
		line = longer;
	}
	append(&transfer->resolve, line);
	free(line);
}

/* False: nobody has said where the host is. */
static bool locate(struct af_web_transfer *transfer, const struct place *place,
	const struct af_web_request *request, const struct af_web_routes *routes)
{
	const struct af_web_route *route = find_route(routes, place);
	bool moved = route != NULL && route->to_port != 0;

	if (route != NULL)
		route_to(transfer, route);
	if (place->literal || (route != NULL && route->to[0] != '\0'))
		return true;
	if (request->address_count == 0)
		return false;
	pin(transfer, place, moved ? route->to_port : place->port, request);
	return true;
}

static void refuse(struct af_web_transfer *transfer, enum af_web_end end, const char *why)
{
	transfer->answer.end = end;
	transfer->answer.why = why;
}

struct af_web_transfer *af_web_transfer_new(
	const struct af_web_request *request, const struct af_web_routes *routes, char **place)
{
	struct af_web_transfer *transfer = af_new(1, sizeof(*transfer));
	struct place where = {0};
	CURLU *url = curl_url();
	const char *why;
	CURLUcode code;

	*place = NULL;
	if (url == NULL)
		errx(3, "out of memory");
	transfer->answer = (struct af_web_answer){.why = "", .body = "", .headers = ""};
	transfer->post = request->post;
	transfer->body = af_format("%s", request->body != NULL ? request->body : "");
	code = curl_url_set(url, CURLUPART_URL, request->url, CURLU_DISALLOW_USER);
	why = take_apart(url, &where);
	if (code != CURLUE_OK)
		why = curl_url_strerror(code);
	else if (why == NULL)
		why = copy_headers(request->header, &transfer->header);
	if (why != NULL)
		refuse(transfer, AFENCE_WEB_BROKEN, why);
	else if (!locate(transfer, &where, request, routes))
		refuse(transfer, AFENCE_WEB_UNREACHED, "no address of the host is known");
	else
		*place = af_format("%s:%u", where.host, where.port);
	transfer->url = where.url;
	free(where.host);
	curl_url_cleanup(url);
	return transfer;
}

void af_web_transfer_free(struct af_web_transfer *transfer)
{
	curl_slist_free_all(transfer->header);
	curl_slist_free_all(transfer->resolve);
	curl_slist_free_all(transfer->connect_to);
	free(transfer->url);
	free(transfer->body);
	free(transfer->content.text);
	free(transfer->headers.text);
	free(transfer);
}
