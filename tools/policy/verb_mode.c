/* SPDX-License-Identifier: MIT */
/*
 * authfence policy mode: the way off at three in the morning, which needs no sources.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "activation.h"
#include "af_decide.h"
#include "verbs.h"

#define VERB    "policy mode"
#define FOR_MAX (30 * 24 * 3600)

static const char help[] =
	"usage: authfence policy mode [OPTION...] enforce|observe|off\n\n"
	"Changes the mode of the policy in force and nothing else.  It holds until the next apply,\n"
	"or for a time; a service that has a mode of its own keeps it.\n\n"
	"      --for TIME        the old mode is back after TIME: 90s, 15m, 1h, 2d; at most 30d\n"
	"      --root DIR        work on the root folder DIR\n"
	"      --format FORMAT   text or json\n"
	"  -h, --help            this text\n\n"
	"exit status: 0 in force, 2 bad arguments, 3 could not finish\n";

static const char *const modes[] = {"enforce", "observe", "off"};

struct change {
	struct af_policy_request request;
	const char *time; /* of --for */
	int64_t seconds;  /* 0: for good */
	int mode;         /* enum af_mode */
	struct af_store *store;
};

static bool read_time(const char *text, int64_t *out)
{
	static const struct {
		char letter;
		int64_t seconds;
	} unit[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	*out = 0;
	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
		if (*text >= '0' && *text <= '9' && end[0] == unit[i].letter && end[1] == '\0' &&
			number <= FOR_MAX)
			*out = (int64_t)number * unit[i].seconds;
	if (*out > 0 && *out <= FOR_MAX)
		return true;
	af_usage_error(
		VERB, "--for: seen \"%s\", expected a time from 1s to 30d such as 15m or 1h", text);
	return false;
}

/* The mode that would hold without an end. */
static uint8_t lasting_mode(const struct af_image_settings *settings)
{
	return settings->mode_until != 0 ? settings->mode_after : settings->mode;
}

static void set_mode(const struct change *change, struct af_image_settings *settings)
{
	settings->mode_after = change->seconds > 0 ? lasting_mode(settings) : 0;
	settings->mode = (uint8_t)change->mode;
	settings->mode_until = change->seconds > 0 ? change->request.now + change->seconds : 0;
}

static void print_services(const struct af_image *image)
{
	size_t count;
	const struct af_image_service *service = af_image_services(image, &count);

	for (size_t i = 0; i < count; i++)
		if (service[i].mode != AFENCE_UNSET)
			printf("service %s keeps its own mode: %s\n",
				af_image_string(image, service[i].name),
				af_mode_string((enum af_mode)service[i].mode));
}

static int say(const struct change *change, const struct af_image *image)
{
	const struct af_image_settings *settings = af_image_settings(image);
	const char *mode = modes[settings->mode], *after = modes[settings->mode_after];
	time_t until = (time_t)settings->mode_until;
	char day[40] = "";
	struct tm parts;

	if (until != 0 && gmtime_r(&until, &parts) != NULL)
		strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%SZ", &parts);
	if (change->request.format == AFENCE_FORMAT_JSON)
		return af_activate_say(&change->request,
			json_pack("{s:I,s:s,s:s?,s:s?}", "generation",
				(json_int_t)af_image_generation(image), "mode", mode, "until",
				until != 0 ? day : NULL, "after", until != 0 ? after : NULL),
			"");
	printf("generation %" PRIu64 " active: mode %s", af_image_generation(image), mode);
	if (until != 0)
		printf(" until %s, then %s", day, after);
	puts("; the next \"authfence policy apply\" ends it");
	print_services(image);
	return AFENCE_EXIT_CLEAN;
}

static int change_mode(const struct change *change)
{
	struct af_stored active, copy = {0};
	enum af_status found = af_store_use(change->store, AFENCE_GENERATION_ACTIVE, &active);
	int status = AFENCE_EXIT_UNFINISHED;
	uint64_t base = 0;

	if (found == AFENCE_OK)
		base = af_image_generation(&active.image);
	else if (found != AFENCE_ERR_ABSENT) {
		af_usage_error(VERB, "\"authfence policy rollback\" or apply makes a whole one");
		return status;
	}
	if (found == AFENCE_OK || af_revise_empty(&active)) {
		af_revise_copy(&active, &copy);
		set_mode(change, af_revise_settings(&copy));
		status = af_activate(&change->request, change->store, &copy, "mode", base);
	}
	if (status == AFENCE_EXIT_CLEAN)
		status = say(change, &copy.image);
	af_stored_free(&copy);
	af_stored_free(&active);
	return status;
}

static bool read_change(struct change *change)
{
	if (change->request.count != 1) {
		af_usage_error(VERB, "expected one mode: enforce, observe or off");
		return false;
	}
	return af_argument_choice(VERB, NULL, change->request.path[0], modes,
		       sizeof(modes) / sizeof(modes[0]), &change->mode) &&
	       (change->time == NULL || read_time(change->time, &change->seconds));
}

int af_policy_mode(int argc, char **argv)
{
	struct change change = {0};
	const struct af_policy_option option[] = {
		{"for", &change.time, NULL, 0}, {NULL, NULL, NULL, 0}};
	const struct af_policy_usage usage = {VERB, help, option};
	int status;

	if (!af_request_read(argc, argv, &usage, &change.request, &status))
		return status;
	status = AFENCE_EXIT_UNFINISHED;
	if (!read_change(&change))
		status = AFENCE_EXIT_USAGE;
	else if (af_store_lock(VERB, &change.request.root, &change.store))
		status = change_mode(&change);
	af_store_close(change.store);
	af_request_close(&change.request);
	return status;
}
