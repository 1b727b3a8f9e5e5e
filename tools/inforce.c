/* SPDX-License-Identifier: MIT */
#include "inforce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"

static void complain(const char *verb, const char *path, enum af_status status)
{
	af_usage_error(verb, "policy %s: %s", path,
		status == AFENCE_ERR_SYSTEM ? strerror(errno) : af_strerror(status));
}

static const struct af_policy *load_named(const char *verb, const char *file)
{
	struct af_policy *policy = NULL;
	char *path = af_absolute_path(file);
	enum af_status status = AFENCE_ERR_SYSTEM;

	if (path != NULL)
		status = af_policy_load(path, true, &policy);
	if (status != AFENCE_OK)
		complain(verb, file, status);
	free(path);
	return policy;
}

static const struct af_policy *open_active(const char *verb, const char *root)
{
	const char *own = root == NULL ? secure_getenv("AUTHFENCE_POLICY") : NULL;
	struct af_policy_trouble trouble;
	const struct af_policy *policy;
	char *path = NULL;

	if (asprintf(&path, "%s%s", root != NULL ? root : "",
		    own != NULL ? own : AFENCE_POLICY_PATH) < 0)
		return NULL;
	policy = af_policy_open(path, own != NULL, &trouble);
	if (trouble.file != AFENCE_OK && (trouble.file != AFENCE_ERR_ABSENT || own != NULL))
		complain(verb, path, trouble.file);
	free(path);
	return policy;
}

const struct af_policy *af_policy_in_force(const char *verb, const char *file, const char *root)
{
	return file != NULL ? load_named(verb, file) : open_active(verb, root);
}
