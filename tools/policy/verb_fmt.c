/* SPDX-License-Identifier: MIT */
/*
 * authfence policy fmt: policy files in their one layout, written back as a whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../arguments.h"
#include "../memory.h"
#include "../names.h"
#include "format.h"
#include "verbs.h"

#define FMT      "policy fmt"
#define MODE_ALL 07777

struct fmt {
	bool check, print;
	char **path;
	size_t count;
};

static void print_fmt_help(void)
{
	fputs("usage: authfence policy fmt [--check | --stdout] FILE...\n\n"
	      "Lays policy files out in one way: comments stay, what is said does not change.  A file\n"
	      "that breaks the shape of the language is not touched.  FILE - is standard input.\n\n"
	      "  --check     write nothing, name the files that would change\n"
	      "  --stdout    write to standard output, not to the files\n"
	      "  -h, --help  this text\n\n"
	      "exit status: 0 done, 1 --check found files that would change, 2 bad arguments or\n"
	      "             policy, 3 could not write\n",
		stdout);
}

static bool read_arguments(int argc, char **argv, struct fmt *out, bool *help)
{
	static const struct option options[] = {
		{"check", no_argument, NULL, 'c'},
		{"stdout", no_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int code;

	*out = (struct fmt){0};
	*help = false;
	optind = 0;
	while ((code = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		out->check |= code == 'c';
		out->print |= code == 's';
		*help = code == 'h';
		if (code != 'c' && code != 's' && !*help)
			af_usage_option(FMT, code, argv);
		if (code != 'c' && code != 's')
			return false;
	}
	out->path = argv + optind;
	out->count = (size_t)(argc - optind);
	if (out->check && out->print)
		af_usage_error(FMT, "--check beside --stdout, expected one of them");
	else if (out->count == 0)
		af_usage_error(FMT, "no file, expected at least one policy file");
	return !(out->check && out->print) && out->count > 0;
}

/* The new file belongs to whom the old one did before a byte of it is there to be read. */
static bool fill(int fd, const struct stat *like, const char *text, size_t length)
{
	if (fchown(fd, like->st_uid, like->st_gid) != 0 ||
		fchmod(fd, like->st_mode & MODE_ALL) != 0)
		return false;
	while (length > 0) {
		ssize_t put = write(fd, text, length);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0) {
			text += put;
			length -= (size_t)put;
		}
	}
	return fsync(fd) == 0;
}

/* The rename is done; that it lasts is worth a try on file systems that can. */
static void sync_folder(char *path)
{
	int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static bool replace(char *target, const struct stat *like, const char *text, size_t length)
{
	char *temporary = af_format("%s.XXXXXX", target);
	int fd = mkostemp(temporary, O_CLOEXEC), saved;
	bool done = fd >= 0 && fill(fd, like, text, length) && rename(temporary, target) == 0;

	saved = errno;
	if (fd >= 0) {
		close(fd);
		if (!done)
			unlink(temporary);
	}
	if (done)
		sync_folder(target);
	free(temporary);
	errno = saved;
	return done;
}

/* A link stays one: the file that it leads to is replaced. */
static int write_back(const char *path, const char *text, size_t length)
{
	char *target = realpath(path, NULL);
	struct stat st;
	int result = AFENCE_EXIT_UNFINISHED;

	if (target == NULL || stat(target, &st) != 0) {
		af_usage_error(FMT, "cannot find \"%s\" again: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		af_usage_error(FMT, "\"%s\" is no regular file, expected one or --stdout", path);
		result = AFENCE_EXIT_USAGE;
	} else if (!replace(target, &st, text, length)) {
		af_usage_error(
			FMT, "cannot replace \"%s\": %s; it is as it was", path, strerror(errno));
	} else {
		result = AFENCE_EXIT_CLEAN;
	}
	free(target);
	return result;
}

static int put_out(
	const struct fmt *fmt, const char *path, const char *text, size_t length, bool changed)
{
	if (fmt->check) {
		if (changed)
			printf("%s\n", path);
		return changed ? AFENCE_EXIT_FOUND : AFENCE_EXIT_CLEAN;
	}
	if (fmt->print || strcmp(path, "-") == 0) {
		fwrite(text, 1, length, stdout);
		return AFENCE_EXIT_CLEAN;
	}
	return changed ? write_back(path, text, length) : AFENCE_EXIT_CLEAN;
}

/* The parser blots out what is no text, so what stood there is kept for the comparison. */
static int format_source(const struct fmt *fmt, const char *path, struct af_source *source)
{
	struct af_diagnostics diagnostics = {0};
	char *before = af_new(source->length, 1), *text;
	size_t length, was = source->length;
	int result = AFENCE_EXIT_USAGE;

	memcpy(before, source->text, was);
	if (af_format_source(source, &diagnostics, &text, &length)) {
		result = put_out(fmt, path, text, length,
			length != was || memcmp(before, text, length) != 0);
	} else if (diagnostics.errors == 0) {
		af_usage_error(FMT, "\"%s\" would not say the same any more: a defect", path);
		result = AFENCE_EXIT_UNFINISHED;
	}
	af_diagnostics_print(&diagnostics, stderr);
	af_diagnostics_free(&diagnostics);
	free(before);
	free(text);
	return result;
}

static int format_file(const struct fmt *fmt, const char *path)
{
	struct af_source source;
	enum af_status status;
	int result = AFENCE_EXIT_USAGE;

	if (strcmp(path, "-") == 0)
		status = af_source_load_fd(STDIN_FILENO, "standard input", &source);
	else
		status = af_source_load(path, &source);
	if (status == AFENCE_OK)
		result = format_source(fmt, path, &source);
	else
		af_usage_error(FMT, "\"%s\" cannot be read: %s, expected a policy file", path,
			status == AFENCE_ERR_SYSTEM ? strerror(errno) : af_strerror(status));
	af_source_free(&source);
	return result;
}

int af_policy_fmt(int argc, char **argv)
{
	struct fmt fmt;
	bool help;
	int worst = AFENCE_EXIT_CLEAN;

	if (!read_arguments(argc, argv, &fmt, &help)) {
		if (help)
			print_fmt_help();
		return help ? AFENCE_EXIT_CLEAN : AFENCE_EXIT_USAGE;
	}
	/* A file size limit is an error to report, not a death that leaves a file behind. */
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < fmt.count; i++) {
		int result = format_file(&fmt, fmt.path[i]);

		if (result > worst)
			worst = result;
	}
	return worst;
}
