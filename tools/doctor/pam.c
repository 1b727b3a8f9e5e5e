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

#include "../../plugins/pam/discover.h"
#include "../../plugins/pam/modules.h"
#include "../memory.h"
#include "af_decide.h"
#include "doctor.h"
#include "module.h"
#include "pam_beside.h"
#include "pam_files.h"
#include "pam_judge.h"

#define GUARD_CONTROL  "[default=ignore perm_denied=die]"
#define SERVICES_SHOWN 6

/* What is wrong with a line, or what discovery says of it, and in which services. */
struct problem {
	enum af_result result;
	char *text;
	char *remedy; /* NULL: none */
	struct af_names services;
};

/* AUTH has the lines of session, some of which send what was kept in auth, behind its own. */
struct service {
	char *name;
	char *path;
	struct af_pam_stack auth, password;
};

struct survey {
	struct af_doctor *doctor;
	struct service *service;
	size_t count, room;
	struct af_pam_rooted rooted;
	struct af_pam_files files;
	struct af_resolver *resolver; /* NULL: names stay names */
	struct af_names guarded;
	struct af_names modules; /* words that guard lines have for the module */
	struct problem *problem;
	size_t problems, problem_room;
	bool has_guard, is_bad; /* the service under way */
};

/* TEXT and REMEDY are taken. */
static struct problem *enter_problem(
	struct survey *survey, enum af_result result, char *text, char *remedy)
{
	for (size_t i = 0; i < survey->problems; i++) {
		if (strcmp(survey->problem[i].text, text) == 0) {
			free(text);
			free(remedy);
			return &survey->problem[i];
		}
	}
	survey->problem = af_grow(survey->problem, survey->problems, 1, &survey->problem_room,
		sizeof(*survey->problem));
	survey->problem[survey->problems] = (struct problem){result, text, remedy, {0}};
	return &survey->problem[survey->problems++];
}

static void add_problem(
	struct survey *survey, enum af_result result, char *text, char *remedy, const char *service)
{
	struct problem *problem = enter_problem(survey, result, text, remedy);

	survey->is_bad = survey->is_bad || result == AFENCE_RESULT_FAILED;
	if (!af_names_have(&problem->services, service))
		af_names_add(&problem->services, af_format("%s", service));
}

#define LINE "auth " GUARD_CONTROL " pam_authfence.so"

static const struct {
	enum af_result result;
	const char *how, *remedy;
} misses[] = {
	[AFENCE_PAM_COVERED] = {AFENCE_RESULT_OK, NULL, NULL},
	[AFENCE_PAM_OBSERVED] = {AFENCE_RESULT_WARNING, "the guard before it only observes",
		"take observe off the line of pam_authfence.so once the log looks right"},
	[AFENCE_PAM_JUMPED] = {AFENCE_RESULT_FAILED, "an earlier line jumps over the guard",
		"move the line of pam_authfence.so up, before the line that jumps over it"},
	[AFENCE_PAM_SUBSTACK] = {AFENCE_RESULT_FAILED,
		"the guard before it can end its own substack only",
		"move the line of pam_authfence.so out of the substack, before it"},
	[AFENCE_PAM_CONTROL] = {AFENCE_RESULT_FAILED, "the guard before it ends nothing",
		"write the line with this control: " LINE},
	[AFENCE_PAM_AFTER] = {AFENCE_RESULT_FAILED, "the guard stands after it",
		"move the line of pam_authfence.so up, before the first module that sends the "
		"password away"},
	[AFENCE_PAM_NONE] = {AFENCE_RESULT_FAILED, "no guard stands before it",
		"put this line before it: " LINE},
};

static const char remedy_password[] =
	"put this line before the lines of password: password " GUARD_CONTROL " pam_authfence.so";

/* The first of the policy's rows for the module, or NULL. */
static const struct af_image_module *find_row(const struct survey *survey, const char *name)
{
	const struct af_policy *policy = survey->doctor->policy;
	const struct af_image *image = policy != NULL ? af_policy_image(policy) : NULL;
	const struct af_image_module *row = NULL;
	size_t count = 0;

	if (image != NULL)
		row = af_image_modules(image, &count);
	for (; count > 0; row++, count--)
		if (strcmp(af_image_string(image, row->name), name) == 0)
			return row;
	return NULL;
}

