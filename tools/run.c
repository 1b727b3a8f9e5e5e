/* SPDX-License-Identifier: MIT */
/* `authfence run`: a command under the preload guard.  It never runs a command that it knows to be
 * without the guard and does not say so. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "arguments.h"
#include "names.h"
#include "verbs.h"

static const char usage[] =
	"usage: authfence run [OPTION...] [--] COMMAND [ARGUMENT...]\n"
	"\n"
	"Runs COMMAND, and what it starts, under the preload guard, which stops logins of reserved\n"
	"identities by programs that use neither libsasl2 nor PAM (curl, mutt, msmtp, Python ...).\n"
	"Not guarded, and warned of: a COMMAND that is statically linked, or that runs with rights of\n"
	"others (set-user-ID, capabilities).  authfence-preload(7) says what else is not.\n"
	"\n"
	"  --observe       let everything pass, log what would be blocked\n"
	"  --library FILE  this guard instead of the installed one\n"
	"  --help          this text\n"
	"\n"
	"exit status: that of COMMAND; 2 bad arguments, 3 COMMAND or the guard could not be started\n";

#define STANDARD_PATH "/bin:/usr/bin" /* execvp()'s in glibc */
#define SCRIPT_DEPTH  5               /* scripts that run scripts, as far as the kernel goes */

enum word { WORD_OBSERVE, WORD_LIBRARY, WORD_HELP };

