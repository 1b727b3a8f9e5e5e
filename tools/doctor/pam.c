/* SPDX-License-Identifier: MIT */
/*
 * PAM services: each is read, its lines are judged (pam_judge.c), and what is wrong with a line is
 * told once, with the services that it is in.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "doctor.h"
#include "module.h"
#include "pam_judge.h"

#define GUARD_CONTROL  "[default=ignore perm_denied=die]"
#define SERVICES_SHOWN 6

/* What is wrong with a line, and in which services. */
struct problem {
	enum af_result result;
	char *text;
	const char *remedy;
	struct af_names services;
};

struct service {
	char *name;
	char *path;
	struct af_pam_stack stack;
};

struct survey {
	struct af_doctor *doctor;
	struct service *service;
	size_t count, room;
	struct af_names included;
	struct af_names guarded;
	struct af_names modules; /* words that guard lines have for the module */
	struct problem *problem;
	size_t problems, problem_room;
	bool has_guard, is_bad; /* the service under way */
};

static const char remedy_first[] =
	"put this line before it: auth " GUARD_CONTROL " pam_authfence.so target=SERVER";
static const char remedy_target[] =
	"name the servers of that module on the line of pam_authfence.so: target=SERVER";
static const char remedy_observe[] =
	"take observe off the line of pam_authfence.so once the log looks right";
static const char remedy_order[] =
	"move the line of pam_authfence.so up, before the first module that "
	"sends the password away";
static const char remedy_control[] =
	"write the line with this control: auth " GUARD_CONTROL " pam_authfence.so";
static const char remedy_substack[] =
	"move the line of pam_authfence.so out of the substack, before it";
static const char remedy_jump[] =
	"move the line of pam_authfence.so up, before the line that jumps over it";

/* TEXT is taken. */
static struct problem *enter_problem(
	struct survey *survey, enum af_result result, char *text, const char *remedy)
{
	for (size_t i = 0; i < survey->problems; i++) {
		if (strcmp(survey->problem[i].text, text) == 0) {
			free(text);
			return &survey->problem[i];
		}
	}
	survey->problem = af_grow(survey->problem, survey->problems, 1, &survey->problem_room,
		sizeof(*survey->problem));
	survey->problem[survey->problems] = (struct problem){result, text, remedy, {0}};
	return &survey->problem[survey->problems++];
}

static void add_problem(struct survey *survey, enum af_result result, char *text,
	const char *remedy, const char *service)
{
	struct problem *problem = enter_problem(survey, result, text, remedy);

	survey->is_bad = survey->is_bad || result == AFENCE_RESULT_FAILED;
	if (!af_names_have(&problem->services, service))
		af_names_add(&problem->services, af_format("%s", service));
}

static const struct {
	enum af_result result;
	const char *how, *remedy;
} misses[] = {
	[AFENCE_PAM_COVERED] = {AFENCE_RESULT_OK, NULL, NULL},
	[AFENCE_PAM_OBSERVED] = {AFENCE_RESULT_WARNING, "the guard before it only observes",
		remedy_observe},
	[AFENCE_PAM_AIMLESS] = {AFENCE_RESULT_FAILED,
		"the guard before it has no target=, so every login passes", remedy_target},
	[AFENCE_PAM_JUMPED] = {AFENCE_RESULT_FAILED, "an earlier line jumps over the guard",
		remedy_jump},
	[AFENCE_PAM_SUBSTACK] = {AFENCE_RESULT_FAILED,
		"the guard before it can end its own substack only", remedy_substack},
	[AFENCE_PAM_CONTROL] = {AFENCE_RESULT_FAILED, "the guard before it ends nothing",
		remedy_control},
	[AFENCE_PAM_AFTER] = {AFENCE_RESULT_FAILED, "the guard stands after it", remedy_order},
	[AFENCE_PAM_NONE] = {AFENCE_RESULT_FAILED, "no guard stands before it", remedy_first},
};

