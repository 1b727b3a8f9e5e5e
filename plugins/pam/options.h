/* SPDX-License-Identifier: MIT */
/* The arguments of the line in the PAM service file. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFENCE_PAM_TARGETS 16 /* further target= are logged and count as one unknown target */
#define AFENCE_HOST_MAX    256

struct af_pam_options {
	struct af_pam_target {
		char host[AFENCE_HOST_MAX];
		uint16_t port; /* 0: not said */
	} target[AFENCE_PAM_TARGETS + 1];
	size_t target_count;
	bool misread; /* a word has no meaning here; it might have been a target */
	/* Borrowed from the argument vector; NULL: not given. */
	const char *domain;
	const char *service;
	const char *policy;
	const char *confdir; /* where the stack was read from, as in pam_start_confdir() */
	/* Find targets in the stack: as said, else if no target is said. */
	bool has_discover, discover;
	bool observe;
	bool quiet;
	bool debug;
	bool has_unknown;
	bool unknown_allow; /* set only then */
};

/*
 * Reads the COUNT arguments at WORD into *out.  What cannot be read is logged; the rest counts,
 * and a target that cannot be read counts as one of which nothing is known, so that a slip of
 * the pen there guards more, never less.
 */
void af_pam_options_read(
	const pam_handle_t *pamh, int count, const char **word, struct af_pam_options *out);

#endif