/* What the line does with a password, as the policy has it, else the table of modules. */
static enum af_pam_kind kind_of(const struct survey *survey, const struct af_pam_entry *entry)
{
	const struct af_pam_module *module;
	enum af_pam_kind kind = af_pam_entry_kind(entry, &module);
	const struct af_image_module *row = find_row(survey, af_pam_entry_name(entry));

	if (entry->broken || entry->substack)
		return AFENCE_PAM_LOCAL;
	if (entry->facility == AFENCE_PAM_SESSION && (module == NULL || !module->in_session))
		return AFENCE_PAM_LOCAL;
	if (row != NULL)
		return row->host == AFENCE_IMAGE_NONE ? AFENCE_PAM_LOCAL : AFENCE_PAM_FORWARDER;
	return kind;
}

/* A password that is changed behind no guard is a warning: a login came before, which had one. */
static void check_sender(
	struct survey *survey, const char *service, const struct af_pam_stack *stack, size_t index)
{
	const struct af_pam_entry *entry = &stack->entry[index];
	enum af_pam_kind kind = kind_of(survey, entry);
	bool change = entry->facility == AFENCE_PAM_PASSWORD;
	bool minor = kind == AFENCE_PAM_OPAQUE || change;
	enum af_pam_miss miss;

	if (kind == AFENCE_PAM_LOCAL)
		return;
	miss = af_pam_judge(stack, index);
	if (miss == AFENCE_PAM_COVERED)
		return;
	add_problem(survey, minor ? AFENCE_RESULT_WARNING : misses[miss].result,
		af_format("%s%s:%u: %s %s%s, and %s", survey->doctor->root.prefix, entry->file,
			entry->line, entry->module,
			kind == AFENCE_PAM_OPAQUE ? "may send the password away"
						  : "sends the password away",
			change ? " when it is changed" : "", misses[miss].how),
		af_format("%s", change ? remedy_password : misses[miss].remedy), service);
}

static void check_guard(
	struct survey *survey, const char *service, const struct af_pam_entry *entry)
{
	const char *fault = af_pam_guard_fault(entry);

	if (!af_pam_is_guard(entry))
		return;
	survey->has_guard = true;
	if (!af_names_have(&survey->modules, entry->module))
		af_names_add(&survey->modules, af_format("%s", entry->module));
	if (fault != NULL)
		add_problem(survey, AFENCE_RESULT_FAILED,
			af_format("%s%s:%u: the control %s of the guard %s",
				survey->doctor->root.prefix, entry->file, entry->line,
				entry->control, fault),
			af_format("%s", misses[AFENCE_PAM_CONTROL].remedy), service);
}

static bool asks_for_password(const struct survey *survey, const struct af_pam_entry *entry)
{
	static const char *const askers[] = {"pam_unix.so", "pam_userdb.so", "pam_pwdfile.so",
		"pam_systemd_home.so", "pam_oath.so", "pam_google_authenticator.so", "pam_ftp.so",
		"pam_otpw.so"};

	if (af_pam_entry_has(entry, "use_first_pass"))
		return false;
	for (size_t i = 0; i < sizeof(askers) / sizeof(askers[0]); i++)
		if (strcmp(af_pam_entry_name(entry), askers[i]) == 0)
			return true;
	return kind_of(survey, entry) != AFENCE_PAM_LOCAL;
}

/* pam-auth-update gives the first module of its block another line than the rest; with the guard in
 * that place the next one may wait for a password that nobody asks for. */
static void check_prompt(
	struct survey *survey, const char *service, const struct af_pam_stack *stack, size_t guard)
{
	const struct af_pam_entry *entry = stack->entry, *end = entry + stack->count;

	for (; entry < end && entry->facility == AFENCE_PAM_AUTH; entry++) {
		if (asks_for_password(survey, entry))
			return;
		if (entry > stack->entry + guard && kind_of(survey, entry) == AFENCE_PAM_FORWARDER)
			break;
	}
	if (entry < end && entry->facility == AFENCE_PAM_AUTH)
		add_problem(survey, AFENCE_RESULT_WARNING,
			af_format("%s%s:%u: %s has use_first_pass, but nothing before it asks for "
				  "the password",
				survey->doctor->root.prefix, entry->file, entry->line,
				entry->module),
			af_format("take use_first_pass off that line"), service);
}

/* ---- what discovery says ---- */

/* What a reserved identity meets there.  *named: the policy or the name itself says so, and nobody
 * has to be asked, which the module never does. */