static void check_sender(struct survey *survey, const struct service *service, size_t index)
{
	const struct af_pam_line *line = &service->stack.line[index];
	const struct af_pam_sender *sender = af_pam_sender_find(line);
	enum af_pam_miss miss;

	if (sender == NULL)
		return;
	miss = af_pam_judge(&service->stack, index);
	if (miss == AFENCE_PAM_COVERED)
		return;
	add_problem(survey, sender->opaque ? AFENCE_RESULT_WARNING : misses[miss].result,
		af_format("%s%s:%u: %s %s, and %s", survey->doctor->root.prefix, line->file,
			line->number, line->module,
			sender->opaque ? "may send the password away" : "sends the password away",
			misses[miss].how),
		misses[miss].remedy, service->name);
}

static void check_guard(struct survey *survey, const struct service *service, size_t index)
{
	const struct af_pam_line *line = &service->stack.line[index];
	const char *fault = af_pam_guard_fault(line);

	if (!af_pam_is_guard(line))
		return;
	survey->has_guard = true;
	if (!af_names_have(&survey->modules, line->module))
		af_names_add(&survey->modules, af_format("%s", line->module));
	if (fault != NULL)
		add_problem(survey, AFENCE_RESULT_FAILED,
			af_format("%s%s:%u: the control %s of the guard %s",
				survey->doctor->root.prefix, line->file, line->number,
				line->control, fault),
			remedy_control, service->name);
}

static void check_service(struct survey *survey, const struct service *service)
{
	bool unread = service->stack.unread;

	survey->has_guard = survey->is_bad = false;
	survey->doctor->unfinished = survey->doctor->unfinished || unread;
	if (service->stack.trouble != NULL)
		add_problem(survey, unread ? AFENCE_RESULT_FAILED : AFENCE_RESULT_WARNING,
			af_format("%s%s cannot be read whole: %s", survey->doctor->root.prefix,
				service->path, service->stack.trouble),
			unread ? "run authfence doctor as root"
			       : "mend that file, or the line that names it",
			service->name);
	for (size_t i = 0; i < service->stack.count; i++) {
		check_guard(survey, service, i);
		check_sender(survey, service, i);
	}
	if (survey->has_guard && !survey->is_bad)
		af_names_add(&survey->guarded, af_format("%s", service->name));
}

static bool is_leftover(const char *name)
{
	static const char *const marks[] = {
		".dpkg-", ".ucf-", ".rpmnew", ".rpmsave", ".rpmorig", "~"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(name, marks[i]) != NULL)
			return true;
	return false;
}

static bool is_known(const struct survey *survey, const char *name)
{
	for (size_t i = 0; i < survey->count; i++)
		if (strcmp(survey->service[i].name, name) == 0)
			return true;
	return false;
}

/* A file of an earlier folder takes the place of one of the same name in a later one. */
static void read_service(struct survey *survey, const char *folder, const char *name)
{
	struct service *service;

	if (is_leftover(name) || is_known(survey, name))
		return;
	survey->service =
		af_grow(survey->service, survey->count, 1, &survey->room, sizeof(*survey->service));
	service = &survey->service[survey->count++];
	service->name = af_format("%s", name);
	service->path = af_format("%s/%s", folder, name);
	af_doctor_stack_read(
		&survey->doctor->root, service->path, &service->stack, &survey->included);
}

static bool read_services(struct survey *survey)
{
	static const char *const folders[] = {"/etc/pam.d", "/usr/lib/pam.d"};
	struct af_names names;
	bool done = true;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (!af_root_list(&survey->doctor->root, folders[i], &names) && errno != ENOENT &&
			errno != ENOTDIR) {
			af_doctor_give_up(survey->doctor, folders[i], strerror(errno));
			done = false;
		}
		for (size_t n = 0; n < names.count; n++)
			read_service(survey, folders[i], names.name[n]);
		af_names_free(&names);
	}
	return done;
}

