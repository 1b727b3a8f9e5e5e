/* SPDX-License-Identifier: MIT */
/*
 * The policy that the plugins read: which one they get, whether it is whole and root's, and
 * whether it says what its sources say.
 */
#include "af_policy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "af_decide.h"
#include "doctor.h"

#define FOLDER      "/etc/authfence"
#define FILE_NAME   "policy.bin"
#define SUFFIX      ".policy"
#define NAMES_SHOWN 8 /* sources that a remedy lists one by one */

static const char *const source_folders[] = {"/usr/lib/authfence/policy.d", FOLDER "/policy.d"};
#define SOURCE_FOLDERS (sizeof(source_folders) / sizeof(source_folders[0]))

/* What keeps a file or folder from being used, by everybody where NEEDED says so, or NULL; to be
 * freed. */
static char *find_fault(const struct af_root *root, const struct stat *st, mode_t needed)
{
	char *fault;

	if (S_ISLNK(st->st_mode))
		return af_format("is a symbolic link");
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return af_format("is no regular file");
	fault = af_root_fault(root, st);
	if (fault == NULL && (st->st_mode & needed) != needed)
		fault = af_format("is closed to ordinary users (mode %04o), whose programs then "
				  "have the built-in policy",
			(unsigned)(st->st_mode & 07777));
	return fault;
}

/* FAULT is taken.  What stands in for a file that is not used is said too. */
static void report_fault(struct af_doctor *doctor, enum af_status status, char *fault)
{
	const char *instead = doctor->policy == af_policy_builtin()
				      ? "; in force is the built-in policy"
				      : "; in force is the previous policy";

	af_doctor_find(doctor, AFENCE_RESULT_FAILED, "%s%s %s%s", doctor->root.prefix,
		AFENCE_POLICY_PATH, fault, status == AFENCE_OK ? "" : instead);
	free(fault);
}

/* By way of the open folder: links on the way to it have been followed below the root. */
static void open_policy(struct af_doctor *doctor, int folder, struct af_policy_trouble *trouble)
{
	char *path = af_doctor_is_live(doctor)
			     ? af_format("%s", AFENCE_POLICY_PATH)
			     : af_format("/proc/self/fd/%d/%s", folder, FILE_NAME);

	doctor->policy = af_policy_open(path, !af_doctor_is_live(doctor), trouble);
	free(path);
}

static void report_file(struct af_doctor *doctor, const struct stat *st, enum af_status status)
{
	char *fault = find_fault(&doctor->root, st, S_IROTH);

	if (fault != NULL) {
		report_fault(doctor, status, fault);
		af_doctor_remedy(doctor,
			"compile the policy again, or look at who changed it and then: chown "
			"root:root %s%s; chmod 0644 %s%s",
			doctor->root.prefix, AFENCE_POLICY_PATH, doctor->root.prefix,
			AFENCE_POLICY_PATH);
	} else if (status == AFENCE_ERR_SYSTEM || status == AFENCE_ERR_ABSENT) {
		af_doctor_give_up(doctor, AFENCE_POLICY_PATH, af_strerror(status));
	} else if (status != AFENCE_OK) {
		report_fault(doctor, status, af_format("is refused: %s", af_strerror(status)));
	} else {
		af_doctor_find(doctor, AFENCE_RESULT_OK,
			"%s%s, generation %" PRIu64 ", whole and root's", doctor->root.prefix,
			AFENCE_POLICY_PATH, af_policy_generation(doctor->policy));
	}
}

static void report_absence(struct af_doctor *doctor, enum af_status previous)
{
	if (previous == AFENCE_ERR_ABSENT)
		af_doctor_find(doctor, AFENCE_RESULT_OK, "the built-in policy: there is no %s%s",
			doctor->root.prefix, AFENCE_POLICY_PATH);
	else
		report_fault(doctor, AFENCE_ERR_ABSENT, af_format("is missing"));
}