static enum af_target_class class_of(const struct survey *survey, const char *host, bool *named)
{
	static const char login[] = "canary@example.com";
	struct af_request request = {.stack = AFENCE_STACK_PAM,
		.login[0] = {login, sizeof(login) - 1, AFENCE_FORM_AUTO},
		.login_count = 1,
		.host = host};
	const struct af_policy *policy = survey->doctor->policy;
	struct af_decision decision;

	policy = policy != NULL ? policy : af_policy_builtin();
	af_decide(policy, &request, &decision);
	*named = decision.target.class != AFENCE_TARGET_UNKNOWN;
	request.resolver = survey->resolver;
	if (!*named && request.resolver != NULL)
		af_decide(policy, &request, &decision);
	return decision.target.class;
}

static void tell_found(struct survey *survey, const char *service, const struct af_pam_found *found)
{
	bool named;
	enum af_target_class class = class_of(survey, found->host, &named);
	bool settled = named || class == AFENCE_TARGET_EXTERNAL;
	char *port = found->port != 0 ? af_format(" port %u", found->port) : af_format("%s", "");

	add_problem(survey, AFENCE_RESULT_OK,
		af_format("%s sends to %s%s (%s%s) as user%s%s", af_pam_entry_name(found->entry),
			found->host, port, af_target_class_string(class),
			named || class == AFENCE_TARGET_UNKNOWN ? "" : " by DNS",
			*found->domain != '\0' ? "@" : "", found->domain),
		settled ? NULL
			: af_format(
				  "if that server is yours, write in the policy: internal \"%s\";",
				  found->host),
		service);
	free(port);
}

static void tell_unknown(
	struct survey *survey, const char *service, const struct af_pam_discovery *discovery)
{
	static const char by_line[] =
		"name the servers on the line of pam_authfence.so: target=HOST";

	if (!discovery->unknown)
		return;
	add_problem(survey, AFENCE_RESULT_WARNING,
		af_format("where the password goes is not known: %s", discovery->why),
		discovery->at == NULL
			? af_format("%s", by_line)
			: af_format("write in the policy: pam-module \"%s\" target \"HOST\"; (or "
				    "local;), or %s",
				  af_pam_entry_name(discovery->at), by_line),
		service);
}

/* Line by line, since of several that cannot be followed discovery tells the first. */
static void discover_line(struct survey *survey, const char *service,
	const struct af_pam_scope *scope, struct af_pam_entry *entry)
{
	const struct af_pam_stack line = {.entry = entry, .count = 1};
	struct af_pam_discovery *discovery = af_new(1, sizeof(*discovery));

	af_pam_discover_from(scope, &line, 0, discovery);
	for (size_t i = 0; i < discovery->count; i++)
		if (*discovery->found[i].host != '\0')
			tell_found(survey, service, &discovery->found[i]);
	tell_unknown(survey, service, discovery);
	free(discovery);
}

/* Where the guard's line names the servers, nothing is looked for, unless it says so. */
static void discover(struct survey *survey, const char *service, enum af_pam_facility facility,
	const struct af_pam_stack *stack, size_t guard)
{
	const char *wish = af_pam_entry_value(&stack->entry[guard], "discover=");
	bool aimed = af_pam_entry_value(&stack->entry[guard], "target=") != NULL;
	const struct af_pam_scope scope = {.files = &survey->files,
		.policy = survey->doctor->policy,
		.service = service,
		.facility = facility,
		.user = "user"};

	if (wish != NULL ? strcmp(wish, "no") == 0 : aimed)
		return;
	for (size_t i = guard + 1; i < stack->count; i++)
		discover_line(survey, service, &scope, &stack->entry[i]);
}

/* ---- services ---- */

static const char *trouble_text(const struct survey *survey, const struct af_pam_stack *stack)
{
	if (stack->trouble == AFENCE_ERR_SYSTEM)
		return strerror(survey->rooted.error);
	if (stack->trouble != AFENCE_OK)
		return stack->trouble_text;
	return "it includes what is not there, or ends where a line was to go on";
}

static void check_trouble(
	struct survey *survey, const struct service *service, const struct af_pam_stack *stack)
{
	bool unread = stack->trouble == AFENCE_ERR_SYSTEM;
	const char *file = stack->trouble_file;

