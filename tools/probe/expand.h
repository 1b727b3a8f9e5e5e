/* SPDX-License-Identifier: MIT */
/* Templates of questions (mechanisms.h) to questions, and URLs to what matters of them. */
#ifndef PROBE_EXPAND_H
#define PROBE_EXPAND_H

#include <stdbool.h>
#include <stdint.h>

#include "af_domain.h"

#define AFENCE_PROBE_LOCAL   "authfence-probe"
#define AFENCE_CONTROL_LOCAL "0-authfence-probe" /* neither Gmail nor Outlook.com hands it out */

struct af_words {
	const char *domain; /* %D */
	const char *local;  /* %A is local@domain */
	const char *random; /* %R */
	const char *target; /* %S, host and port; NULL: not known yet, as the next two */
	const char *mx;     /* %B */
	const char *parent; /* %F */
};

/* TEMPLATE with the values put in; URL: percent-encoded where a path or query needs it.  What is not
 * known yet becomes <TARGET>, <MX> or <MX-PARENT>.  Freed by the caller. */
char *af_expand(const char *template, const struct af_words *words, bool url);

/* Of an absolute http or https URL. */
struct af_url {
	char *text; /* normalised, without user name, password and fragment */
	char *host; /* lower case, without brackets */
	uint16_t port;
	bool secure;
};

/* REFERENCE, which may be relative to BASE (absolute, or NULL).  False, *out is
 * zero: it is neither http nor https, or no URL. */
bool af_url_read(const char *reference, const char *base, struct af_url *out);
void af_url_free(struct af_url *url);

#endif
