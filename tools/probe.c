/* SPDX-License-Identifier: MIT */
/* `authfence probe`: what do the DNS and the auto-configuration services answer for domains where no
 * account can exist? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "af_hostport.h"
#include "arguments.h"
#include "inforce.h"
#include "memory.h"
#include "probe/connect.h"
#include "probe/engine.h"
#include "probe/output.h"
#include "suggest.h"
#include "verbs.h"

static const char usage[] =
	"usage: authfence probe [OPTION...] [DOMAIN...]\n"
	"\n"
	"Would the DNS or an auto-configuration service send a login at a reserved domain to a real\n"
	"server?  Asks about DOMAIN, or about all documentation and testing domains and what the policy\n"
	"reserves.  No password and no real address is sent.\n"
	"\n"
	"  --format FORMAT     text (default), json, or jsonl, one object a line\n"
	"  --mechanism NAME    only this one; may be repeated (authfence-probe(1) lists them)\n"
	"  --service NAME=HOST[/PATH]  ask this host for autodetect, office365 or ispdb; NAME= asks none\n"
	"  --control DOMAIN    a provider that services must know (default gmail.com, outlook.com)\n"
	"  --deadline SECONDS  end after so long, 1 to 3600 (default 60); what is not answered is\n"
	"                      inconclusive\n"
	"  --state FILE        tell what is new or gone since the run before, which wrote FILE\n"
	"  --metrics FILE      write metrics for the node exporter's textfile collector\n"
	"  --policy FILE       this compiled policy instead of the active one\n"
	"  --root DIR          the active policy of another root folder\n"
	"  --resolver ADDR:PORT  ask this name server (default: the policy's, the system's)\n"
	"  --connect-to HOST:PORT:ADDR:PORT  send requests for HOST:PORT there, as curl does; may be\n"
	"                      repeated\n"
	"  --cacert FILE       trust these authorities instead of the system's\n"
	"  --dry-run           list every request instead of sending it\n"
	"\n"
	"exit status: 0 nothing found, 1 findings, 2 bad arguments, 3 some checks were inconclusive\n";

enum word {
	WORD_FORMAT,
	WORD_MECHANISM,
	WORD_SERVICE,
	WORD_CONTROL,
	WORD_DEADLINE,
	WORD_STATE,
	WORD_METRICS,
	WORD_POLICY,
	WORD_ROOT,
	WORD_RESOLVER,
	WORD_CONNECT,
	WORD_CACERT,
	WORD_DRY_RUN,
	WORD_HELP
};

static const struct option longs[] = {
	{"format", required_argument, NULL, WORD_FORMAT},
	{"mechanism", required_argument, NULL, WORD_MECHANISM},
	{"service", required_argument, NULL, WORD_SERVICE},
	{"control", required_argument, NULL, WORD_CONTROL},
	{"deadline", required_argument, NULL, WORD_DEADLINE},
	{"state", required_argument, NULL, WORD_STATE},
	{"metrics", required_argument, NULL, WORD_METRICS},
	{"policy", required_argument, NULL, WORD_POLICY},
	{"root", required_argument, NULL, WORD_ROOT},
	{"resolver", required_argument, NULL, WORD_RESOLVER},
	{"connect-to", required_argument, NULL, WORD_CONNECT},
	{"cacert", required_argument, NULL, WORD_CACERT},
	{"dry-run", no_argument, NULL, WORD_DRY_RUN},
	{"help", no_argument, NULL, WORD_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	struct af_probe_plan plan;
	struct af_subjects subjects;
	bool *wanted; /* by mechanism; all, as long as none is named */
	bool some_wanted;
	const char **connect_to;
	size_t connect_room;
	int format;
	const char *state, *metrics, *policy, *root;
	bool dry_run, help;
};

#define DEADLINE_DEFAULT 60
#define DEADLINE_MOST    3600

static bool take_mechanism(struct options *options)
{
	const char **name = af_new(af_mechanism_count, sizeof(*name)), *near;

	for (size_t i = 0; i < af_mechanism_count; i++) {
		name[i] = af_mechanisms[i].name;
		if (strcmp(optarg, name[i]) == 0) {
			options->wanted[i] = options->some_wanted = true;
			free(name);
			return true;
		}
	}
	near = af_suggest(optarg, name, af_mechanism_count);
	free(name);
	af_usage_error("probe", "--mechanism: unknown \"%s\"%s%s%s; authfence-probe(1) lists them",
		optarg, near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
		near != NULL ? "\"?)" : "");
	return false;
}

/* True if TEXT is a host, perhaps with a port and a path, as a URL takes them. */
static bool is_place(const char *text)
{
	size_t len = strcspn(text, "/");
	char *reference = af_format("https://%.*s/", (int)len, text);
	struct af_url url;
	bool is = af_url_read(reference, NULL, &url);

	free(reference);
	af_url_free(&url);
	for (size_t i = 0; i < len; i++)
		is &= af_domain_byte(text[i]) || strchr("[]:", text[i]) != NULL;
	for (size_t i = len; text[i] != '\0'; i++)
		is &= text[i] > ' ' && text[i] < 0x7f;
	return is && text[len - 1] != ':';
}

