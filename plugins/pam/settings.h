/* SPDX-License-Identifier: MIT */
/*
 * Configuration in sections, as rows of section, key and value: sssd.conf(5) and smb.conf(5), which
 * have one form, and krb5.conf(5), which nests (krb5_conf.h).  Rows are in the order of the files.
 *
 * Memory is bounded; values may be secrets and are wiped.  Thread safe.
 */
#ifndef PAM_SETTINGS_H
#define PAM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "files.h"

#define AFENCE_PAM_SETTINGS_MAX 4096 /* rows */
#define AFENCE_PAM_SECTION_MAX  512  /* bytes of a section's name */

struct af_pam_setting {
	char *section; /* followed by the other two in one piece of memory */
	char *key;
	char *value;
	size_t size;
};

/* All zero at first. */
struct af_pam_settings {
	struct af_pam_setting *row;
	size_t count;
	size_t room;
	bool exact; /* names are compared byte for byte, else in any case */
};

/* AFENCE_OK, AFENCE_ERR_MEMORY, AFENCE_ERR_LIMIT. */
enum af_status af_pam_settings_add(struct af_pam_settings *settings, const char *section,
	const char *key, size_t key_len, const char *value, size_t value_len);

/* The next value of KEY in SECTION from row *pos on (0 at first), or NULL; borrowed. */
const char *af_pam_settings_next(
	const struct af_pam_settings *settings, const char *section, const char *key, size_t *pos);

/* The last such value, or NULL. */
const char *af_pam_settings_last(
	const struct af_pam_settings *settings, const char *section, const char *key);

void af_pam_settings_free(struct af_pam_settings *settings);

/*
 * Adds the rows of TEXT: "[section]", "key = value", "#" or ";" before a comment.  Blanks in keys are
 * dropped ("password server" is "passwordserver"); what stands before the first section is in "".  A
 * section is a row too, with the key "".  AFENCE_ERR_SYNTAX: a line of another form, or one that "\"
 * joins with the next; AFENCE_ERR_MEMORY, AFENCE_ERR_LIMIT.
 */
enum af_status af_pam_ini_read(const struct af_pam_text *text, struct af_pam_settings *settings);

/* Drops blanks around the *len bytes at *text. */
void af_pam_trim(const char **text, size_t *len);

#endif
