/* SPDX-License-Identifier: MIT */
/*
 * What files tell of the plugin: libsasl2 of each kind of machine, the plugin beside it, and
 * settings that would have another plugin asked.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sasl/sasl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "doctor.h"
#include "module.h"

#define PLUGIN "sasl2/libauthfence.so"

/* The one that this program has loaded may lie where no system would keep it. */
static void add_own_library(struct af_doctor *doctor)
{
	const char *(*function)(int, const char *, const char **) = sasl_errstring;
	void *address;
	char *slash;
	char path[4096];
	Dl_info info;

	memcpy(&address, &function, sizeof(address));
	if (!af_doctor_is_live(doctor) || dladdr(address, &info) == 0 || info.dli_fname[0] != '/' ||
		strlen(info.dli_fname) >= sizeof(path))
		return;
	strcpy(path, info.dli_fname);
	slash = strrchr(path, '/');
	*slash = '\0';
	af_libraries_add(&doctor->root, path, slash + 1, &doctor->sasl);
}

void af_doctor_sasl_library(struct af_doctor *doctor)
{
	af_libraries_find(&doctor->root, "libsasl2.so.2", &doctor->sasl);
	af_libraries_find(&doctor->root, "libsasl2.so.3", &doctor->sasl); /* Fedora and RHEL */
	add_own_library(doctor);
	if (doctor->sasl.count == 0)
		af_doctor_find(doctor, AFENCE_RESULT_SKIPPED,
			"not applicable: there is no libsasl2, so no program that uses it");
	for (size_t i = 0; i < doctor->sasl.count; i++)
		af_doctor_find(doctor, AFENCE_RESULT_OK, "%s%s/%s, plugins in %s%s/sasl2",
			doctor->root.prefix, doctor->sasl.list[i].folder, doctor->sasl.list[i].file,
			doctor->root.prefix, doctor->sasl.list[i].folder);
}

static enum af_module_state look_at_plugin(
	struct af_doctor *doctor, const struct af_library *library, char **path, char **why)
{
	char *file = af_format("%s/%s", library->folder, library->file);
	enum af_module_state state;

	*path = af_format("%s/%s", library->folder, PLUGIN);
	state = af_module_look(&doctor->root, *path, file, why);
	free(file);
	return state;
}

/* Where one kind of machine has the plugin, another without it is a lesser trouble: hardly a
 * mail client runs there. */
static void report_plugin(
	struct af_doctor *doctor, const struct af_library *library, bool elsewhere)
{
	char *path, *why;
	enum af_module_state state = look_at_plugin(doctor, library, &path, &why);

	if (state == AFENCE_MODULE_GOOD)
		af_doctor_find(doctor, AFENCE_RESULT_OK, "%s%s is there, and root's",
			doctor->root.prefix, path);
	else if (state == AFENCE_MODULE_UNREADABLE)
		af_doctor_give_up(doctor, path, why);
	else
		af_doctor_find(doctor,
			state == AFENCE_MODULE_ABSENT && elsewhere ? AFENCE_RESULT_WARNING
								   : AFENCE_RESULT_FAILED,
			"%s%s: %s", doctor->root.prefix, path, why);
	if (state == AFENCE_MODULE_UNTRUSTED) {
		doctor->plugin_untrusted = true;
		af_doctor_remedy(doctor,
			"make file and folder root's (chown root:root, chmod go-w), and look for who "
			"changed them");
	}
	free(path);
	free(why);
}

void af_doctor_sasl_plugin(struct af_doctor *doctor)
{
	if (doctor->sasl.count == 0) {
		af_doctor_find(doctor, AFENCE_RESULT_SKIPPED, "not applicable: no libsasl2");
		return;
	}
	for (size_t i = 0; i < doctor->sasl.count; i++) {
		char *path, *why;

		if (look_at_plugin(doctor, &doctor->sasl.list[i], &path, &why) !=
			AFENCE_MODULE_ABSENT)
			doctor->plugin_there = true;
		free(path);
		free(why);
	}
	for (size_t i = 0; i < doctor->sasl.count; i++)
		report_plugin(doctor, &doctor->sasl.list[i], doctor->plugin_there);
	doctor->sasl_guarded = doctor->plugin_there;
}

/* The value of canon_user_plugin in a line "key: value" of libsasl2's configuration, else NULL. */
static char *find_setting(char *line)
{
	static const char key[] = "canon_user_plugin";

	line += strspn(line, " \t\r");
	if (strncasecmp(line, key, sizeof(key) - 1) != 0)
		return NULL;
	line += sizeof(key) - 1;
	line += strspn(line, " \t");
	if (*line != ':')
		return NULL;
	line++;
	line += strspn(line, " \t");
	line[strcspn(line, " \t\r")] = '\0';
	return line;
}

static size_t check_config(struct af_doctor *doctor, const char *path)
{
	char *text, *next, *line, *value;
	enum af_status status = af_root_read(&doctor->root, path, &text);
	size_t found = 0, number = 0;

	if (status != AFENCE_OK && status != AFENCE_ERR_ABSENT) {
		af_doctor_give_up(doctor, path,
			status == AFENCE_ERR_SYSTEM ? strerror(errno) : af_strerror(status));
		return 1;
	}
	for (next = text; (line = strsep(&next, "\n")) != NULL;) {
		number++;
		value = find_setting(line);
		if (value == NULL || strcmp(value, "INTERNAL") == 0)
			continue;
		found++;
		af_doctor_find(doctor, AFENCE_RESULT_WARNING,
			"%s%s:%zu: canon_user_plugin is %s, so programs that read this file ask "
			"that plugin and not the guard",
			doctor->root.prefix, path, number, value);
	}
	free(text);
	return found;
}

static size_t check_configs(struct af_doctor *doctor, const char *folder)
{
	struct af_names names;
	size_t found = 0;

	if (!af_root_list(&doctor->root, folder, &names) && errno != ENOENT && errno != ENOTDIR) {
		af_doctor_give_up(doctor, folder, strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < names.count; i++) {
		const char *dot = strrchr(names.name[i], '.');
		char *path = af_format("%s/%s", folder, names.name[i]);

		if (dot != NULL && strcmp(dot, ".conf") == 0)
			found += check_config(doctor, path);
		free(path);
	}
	af_names_free(&names);
	return found;
}

void af_doctor_sasl_config(struct af_doctor *doctor)
{
	static const char *const folders[] = {"/etc/sasl2", "/etc/sasl", "/usr/lib/sasl2",
		"/usr/lib64/sasl2", "/etc/postfix/sasl"};
	size_t found = 0;

	if (doctor->sasl.count == 0) {
		af_doctor_find(doctor, AFENCE_RESULT_SKIPPED, "not applicable: no libsasl2");
		return;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		found += check_configs(doctor, folders[i]);
	for (size_t i = 0; i < doctor->sasl.count; i++) {
		char *folder = af_format("%s/sasl2", doctor->sasl.list[i].folder);

		/* /usr/lib/sasl2 was in the list. */
		if (strcmp(folder, folders[2]) != 0 && strcmp(folder, folders[3]) != 0)
			found += check_configs(doctor, folder);
		free(folder);
	}
	if (found == 0)
		af_doctor_find(doctor, AFENCE_RESULT_OK,
			"no configuration of libsasl2 names another canon_user_plugin");
}
