/* SPDX-License-Identifier: MIT */
/*
 * What holds for all policies and all questions, tried on random ones out of a small alphabet.  A
 * property compares what two or three policies (the sides) say to the same question.  It is tried a
 * second time with two sides mistaken for each other, and must not hold then.
 */
#include "af_decide.h"
#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/policy/format.h"
#include "../../tools/policy/print.h"
#include "../../tools/policy/trial.h"
#include "borrowed.h"
#include "fake_resolver.h"

#define POLICIES       60 /* for each seed */
#define QUESTIONS      60 /* for each policy */
#define SIDES          3
#define STATEMENTS_MAX 24
#define PEERS          3
#define NOW            1000000 /* on 1970-01-12 */

#define COUNT(array)        (sizeof(array) / sizeof((array)[0]))
#define PICK(random, array) ((array)[below((random), COUNT(array))])

static const uint32_t seeds[] = {1, 2, 3, 20260101, 3141592653};

/* xorshift32 */
static uint32_t draw(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

static size_t below(uint32_t *random, size_t end)
{
	return draw(random) % end;
}

/* One time in COUNT. */
static bool chance(uint32_t *random, size_t count)
{
	return below(random, count) == 0;
}

enum kind { RESERVE, INTERNAL, EXTERNAL, EXCEPTION, PROTECT, KINDS };

#define ALL_SIDES 7U

struct statement {
	enum kind kind;
	unsigned sides; /* bit N: side N says it */
	uint8_t life;   /* enum af_life, in the side that is marked */
	char text[256];
};

/* The policies of all sides; line N + 2 of each is statement N. */
struct model {
	size_t count;
	struct statement statement[STATEMENTS_MAX];
	char settings[SIDES][400];
	size_t marked; /* the side in which lives count; SIDES: none */
};

static const char *const domains[] = {"lan", "a.lan", "b.a.lan", "example.com", "corp.net"};
static const char *const marks[] = {"", "*.", "."};
static const char *const locals[] = {"*", "*", "u", "v"};
static const char *const services[] = {"imap", "ldap", "pop", "smtp"};
static const char *const named_places[] = {
	"far.net", "near.net", "mixed.net", "loop.net", "a.lan", "lan", "localhost"};
static const char *const networks[] = {"10.0.0.0/8", "10.1.2.0/24", "10.1.2.3", "198.51.0.0/16",
	"198.51.99.0/24", "198.51.99.7", "127.0.0.0/8", "8.8.8.8", "2606:4700::/32", "2606:4700::1",
	"fd00::/16", "64:ff9b::808:808", "fe80::/10"};

/* Too small a buffer is a defect of this test. */
__attribute__((format(printf, 2, 3))) static void append(
	struct statement *out, const char *format, ...)
{
	size_t used = strlen(out->text);
	va_list values;
	int added;

	va_start(values, format);
	added = vsnprintf(out->text + used, sizeof(out->text) - used, format, values);
	va_end(values);
	CU_ASSERT_FATAL(added >= 0 && (size_t)added < sizeof(out->text) - used);
}

static void append_target(struct statement *out, uint32_t *random)
{
	if (chance(random, 2))
		append(out, "%s", PICK(random, networks));
	else
		append(out, "\"%s%s\"", PICK(random, marks), PICK(random, named_places));
}

static void append_clause(struct statement *out, uint32_t *random, size_t label)
{
	append(out, " n%zu { identity \"%s@%s%s\"", label, PICK(random, locals),
		PICK(random, marks), PICK(random, domains));
	if (chance(random, 2))
		append(out, ", \"%s@%s%s\"", PICK(random, locals), PICK(random, marks),
			PICK(random, domains));
	append(out, "; target ");
	append_target(out, random);
	if (chance(random, 2)) {
		append(out, ", ");
		append_target(out, random);
	}
	if (out->kind == EXCEPTION && chance(random, 3))
		append(out, "; port 993");
	if (out->kind == EXCEPTION && chance(random, 3))
		append(out, "; service %s", PICK(random, services));
	append(out, "; reason \"r\"; owner \"o\";");
}

/* An exception without its end. */
static struct statement *add_statement(
	struct model *model, enum kind kind, size_t label, uint32_t *random)
{
	static const char *const word[KINDS] = {
		"reserve", "internal", "external", "exception", "protect"};
	struct statement *out = &model->statement[model->count];

	CU_ASSERT_FATAL(model->count < STATEMENTS_MAX);
	*out = (struct statement){.kind = kind, .sides = ALL_SIDES};
	append(out, "%s", word[kind]);
	if (kind == EXCEPTION || kind == PROTECT) {
		append_clause(out, random, label);
	} else {
		append(out, " ");
		if (kind == RESERVE)
			append(out, "\"%s\"", PICK(random, domains));
		else
			append_target(out, random);
		append(out, ";");
	}
	if (kind == PROTECT)
		append(out, " }");
	model->count++;
	return out;
}

static struct statement *add_whole(struct model *model, enum kind kind, uint32_t *random)
{
	struct statement *out = add_statement(model, kind, model->count, random);

	if (kind == EXCEPTION)
		append(out, " expires 1970-06-01; }");
	return out;
}

static void add_some(struct model *model, uint32_t *random)
{
	for (size_t count = below(random, 8); count > 0; count--)
		add_whole(model, (enum kind)below(random, KINDS), random);
}

/* Three in four without a word on the mode. */
static void random_settings(char text[400], uint32_t *random)
{
	static const char *const mode[] = {"mode observe; ", "mode off; ", "", "", "", "", "", ""};
	static const char *const unknown[] = {"unknown allow; ", "unknown block; ", "", ""};
	static const char *const resolve[] = {"resolve off; ", "resolve on; ", "", ""};

	snprintf(text, 200, "%sservice %s { %s%s%s}", PICK(random, mode), PICK(random, services),
		PICK(random, mode), PICK(random, unknown), PICK(random, resolve));
}

static void start_model(struct model *out, uint32_t *random)
{
	out->count = 0;
	out->marked = SIDES;
	random_settings(out->settings[0], random);
	for (size_t i = 1; i < SIDES; i++)
		strcpy(out->settings[i], out->settings[0]);
}

/* The text of SIDE; freed by the caller. */
static char *write_model(const struct model *model, size_t side)
{
	size_t room = 64 + sizeof(model->settings[0]) + model->count * sizeof(struct statement);
	char *text = malloc(room), *end = text;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	end += sprintf(end, "policy 1;\n");
	for (size_t i = 0; i < model->count; i++)
		end += sprintf(end, "%s\n",
			model->statement[i].sides >> side & 1 ? model->statement[i].text : "");
	sprintf(end, "%s\n", model->settings[side]);
	return text;
}

static void set_lives(struct af_rules *rules, const void *context)
{
	const struct statement *statement = ((const struct model *)context)->statement;

	for (size_t i = 0; i < rules->row_count; i++)
		rules->row[i].life = statement[rules->row[i].line - 2].life;
	for (size_t i = 0; i < rules->clause.count; i++)
		rules->clause.row[i].life = statement[rules->clause.row[i].line - 2].life;
}

static void mark_new(struct af_rules *rules, const void *context)
{
	af_trial_mark(rules, context);
}

static void borrow_side(const struct model *model, size_t side, struct borrowed *out)
{
	char *text = write_model(model, side);

	borrow_text(text, model->marked == side ? set_lives : NULL, model, out);
	free(text);
}

struct question {
	char identity[2][64];
	size_t identities;
	const char *host, *service;
	uint16_t port;
	bool pam, resolves, has_peer, has_unknown, unknown_allow, has_mode;
	enum af_mode mode;
	size_t peer_count;
	struct af_peer peer[PEERS];
};

static void random_identity(char text[64], uint32_t *random)
{
	static const char *const form[] = {"u@%s", "u@%s", "v@%s", "U@%s", "u+d@%s", "\"u\"@%s",
		"w@%s", "w@x.%s", "u/i@%s", "u@%s\001", "u@%s, v@%s", "%s!u", "u%%%s"};
	static const char *const whole[] = {"u", "", "uid=u,dc=a,dc=lan",
		"mail=u@a.lan,dc=corp,dc=net", "cn=u,dc=example,dc=com", "u@b@a.lan"};
	const char *domain = PICK(random, domains), *from = PICK(random, form);
	size_t len = 0;

	if (chance(random, 6))
		from = PICK(random, whole);
	for (; *from != '\0'; from++) {
		if (from[0] == '%' && from[1] == 's')
			len += (size_t)snprintf(text + len, 64 - len, "%s", domain);
		else if (from[0] != '%' || from[1] == '%')
			text[len++] = *from;
		from += *from == '%';
	}
	text[len] = '\0';
}

static void random_peers(struct question *out, uint32_t *random)
{
	static const char *const address[] = {"10.1.2.3", "198.51.99.7", "127.0.0.1", "8.8.8.8",
		"2606:4700::1", "fd00::3", "64:ff9b::808:808", "64:ff9b::a01:203"};
	static const uint16_t port[] = {993, 993, 143};

	out->peer_count = below(random, PEERS + 1);
	out->has_peer = out->peer_count > 0 && chance(random, 2);
	if (out->has_peer)
		out->peer_count = 1;
	for (size_t i = 0; i < out->peer_count; i++) {
		const char *text = PICK(random, address);

		CU_ASSERT_FATAL(af_address_parse(text, strlen(text), &out->peer[i].address));
		out->peer[i].port = PICK(random, port);
		out->peer[i].own = chance(random, 4);
	}
}

static void random_question(struct question *out, uint32_t *random)
{
	static const char *const host[] = {"far.net", "far.net", "near.net", "mixed.net",
		"half.net", "loop.net", "none.net", "x.far.net", "a.lan", "x.lan", "localhost",
		"10.1.2.3", "198.51.99.7", "198.51.99.8", "8.8.8.8", "[2606:4700::1]",
		"64:ff9b::808:808", "no such", NULL};
	static const char *const service[] = {"imap", "ldap", "POP3", "submission", "xmpp", NULL};
	static const uint16_t port[] = {0, 993, 143};

	memset(out, 0, sizeof(*out));
	random_identity(out->identity[0], random);
	random_identity(out->identity[1], random);
	out->identities = 1 + below(random, 2);
	out->host = PICK(random, host);
	out->service = PICK(random, service);
	out->port = PICK(random, port);
	out->pam = chance(random, 4);
	out->resolves = !out->pam && !chance(random, 4);
	out->has_unknown = chance(random, 8);
	out->unknown_allow = chance(random, 2);
	random_peers(out, random);
}

static size_t find_peers(void *context, struct af_peer *out, size_t room)
{
	const struct question *question = context;

	CU_ASSERT_FATAL(room >= PEERS);
	memcpy(out, question->peer, sizeof(question->peer));
	return question->peer_count;
}

static void ask(
	const struct af_policy *policy, const struct question *question, struct af_decision *out)
{
	struct af_request request = {
		.stack = question->pam ? AFENCE_STACK_PAM : AFENCE_STACK_SASL,
		.service = question->service,
		.host = question->host,
		.port = question->port,
		.has_peer = question->has_peer,
		.peer = question->peer[0],
		.find_peers = find_peers,
		.find_peers_context = (void *)(uintptr_t)question,
		.has_mode = question->has_mode,
		.mode = question->mode,
		.has_unknown = question->has_unknown,
		.unknown_allow = question->unknown_allow,
		.now = NOW,
	};
	struct fake_resolver fake;

	fake_resolver_start(&fake);
	request.resolver = question->resolves ? &fake.resolver : NULL;
	for (; request.login_count < question->identities; request.login_count++) {
		const char *text = question->identity[request.login_count];

		request.login[request.login_count] =
			(struct af_login){text, strlen(text), AFENCE_FORM_AUTO};
	}
	af_decide(policy, &request, out);
}

struct property {
	const char *name;
	size_t sides;
	enum kind added;
	/* Makes the model; where there is more to a side, derive() does that. */
	void (*prepare)(const struct property *self, struct model *model, uint32_t *random);
	void (*derive)(const struct model *model, struct borrowed side[SIDES]);
	/* Turns the question into that of SIDE, and says whom to ask; NULL: the same of each. */
	void (*vary)(struct question *question, size_t side);
	const struct af_policy *(*view)(const struct borrowed policy[SIDES], size_t side);
	bool (*holds)(const struct af_decision *const side[SIDES]);
};

static bool is_refused(const struct af_decision *decision)
{
	return decision->verdict == AFENCE_BLOCK;
}

static bool same_rule(const struct af_decision *a, const struct af_decision *b)
{
	const char *left = a->rule.name, *right = b->rule.name;

	return a->reason == b->reason &&
	       (left == right || (left != NULL && right != NULL && strcmp(left, right) == 0));
}

static bool same(const struct af_decision *const side[SIDES])
{
	return side[0]->verdict == side[1]->verdict && same_rule(side[0], side[1]);
}

static bool no_more_refused(const struct af_decision *const side[SIDES])
{
	return side[1]->verdict <= side[0]->verdict;
}

static bool no_more_allowed(const struct af_decision *const side[SIDES])
{
	return side[1]->verdict >= side[0]->verdict;
}

/* Side 1 says one thing more, in any place. */
static void add_one(const struct property *self, struct model *model, uint32_t *random)
{
	struct statement *added;
	size_t before = below(random, 2);

	start_model(model, random);
	if (before == 0)
		add_some(model, random);
	added = add_whole(model, self->added, random);
	added->sides = 2;
	if (before != 0)
		add_some(model, random);
}

static void add_nothing(const struct property *self, struct model *model, uint32_t *random)
{
	(void)self;
	start_model(model, random);
	add_some(model, random);
}

static void observe(struct question *question, size_t side)
{
	question->has_mode = true;
	question->mode = side == 0 ? AFENCE_MODE_ENFORCE : AFENCE_MODE_OBSERVE;
}

/* Side 1 observes what side 0 refuses. */
static bool only_named(const struct af_decision *const side[SIDES])
{
	enum af_verdict want = is_refused(side[0]) ? AFENCE_OBSERVE : side[0]->verdict;

	return side[1]->verdict == want && same_rule(side[0], side[1]);
}

/* Another protect of the same name for the one at INDEX. */
static void replace(struct model *model, size_t index, uint32_t *random)
{
	struct statement *added = add_statement(model, PROTECT, index, random);

	added->sides = 4;
	model->statement[index].sides = 1;
}

/* Side 1 as "apply --observe-new" makes it of side 2. */
static void derive_trial(const struct model *model, struct borrowed side[SIDES])
{
	char *text = write_model(model, 2);

	give_back(&side[1]);
	borrow_text(text, mark_new, af_policy_image(side[0].policy), &side[1]);
	free(text);
}

/* Sides: before, on trial, promoted.  Exceptions and internal rows have no trial. */
static void put_on_trial(const struct property *self, struct model *model, uint32_t *random)
{
	static const enum kind kinds[] = {RESERVE, EXTERNAL, PROTECT};
	size_t old;

	(void)self;
	start_model(model, random);
	add_some(model, random);
	old = model->count;
	for (size_t count = 1 + below(random, 3); count > 0; count--) {
		add_whole(model, PICK(random, kinds), random)->sides = 4;
	}
	for (size_t i = 0; i < old; i++)
		if (model->statement[i].kind == PROTECT && chance(random, 2))
			replace(model, i, random);
}

/* What would be refused is observed under the rule that would refuse; all else stays for the same
 * reason, though of several protects another may be named. */
static bool is_on_trial(const struct af_decision *const side[SIDES])
{
	if (side[0]->verdict == AFENCE_ALLOW && side[2]->verdict != AFENCE_ALLOW)
		return side[1]->verdict == AFENCE_OBSERVE && same_rule(side[1], side[2]);
	return side[1]->verdict == side[0]->verdict && side[1]->reason == side[0]->reason;
}

/* Sides: without an exception, with one that has expired, with one that has not. */
static void add_expired(const struct property *self, struct model *model, uint32_t *random)
{
	static const char *const day[] = {"1970-01-11", "1970-01-12"};
	struct statement *added[2];

	(void)self;
	start_model(model, random);
	add_some(model, random);
	for (size_t i = 0; i < 2; i++) {
		uint32_t again = *random;

		added[i] = add_statement(model, EXCEPTION, model->count, &again);
		added[i]->sides = i == 0 ? 2 : 4;
		append(added[i], " expires %s; }", day[i]);
	}
	draw(random);
}

/* Sides: a service has settings of its own, all have them, none has. */
static void set_service(const struct property *self, struct model *model, uint32_t *random)
{
	static const char *const mode[] = {"observe", "off"};
	const char *picked = PICK(random, mode);

	(void)self;
	start_model(model, random);
	add_some(model, random);
	snprintf(model->settings[0], sizeof(model->settings[0]),
		"mode enforce; service imap { mode %s; }", picked);
	snprintf(model->settings[1], sizeof(model->settings[1]), "mode %s;", picked);
	snprintf(model->settings[2], sizeof(model->settings[2]), "mode enforce;");
}

static void ask_as_imap(struct question *question, size_t side)
{
	(void)side;
	question->service = "IMAP";
}

/* Sides: a service that is not asked has settings, none has, the one that is asked has. */
static void set_other_service(const struct property *self, struct model *model, uint32_t *random)
{
	static const char *const setting[] = {"mode off; ", "mode observe; ", "unknown allow; "};
	const char *picked = PICK(random, setting);

	(void)self;
	start_model(model, random);
	add_some(model, random);
	snprintf(model->settings[0], sizeof(model->settings[0]), "service smtp { %s}", picked);
	snprintf(model->settings[1], sizeof(model->settings[1]), "mode enforce;");
	snprintf(model->settings[2], sizeof(model->settings[2]), "service imap { %s}", picked);
}

/* Sides: the first identity, both, the second. */
static void ask_apart(struct question *question, size_t side)
{
	question->identities = side == 1 ? 2 : 1;
	if (side == 2)
		memcpy(question->identity[0], question->identity[1], sizeof(question->identity[0]));
}

static const struct af_policy *view_one(const struct borrowed policy[SIDES], size_t side)
{
	(void)side;
	return policy[0].policy;
}

static bool is_worst(const struct af_decision *const side[SIDES])
{
	enum af_verdict first = side[0]->verdict, second = side[2]->verdict;

	return side[1]->verdict == (first > second ? first : second);
}

/* Some of the statements on trial, some replaced, some over; the last one stands in side 2 only. */
static void prepare_show(const struct property *self, struct model *model, uint32_t *random)
{
	static const uint8_t life[] = {AFENCE_LIFE_FULL, AFENCE_LIFE_FULL, AFENCE_LIFE_TRIAL,
		AFENCE_LIFE_REPLACED, AFENCE_LIFE_OVER};

	(void)self;
	start_model(model, random);
	add_some(model, random);
	for (size_t i = 0; i < model->count; i++) {
		struct statement *statement = &model->statement[i];

		if (statement->kind == PROTECT)
			statement->life = PICK(random, life);
		else if (statement->kind != EXCEPTION && statement->kind != INTERNAL)
			statement->life = life[below(random, 3)];
	}
	add_whole(model, (enum kind)below(random, KINDS), random)->sides = 4;
	model->marked = 0;
}

static char *show(const struct borrowed *borrowed)
{
	struct af_print print = {af_policy_image(borrowed->policy), "test", NOW};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	af_print_policy(&print, out);
	CU_ASSERT_FATAL(fclose(out) == 0);
	return text;
}

/* Side 1 is the text of side 0, whose rules on trial stand there as what they are to become. */
static void derive_shown(const struct model *model, struct borrowed side[SIDES])
{
	char *text = show(&side[0]);

	(void)model;
	give_back(&side[1]);
	borrow_text(text, NULL, NULL, &side[1]);
	free(text);
}

/* Side 0 as it will be when it is promoted. */
static const struct af_policy *view_promoted(const struct borrowed policy[SIDES], size_t side)
{
	const struct af_policy *trial = side == 0 ? af_policy_trial(policy[0].policy) : NULL;

	return trial != NULL ? trial : policy[side].policy;
}

#define ADDING(word, kind, holds)                                         \
	{                                                                 \
		"adding " word, 2, kind, add_one, NULL, NULL, NULL, holds \
	}

/*
 * An `internal` row speaks of the class of a target, which R2 asks for, and R8 does not: it lists
 * places.  So it refuses nothing through a protect, either, and is no way past one.
 */
static const struct property properties[] = {
	ADDING("an exception refuses no more", EXCEPTION, no_more_refused),
	ADDING("internal refuses no more", INTERNAL, no_more_refused),
	ADDING("a reserve allows no more", RESERVE, no_more_allowed),
	ADDING("a protect allows no more", PROTECT, no_more_allowed),
	ADDING("external allows no more", EXTERNAL, no_more_allowed),
	{"observing changes the verdict's name", 2, 0, add_nothing, NULL, observe, view_one,
		only_named},
	{"a trial refuses what was refused", 3, 0, put_on_trial, derive_trial, NULL, NULL,
		is_on_trial},
	{"an expired exception is none", 3, 0, add_expired, NULL, NULL, NULL, same},
	{"a service's settings replace the others", 3, 0, set_service, NULL, ask_as_imap, NULL,
		same},
	{"and touch no other service", 3, 0, set_other_service, NULL, ask_as_imap, NULL, same},
	{"the worst of several identities", 3, 0, add_nothing, NULL, ask_apart, view_one, is_worst},
	{"what is shown decides the same", 3, 0, prepare_show, derive_shown, NULL, view_promoted,
		same},
};

struct tally {
	size_t cases, broken;
};

static void report(const struct property *property, const struct model *model,
	const struct question *question, const struct af_decision *const side[SIDES])
{
	char *text;

	printf("\n%s: broken for %s, %s (%zu) at %s port %u via %s, %zu peers, %s%s%s\n",
		property->name, question->identity[0], question->identity[1], question->identities,
		question->host ? question->host : "-", question->port,
		question->service ? question->service : "-", question->peer_count,
		question->pam ? "pam " : "", question->resolves ? "resolving " : "",
		question->has_peer ? "given" : "found");
	for (size_t i = 0; i < question->peer_count; i++) {
		char address[AFENCE_ADDRESS_TEXT_MAX];

		printf("peer %s port %u%s\n",
			af_address_format(&question->peer[i].address, address),
			question->peer[i].port, question->peer[i].own ? " own" : "");
	}
	for (size_t i = 0; i < property->sides; i++) {
		text = write_model(model, i);
		printf("side %zu: %s %s %s\n%s", i, af_verdict_string(side[i]->verdict),
			af_reason_string(side[i]->reason),
			side[i]->rule.name ? side[i]->rule.name : "-", text);
		free(text);
	}
}

/* The last two sides are mistaken for each other. */
static void plant(size_t sides, const struct af_decision *side[SIDES])
{
	const struct af_decision *last = side[sides - 1];

	side[sides - 1] = side[sides - 2];
	side[sides - 2] = last;
}

static void try_question(const struct property *property, const struct model *model,
	const struct borrowed policy[SIDES], const struct question *question, bool planted,
	struct tally *tally)
{
	static struct af_decision decision[SIDES];
	const struct af_decision *side[SIDES] = {&decision[0], &decision[1], &decision[2]};

	for (size_t i = 0; i < property->sides; i++) {
		struct question varied = *question;

		if (property->vary != NULL)
			property->vary(&varied, i);
		ask(property->view != NULL ? property->view(policy, i) : policy[i].policy, &varied,
			&decision[i]);
	}
	if (planted)
		plant(property->sides, side);
	tally->cases++;
	if (property->holds(side))
		return;
	if (tally->broken++ == 0 && !planted)
		report(property, model, question, side);
}

static void try_policy(
	const struct property *property, uint32_t *random, bool planted, struct tally *tally)
{
	struct borrowed side[SIDES] = {0};
	struct question question;
	struct model model;

	property->prepare(property, &model, random);
	for (size_t i = 0; i < property->sides; i++)
		borrow_side(&model, i, &side[i]);
	if (property->derive != NULL)
		property->derive(&model, side);
	for (size_t i = 0; i < QUESTIONS; i++) {
		random_question(&question, random);
		try_question(property, &model, side, &question, planted, tally);
	}
	for (size_t i = 0; i < property->sides; i++)
		give_back(&side[i]);
}

static void try_property(const struct property *property, bool planted)
{
	struct tally tally = {0, 0};

	for (size_t i = 0; i < COUNT(seeds); i++) {
		uint32_t random = seeds[i];
		size_t before = tally.broken;

		for (size_t j = 0; j < POLICIES; j++)
			try_policy(property, &random, planted, &tally);
		if (!planted && tally.broken > before)
			printf("\n%s: %zu broken with seed %u", property->name,
				tally.broken - before, seeds[i]);
	}
	if (planted)
		CHECK_NUMBER(property->name, tally.broken > 0, true);
	else
		CHECK_NUMBER(property->name, tally.broken, 0);
	printf("\n  %s: %zu %scases, %zu broken", property->name, tally.cases,
		planted ? "planted " : "", tally.broken);
}

static void test_properties(void)
{
	for (size_t i = 0; i < COUNT(properties); i++)
		try_property(&properties[i], false);
}

static void test_planted(void)
{
	for (size_t i = 0; i < COUNT(properties); i++)
		try_property(&properties[i], true);
}

static const char expect_text[] =
	"expect block \"a@example.com\" # a\n to \"h.net\" at 8.8.8.8 port 25\tvia smtp on 1970-02-01;"
	"expect\nallow \"a@corp.net\" to \"h.net\";";

/* An image without its lines and its checksum. */
static void blot_lines(struct borrowed *borrowed)
{
	const struct af_image *image = af_policy_image(borrowed->policy);
	size_t count;
	struct af_image_rule *rule = (void *)(uintptr_t)af_image_rules(image, &count);
	struct af_image_clause *clause;

	for (; count > 0; count--)
		rule[count - 1].line = 1;
	clause = (void *)(uintptr_t)af_image_clauses(image, &count);
	for (; count > 0; count--)
		clause[count - 1].line = 1;
	((struct af_image_header *)(void *)borrowed->image.bytes)->checksum = 0;
}

static bool same_image(struct borrowed *a, struct borrowed *b)
{
	blot_lines(a);
	blot_lines(b);
	return a->image.length == b->image.length &&
	       memcmp(a->image.bytes, b->image.bytes, a->image.length) == 0;
}

/* TEXT in the one layout; freed by the caller. */
static char *lay_out(const char *text)
{
	struct af_diagnostics diagnostics = {0};
	struct af_source source;
	size_t length;
	char *out;

	af_source_copy("test.policy", text, strlen(text), &source);
	CU_ASSERT_FATAL(af_format_source(&source, &diagnostics, &out, &length));
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
	return out;
}

/* Sides: a text, the same laid out, a text that says one thing more. */
static void try_layout(uint32_t *random, size_t *broken, size_t *planted)
{
	struct borrowed side[SIDES];
	struct model model;
	char *text, *laid;

	start_model(&model, random);
	add_some(&model, random);
	add_whole(&model, (enum kind)below(random, KINDS), random)->sides = 4;
	for (size_t i = 0; i < SIDES; i++)
		strcat(model.settings[i], expect_text);
	text = write_model(&model, 0);
	laid = lay_out(text);
	CU_ASSERT(strcmp(text, laid) != 0);
	borrow_text(text, NULL, NULL, &side[0]);
	borrow_text(laid, NULL, NULL, &side[1]);
	borrow_side(&model, 2, &side[2]);
	*broken += !same_image(&side[0], &side[1]);
	*planted += !same_image(&side[0], &side[2]);
	for (size_t i = 0; i < SIDES; i++)
		give_back(&side[i]);
	free(laid);
	free(text);
}

static void test_layout(void)
{
	size_t broken = 0, planted = 0;

	for (size_t i = 0; i < COUNT(seeds); i++) {
		uint32_t random = seeds[i];

		for (size_t j = 0; j < POLICIES; j++)
			try_layout(&random, &broken, &planted);
	}
	CHECK_NUMBER("images that the layout changed", broken, 0);
	CHECK_NUMBER("one more statement is seen", planted > 0, true);
}

/* Two connections, one of which is the right one: what random questions meet too seldom.  The port
 * of an exception is that of both or of none, however near they are. */
static void test_ports(void)
{
	static const char *const row[] = {"", "external 10.1.2.3;", "internal 8.8.8.8;"};
	static const struct {
		uint16_t near, far;
		enum af_verdict want;
	} ports[] = {
		{993, 143, AFENCE_BLOCK},
		{143, 993, AFENCE_BLOCK},
		{993, 0, AFENCE_BLOCK},
		{993, 993, AFENCE_ALLOW},
	};
	struct question question = {{"u@example.com"}, 1, "x.far.net", .peer_count = 2};
	struct borrowed policy;
	struct af_decision decision;
	char text[400];

	CU_ASSERT_FATAL(af_address_parse("10.1.2.3", 8, &question.peer[0].address));
	CU_ASSERT_FATAL(af_address_parse("8.8.8.8", 7, &question.peer[1].address));
	for (size_t i = 0; i < COUNT(row) * COUNT(ports); i++) {
		question.peer[0].port = ports[i % COUNT(ports)].near;
		question.peer[1].port = ports[i % COUNT(ports)].far;
		snprintf(text, sizeof(text),
			"policy 1; %s exception e { identity \"*@example.com\"; target \".far.net\";"
			" port 993; reason \"r\"; owner \"o\"; expires 1970-06-01; }",
			row[i / COUNT(ports)]);
		borrow_text(text, NULL, NULL, &policy);
		ask(policy.policy, &question, &decision);
		CHECK_NUMBER(text, decision.verdict, ports[i % COUNT(ports)].want);
		give_back(&policy);
	}
}

static CU_TestInfo tests[] = {
	{"properties hold", test_properties},
	{"and would be seen to break", test_planted},
	{"the layout keeps the image", test_layout},
	{"a port is that of all connections", test_ports},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"property", NULL, NULL, NULL, NULL, tests};
