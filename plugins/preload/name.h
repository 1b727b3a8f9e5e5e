/* SPDX-License-Identifier: MIT */
/*
 * Which name the process asked for when it got an address: connect() is told the address only.
 *
 * Thread safe and async-signal-safe: an entry that another thread works on is passed over.
 */
#ifndef PRELOAD_NAME_H
#define PRELOAD_NAME_H

#include "af_address.h"
#include "stream.h"

/* ADDRESS was given for NAME; the newest name of an address counts. */
void af_name_note(const struct af_address *address, const char *name);

/* The name that ADDRESS was given for, "" if it is not known. */
void af_name_find(const struct af_address *address, char name[AFENCE_SEEN_HOST_MAX + 1]);

#endif
