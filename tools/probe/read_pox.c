/* SPDX-License-Identifier: MIT */
/* Exchange Autodiscover, plain old XML: MS-OXDSCLI s2.2.4, for devices MS-ASCMD s2.2.2.  */
#include "read_xml.h"

#include <string.h>

struct pox {
	struct af_reading *out;
	bool response, account, error, server;
};

/* Elements stand where they like: in Protocol, in Internal and External, in Settings. */
static const struct {
	const char *tail;
	void (*add)(struct af_reading *out, const char *text, size_t len);
	bool moves; /* it holds another address, to start anew with */
} places[] = {
	{"Server", af_reading_add_host, false}, /* PublicFolderServer, too */
	{"Url", af_reading_add_url, false},     /* ASUrl, EwsUrl, OABUrl, RedirectUrl ... */
	{"/Server/Name", af_reading_add_url, false},
	{"/AD", af_reading_add_host, false},
	{"/RedirectAddr", af_reading_add_host, true},
	{"/Redirect", af_reading_add_host, true},
};

static void note_error(struct pox *pox, const struct af_xml_node *node)
{
	struct af_quote quote;

	if (af_xml_is(node, "/Error"))
		pox->error = true;
	else if (node->len > 0 && af_xml_is(node, "/ErrorCode"))
		af_reading_note(pox->out, "error %s", af_quote(node->text, node->len, &quote));
	else if (node->len > 0 && af_xml_is(node, "/Error/Message"))
		af_reading_note(pox->out, "%s", af_quote(node->text, node->len, &quote));
}

static void take_node(void *context, const struct af_xml_node *node)
{
	struct pox *pox = context;

	if (!af_xml_in(node, "Autodiscover/Response"))
		return;
	pox->response = true;
	pox->account |= af_xml_is(node, "/Account") || af_xml_is(node, "/Settings");
	note_error(pox, node);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (node->len == 0 || !af_xml_is(node, places[i].tail))
			continue;
		places[i].add(pox->out, node->text, node->len);
		pox->server |= !places[i].moves;
	}
}

void af_read_pox(const struct af_body *body, struct af_reading *out)
{
	struct pox pox = {.out = out};

	if (!af_xml_walk(body, take_node, &pox, out))
		return;
	if (!pox.response)
		af_reading_strange(out, "XML, but no Autodiscover response");
	else if (out->hosts.count > 0 || (pox.account && !pox.error))
		out->kind = AFENCE_READ_SETTINGS;
	out->moved = out->hosts.count > 0 && !pox.server;
}
