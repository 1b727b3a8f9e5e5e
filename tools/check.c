/* SPDX-License-Identifier: MIT */
/* `authfence check`: one decision, explained, by the function that the plugins call. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "af_hostport.h"
#include "inforce.h"
#include "output/json.h"
#include "output/text.h"
#include "verbs.h"

static const char usage[] =
	"usage: authfence check [OPTION...] IDENTITY TARGET[:PORT]\n"
	"       authfence check [OPTION...] --batch < LINES\n"
	"\n"
	"Would a credential of IDENTITY be let go to TARGET?  Nothing is sent anywhere.\n"
	"\n"
	"  --form FORM       how to read IDENTITY: auto (default), ntlm, krb5, dn, authzid, jid,\n"
	"                    uri, nai, domain\n"
	"  --authzid ID      judge this authorization identity too\n"
	"  --service NAME    what asks: smtp, imap, pop, ldap ... (default: none)\n"
	"  --peer ADDRESS    the address that the connection really goes to\n"
	"  --stack STACK     sasl (default) or pam, which never resolves names\n"
	"  --resolve yes|no  ask the DNS for the target's addresses (default yes)\n"
	"  --on DATE         judge as of YYYY-MM-DD (default: now)\n"
	"  --policy FILE     this compiled policy instead of the active one\n"
	"  --root DIR        the active policy of another root folder\n"
	"  --batch           read IDENTITY<TAB>TARGET[<TAB>SERVICE] lines, write JSON lines;\n"
	"                    escapes \\\\ \\t \\n \\r \\0 \\xHH\n"
	"  --format FORMAT   text (default) or json\n"
	"\n"
	"exit status: 0 allowed or only observed, 1 blocked, 2 bad arguments or input, 3 could not finish\n";

enum word {
	WORD_FORM,
	WORD_AUTHZID,
	WORD_SERVICE,
	WORD_PEER,
	WORD_STACK,
	WORD_RESOLVE,
	WORD_ON,
	WORD_POLICY,
	WORD_ROOT,
	WORD_FORMAT,
	WORD_BATCH,
	WORD_HELP,
	WORD_COUNT
};

static const struct option longs[] = {
	{"form", required_argument, NULL, WORD_FORM},
	{"authzid", required_argument, NULL, WORD_AUTHZID},
	{"service", required_argument, NULL, WORD_SERVICE},
	{"peer", required_argument, NULL, WORD_PEER},
	{"stack", required_argument, NULL, WORD_STACK},
	{"resolve", required_argument, NULL, WORD_RESOLVE},
	{"on", required_argument, NULL, WORD_ON},
	{"policy", required_argument, NULL, WORD_POLICY},
	{"root", required_argument, NULL, WORD_ROOT},
	{"format", required_argument, NULL, WORD_FORMAT},
	{"batch", no_argument, NULL, WORD_BATCH},
	{"help", no_argument, NULL, WORD_HELP},
	{NULL, 0, NULL, 0},
};

/* The command line: the words as they stand there, and what they mean. */
struct options {
	const char *word[WORD_COUNT]; /* NULL: not given */
	bool resolve;
	struct af_check check;
};

