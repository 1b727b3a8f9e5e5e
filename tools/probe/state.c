/* SPDX-License-Identifier: MIT */
/*
 * What was found, remembered.  A finding is known again by its key, an object of domain, mechanism,
 * role, level and hosts in order, dumped with sorted members; the file is a list of keys, one a line.
 */
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../output/json.h"
#include "af_report.h"
#include "output_parts.h"

#define FORMAT 1

/* Sets of keys and of places are JSON objects, which hash. */
struct memory {
	json_t *was;   /* key -> finding, as the file has it */
	json_t *is;    /* key -> finding, what the file is to have */
	json_t *asked; /* place -> its result now, or the level where that is a finding */
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A control asks about a random label, which is another one each time. */
static const char *below_label(const struct af_probe_check *check)
{
	const char *dot = strchr(check->domain, '.');

	return check->role == AFENCE_ROLE_NEGATIVE && dot != NULL ? dot : NULL;
}

static char *name_domain(const struct af_probe_check *check)
{
	const char *parent = below_label(check);

	return parent != NULL ? af_format("*%s", parent) : af_format("%s", check->domain);
}

/* HOST with the random label of CHECK, if it stands in it, as "*". */
static char *name_host(const struct af_probe_check *check, const char *host)
{
	const char *parent = below_label(check), *hit;
	size_t len = parent != NULL ? (size_t)(parent - check->domain) : 0;
	char *label, *name;

	if (len == 0)
		return af_format("%s", host);
	label = af_format("%.*s", (int)len, check->domain);
	hit = strstr(host, label);
	name = hit != NULL ? af_format("%.*s*%s", (int)(hit - host), host, hit + len)
			   : af_format("%s", host);
	free(label);
	return name;
}

static json_t *list_hosts(const struct af_probe_check *check)
{
	struct af_names names = {0};
	json_t *list = json_array();

	for (size_t i = 0; i < check->hosts.count; i++)
		af_names_add(&names, name_host(check, check->hosts.name[i]));
	if (names.count > 0)
		qsort(names.name, names.count, sizeof(*names.name), compare_names);
	for (size_t i = 0; i < names.count; i++)
		json_array_append_new(list, af_json_text(names.name[i], strlen(names.name[i])));
	af_names_free(&names);
	return list;
}

static const char *role_of(const struct af_probe_check *check)
{
	return check->role == AFENCE_ROLE_NEGATIVE ? "negative" : "subject";
}

static json_t *make_finding(const struct af_probe_check *check)
{
	char *domain = name_domain(check);
	json_t *finding =
		json_pack("{s:o,s:s,s:s,s:s,s:o}", "domain", af_json_text(domain, strlen(domain)),
			"mechanism", check->name, "role", role_of(check), "level",
			af_probe_level_string(check->level), "hosts", list_hosts(check));

	free(domain);
	return finding;
}

static char *make_key(const json_t *finding)
{
	return json_dumps(finding, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
}

static const char *text_of(const json_t *finding, const char *member)
{
	return json_string_value(json_object_get(finding, member));
}

/* What was asked, however it ended. */
static char *make_place(const char *domain, const char *mechanism, const char *role)
{
	return af_format("%s %s %s", domain, mechanism, role);
}

/* ---- the file ---- */

static bool is_finding(const json_t *finding)
{
	static const char *const text[] = {"domain", "mechanism", "role", "level"};
	const json_t *hosts = json_object_get(finding, "hosts"), *host;
	size_t i;

	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (text_of(finding, text[i]) == NULL)
			return false;
	json_array_foreach(hosts, i, host)
	{
		if (!json_is_string(host))
			return false;
	}
	return json_is_array(hosts) && json_object_size(finding) == 5;
}

/* Fills `was`; NULL, or what is wrong, to be freed. */
static char *take_findings(const json_t *root, struct memory *memory)
{
	const json_t *format = json_object_get(root, "format");
	const json_t *findings = json_object_get(root, "findings");
	json_t *finding;
	size_t i;

	if (!json_is_integer(format) || !json_is_array(findings))
		return af_format("it is no state of this command");
	if (json_integer_value(format) != FORMAT)
		return af_format("it has format %" JSON_INTEGER_FORMAT ", expected %d",
			json_integer_value(format), FORMAT);
	json_array_foreach(findings, i, finding)
	{
		char *key;

		if (!is_finding(finding))
			return af_format("finding %zu of it is damaged", i + 1);
		key = make_key(finding);
		json_object_set(memory->was, key, finding);
		free(key);
	}
	return NULL;
}

static char *read_state(const char *path, struct memory *memory)
{
	json_error_t error;
	json_t *root;
	char *text, *why, shown[JSON_ERROR_TEXT_LENGTH];
	size_t len;

	if (!af_probe_read_file(path, &text, &len))
		return errno == ENOENT ? NULL : af_format("%s", af_probe_file_fault(errno));
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (root != NULL)
		why = take_findings(root, memory);
	else
		why = af_format("it is damaged at line %d, column %d: %s", error.line, error.column,
			af_escape(error.text, strlen(error.text), shown, sizeof(shown)));
	json_decref(root);
	free(text);
	return why;
}

static char *write_state(const char *path, const struct memory *memory)
{
	const char *key, *comma = "\n";
	char *text = NULL, *why = NULL;
	json_t *finding;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return af_format("%s", strerror(errno));
	fprintf(out, "{\"format\":%d,\"findings\":[", FORMAT);
	json_object_foreach(memory->is, key, finding)
	{
		fprintf(out, "%s%s", comma, key);
		comma = ",\n";
	}
	fprintf(out, "\n]}\n");
	if (fclose(out) != 0)
		why = af_format("%s", strerror(errno));
	else if (len > AFENCE_STATE_MAX)
		why = af_format("it would have over %d MiB", AFENCE_STATE_MAX >> 20);
	else if (!af_probe_replace_file(path, text, len))
		why = af_format("it cannot be written: %s", af_probe_file_fault(errno));
	free(text);
	return why;
}

/* ---- then and now ---- */

static enum af_probe_change note_finding(struct memory *memory, const struct af_probe_check *check)
{
	json_t *finding = make_finding(check);
	char *key = make_key(finding);
	bool known = json_object_get(memory->was, key) != NULL;

	json_object_set_new(memory->is, key, finding);
	free(key);
	return known ? AFENCE_CHANGE_KNOWN : AFENCE_CHANGE_NEW;
}

/* Notes how CHECK ended. */
static enum af_probe_change note(struct memory *memory, const struct af_probe_check *check)
{
	bool found = check->result == AFENCE_PROBE_FINDING;
	char *domain = name_domain(check);
	char *place = make_place(domain, check->name, role_of(check));

	json_object_set_new(memory->asked, place,
		json_string(found ? af_probe_level_string(check->level)
				  : af_probe_result_string(check->result)));
	free(place);
	free(domain);
	return found ? note_finding(memory, check) : AFENCE_CHANGE_NONE;
}

/* An old finding is kept where nobody could tell; with other hosts it is there, but as a new one. */
static void settle(struct memory *memory, const char *key, json_t *finding, struct af_names *gone)
{
	const char *domain = text_of(finding, "domain"), *mechanism = text_of(finding, "mechanism");
	char *place = make_place(domain, mechanism, text_of(finding, "role"));
	const char *now = json_string_value(json_object_get(memory->asked, place));
	const char *level = text_of(finding, "level");

	if (now == NULL || strcmp(now, af_probe_result_string(AFENCE_PROBE_INCONCLUSIVE)) == 0)
		json_object_set(memory->is, key, finding);
	else if (strcmp(now, level) != 0)
		af_names_add(gone, af_format("%s %s %s", domain, mechanism, level));
	free(place);
}

static char *compare(const struct af_probe_run *run, const char *path, struct memory *memory,
	enum af_probe_change *change, struct af_names *gone)
{
	char *why = read_state(path, memory);
	const char *key;
	json_t *finding;

	if (why != NULL)
		return why;
	for (size_t i = 0; i < run->count; i++)
		if (run->check[i].role != AFENCE_ROLE_POSITIVE)
			change[i] = note(memory, &run->check[i]);
	json_object_foreach(memory->was, key, finding)
	{
		settle(memory, key, finding, gone);
	}
	return write_state(path, memory);
}

bool af_probe_compare(struct af_probe_run *run, const char *path, char **why)
{
	struct memory memory = {json_object(), json_object(), json_object()};
	enum af_probe_change *change = af_new(run->count, sizeof(*change));
	struct af_names gone = {0};
	char *fault = compare(run, path, &memory, change, &gone);

	*why = NULL;
	if (fault == NULL) {
		for (size_t i = 0; i < run->count; i++)
			run->check[i].change = change[i];
		run->gone = gone;
		run->compared = true;
	} else {
		*why = af_format("\"%s\": %s", path, fault);
		af_names_free(&gone);
	}
	free(fault);
	free(change);
	json_decref(memory.was);
	json_decref(memory.is);
	json_decref(memory.asked);
	return *why == NULL;
}
