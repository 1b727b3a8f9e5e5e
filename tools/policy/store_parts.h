/* SPDX-License-Identifier: MIT */
/* What the files of the store share: its folders, and names in them. */
#ifndef AF_POLICY_STORE_PARTS_H
#define AF_POLICY_STORE_PARTS_H

#include "store.h"

enum af_store_folder { AFENCE_IN_SITE, AFENCE_IN_STATE, AFENCE_IN_HISTORY, AFENCE_STORE_FOLDERS };

struct af_store {
	const char *verb;
	const struct af_root *root;
	int folder[AFENCE_STORE_FOLDERS]; /* -1: not there */
	int lock;                         /* -1: open for reading */
};

/* A file of the store, or the folder itself: "". */
struct af_store_name {
	enum af_store_folder in;
	char text[40];
};

#define AFENCE_STORE_ACTIVE       "policy.bin"
#define AFENCE_STORE_ACTIVE_NEW   "policy.bin.new"
#define AFENCE_STORE_PREVIOUS     "policy.bin.prev"
#define AFENCE_STORE_PREVIOUS_NEW "policy.bin.prev.new"
#define AFENCE_STORE_HISTORY      "policy." /* and the generation */
#define AFENCE_STORE_HISTORY_NEW  "policy.new"

struct af_store_name af_store_name(enum af_store_folder in, const char *text);

/* "cannot STEP "PATH": WHY" */
void af_store_complain(const struct af_store *store, const char *step,
	const struct af_store_name *name, const char *why);

#endif
