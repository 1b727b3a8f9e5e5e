/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The part of an ELF header that is the same for all classes. */
struct kind {
	unsigned char ident[EI_NIDENT];
	unsigned char type[2];
	unsigned char machine[2];
};

static bool read_kind(int fd, struct kind *out)
{
	return pread(fd, out, sizeof(*out), 0) == (ssize_t)sizeof(*out) &&
	       memcmp(out->ident, ELFMAG, SELFMAG) == 0;
}

static bool is_shared_object(const struct kind *kind)
{
	unsigned low = kind->ident[EI_DATA] == ELFDATA2MSB ? 1 : 0;

	return kind->type[low] == ET_DYN && kind->type[1 - low] == 0;
}

static bool is_same_machine(
	const struct af_root *root, const struct kind *kind, const char *library)
{
	int fd = af_root_file(root, library, O_RDONLY);
	struct kind other;
	bool same = fd >= 0 && read_kind(fd, &other) &&
		    other.ident[EI_CLASS] == kind->ident[EI_CLASS] &&
		    other.ident[EI_DATA] == kind->ident[EI_DATA] &&
		    memcmp(other.machine, kind->machine, sizeof(kind->machine)) == 0;

	if (fd >= 0)
		close(fd);
	return same;
}

static enum af_module_state say(enum af_module_state state, char **out, char *why)
{
	*out = why;
	return state;
}

static enum af_module_state look_at_owner(
	const struct af_root *root, const char *what, const struct stat *st, char **why)
{
	char *fault = af_root_fault(root, st);

	if (fault == NULL)
		return AFENCE_MODULE_GOOD;
	*why = af_format("%s %s", what, fault);
	free(fault);
	return AFENCE_MODULE_UNTRUSTED;
}

static enum af_module_state look_at_folder(const struct af_root *root, const char *path, char **why)
{
	char *folder = af_format("%.*s", (int)(strrchr(path, '/') - path), path);
	enum af_module_state state = AFENCE_MODULE_UNREADABLE;
	struct stat st;

	if (af_root_stat(root, folder, &st))
		state = look_at_owner(root, "its folder", &st, why);
	else
		*why = af_format("its folder cannot be looked at: %s", strerror(errno));
	free(folder);
	return state;
}

static enum af_module_state look_at_file(
	const struct af_root *root, int fd, const char *library, char **why)
{
	struct kind kind;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return say(AFENCE_MODULE_UNREADABLE, why, af_format("%s", strerror(errno)));
	if (!S_ISREG(st.st_mode))
		return say(AFENCE_MODULE_UNFIT, why, af_format("it is no regular file"));
	if (!read_kind(fd, &kind) || !is_shared_object(&kind))
		return say(AFENCE_MODULE_UNFIT, why, af_format("it is no shared object (ELF)"));
	if (library != NULL && !is_same_machine(root, &kind, library))
		return say(AFENCE_MODULE_UNFIT, why,
			af_format("it is built for another kind of machine than %s", library));
	if ((st.st_mode & S_IROTH) == 0)
		return say(AFENCE_MODULE_UNFIT, why,
			af_format("only some users can read it (mode %04o)",
				(unsigned)(st.st_mode & 07777)));
	return look_at_owner(root, "it", &st, why);
}

enum af_module_state af_module_look(
	const struct af_root *root, const char *path, const char *library, char **why)
{
	int fd = af_root_file(root, path, O_RDONLY);
	enum af_module_state state;

	*why = NULL;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return say(AFENCE_MODULE_ABSENT, why, af_format("it is missing"));
	if (fd < 0)
		return say(AFENCE_MODULE_UNREADABLE, why, af_format("%s", strerror(errno)));
	state = look_at_file(root, fd, library, why);
	close(fd);
	return state == AFENCE_MODULE_GOOD ? look_at_folder(root, path, why) : state;
}
