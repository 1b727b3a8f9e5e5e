/* SPDX-License-Identifier: MIT */
#include "pam_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum af_status status_of_errno(struct af_pam_rooted *rooted)
{
	rooted->error = errno;
	if (errno == ENOENT || errno == ENOTDIR)
		return AFENCE_ERR_ABSENT;
	return errno == ELOOP || errno == ENXIO ? AFENCE_ERR_UNTRUSTED : AFENCE_ERR_SYSTEM;
}

static bool is_roots(const struct af_root *root, int fd)
{
	struct stat st;
	char *fault = fstat(fd, &st) == 0 ? af_root_fault(root, &st) : af_format("%s", "");
	bool sound = fault == NULL;

	free(fault);
	return sound;
}

static void note_include(struct af_pam_rooted *rooted, const char *path)
{
	if (rooted->own == NULL || strcmp(path, rooted->own) == 0 ||
		af_names_have(&rooted->included, path))
		return;
	af_names_add(&rooted->included, af_format("%s", path));
}

static enum af_status read_file(
	void *context, const char *path, enum af_pam_trust trust, struct af_pam_text *out)
{
	struct af_pam_rooted *rooted = context;
	enum af_status status = AFENCE_ERR_UNTRUSTED;
	int fd = af_root_file(
		rooted->root, path, O_RDONLY | (trust == AFENCE_PAM_CONFIG ? O_NOFOLLOW : 0));

	*out = (struct af_pam_text){NULL, 0};
	if (trust == AFENCE_PAM_STACK && (fd >= 0 || errno != ENOENT))
		note_include(rooted, path);
	if (fd < 0)
		return status_of_errno(rooted);
	if (is_roots(rooted->root, fd))
		status = af_pam_text_take(fd, out);
	rooted->error = errno;
	close(fd);
	return status;
}

static enum af_status list_folder(void *context, const char *folder, struct af_pam_list *out)
{
	struct af_pam_rooted *rooted = context;
	struct af_names names;

	*out = (struct af_pam_list){NULL, 0};
	if (!af_root_list(rooted->root, folder, &names))
		return status_of_errno(rooted);
	if (names.count > AFENCE_PAM_LIST_MAX) {
		af_names_free(&names);
		return AFENCE_ERR_LIMIT;
	}
	out->name = names.name;
	out->count = names.count;
	return AFENCE_OK;
}

struct af_pam_files af_pam_files_below(struct af_pam_rooted *context)
{
	return (struct af_pam_files){read_file, list_folder, context};
}