/* "login, sshd and 3 more" */
static char *list_services(const struct af_names *names)
{
	size_t length;
	char *text;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		err(3, NULL);
	for (size_t i = 0; i < names->count && i < SERVICES_SHOWN; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", names->name[i]);
	if (names->count > SERVICES_SHOWN)
		fprintf(out, " and %zu more", names->count - SERVICES_SHOWN);
	if (fclose(out) != 0)
		err(3, NULL);
	return text;
}

static void report_problems(struct survey *survey)
{
	for (size_t i = 0; i < survey->problems; i++) {
		struct problem *problem = &survey->problem[i];
		char *services = list_services(&problem->services);

		af_doctor_find(survey->doctor, problem->result, "%s (%s)", problem->text, services);
		af_doctor_remedy(survey->doctor, "%s", problem->remedy);
		free(services);
	}
}

/* The guard's file in the folder of the first libpam that has it, or where the line says. */
static enum af_module_state find_module(
	const struct af_root *root, const char *module, char **path, char **why)
{
	enum af_module_state state = AFENCE_MODULE_ABSENT;
	struct af_libraries libraries = {0};

	*path = af_format("%s", module);
	*why = af_format("there is no libpam that would load it");
	af_libraries_find(root, "libpam.so.0", &libraries);
	for (size_t i = 0; i < libraries.count && state == AFENCE_MODULE_ABSENT; i++) {
		const struct af_library *libpam = &libraries.list[i];
		char *library = af_format("%s/%s", libpam->folder, libpam->file);

		free(*path);
		free(*why);
		*path = *module == '/' ? af_format("%s", module)
				       : af_format("%s/security/%s", libpam->folder, module);
		state = af_module_look(root, *path, library, why);
		free(library);
	}
	af_libraries_free(&libraries);
	return state;
}

static bool check_module(struct survey *survey, const char *module)
{
	struct af_doctor *doctor = survey->doctor;
	char *path, *why;
	enum af_module_state state = find_module(&doctor->root, module, &path, &why);

	if (state == AFENCE_MODULE_GOOD)
		af_doctor_find(doctor, AFENCE_RESULT_OK, "%s%s is there, and root's",
			doctor->root.prefix, path);
	else if (state == AFENCE_MODULE_UNREADABLE)
		af_doctor_give_up(doctor, path, why);
	else
		af_doctor_find(
			doctor, AFENCE_RESULT_FAILED, "%s%s: %s", doctor->root.prefix, path, why);
	free(path);
	free(why);
	return state == AFENCE_MODULE_GOOD;
}

static void report(struct survey *survey)
{
	struct af_doctor *doctor = survey->doctor;
	char *guarded = list_services(&survey->guarded);
	bool there = true;

	for (size_t i = 0; i < survey->modules.count; i++)
		there = check_module(survey, survey->modules.name[i]) && there;
	report_problems(survey);
	doctor->pam_guarded = there && survey->guarded.count > 0;
	if (doctor->pam_guarded)
		af_doctor_find(doctor, AFENCE_RESULT_OK, "guarded services: %s", guarded);
	else if (survey->problems == 0 && survey->modules.count == 0)
		af_doctor_find(doctor, AFENCE_RESULT_SKIPPED,
			"not applicable: no PAM service sends a password away or has a guard");
	free(guarded);
}

static void free_survey(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		free(survey->service[i].name);
		free(survey->service[i].path);
		af_doctor_stack_free(&survey->service[i].stack);
	}
	for (size_t i = 0; i < survey->problems; i++) {
		free(survey->problem[i].text);
		af_names_free(&survey->problem[i].services);
	}
	free(survey->service);
	free(survey->problem);
	af_names_free(&survey->included);
	af_names_free(&survey->guarded);
	af_names_free(&survey->modules);
}

/* A file that others include (common-auth) is no service; its lines are judged in theirs. */
void af_doctor_pam_stacks(struct af_doctor *doctor)
{
	struct survey survey = {.doctor = doctor};

	if (read_services(&survey)) {
		for (size_t i = 0; i < survey.count; i++)
			if (!af_names_have(&survey.included, survey.service[i].path))
				check_service(&survey, &survey.service[i]);
		report(&survey);
	}
	free_survey(&survey);
}
