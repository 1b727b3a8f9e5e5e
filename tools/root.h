/* SPDX-License-Identifier: MIT */
/*
 * Files below a root folder, "/" or that of an image.  Links are followed as after a chroot(2) to
 * it, so that a link in an image never leads to a file of this machine.
 */
#ifndef ROOT_H
#define ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "af_status.h"
#include "names.h"

struct af_root {
	int fd;
	const char *prefix; /* what paths are shown with; "" for "/" */
	/* Who owns the root folder may exchange anything below it, so who unpacked an image counts
	 * as root there. */
	uid_t owner;
};

/* PATH is borrowed.  False: errno tells; *out needs no af_root_close() then. */
bool af_root_open(const char *path, struct af_root *out);
void af_root_close(struct af_root *root);

/* open(2) below the root, close-on-exec, without waiting for a FIFO; -1: errno. */
int af_root_file(const struct af_root *root, const char *path, int flags);

/* stat(2) below the root; false: errno. */
bool af_root_stat(const struct af_root *root, const char *path, struct stat *out);

/* Makes the folder PATH (absolute) and those above it that are missing, mode 0755 whatever the umask, and opens
 * it for reading; -1: errno. */
int af_root_make_folder(const struct af_root *root, const char *path);

#define AFENCE_TEXT_MAX (1024 * 1024) /* bytes of a configuration file */

/*
 * The bytes of a regular file, NUL terminated, freed by the caller.  AFENCE_ERR_ABSENT;
 * AFENCE_ERR_UNTRUSTED: not regular; AFENCE_ERR_LIMIT: over AFENCE_TEXT_MAX; AFENCE_ERR_SYSTEM:
 * errno.  *out is NULL then.
 */
enum af_status af_root_read(const struct af_root *root, const char *path, char **out);

/*
 * What lets somebody else than root change the file that ST tells of, "belongs to uid 7, not to
 * root" or the like, freed by the caller; NULL: nothing.
 */
char *af_root_fault(const struct af_root *root, const struct stat *st);

/* The entries of a folder in byte order, without those that start with a dot.  False: errno;
 * *out is empty then. */
bool af_root_list(const struct af_root *root, const char *folder, struct af_names *out);

/* A shared library of the system, once for each machine type it is there for. */
struct af_library {
	char *folder;
	char *file; /* in that folder */
	dev_t device;
	ino_t inode;
};

struct af_libraries {
	struct af_library *list;
	size_t count, room;
};

/* Adds FILE in FOLDER if it is there and not in *out yet under another path. */
void af_libraries_add(
	const struct af_root *root, const char *folder, const char *file, struct af_libraries *out);

/* Adds all of the library FILE in the folders where a system keeps libraries. */
void af_libraries_find(const struct af_root *root, const char *file, struct af_libraries *out);
void af_libraries_free(struct af_libraries *libraries);

#endif
