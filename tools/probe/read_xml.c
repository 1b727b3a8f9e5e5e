/* SPDX-License-Identifier: MIT */
#include "read_xml.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "../memory.h"

struct buffer {
	char *bytes;
	size_t len, room;
};

struct walk {
	XML_Parser parser;
	af_xml_visit *visit;
	void *context;
	const char *why; /* it was refused */
	struct buffer path, text;
	struct {
		size_t path, text; /* where those of the element begin */
	} level[AFENCE_XML_DEPTH];
	size_t depth, nodes;
};

static void append(struct buffer *buffer, const char *bytes, size_t len)
{
	buffer->bytes = af_grow(buffer->bytes, buffer->len, len + 1, &buffer->room, 1);
	memcpy(buffer->bytes + buffer->len, bytes, len);
	buffer->len += len;
	buffer->bytes[buffer->len] = '\0';
}

static void cut(struct buffer *buffer, size_t len)
{
	buffer->len = len;
	buffer->bytes[len] = '\0';
}

static void refuse(struct walk *walk, const char *why)
{
	walk->why = why;
	XML_StopParser(walk->parser, XML_FALSE);
}

static void append_name(struct walk *walk, const char *mark, const char *name)
{
	const char *colon = strrchr(name, ':');

	append(&walk->path, mark, strlen(mark));
	name = colon != NULL ? colon + 1 : name;
	append(&walk->path, name, strlen(name));
}

static void tell(struct walk *walk, const char *text, size_t len)
{
	struct af_xml_node node = {walk->path.bytes, walk->path.len, text, len};

	for (; node.len > 0 && af_is_blank(*node.text); node.len--)
		node.text++;
	while (node.len > 0 && af_is_blank(node.text[node.len - 1]))
		node.len--;
	walk->visit(walk->context, &node);
}

static void on_start(void *context, const char *name, const char **attribute)
{
	struct walk *walk = context;
	size_t path;

	if (walk->why != NULL)
		return; /* a stopped parser still tells of what it has read */
	if (walk->depth == AFENCE_XML_DEPTH) {
		refuse(walk, "too many elements in each other");
		return;
	}
	walk->level[walk->depth].path = walk->path.len;
	walk->level[walk->depth++].text = walk->text.len;
	append_name(walk, walk->depth > 1 ? "/" : "", name);
	path = walk->path.len;
	for (walk->nodes++; *attribute != NULL; attribute += 2, walk->nodes++) {
		append_name(walk, "/@", attribute[0]);
		tell(walk, attribute[1], strlen(attribute[1]));
		cut(&walk->path, path);
	}
	if (walk->nodes > AFENCE_XML_NODES)
		refuse(walk, "too many elements");
}

static void on_end(void *context, const char *name)
{
	struct walk *walk = context;
	size_t start;

	(void)name;
	if (walk->why != NULL)
		return;
	start = walk->level[--walk->depth].text;
	tell(walk, walk->text.bytes + start, walk->text.len - start);
	cut(&walk->text, start);
	cut(&walk->path, walk->level[walk->depth].path);
}

static void on_text(void *context, const char *text, int len)
{
	struct walk *walk = context;

	if (walk->why == NULL)
		append(&walk->text, text, (size_t)len);
}

static void on_doctype(
	void *context, const char *name, const char *system, const char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	refuse(context, "a document type declaration");
}

static void parse(struct walk *walk, const struct af_body *body)
{
	size_t len;
	const char *text = af_body_text(body, &len);

	append(&walk->path, "", 0);
	append(&walk->text, "", 0);
	XML_SetUserData(walk->parser, walk);
	XML_SetElementHandler(walk->parser, on_start, on_end);
	XML_SetCharacterDataHandler(walk->parser, on_text);
	XML_SetStartDoctypeDeclHandler(walk->parser, on_doctype);
	if (XML_Parse(walk->parser, text, (int)len, 1) == XML_STATUS_OK || walk->why != NULL)
		return;
	if (XML_GetErrorCode(walk->parser) == XML_ERROR_NO_MEMORY)
		err(3, NULL);
	walk->why = XML_ErrorString(XML_GetErrorCode(walk->parser));
}

bool af_xml_walk(
	const struct af_body *body, af_xml_visit *visit, void *context, struct af_reading *out)
{
	struct walk walk = {.visit = visit, .context = context};

	if (!af_reading_start(body, out))
		return false;
	walk.parser = XML_ParserCreate(NULL);
	if (walk.parser == NULL)
		err(3, NULL);
	parse(&walk, body);
	XML_ParserFree(walk.parser);
	free(walk.path.bytes);
	free(walk.text.bytes);
	if (walk.why != NULL)
		af_reading_strange(out, "XML: %s", walk.why);
	return walk.why == NULL;
}

bool af_xml_in(const struct af_xml_node *node, const char *head)
{
	size_t len = strlen(head);

	return curl_strnequal(node->path, head, len) &&
	       (node->path[len] == '\0' || node->path[len] == '/');
}

bool af_xml_is(const struct af_xml_node *node, const char *tail)
{
	size_t len = strlen(tail);

	return node->path_len >= len && curl_strequal(node->path + node->path_len - len, tail);
}