	survey->doctor->unfinished = survey->doctor->unfinished || unread;
	if (stack->trouble == AFENCE_OK && !stack->refused)
		return;
	add_problem(survey, unread ? AFENCE_RESULT_FAILED : AFENCE_RESULT_WARNING,
		af_format("%s%s cannot be read whole: %s%s%s", survey->doctor->root.prefix,
			service->path, file != NULL ? file : "", file != NULL ? ": " : "",
			trouble_text(survey, stack)),
		af_format("%s", unread ? "run authfence doctor as root"
				       : "mend that file, or the line that names it"),
		service->name);
}

static void check_stack(struct survey *survey, const struct service *service,
	enum af_pam_facility facility, const struct af_pam_stack *stack)
{
	size_t guard = stack->count;

	check_trouble(survey, service, stack);
	for (size_t i = 0; i < stack->count; i++) {
		bool own = stack->entry[i].facility == facility;

		if (own)
			check_guard(survey, service->name, &stack->entry[i]);
		check_sender(survey, service->name, stack, i);
		if (guard == stack->count && own && af_pam_is_guard(&stack->entry[i]))
			guard = i;
	}
	if (guard == stack->count)
		return;
	discover(survey, service->name, facility, stack, guard);
	if (facility == AFENCE_PAM_AUTH)
		check_prompt(survey, service->name, stack, guard);
}

static void check_service(struct survey *survey, const struct service *service)
{
	survey->has_guard = survey->is_bad = false;
	check_stack(survey, service, AFENCE_PAM_AUTH, &service->auth);
	if (survey->has_guard && !survey->is_bad)
		af_names_add(&survey->guarded, af_format("%s", service->name));
	check_stack(survey, service, AFENCE_PAM_PASSWORD, &service->password);
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
	struct af_pam_stack session;
	struct service *service;

	if (is_leftover(name) || is_known(survey, name))
		return;
	survey->service =
		af_grow(survey->service, survey->count, 1, &survey->room, sizeof(*survey->service));
	service = &survey->service[survey->count++];
	service->name = af_format("%s", name);
	service->path = af_format("%s/%s", folder, name);
	survey->rooted.own = service->path;
	af_pam_stack_read_file(&survey->files, service->path, AFENCE_PAM_AUTH, &service->auth);
	af_pam_stack_read_file(&survey->files, service->path, AFENCE_PAM_SESSION, &session);
	af_pam_stack_append(&service->auth, &session);
	af_pam_stack_read_file(
		&survey->files, service->path, AFENCE_PAM_PASSWORD, &service->password);
	survey->rooted.own = NULL;
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

static void report_problem(struct af_doctor *doctor, const struct problem *problem)
{
	char *services = list_services(&problem->services);

	if (problem->result == AFENCE_RESULT_OK)
		af_doctor_find(doctor, problem->result, "%s: %s", services, problem->text);
	else
		af_doctor_find(doctor, problem->result, "%s (%s)", problem->text, services);
	if (problem->remedy != NULL)
		af_doctor_remedy(doctor, "%s", problem->remedy);
	free(services);
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
		af_doctor_find(doctor, AFENCE_RESULT_FAILED, "%s%s: %s",
			*path == '/' ? doctor->root.prefix : "", path, why);
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
	for (size_t i = 0; i < survey->problems; i++)
		report_problem(doctor, &survey->problem[i]);
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
		af_pam_stack_free(&survey->service[i].auth);
		af_pam_stack_free(&survey->service[i].password);
	}
	for (size_t i = 0; i < survey->problems; i++) {
		free(survey->problem[i].text);
		free(survey->problem[i].remedy);
		af_names_free(&survey->problem[i].services);
	}
	free(survey->service);
	free(survey->problem);
	af_names_free(&survey->rooted.included);
	af_resolver_free(survey->resolver);
	af_names_free(&survey->guarded);
	af_names_free(&survey->modules);
}

/* A file that others include (common-auth) is no service; its lines are judged in theirs. */
void af_doctor_pam_stacks(struct af_doctor *doctor)
{
	struct survey survey = {.doctor = doctor, .rooted = {.root = &doctor->root}};
	const struct af_resolver_config config = {0};

	survey.files = af_pam_files_below(&survey.rooted);
	if (af_doctor_is_live(doctor))
		af_resolver_new(&config, &survey.resolver);
	if (read_services(&survey)) {
		for (size_t i = 0; i < survey.count; i++)
			if (!af_names_have(&survey.rooted.included, survey.service[i].path))
				check_service(&survey, &survey.service[i]);
		report(&survey);
		af_doctor_pam_beside(doctor, &survey.files, survey.modules.count > 0);
	}
	free_survey(&survey);
}