static bool take_service(struct options *options)
{
	char *equal = strchr(optarg, '=');

	for (int i = AFENCE_SERVICE_DNS + 1; i < AFENCE_PROBE_SERVICES && equal != NULL; i++) {
		size_t len = strlen(af_services[i].name);

		if ((size_t)(equal - optarg) != len ||
			strncmp(optarg, af_services[i].name, len) != 0)
			continue;
		if (equal[1] != '\0' && !is_place(equal + 1))
			break;
		options->plan.service[i] = equal + 1;
		return true;
	}
	af_usage_error("probe",
		"--service: \"%s\", expected NAME=HOST, NAME=HOST/PATH or NAME=, NAME being autodetect, "
		"office365 or ispdb",
		optarg);
	return false;
}

static bool read_domain(const char *option, const char *word, struct af_domain *out)
{
	struct af_address address;

	if (af_domain_parse(word, strlen(word), out) == AFENCE_OK &&
		!af_address_parse(word, strlen(word), &address))
		return true;
	af_usage_error("probe", "%s\"%s\" is no domain name", option, word);
	return false;
}

static bool take_control(struct options *options)
{
	struct af_probe_plan *plan = &options->plan;

	if (plan->control_count == AFENCE_CONTROLS_MOST) {
		af_usage_error("probe", "--control: more than %d of them", AFENCE_CONTROLS_MOST);
		return false;
	}
	return read_domain("--control: ", optarg, &plan->control[plan->control_count++].domain);
}

static bool take_deadline(struct options *options)
{
	char *end;
	unsigned long seconds = strtoul(optarg, &end, 10);

	if (*end != '\0' || *optarg < '0' || *optarg > '9' || seconds < 1 ||
		seconds > DEADLINE_MOST) {
		af_usage_error("probe", "--deadline: \"%s\", expected seconds, 1 to %d", optarg,
			DEADLINE_MOST);
		return false;
	}
	options->plan.deadline_s = (unsigned)seconds;
	return true;
}

static bool take_resolver(struct options *options)
{
	struct af_resolver_config *config = &options->plan.resolver;
	char *word = af_format("%s", optarg), *host;
	const char *wrong = af_hostport_split(word, &host, &config->port);

	if (wrong == NULL && !af_address_parse(host, strlen(host), &config->server))
		wrong = "no address";
	config->has_server = wrong == NULL;
	if (wrong != NULL)
		af_usage_error(
			"probe", "--resolver: \"%s\": %s, expected ADDRESS:PORT", optarg, wrong);
	free(word);
	return wrong == NULL;
}

static bool take_connect(struct options *options)
{
	struct af_probe_plan *plan = &options->plan;
	const char *wrong = af_connect_check(optarg);

	if (wrong != NULL) {
		af_usage_error("probe", "--connect-to: \"%s\": %s, expected HOST:PORT:ADDRESS:PORT",
			optarg, wrong);
		return false;
	}
	options->connect_to = af_grow(options->connect_to, plan->connect_count, 1,
		&options->connect_room, sizeof(*options->connect_to));
	options->connect_to[plan->connect_count++] = optarg;
	plan->connect_to = options->connect_to;
	return true;
}

static bool take_format(struct options *options)
{
	static const char *const formats[] = {"text", "json", "jsonl"};

	return af_argument_choice("probe", "format", optarg, formats, 3, &options->format);
}

/* Words that need more than to be kept. */
static bool (*const take[WORD_HELP + 1])(struct options *options) = {
	[WORD_FORMAT] = take_format,
	[WORD_MECHANISM] = take_mechanism,
	[WORD_SERVICE] = take_service,
	[WORD_CONTROL] = take_control,
	[WORD_DEADLINE] = take_deadline,
	[WORD_RESOLVER] = take_resolver,
	[WORD_CONNECT] = take_connect,
};

static void keep(int word, struct options *options)
{
	const char **const place[WORD_HELP + 1] = {
		[WORD_STATE] = &options->state,
		[WORD_METRICS] = &options->metrics,
		[WORD_POLICY] = &options->policy,
		[WORD_ROOT] = &options->root,
		[WORD_CACERT] = &options->plan.cacert,
	};

	if (place[word] != NULL)
		*place[word] = optarg;
	options->dry_run |= word == WORD_DRY_RUN;
	options->help |= word == WORD_HELP;
}

