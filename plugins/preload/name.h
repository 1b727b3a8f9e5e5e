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

/* ADDRESS was given for NAME; the newest name of an address counts.  With PORT, which is not 0, they
 * are the own end of a connection, and NAME is where a tunnel through it ends. */
void af_name_note(const struct af_address *address, uint16_t port, const char *name);

/* The name that was noted, "" if it is not known. */
void af_name_find(
	const struct af_address *address, uint16_t port, char name[AFENCE_SEEN_HOST_MAX + 1]);

#endif