static const struct option longs[] = {
	{"observe", no_argument, NULL, WORD_OBSERVE},
	{"library", required_argument, NULL, WORD_LIBRARY},
	{"help", no_argument, NULL, WORD_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *library;
	bool observe, help;
};

/* What stands behind the first word that is no option is the command's. */
static bool read_words(int argc, char **argv, struct options *options)
{
	int word;

	opterr = 0;
	while ((word = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		if (word == '?' || word == ':') {
			af_usage_option("run", word, argv);
			return false;
		}
		options->observe |= word == WORD_OBSERVE;
		options->help |= word == WORD_HELP;
		if (word == WORD_LIBRARY)
			options->library = optarg;
	}
	if (optind < argc || options->help)
		return true;
	af_usage_error("run", "no command; see authfence run --help");
	return false;
}

/* The dynamic linker would complain and go on without it. */
static bool check_library(const char *path)
{
	void *library;

	if (strpbrk(path, ": \t\n") != NULL) {
		af_usage_error(
			"run", "\"%s\": blanks and colons separate libraries in LD_PRELOAD", path);
		return false;
	}
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		af_usage_error("run", "nothing was run, the guard cannot be loaded: %s%s",
			dlerror(),
			strcmp(path, AFENCE_GUARD) == 0 ? " (package libauthfence-preload)" : "");
	else if (dlsym(library, "gsasl_step64") == NULL) /* a hook, which no library it needs has */
		af_usage_error("run", "nothing was run, this is not the preload guard: %s", path);
	else
		return true;
	return false;
}

static bool has_interpreter(int fd, const ElfW(Ehdr) * header)
{
	ElfW(Phdr) segment;

	for (unsigned i = 0; i < header->e_phnum; i++) {
		off_t place = (off_t)(header->e_phoff + (size_t)i * sizeof(segment));

		if (pread(fd, &segment, sizeof(segment), place) != sizeof(segment))
			return true; /* not to be told */
		if (segment.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* Those of another kind of machine count as linked dynamically: their dynamic linker complains. */
static bool is_static(int fd)
{
	ElfW(Ehdr) header;

	return pread(fd, &header, sizeof(header), 0) == sizeof(header) &&
	       memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       header.e_phentsize == sizeof(ElfW(Phdr)) && !has_interpreter(fd, &header);
}

/* Will the program run in secure execution?  See AT_SECURE in getauxval(3). */
static bool has_rights(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	return ((st.st_mode & S_ISUID) != 0 && st.st_uid != getuid()) ||
	       ((st.st_mode & S_ISGID) != 0 && st.st_gid != getgid()) ||
	       (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0);
}

/* If FD is a script: the program that runs it, freed by the caller.  Else NULL. */
static char *read_interpreter(int fd)
{
	char line[256] = "";
	char *name = line + 2;

	if (pread(fd, line, sizeof(line) - 1, 0) < 2 || memcmp(line, "#!", 2) != 0)
		return NULL;
	name += strspn(name, " \t");
	name[strcspn(name, " \t\n")] = '\0';
	return af_format("%s", name);
}

/* Why the dynamic linker will not load a guard into *PATH, or NULL.  Of a script *PATH becomes the
 * interpreter, which is what counts. */
static const char *find_fault(char **path)
{
	char *interpreter = NULL;
	const char *fault = NULL;

	for (int depth = 0; depth < SCRIPT_DEPTH && fault == NULL; depth++) {
		int fd = open(*path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		/* What may be run but not read, as some of set-user-ID, is no script. */
		interpreter = read_interpreter(fd);
		if (interpreter == NULL && has_rights(*path))
			fault = "runs with rights of others (set-user-ID, capabilities)";
		else if (interpreter == NULL && is_static(fd))
			fault = "is statically linked";
		if (fd >= 0)
			close(fd);
		if (interpreter == NULL)
			break;
		free(*path);
		*path = interpreter;
	}
	return fault;
}

static bool is_program(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0;
}

/* The file that execvp() will take, freed by the caller; NULL: none.  An empty folder in PATH is
 * the one that we are in; without PATH libc has its own. */
static char *find_command(const char *name)
{
	const char *path = getenv("PATH");
	const char *end;

	if (strchr(name, '/') != NULL)
		return is_program(name) ? af_format("%s", name) : NULL;
	for (path = path != NULL ? path : STANDARD_PATH;; path = end + 1) {
		char *file;

		end = strchrnul(path, ':');
		file = af_format("%.*s%s%s", (int)(end - path), path, end > path ? "/" : "", name);
		if (*name != '\0' && is_program(file))
			return file;
		free(file);
		if (*end == '\0')
			return NULL;
	}
}

static void warn_of_faults(const char *command)
{
	char *file = af_format("%s", command);
	const char *fault = find_fault(&file);

	if (fault != NULL)
		af_usage_error("run", "warning: %s %s, so the guard is not in it", file, fault);
	free(file);
}

/* The libraries of LD_PRELOAD, the guard first: if another one, or another copy of it, is there, the
 * login is to be judged once, by ours. */
static char *make_list(const char *library, const char *others)
{
	const char *name = strrchr(library, '/');
	char *list = af_format("%s", library);

	for (size_t len; *others != '\0'; others += len) {
		char *word, *longer;

		others += strspn(others, ": ");
		len = strcspn(others, ": ");
		word = af_format("/%.*s", (int)len, others);
		if (len > 0 && strcmp(strrchr(word, '/'), name) != 0) {
			longer = af_format("%s:%s", list, word + 1);
			free(list);
			list = longer;
		}
		free(word);
	}
	return list;
}

static bool set_environment(const struct options *options)
{
	const char *others = getenv("LD_PRELOAD");
	char *list = make_list(options->library, others != NULL ? others : "");
	bool done = setenv("LD_PRELOAD", list, 1) == 0;

	free(list);
	if (options->observe)
		done = setenv("AUTHFENCE_PRELOAD", "observe", 1) == 0 && done;
	else
		unsetenv("AUTHFENCE_PRELOAD"); /* "off", or that of an outer --observe */
	if (!done)
		af_usage_error("run", "nothing was run, the environment is full");
	return done;
}

/* Returns only if it could not be started. */
static void start(char **command, const struct options *options)
{
	char *file = find_command(command[0]);

	if (file == NULL && strchr(command[0], '/') == NULL) {
		af_usage_error("run", "%s: no such command in PATH", command[0]);
		return;
	}
	if (file != NULL)
		warn_of_faults(file);
	free(file);
	if (!set_environment(options))
		return;
	execvp(command[0], command);
	af_usage_error("run", "%s: %s", command[0], strerror(errno));
}

int af_verb_run(int argc, char **argv)
{
	struct options options = {.library = AFENCE_GUARD};
	char *library;

	if (!read_words(argc, argv, &options))
		return AFENCE_EXIT_USAGE;
	if (options.help) {
		fputs(usage, stdout);
		return AFENCE_EXIT_CLEAN;
	}
	library = af_absolute_path(options.library);
	if (library == NULL)
		af_usage_error("run", "--library: %s", strerror(errno));
	options.library = library;
	if (library != NULL && check_library(library))
		start(argv + optind, &options);
	free(library);
	return AFENCE_EXIT_UNFINISHED;
}
