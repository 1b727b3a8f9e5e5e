/* SPDX-License-Identifier: MIT */
/* The tables that common/registry/generate.c makes, as their readers see them. */
#ifndef AF_TABLES_H
#define AF_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "af_address.h"
#include "af_registry.h"

#define AFENCE_NAME_SLOTS 512 /* a power of two, several times the number of rows */

extern const struct af_registry_row af_names[]; /* in the order of the file */
extern const size_t af_names_count;

/* Open addressing with linear probing from af_hash_name() of the row; 0: free, else row + 1. */
extern const uint16_t af_name_slots[AFENCE_NAME_SLOTS];

extern const struct af_address_block af_blocks[]; /* longest prefix first */
extern const size_t af_blocks_count;

#endif