static bool read_words(int argc, char **argv, struct options *options)
{
	int word;

	opterr = 0;
	while ((word = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
		if (word == '?' || word == ':') {
			af_usage_option("probe", word, argv);
			return false;
		}
		if (take[word] == NULL)
			keep(word, options);
		else if (!take[word](options))
			return false;
	}
	for (int i = optind; i < argc; i++) {
		struct af_domain domain;

		if (!read_domain("", argv[i], &domain))
			return false;
		af_subjects_add(&options->subjects, &domain);
	}
	return true;
}

/* What was not said. */
static void fill_in(struct options *options)
{
	static const char *const controls[] = {"gmail.com", "outlook.com"};
	struct af_probe_plan *plan = &options->plan;
	struct af_settings settings;
	uint64_t random = 0;

	if (options->subjects.count == 0) {
		af_subjects_add_registry(&options->subjects);
		af_subjects_add_reserved(&options->subjects, plan->policy);
	}
	plan->subject = options->subjects.subject;
	plan->subject_count = options->subjects.count;
	for (size_t i = 0; !options->some_wanted && i < af_mechanism_count; i++)
		options->wanted[i] = true;
	plan->wanted = options->wanted;
	for (size_t i = 0; plan->control_count == i && i < 2; i++)
		af_domain_parse(controls[i], strlen(controls[i]),
			&plan->control[plan->control_count++].domain);
	if (plan->deadline_s == 0)
		plan->deadline_s = DEADLINE_DEFAULT;
	if (!plan->resolver.has_server) {
		af_policy_settings(plan->policy, NULL, 0, &settings);
		af_policy_name_server(&settings, &plan->resolver);
	}
	(void)!getrandom(&random, sizeof(random), 0);
	snprintf(plan->random, sizeof(plan->random), "x%012llx",
		(unsigned long long)(random & 0xffffffffffff));
}

static bool print(const struct af_probe_run *run, int format)
{
	static bool (*const printer[])(const struct af_probe_run *run) = {
		af_probe_print_text, af_probe_print_json, af_probe_print_lines};

	return printer[format](run);
}

/* Files that a run leaves; a fault of one is told, and ends in AFENCE_EXIT_UNFINISHED. */
static bool leave_files(const struct options *options, struct af_probe_run *run)
{
	char *why = NULL;
	bool left = true;

	if (options->state != NULL && !af_probe_compare(run, options->state, &why)) {
		af_usage_error("probe", "--state: %s", why);
		free(why);
		left = false;
	}
	if (options->metrics != NULL && !af_probe_write_metrics(run, options->metrics, &why)) {
		af_usage_error("probe", "--metrics: %s", why);
		free(why);
		left = false;
	}
	return left;
}

static int ask(struct options *options)
{
	struct af_probe_run run;
	const char *why = NULL;
	int status = AFENCE_EXIT_CLEAN;
	bool whole;

	if (!af_probe_ask_all(&options->plan, &run, &why)) {
		af_usage_error("probe", "%s", why);
		return AFENCE_EXIT_UNFINISHED;
	}
	run.left_out = options->subjects.left_out;
	whole = leave_files(options, &run);
	whole = print(&run, options->format) && whole;
	if (af_probe_count(&run, AFENCE_PROBE_FINDING) > 0)
		status = AFENCE_EXIT_FOUND;
	if (run.left_out > 0)
		af_usage_error("probe",
			"%zu of the policy's domains were not asked about (at most %d)",
			run.left_out, AFENCE_RESERVED_MOST);
	if (!whole || run.left_out > 0 || af_probe_count(&run, AFENCE_PROBE_INCONCLUSIVE) > 0)
		status = AFENCE_EXIT_UNFINISHED;
	af_probe_run_free(&run);
	return status;
}

/* A run that asks nothing would be clean. */
static int ask_or_list(struct options *options)
{
	if (!af_probe_asks(&options->plan)) {
		af_usage_error("probe",
			"there is nothing to ask: the mechanisms and services that are left are not "
			"asked about these domains");
		return AFENCE_EXIT_USAGE;
	}
	if (!options->dry_run)
		return ask(options);
	return af_probe_list(&options->plan, (enum af_probe_list_form)options->format)
		       ? AFENCE_EXIT_CLEAN
		       : AFENCE_EXIT_UNFINISHED;
}

static int run(struct options *options)
{
	int status;

	options->plan.policy = af_policy_in_force("probe", options->policy, options->root);
	if (options->plan.policy == NULL)
		return AFENCE_EXIT_USAGE;
	fill_in(options);
	status = ask_or_list(options);
	af_policy_free(options->plan.policy);
	return status;
}

int af_verb_probe(int argc, char **argv)
{
	struct options options = {.wanted = af_new(af_mechanism_count, sizeof(bool))};
	int status = AFENCE_EXIT_USAGE;

	if (read_words(argc, argv, &options)) {
		if (options.help) {
			fputs(usage, stdout);
			status = AFENCE_EXIT_CLEAN;
		} else {
			status = run(&options);
		}
	}
	af_subjects_free(&options.subjects);
	free(options.connect_to);
	free(options.wanted);
	return status;
}