static void look_at_file(struct af_doctor *doctor, int folder)
{
	struct af_policy_trouble trouble;
	struct stat st;

	open_policy(doctor, folder, &trouble);
	if (fstatat(folder, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		doctor->has_policy_file = true;
		doctor->policy_time = st.st_mtim;
		report_file(doctor, &st, trouble.file);
	} else if (errno == ENOENT) {
		report_absence(doctor, trouble.previous);
	} else {
		af_doctor_give_up(doctor, AFENCE_POLICY_PATH, strerror(errno));
	}
}

void af_doctor_policy_file(struct af_doctor *doctor)
{
	int folder = af_root_file(&doctor->root, FOLDER, O_PATH | O_DIRECTORY);
	struct stat st;
	char *fault;

	doctor->policy = af_policy_builtin();
	if (folder < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		report_absence(doctor, AFENCE_ERR_ABSENT);
		return;
	}
	if (folder < 0 || fstat(folder, &st) != 0) {
		af_doctor_give_up(doctor, FOLDER, strerror(errno));
		return;
	}
	look_at_file(doctor, folder);
	close(folder);
	fault = find_fault(&doctor->root, &st, S_IXOTH);
	if (fault == NULL)
		return;
	af_doctor_find(doctor, AFENCE_RESULT_FAILED, "%s%s %s", doctor->root.prefix, FOLDER, fault);
	af_doctor_remedy(doctor, "chown root:root %s%s; chmod 0755 %s%s", doctor->root.prefix,
		FOLDER, doctor->root.prefix, FOLDER);
	free(fault);
}

struct sources {
	struct af_names path; /* in the order in which they count */
	struct timespec newest;
	char *newest_path;
};

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

static bool is_source(const char *name)
{
	size_t length = strlen(name);

	return length > strlen(SUFFIX) && strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

/* A file of the same name in a later folder takes its place, a link to /dev/null too. */
static bool is_replaced(
	const struct af_names names[SOURCE_FOLDERS], size_t folder, const char *name)
{
	for (size_t i = folder + 1; i < SOURCE_FOLDERS; i++)
		if (af_names_have(&names[i], name))
			return true;
	return false;
}

/* A source that cannot be looked at counts: it could not be compiled either. */
static void add_source(struct af_doctor *doctor, struct sources *sources, char *path)
{
	struct stat st;

	if (!af_root_stat(&doctor->root, path, &st))
		af_doctor_give_up(doctor, path, strerror(errno));
	else if (S_ISREG(st.st_mode)) {
		if (sources->path.count == 0 || is_later(&st.st_mtim, &sources->newest)) {
			sources->newest = st.st_mtim;
			sources->newest_path = path;
		}
		af_names_add(&sources->path, path);
		return;
	}
	free(path);
}

static void find_sources(struct af_doctor *doctor, struct sources *sources)
{
	struct af_names names[SOURCE_FOLDERS];

	for (size_t i = 0; i < SOURCE_FOLDERS; i++)
		if (!af_root_list(&doctor->root, source_folders[i], &names[i]) && errno != ENOENT &&
			errno != ENOTDIR)
			af_doctor_give_up(doctor, source_folders[i], strerror(errno));
	for (size_t i = 0; i < SOURCE_FOLDERS; i++)
		for (size_t n = 0; n < names[i].count; n++)
			if (is_source(names[i].name[n]) && !is_replaced(names, i, names[i].name[n]))
				add_source(doctor, sources,
					af_format("%s/%s", source_folders[i], names[i].name[n]));
	for (size_t i = 0; i < SOURCE_FOLDERS; i++)
		af_names_free(&names[i]);
}

static void add_remedy(struct af_doctor *doctor, const struct sources *sources)
{
	const char *prefix = doctor->root.prefix;
	char *list = af_format("%s", "");

	for (size_t i = 0; i < sources->path.count && i < NAMES_SHOWN; i++) {
		char *longer = af_format("%s %s%s", list, prefix, sources->path.name[i]);

		free(list);
		list = longer;
	}
	af_doctor_remedy(doctor, "authfence policy compile --output %s%s%s%s", prefix,
		AFENCE_POLICY_PATH, list, sources->path.count > NAMES_SHOWN ? " ..." : "");
	free(list);
}

void af_doctor_policy_sources(struct af_doctor *doctor)
{
	struct sources sources = {0};

	find_sources(doctor, &sources);
	if (sources.path.count == 0) {
		af_doctor_find(doctor, AFENCE_RESULT_SKIPPED,
			"not applicable: there are no policy sources");
	} else if (!doctor->has_policy_file) {
		af_doctor_find(doctor, AFENCE_RESULT_FAILED,
			"%zu policy source%s, %s%s for one, but nothing compiled",
			sources.path.count, sources.path.count == 1 ? "" : "s", doctor->root.prefix,
			sources.newest_path);
		add_remedy(doctor, &sources);
	} else if (is_later(&sources.newest, &doctor->policy_time)) {
		af_doctor_find(doctor, AFENCE_RESULT_FAILED,
			"%s%s was changed after the policy was compiled", doctor->root.prefix,
			sources.newest_path);
		add_remedy(doctor, &sources);
	} else {
		af_doctor_find(doctor, AFENCE_RESULT_OK, "the policy is as new as its %zu source%s",
			sources.path.count, sources.path.count == 1 ? "" : "s");
	}
	af_names_free(&sources.path);
}

void af_doctor_policy_mode(struct af_doctor *doctor)
{
	static const enum af_result result[] = {
		[AFENCE_MODE_ENFORCE] = AFENCE_RESULT_OK,
		[AFENCE_MODE_OBSERVE] = AFENCE_RESULT_WARNING,
		[AFENCE_MODE_OFF] = AFENCE_RESULT_FAILED,
	};
	static const char *const meaning[] = {
		[AFENCE_MODE_ENFORCE] = "logins are refused",
		[AFENCE_MODE_OBSERVE] = "logins that should be refused are only logged",
		[AFENCE_MODE_OFF] = "nothing is looked at",
	};
	struct af_settings settings;

	af_policy_settings(doctor->policy, NULL, 0, &settings);
	af_doctor_find(doctor, result[settings.mode], "mode %s: %s", af_mode_string(settings.mode),
		meaning[settings.mode]);
}
