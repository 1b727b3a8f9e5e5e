/* SPDX-License-Identifier: MIT */
/*
 * What the checks of `authfence doctor` share: the root folder they look at, what earlier ones
 * found out for later ones, and the list of findings.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "../arguments.h"
#include "af_policy.h"
#include "../root.h"

enum af_result {
	AFENCE_RESULT_OK,
	AFENCE_RESULT_WARNING,
	AFENCE_RESULT_FAILED,
	AFENCE_RESULT_SKIPPED,
	AFENCE_RESULTS
};

struct af_finding {
	const char *check;
	enum af_result result;
	char *detail;
	char *remedy; /* NULL: none is needed */
};

struct af_doctor;

struct af_doctor_check {
	const char *name;
	void (*run)(struct af_doctor *doctor);
	const char *remedy; /* unless the finding has one of its own */
};

struct af_doctor {
	struct af_root root;
	const struct af_doctor_check *check; /* under way */
	struct af_finding *finding;
	size_t count, room;
	bool unfinished; /* something could not be found out */

	struct af_libraries sasl;       /* libsasl2, and in "sasl2" beside each its plugins */
	bool plugin_there;              /* in one of those folders */
	bool plugin_untrusted;          /* not even to be loaded for a trial */
	bool sasl_guarded;              /* as far as the checks tell */
	bool pam_guarded;               /* at least one service, none of them badly */
	const struct af_policy *policy; /* in force, owned */
	bool has_policy_file;
	struct timespec policy_time; /* of its file */
	char *root_option;           /* NULL: not made yet */
};

/* True if the root folder is that of the running system, so that things can be tried. */
bool af_doctor_is_live(const struct af_doctor *doctor);

/* What a command needs to work on that root folder, " --root DIR" or "": borrowed. */
const char *af_doctor_root_option(struct af_doctor *doctor);

/* Adds a finding to the check under way; one that failed or warns gets the check's remedy. */
void af_doctor_find(struct af_doctor *doctor, enum af_result result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Another remedy for the last finding. */
void af_doctor_remedy(struct af_doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A failure to find out: REASON (errno's text, say) kept the check from looking at PATH. */
void af_doctor_give_up(struct af_doctor *doctor, const char *path, const char *reason);

size_t af_doctor_count(const struct af_doctor *doctor, enum af_result result);

/* True if nothing failed and something is guarded. */
bool af_doctor_in_force(const struct af_doctor *doctor);

/* All findings and a summary on standard output; false: a write error. */
bool af_doctor_print(const struct af_doctor *doctor, enum af_format format);

void af_doctor_free(struct af_doctor *doctor);

/* The checks, in the order in which they rely on each other. */
void af_doctor_sasl_library(struct af_doctor *doctor);
void af_doctor_sasl_plugin(struct af_doctor *doctor);
void af_doctor_sasl_config(struct af_doctor *doctor);
void af_doctor_sasl_daemon(struct af_doctor *doctor);
void af_doctor_sasl_shell(struct af_doctor *doctor);
void af_doctor_pam_stacks(struct af_doctor *doctor);
void af_doctor_policy_file(struct af_doctor *doctor);
void af_doctor_policy_sources(struct af_doctor *doctor);
void af_doctor_policy_mode(struct af_doctor *doctor);
void af_doctor_policy_rules(struct af_doctor *doctor);
void af_doctor_policy_history(struct af_doctor *doctor);
void af_doctor_guard(struct af_doctor *doctor); /* finds fault only where nobody did */

/* Runs one check. */
void af_doctor_run(struct af_doctor *doctor, const struct af_doctor_check *check);

#endif