static bool collect_words(int argc, char **argv, struct options *options)
{
	int word;

	opterr = 0;
	while ((word = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
		if (word == '?' || word == ':') {
			af_usage_option("check", word, argv);
			return false;
		}
		options->word[word] = optarg != NULL ? optarg : "";
	}
	return true;
}

/* The index of an option's word among its choices; *out stays what it is if it was not given. */
static bool choose(const struct options *options, enum word word, const char *const *choice,
	size_t count, int *out)
{
	return options->word[word] == NULL || af_argument_choice("check", longs[word].name,
						      options->word[word], choice, count, out);
}

static bool read_peer(struct options *options)
{
	const char *word = options->word[WORD_PEER];
	struct af_request *request = &options->check.request;

	request->has_peer =
		word != NULL && af_address_parse(word, strlen(word), &request->peer.address);
	if (word != NULL && !request->has_peer)
		af_usage_error(
			"check", "--peer: \"%s\" is no address, expected IPv4 or IPv6", word);
	return word == NULL || request->has_peer;
}

/* A request of second 0 would be one of today. */
static bool read_day(struct options *options)
{
	const char *word = options->word[WORD_ON];
	time_t *now = &options->check.request.now;

	if (word == NULL)
		return true;
	if (!af_argument_date("check", "--on", word, now))
		return false;
	if (*now == 0)
		*now = 1;
	return true;
}

static bool read_words(struct options *options)
{
	static const char *const stacks[] = {"sasl", "pam"};
	static const char *const answers[] = {"no", "yes"};
	static const char *const formats[] = {"text", "json"};
	const char *forms[AFENCE_FORM_COUNT];
	struct af_check *check = &options->check;
	int form = AFENCE_FORM_AUTO, stack = AFENCE_STACK_SASL, resolve = 1, format = 0;

	for (int i = 0; i < AFENCE_FORM_COUNT; i++)
		forms[i] = af_form_string((enum af_form)i);
	if (!choose(options, WORD_FORM, forms, AFENCE_FORM_COUNT, &form) ||
		!choose(options, WORD_STACK, stacks, 2, &stack) ||
		!choose(options, WORD_RESOLVE, answers, 2, &resolve) ||
		!choose(options, WORD_FORMAT, formats, 2, &format) || !read_peer(options))
		return false;
	check->form = (enum af_form)form;
	check->format = (enum af_format)format;
	check->request.stack = (enum af_stack)stack;
	check->request.service = options->word[WORD_SERVICE];
	options->resolve = resolve == 1 && stack != AFENCE_STACK_PAM;
	return read_day(options);
}

static bool choose_resolver(struct options *options)
{
	struct af_resolver_config config;
	struct af_settings settings;

	if (!options->resolve)
		return true;
	af_policy_settings(options->check.policy, options->check.request.service,
		options->check.request.now, &settings);
	af_policy_name_server(&settings, &config);
	return af_resolver_new(&config, &options->check.request.resolver) == AFENCE_OK;
}

void af_check_ask(const struct af_check *check, const struct af_login *identity,
	const struct af_login *authzid, char *host, uint16_t port, const char *service,
	struct af_request *request, struct af_decision *out)
{
	*request = check->request;
	request->login[0] = *identity;
	request->login_count = 1;
	if (authzid != NULL)
		request->login[request->login_count++] = *authzid;
	request->host = *host != '\0' ? host : NULL;
	request->port = port;
	if (service != NULL)
		request->service = service;
	af_decide(check->policy, request, out);
	if (out->target.class == AFENCE_TARGET_UNKNOWN && !out->fact.reserved &&
		!out->target.resolved)
		af_target_glance(check->policy, request, &out->target);
}

static int ask_once(const struct options *options, const char *identity, const char *target)
{
	const struct af_check *check = &options->check;
	const char *id = options->word[WORD_AUTHZID];
	struct af_login authcid = {identity, strlen(identity), check->form};
	struct af_login authzid = {id, id != NULL ? strlen(id) : 0, AFENCE_FORM_AUTHZID};
	struct af_decision decision;
	struct af_request request;
	char *host, *word = strdup(target);
	const char *wrong;
	uint16_t port;
	bool written = true;

	if (word == NULL)
		return AFENCE_EXIT_UNFINISHED;
	wrong = af_hostport_split(word, &host, &port);
	if (wrong != NULL) {
		af_usage_error("check", "target \"%s\": %s", target, wrong);
		free(word);
		return AFENCE_EXIT_USAGE;
	}
	af_check_ask(check, &authcid, id != NULL ? &authzid : NULL, host, port, NULL, &request,
		&decision);
	if (check->format == AFENCE_FORMAT_TEXT)
		af_print_decision(&request, &decision, target);
	else
		written = af_json_print(af_json_decision(&request, &decision, target));
	free(word);
	if (!written)
		return AFENCE_EXIT_UNFINISHED;
	return decision.verdict == AFENCE_BLOCK ? AFENCE_EXIT_FOUND : AFENCE_EXIT_CLEAN;
}

static int run(struct options *options, int argc, char **argv)
{
	const char *file = options->word[WORD_POLICY];
	bool batch = options->word[WORD_BATCH] != NULL;
	struct af_check *check = &options->check;
	int status = AFENCE_EXIT_UNFINISHED;

	if (argc != (batch ? 0 : 2)) {
		af_usage_error("check", "%d arguments, expected %s", argc,
			batch ? "none beside --batch" : "IDENTITY and TARGET[:PORT]");
		return AFENCE_EXIT_USAGE;
	}
	check->policy = af_policy_in_force("check", file, options->word[WORD_ROOT]);
	if (check->policy == NULL)
		return AFENCE_EXIT_USAGE;
	if (choose_resolver(options))
		status = batch ? af_check_batch(check) : ask_once(options, argv[0], argv[1]);
	else
		af_usage_error("check", "%s", af_strerror(AFENCE_ERR_MEMORY));
	af_resolver_free(check->request.resolver);
	af_policy_free(check->policy);
	return status;
}

int af_verb_check(int argc, char **argv)
{
	struct options options = {0};

	if (!collect_words(argc, argv, &options))
		return AFENCE_EXIT_USAGE;
	if (options.word[WORD_HELP] != NULL) {
		fputs(usage, stdout);
		return AFENCE_EXIT_CLEAN;
	}
	return read_words(&options) ? run(&options, argc - optind, argv + optind)
				    : AFENCE_EXIT_USAGE;
}
