/* SPDX-License-Identifier: MIT */
/*
 * Which files make up a policy.  By default `*.policy` of the vendor's folder and of the site's, in
 * byte order of name; a file of the site with the name of one of the vendor's, or a link to
 * /dev/null there, takes its place.
 */
#ifndef AF_POLICY_SET_H
#define AF_POLICY_SET_H

#include "../names.h"
#include "../root.h"
#include "diagnostics.h"
#include "source.h"

#define AFENCE_FOLDER_VENDOR "/usr/lib/authfence/policy.d"
#define AFENCE_FOLDER_SITE   "/etc/authfence/policy.d"

struct af_set {
	struct af_source *source;
	size_t count;
};

/* The paths, below ROOT, of the files of the two folders as they count.  False: a folder that is
 * there could not be read; errno tells, *folder says which. */
bool af_set_find(const struct af_root *root, struct af_names *out, const char **folder);

/*
 * Reads the sources at PATH (COUNT of them: files, or folders as a site has one), or those of
 * af_set_find() if COUNT is 0.  What can not be read is an error among DIAGNOSTICS.  Freed with
 * af_set_free(), after the diagnostics were printed.
 */
void af_set_load(const struct af_root *root, char **path, size_t count,
	struct af_diagnostics *diagnostics, struct af_set *out);

void af_set_free(struct af_set *set);

#endif
