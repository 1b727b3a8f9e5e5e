/* SPDX-License-Identifier: MIT */
/* "Did you mean ...?" */
#ifndef SUGGEST_H
#define SUGGEST_H

#include <stddef.h>

/* The one of COUNT words at CHOICE that WORD was probably meant to be (at most two letters
 * wrong, and less than half of them), or NULL. */
const char *af_suggest(const char *word, const char *const *choice, size_t count);

#endif
