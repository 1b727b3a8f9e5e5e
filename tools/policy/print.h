/* SPDX-License-Identifier: MIT */
/*
 * An image as policy text that compiles to an image which decides the same, and as JSON.  What only
 * observes is told by a comment, and stands as what it is to become.
 */
#ifndef AF_POLICY_PRINT_H
#define AF_POLICY_PRINT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "af_image.h"

struct af_print {
	const struct af_image *image; /* NULL: the built-in policy */
	const char *source;           /* where it is from, for the head */
	int64_t now;                  /* what a mode that ends is measured against */
};

void af_print_policy(const struct af_print *print, FILE *out);

/* {"source","generation","created","origin","settings","services","reserve","internal","external",
 * "exceptions","protects","pam_modules"}; the caller's reference. */
json_t *af_print_json(const struct af_print *print);

/* The words of the language for the values of settings, up to a NULL. */
extern const char *const af_word_on_block[],
	*const af_word_log[], *const af_word_unknown[], *const af_word_resolve[],
								*const af_word_life[];

/* The rules of KIND in the order of the text, an array of *count for the caller to free. */
const struct af_image_rule **af_print_sort(
	const struct af_image *image, enum af_rule_kind kind, size_t *count);

/* The mode that is in force at NOW. */
enum af_mode af_print_mode(const struct af_print *print);

/* What stands behind the ":" in the name of a rule: "*.corp.lan". */
const char *af_print_tail(const struct af_image *image, uint32_t name);

/* Whether a reason, owner or ticket is there. */
bool af_print_has_text(const struct af_image *image, uint32_t text);

#define AFENCE_TIME_TEXT_MAX 40

/* "2027-03-31T23:59:59Z"; the first ten bytes are the day.  Returns TEXT. */
char *af_print_time(int64_t second, char text[AFENCE_TIME_TEXT_MAX]);

/* *@domain, user@*.domain ...; freed by the caller. */
char *af_print_member(const struct af_image *image, const struct af_image_member *member);

/* host.name, *.name, 10.0.0.0/8; freed by the caller. */
char *af_print_place(const struct af_image *image, const struct af_image_place *place);

#endif
