/* SPDX-License-Identifier: MIT */
/* Thunderbird's autoconfig, from a domain or from a data base of providers. */
#include "read_xml.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "af_domain.h"

struct config {
	const struct af_body *body;
	struct af_reading *out;
	bool root, filled, listed;
};

/* draft-ietf-mailmaint-autoconfig; loginPage is where people type a password. */
static const struct {
	const char *tail;
	void (*add)(struct af_reading *out, const char *text, size_t len);
} places[] = {
	{"/hostname", af_reading_add_host},
	{"/url", af_reading_add_url},
	{"/authURL", af_reading_add_url},
	{"/tokenURL", af_reading_add_url},
	{"/issuer", af_reading_add_url},
	{"/serverURL", af_reading_add_url},
	{"/loginPage/@url", af_reading_add_url},
	{"/loginPageInfo/@url", af_reading_add_url},
};

#define ROOT "clientConfig"

/* What a client puts in for us.  Whoever has no account has no name either: any label will do. */
static const struct {
	const char *name, *before;
	bool domain;
} placeholders[] = {
	{"%EMAILDOMAIN%", "", true},
	{"%EMAILADDRESS%", "user@", true},
	{"%EMAILLOCALPART%", "user", false},
};
#define PLACEHOLDERS (sizeof(placeholders) / sizeof(placeholders[0]))

/* The text of NODE with its placeholders filled in, freed by the caller. */
static char *fill_in(const struct config *config, const struct af_xml_node *node)
{
	const char *rest = node->text, *const end = rest + node->len;
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		err(3, NULL);
	while (rest < end) {
		for (i = 0; i < PLACEHOLDERS; i++)
			if (curl_strnequal(
				    rest, placeholders[i].name, strlen(placeholders[i].name)))
				break;
		if (i == PLACEHOLDERS) {
			fputc(*rest++, out);
			continue;
		}
		fprintf(out, "%s%s", placeholders[i].before,
			placeholders[i].domain ? config->body->domain : "");
		rest += strlen(placeholders[i].name);
	}
	if (fclose(out) != 0)
		err(3, NULL);
	return text;
}

/* True if the name TEXT is DOMAIN or one above it. */
static bool is_above(const char *text, size_t len, const char *domain)
{
	struct af_domain name, below;

	if (len > 2 && memcmp(text, "*.", 2) == 0) {
		text += 2;
		len -= 2;
	}
	if (af_domain_parse(text, len, &name) != AFENCE_OK ||
		af_domain_parse(domain, strlen(domain), &below) != AFENCE_OK ||
		below.len < name.len)
		return false;
	return strcmp(below.name + below.len - name.len, name.name) == 0 &&
	       (below.len == name.len || below.name[below.len - name.len - 1] == '.');
}

static void note_provider(struct config *config, const struct af_xml_node *node)
{
	struct af_quote quote;

	if (af_xml_is(node, "/emailProvider/@id") && node->len > 0)
		af_reading_note(
			config->out, "provider %s", af_quote(node->text, node->len, &quote));
}

static void take_node(void *context, const struct af_xml_node *node)
{
	struct config *config = context;
	char *text;

	if (!af_xml_in(node, ROOT))
		return;
	config->root = true;
	config->filled |= node->path_len > strlen(ROOT) && node->path[strlen(ROOT "/")] != '@';
	note_provider(config, node);
	text = fill_in(config, node);
	config->listed |=
		af_xml_is(node, "/domain") && is_above(text, strlen(text), config->body->domain);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (af_xml_is(node, places[i].tail))
			places[i].add(config->out, text, strlen(text));
	free(text);
}

static void read_config(struct config *config)
{
	struct af_reading *out = config->out;

	if (!af_xml_walk(config->body, take_node, config, out))
		return;
	if (!config->root)
		af_reading_strange(out, "XML, but no " ROOT);
	else if (config->filled)
		out->kind = AFENCE_READ_SETTINGS;
}

void af_read_autoconfig(const struct af_body *body, struct af_reading *out)
{
	struct config config = {.body = body, .out = out};

	read_config(&config);
}

void af_read_ispdb(const struct af_body *body, struct af_reading *out)
{
	struct config config = {.body = body, .out = out};
	struct af_quote quote;

	read_config(&config);
	if (out->kind != AFENCE_READ_SETTINGS || !config.listed)
		return;
	out->certain = true;
	af_reading_note(
		out, "listed there as %s", af_quote(body->domain, strlen(body->domain), &quote));
}
