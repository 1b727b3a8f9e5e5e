/* SPDX-License-Identifier: MIT */
/*
 * One bounded walk over an XML body.  Names of elements and attributes are without their prefix:
 * who wrote the answer decides about its name spaces, and clients do not look at them either.
 */
#ifndef PROBE_READ_XML_H
#define PROBE_READ_XML_H

#include "reading_parts.h"

#define AFENCE_XML_DEPTH 32    /* elements in each other */
#define AFENCE_XML_NODES 20000 /* elements and attributes in all */

/* An element that ended, or an attribute of one that began. */
struct af_xml_node {
	const char *path; /* "clientConfig/emailProvider/@id" */
	size_t path_len;
	const char *text; /* its value; an element's own text without the blanks around it */
	size_t len;
};
typedef void af_xml_visit(void *context, const struct af_xml_node *node);

/*
 * Tells VISIT of everything in BODY.  False: OUT is strange and says why (no XML, no encoding that
 * the library knows by itself, a document type declaration, beyond the bounds), or there was
 * nothing to read.
 */
bool af_xml_walk(
	const struct af_body *body, af_xml_visit *visit, void *context, struct af_reading *out);

/* True if the path of NODE starts with the whole names HEAD, or ends with the bytes TAIL ("/a/b",
 * "url"), whatever the case. */
bool af_xml_in(const struct af_xml_node *node, const char *head);
bool af_xml_is(const struct af_xml_node *node, const char *tail);

#endif
