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

#include "../output/clause.h"
#include "../policy/build.h"
#include "af_decide.h"
#include "doctor.h"

#define FOLDER    "/etc/authfence"
#define FILE_NAME "policy.bin"

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

/* "apply by alice at 2026-11-22T20:10:00Z, ", freed by the caller; "" where nobody activated it. */
static char *tell_origin(const struct af_policy *policy)
{
	const struct af_image *image = af_policy_image(policy);
	const struct af_image_origin *origin = image != NULL ? af_image_origin(image) : NULL;
	char when[AFENCE_TIME_MAX];

	if (origin == NULL)
		return af_format("%s", "");
	return af_format("%s by %s at %s, ", origin->action, origin->who,
		af_format_time(af_policy_created(policy), when));
}

static void report_whole(struct af_doctor *doctor)
{
	char *origin = tell_origin(doctor->policy);

	af_doctor_find(doctor, AFENCE_RESULT_OK, "%s%s, generation %" PRIu64 ", %swhole and root's",
		doctor->root.prefix, AFENCE_POLICY_PATH, af_policy_generation(doctor->policy),
		origin);
	free(origin);
}

static void report_file(struct af_doctor *doctor, const struct stat *st, enum af_status status)
{
	char *fault = find_fault(&doctor->root, st, S_IROTH);

	if (fault != NULL) {
		report_fault(doctor, status, fault);
		af_doctor_remedy(doctor,
			"authfence policy apply%s, or look at who changed it and then: chown "
			"root:root %s%s; chmod 0644 %s%s",
			af_doctor_root_option(doctor), doctor->root.prefix, AFENCE_POLICY_PATH,
			doctor->root.prefix, AFENCE_POLICY_PATH);
	} else if (status == AFENCE_ERR_SYSTEM || status == AFENCE_ERR_ABSENT) {
		af_doctor_give_up(doctor, AFENCE_POLICY_PATH, af_strerror(status));
	} else if (status != AFENCE_OK) {
		report_fault(doctor, status, af_format("is refused: %s", af_strerror(status)));
	} else {
		report_whole(doctor);
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

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* The source that was changed last, or NULL; one that cannot be looked at is reported. */
static const char *find_newest(
	struct af_doctor *doctor, const struct af_names *path, struct timespec *newest)
{
	const char *found = NULL;
	struct stat st;

	for (size_t i = 0; i < path->count; i++) {
		if (!af_root_stat(&doctor->root, path->name[i], &st)) {
			af_doctor_give_up(doctor, path->name[i], strerror(errno));
		} else if (found == NULL || is_later(&st.st_mtim, newest)) {
			*newest = st.st_mtim;
			found = path->name[i];
		}
	}
	return found;
}

/* What the sources are made of, and whether they are right at all; false: they are not, and that
 * was reported. */
static bool read_digest(struct af_doctor *doctor, uint8_t out[32])
{
	struct af_policy_request request = {
		.verb = "doctor", .root = doctor->root, .now = af_policy_now(doctor->policy)};
	struct af_build build;
	size_t errors;

	af_build_read(&request, &build);
	memcpy(out, build.digest, sizeof(build.digest));
	errors = build.diagnostics.errors;
	af_build_free(&build);
	if (errors == 0)
		return true;
	af_doctor_find(doctor, AFENCE_RESULT_WARNING,
		"%zu error%s in the policy sources: they cannot be made active as they are", errors,
		errors == 1 ? "" : "s");
	af_doctor_remedy(doctor, "authfence policy validate%s", af_doctor_root_option(doctor));
	return false;
}

/* The generation tells by a hash what it was made from; without one, time has to tell. */
static void compare_sources(
	struct af_doctor *doctor, size_t count, const char *newest, bool is_newer)
{
	static const uint8_t none[32];
	const struct af_image *image = af_policy_image(doctor->policy);
	const struct af_image_origin *origin = image != NULL ? af_image_origin(image) : NULL;
	bool has_hash = origin != NULL && memcmp(origin->sources, none, sizeof(none)) != 0;
	bool is_back = origin != NULL && strcmp(origin->action, "rollback") == 0;
	uint8_t digest[32];

	if (!read_digest(doctor, digest) && has_hash)
		return;
	if (has_hash)
		is_newer = memcmp(origin->sources, digest, sizeof(digest)) != 0;
	if (!is_newer)
		af_doctor_find(doctor, AFENCE_RESULT_OK, "the policy is %s its %zu source%s",
			has_hash ? "made from" : "as new as", count, count == 1 ? "" : "s");
	else if (is_back)
		af_doctor_find(doctor, AFENCE_RESULT_WARNING,
			"the policy was rolled back, and its sources say something else: the next "
			"apply takes them");
	else
		af_doctor_find(doctor, AFENCE_RESULT_FAILED,
			"%s%s was changed after the policy was compiled%s", doctor->root.prefix,
			newest, has_hash ? ", or another source went" : "");
	if (is_newer)
		af_doctor_remedy(doctor,
			"authfence policy diff%s, and then: authfence policy apply%s",
			af_doctor_root_option(doctor), af_doctor_root_option(doctor));
}

static void report_inactive(struct af_doctor *doctor, size_t count, const char *newest)
{
	af_doctor_find(doctor, AFENCE_RESULT_FAILED,
		"%zu policy source%s, %s%s for one, but nothing compiled", count,
		count == 1 ? "" : "s", doctor->root.prefix, newest);
	af_doctor_remedy(doctor, "authfence policy apply%s", af_doctor_root_option(doctor));
}

void af_doctor_policy_sources(struct af_doctor *doctor)
{
	struct timespec time;
	struct af_names path;
	const char *folder, *newest = NULL;

	if (!af_set_find(&doctor->root, &path, &folder))
		af_doctor_give_up(doctor, folder, strerror(errno));
	else if (path.count == 0)
		af_doctor_find(doctor, AFENCE_RESULT_SKIPPED,
			"not applicable: there are no policy sources");
	else if ((newest = find_newest(doctor, &path, &time)) != NULL && !doctor->has_policy_file)
		report_inactive(doctor, path.count, newest);
	else if (newest != NULL)
		compare_sources(doctor, path.count, newest, is_later(&time, &doctor->policy_time));
	af_names_free(&path);
}

static const char *const mode_meaning[] = {
	[AFENCE_MODE_ENFORCE] = "logins are refused",
	[AFENCE_MODE_OBSERVE] = "logins that should be refused are only logged",
	[AFENCE_MODE_OFF] = "nothing is looked at",
};

/* A mode that was set for a time: until when, by whom, and what comes then. */
static void report_temporary(struct af_doctor *doctor, enum af_mode mode, int64_t until)
{
	const struct af_image *image = af_policy_image(doctor->policy);
	const struct af_image_origin *origin = af_image_origin(image);
	enum af_mode after = (enum af_mode)af_image_settings(image)->mode_after;
	char text[AFENCE_TIME_MAX];

	af_doctor_find(doctor,
		mode == AFENCE_MODE_OFF ? AFENCE_RESULT_FAILED : AFENCE_RESULT_WARNING,
		"mode %s until %s, set by %s, then mode %s: %s", af_mode_string(mode),
		af_format_time(until, text), origin != NULL ? origin->who : "somebody",
		af_mode_string(after), mode_meaning[mode]);
	af_doctor_remedy(doctor, "authfence policy mode enforce%s", af_doctor_root_option(doctor));
}

/* Services for which something weaker than enforce was said. */
static void report_services(struct af_doctor *doctor)
{
	const struct af_image *image = af_policy_image(doctor->policy);
	size_t count = 0;
	const struct af_image_service *service =
		image != NULL ? af_image_services(image, &count) : NULL;

	for (size_t i = 0; i < count; i++)
		if (service[i].mode == AFENCE_MODE_OBSERVE || service[i].mode == AFENCE_MODE_OFF) {
			enum af_mode mode = (enum af_mode)service[i].mode;

			af_doctor_find(doctor, AFENCE_RESULT_WARNING, "service %s has mode %s: %s",
				af_image_string(image, service[i].name), af_mode_string(mode),
				mode_meaning[mode]);
		}
}

void af_doctor_policy_mode(struct af_doctor *doctor)
{
	static const enum af_result result[] = {
		[AFENCE_MODE_ENFORCE] = AFENCE_RESULT_OK,
		[AFENCE_MODE_OBSERVE] = AFENCE_RESULT_WARNING,
		[AFENCE_MODE_OFF] = AFENCE_RESULT_FAILED,
	};
	int64_t until = af_mode_until(doctor->policy, 0);
	struct af_settings settings;

	af_policy_settings(doctor->policy, NULL, 0, &settings);
	if (until != 0)
		report_temporary(doctor, settings.mode, until);
	else
		af_doctor_find(doctor, result[settings.mode], "mode %s: %s",
			af_mode_string(settings.mode), mode_meaning[settings.mode]);
	report_services(doctor);
}
