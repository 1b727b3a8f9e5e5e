/* SPDX-License-Identifier: MIT */
/*
 * How the stack parser and the readers of the modules' configuration get at files: the module from
 * the system, as a guest with somebody's login; `doctor` below a root folder; tests from memory.
 *
 * Configuration holds secrets of others (RADIUS, bind passwords): texts are wiped before they are
 * freed and never logged.
 */
#ifndef PAM_FILES_H
#define PAM_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "af_status.h"

#define AFENCE_PAM_TEXT_MAX (1024 * 1024) /* bytes of one file */
#define AFENCE_PAM_LIST_MAX 256           /* entries of one folder */

struct af_pam_text {
	char *bytes; /* NUL terminated, no other NUL in it; NULL: empty */
	size_t len;
};

/* Names without path, in byte order. */
struct af_pam_list {
	char **name;
	size_t count;
};

enum af_pam_trust {
	AFENCE_PAM_STACK,  /* a stack of PAM: links are followed, as libpam does */
	AFENCE_PAM_CONFIG, /* a module's configuration: a link counts as unreadable */
};

/*
 * Both functions: AFENCE_ERR_ABSENT; AFENCE_ERR_UNTRUSTED: not regular (or no folder), a link where
 * it must be none, not root's, or writable by others; AFENCE_ERR_LIMIT: too large, too many;
 * AFENCE_ERR_SYNTAX: a NUL byte; AFENCE_ERR_SYSTEM: errno, EACCES among them; AFENCE_ERR_MEMORY.
 * *out is empty then, else the caller's, freed with af_pam_text_free() or af_pam_list_free().
 */
struct af_pam_files {
	enum af_status (*read)(
		void *context, const char *path, enum af_pam_trust trust, struct af_pam_text *out);
	enum af_status (*list)(void *context, const char *folder, struct af_pam_list *out);
	void *context;
};

/* The files of the running system. */
extern const struct af_pam_files af_pam_system_files;

/* Takes what was read from the open descriptor FD, as `read` above says; FD stays the caller's. */
enum af_status af_pam_text_take(int fd, struct af_pam_text *out);

void af_pam_text_free(struct af_pam_text *text);
void af_pam_list_free(struct af_pam_list *list);

/*
 * The next line of TEXT from *pos on (0 at first), without its newline: *line, *len; false at the
 * end.  The bytes stay where they are.
 */
bool af_pam_next_line(const struct af_pam_text *text, size_t *pos, const char **line, size_t *len);

#endif
