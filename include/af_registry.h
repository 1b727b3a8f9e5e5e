/* SPDX-License-Identifier: MIT */
/*
 * The built-in registry of reserved and special-use names, generated at build time from
 * common/registry/names.tsv, where each row names its source (RFC, IANA, ICANN) and date.
 *
 * Constant data, pure functions, thread safe.
 */
#ifndef AF_REGISTRY_H
#define AF_REGISTRY_H

#include <stdbool.h>

#include "af_domain.h"

enum af_name_class {
	AFENCE_NAME_NONE,          /* an ordinary name */
	AFENCE_NAME_DOCUMENTATION, /* reserved: no account can exist */
	AFENCE_NAME_TESTING,       /* reserved: no account can exist */
	AFENCE_NAME_SPECIAL,       /* private or special use: reserved only where policy says so */
};

struct af_registry_row {
	const char *name; /* canonical */
	uint8_t len;
	enum af_name_class class;
	bool public_dns;    /* names below it can exist in the public DNS */
	const char *source; /* "RFC 2606 s3" */
};

/* "none", "documentation", "testing", "special". */
const char *af_name_class_string(enum af_name_class class);

/* The row whose name equals SUFFIX, or NULL. */
const struct af_registry_row *af_registry_find(const struct af_suffix *suffix);

/* The longest row that is DOMAIN itself or a parent of it, or NULL. */
const struct af_registry_row *af_registry_match(const struct af_domain *domain);

/* All rows, for listings and tests; *count is set. */
const struct af_registry_row *af_registry_rows(size_t *count);

#endif
