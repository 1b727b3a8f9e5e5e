/* SPDX-License-Identifier: MIT */
/*
 * Memory of a command: there is nothing sensible to do without it, so running out ends the
 * program with status 3.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/* COUNT cleared elements of SIZE bytes; never NULL. */
void *af_new(size_t count, size_t size) __attribute__((returns_nonnull));

/* ARRAY of *room elements of SIZE bytes, grown if USED of them leave no room for MORE. */
void *af_grow(void *array, size_t used, size_t more, size_t *room, size_t size);

#endif
