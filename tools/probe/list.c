/* SPDX-License-Identifier: MIT */
/* --dry-run. */
#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../output/json.h"
#include "af_address.h"
#include "connect.h"
#include "engine.h"

struct list {
	const struct af_probe_plan *plan;
	const struct af_probe_item *item;
	enum af_probe_list_form form;
	json_t *array; /* of FORM JSON */
	bool written;
};

static void add(struct list *list, const char *what, const char *name)
{
	const struct af_probe_item *item = list->item;
	json_t *request;

	if (list->form == AFENCE_LIST_TEXT) {
		printf("%s\t%s\t%s%s\n", item->domain, item->mechanism->name, what, name);
		return;
	}
	request = json_pack("{s:s,s:s,s:o}", "domain", item->domain, "service",
		item->mechanism->name, "question", json_sprintf("%s%s", what, name));
	if (list->form == AFENCE_LIST_LINES)
		list->written &= af_json_print(request);
	else
		list->written &= json_array_append_new(list->array, request) == 0;
}

static void add_addresses(struct list *list, const char *host)
{
	add(list, "A ", host);
	add(list, "AAAA ", host);
}

/* Where the name that a URL stands for is not known yet, its addresses are not either. */
static void add_request(struct list *list, const char *text)
{
	const struct af_probe_plan *plan = list->plan;
	const struct af_mechanism *mechanism = list->item->mechanism;
	struct af_address literal;
	struct af_url url;

	if (strchr(text, '<') == NULL && af_url_read(text, NULL, &url)) {
		if (!af_address_parse(url.host, strlen(url.host), &literal) &&
			!af_connect_covers(plan->connect_to, plan->connect_count, &url,
				mechanism->service != AFENCE_SERVICE_DNS))
			add_addresses(list, url.host);
		af_url_free(&url);
	}
	add(list, mechanism->body != NULL ? "POST " : "GET ", text);
}

static void add_item(struct list *list)
{
	const struct af_mechanism *mechanism = list->item->mechanism;
	struct af_words words = {.domain = list->item->domain,
		.local = AFENCE_PROBE_LOCAL,
		.random = list->plan->random};
	char *name = mechanism->dns != NULL ? af_expand(mechanism->dns, &words, false) : NULL;
	char *url =
		af_probe_url(list->plan, mechanism, list->item->domain, list->item->role, &words);

	if (name != NULL && mechanism->type == ns_t_a)
		add_addresses(list, name);
	else if (name != NULL)
		add(list,
			mechanism->type == ns_t_mx    ? "MX "
			: mechanism->type == ns_t_srv ? "SRV "
						      : "TXT ",
			name);
	if (url != NULL)
		add_request(list, url);
	free(name);
	free(url);
}

bool af_probe_list(const struct af_probe_plan *plan, enum af_probe_list_form form)
{
	struct list list = {.plan = plan, .form = form, .array = json_array(), .written = true};
	size_t count;
	struct af_probe_item *item = af_probe_items(plan, &count);

	for (size_t i = 0; i < count; i++) {
		list.item = &item[i];
		add_item(&list);
	}
	af_probe_items_free(item, count);
	if (form == AFENCE_LIST_JSON)
		list.written &= af_json_print(json_pack("{s:O}", "requests", list.array));
	json_decref(list.array);
	return list.written && !ferror(stdout);
}
