/* SPDX-License-Identifier: MIT */
/*
 * Images that are made from images: content that stays, with something changed in place.
 */
#ifndef AF_POLICY_REVISE_H
#define AF_POLICY_REVISE_H

#include "compile.h"
#include "store.h"

/* The built-in policy as an image, which has no rules.  False: it can not be made; *out is the caller's to
 * free all the same. */
bool af_revise_empty(struct af_stored *out);

/* A copy of FROM in memory of its own, with room for an origin even if FROM has none. */
void af_revise_copy(const struct af_stored *from, struct af_stored *out);

/* The settings of a copy, to be changed. */
struct af_image_settings *af_revise_settings(struct af_stored *copy);

/* Rules on trial of a copy hold from now on, and those that they replace are over.  Returns how many
 * there were. */
size_t af_revise_promote(struct af_stored *copy);

/* Stamps a copy and verifies it: false if it is no valid image any more. */
bool af_revise_finish(struct af_stored *copy, const struct af_stamp *stamp);

/* True if A and B differ in nothing but generation, time and origin. */
bool af_revise_same(const struct af_stored *a, const struct af_stored *b);

#endif
