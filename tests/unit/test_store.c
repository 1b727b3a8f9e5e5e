/* SPDX-License-Identifier: MIT */
/*
 * What is new in a policy and observes first; the numbers of generations when files are lost; an
 * origin for an image that has none; who signs.
 */
#include "../../tools/policy/store.h"
#include "compiled.h"

#include <unistd.h>

#include "../../tools/policy/revise.h"
#include "../../tools/policy/trial.h"

#define PROTECT(name, identity, target, more) \
	"protect " name " { identity " identity "; target " target "; owner \"o\"; " more "}\n"
#define FIN PROTECT("fin", "\"*@fin.net\"", "\"smtp.own.net\", 10.0.0.0/8", "")

static struct af_image *held; /* what a mark is made against */

static void mark(struct af_rules *rules)
{
	af_trial_mark(rules, held);
}

static void promote(struct af_compiled *image)
{
	const struct af_stored from = {.bytes = image->bytes, .length = image->length};
	struct af_stored copy;

	af_revise_copy(&from, &copy);
	af_revise_promote(&copy);
	CHECK_NUMBER("promote", af_revise_finish(&copy, &(struct af_stamp){.generation = 2}), true);
	free(image->bytes);
	image->bytes = copy.bytes;
	image->length = copy.length;
}

static const char *const life_word[AFENCE_LIVES] = {"", " trial", " replaced", " over"};

/* "reserve:a.b trial, protect:fin": what can refuse, rules first. */
static void describe(const struct af_compiled *compiled, char *text, size_t room)
{
	struct af_image image;
	size_t rules = 0, clauses = 0, used = 0;
	const struct af_image_rule *rule;
	const struct af_image_clause *clause;

	text[0] = '\0';
	CHECK_NUMBER("open", af_image_open(compiled->bytes, compiled->length, &image), AFENCE_OK);
	rule = af_image_rules(&image, &rules);
	clause = af_image_clauses(&image, &clauses);
	for (size_t i = 0; i < rules && used < room; i++)
		used += (size_t)snprintf(text + used, room - used, "%s%s%s", used > 0 ? ", " : "",
			af_image_string(&image, rule[i].name), life_word[rule[i].life]);
	for (size_t i = 0; i < clauses && used < room; i++)
		used += (size_t)snprintf(text + used, room - used, "%s%s%s", used > 0 ? ", " : "",
			af_image_string(&image, clause[i].name), life_word[clause[i].life]);
	if (used < room)
		snprintf(text + used, room - used, "%s",
			af_image_settings(&image)->on_trial ? " (on trial)" : "");
}

struct trial {
	const char *name;
	const char *before; /* NULL: the built-in policy */
	const char *after;
	const char *want, *promoted;
};

static const struct trial trials[] = {
	{"all is new", NULL, "reserve \"a.b\";\nexternal 10.9.0.0/16;\n",
		"reserve:a.b trial, external:10.9.0.0/16 trial (on trial)",
		"reserve:a.b, external:10.9.0.0/16"},
	{"what cannot refuse", NULL,
		"internal \"x.y\";\nexception e { identity \"*@a.b\"; target \"c.d\"; reason \"r\"; "
		"owner \"o\"; expires 1970-02-01; }\n",
		"internal:x.y, exception:e", "internal:x.y, exception:e"},
	{"nothing is new", "reserve \"a.b\";\n" FIN, "reserve \"a.b\";\n" FIN,
		"reserve:a.b, protect:fin", "reserve:a.b, protect:fin"},
	{"an internal name turned external", "internal \"x.y\";\n", "external \"x.y\";\n",
		"external:x.y trial (on trial)", "external:x.y"},
	{"a wider reach", "external \"x.y\";\n", "external \".x.y\";\n",
		"external:.x.y trial (on trial)", "external:.x.y"},
	{"a rule that is gone", "reserve \"a.b\", \"c.d\";\n", "reserve \"c.d\";\n", "reserve:c.d",
		"reserve:c.d"},
	{"a new protect", "reserve \"a.b\";\n", "reserve \"a.b\";\n" FIN,
		"reserve:a.b, protect:fin trial (on trial)", "reserve:a.b, protect:fin"},
	{"a protect that is gone", FIN, "reserve \"a.b\";\n", "reserve:a.b trial (on trial)",
		"reserve:a.b"},
#define CHANGED "protect:fin trial, protect:fin replaced (on trial)"
#define OVER    "protect:fin, protect:fin over (on trial)"
	{"another identity", FIN,
		PROTECT("fin", "\"a@fin.net\"", "\"smtp.own.net\", 10.0.0.0/8", ""), CHANGED, OVER},
	{"another reach", FIN,
		PROTECT("fin", "\"*@*.fin.net\"", "\"smtp.own.net\", 10.0.0.0/8", ""), CHANGED,
		OVER},
	{"one target less", FIN, PROTECT("fin", "\"*@fin.net\"", "\"smtp.own.net\"", ""), CHANGED,
		OVER},
	{"one target more", FIN,
		PROTECT("fin", "\"*@fin.net\"", "\"smtp.own.net\", 10.0.0.0/8, 192.88.99.7", ""),
		CHANGED, OVER},
	{"another network", FIN,
		PROTECT("fin", "\"*@fin.net\"", "\"smtp.own.net\", 10.0.0.0/9", ""), CHANGED, OVER},
	{"another order, another reason", FIN,
		PROTECT("fin", "\"*@fin.net\"", "10.0.0.0/8, \"smtp.own.net\"", "reason \"r\"; "),
		"protect:fin", "protect:fin"},
	{"another name", FIN, PROTECT("out", "\"*@fin.net\"", "\"smtp.own.net\", 10.0.0.0/8", ""),
		"protect:out trial (on trial)", "protect:out"},
};

static void policy_text(const char *body, char *text, size_t room)
{
	snprintf(text, room, "policy 1;\n%s", body);
}

static void test_trials(void)
{
	const struct af_stamp stamp = {.generation = 2, .created = 1000};
	struct af_compiled before, after;
	char text[1024], got[512];
	struct af_image image;

	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		const struct trial *trial = &trials[i];

		memset(&before, 0, sizeof(before));
		held = NULL;
		if (trial->before != NULL) {
			policy_text(trial->before, text, sizeof(text));
			compile_text(text, 1, &before);
			CHECK_NUMBER("open", af_image_open(before.bytes, before.length, &image),
				AFENCE_OK);
			held = &image;
		}
		policy_text(trial->after, text, sizeof(text));
		compile_changed(text, mark, &stamp, &after);
		describe(&after, got, sizeof(got));
		CHECK_STRING(trial->name, got, trial->want);
		promote(&after);
		describe(&after, got, sizeof(got));
		CHECK_STRING(trial->name, got, trial->promoted);
		free(before.bytes);
		free(after.bytes);
	}
}

/* On top of a trial: what still observes is new again, the old form stays, what is over is gone. */
static void test_second_trial(void)
{
	const struct af_stamp stamp = {.generation = 2, .created = 1000};
	static const char other[] = "policy 1;\nreserve \"a.b\";\n" PROTECT(
		"fin", "\"*@fin.net\"", "\"other.net\"", "");
	struct af_compiled first, second, third;
	struct af_image image;
	char got[512];

	compile_text("policy 1;\n" FIN, 1, &first);
	CHECK_NUMBER("open", af_image_open(first.bytes, first.length, &image), AFENCE_OK);
	held = &image;
	compile_changed(other, mark, &stamp, &second);
	CHECK_NUMBER("open", af_image_open(second.bytes, second.length, &image), AFENCE_OK);
	compile_changed(other, mark, &stamp, &third);
	describe(&third, got, sizeof(got));
	CHECK_STRING("tried again", got,
		"reserve:a.b trial, protect:fin trial, protect:fin replaced (on trial)");
	promote(&second);
	CHECK_NUMBER("open", af_image_open(second.bytes, second.length, &image), AFENCE_OK);
	free(third.bytes);
	compile_changed(other, mark, &stamp, &third);
	describe(&third, got, sizeof(got));
	CHECK_STRING("promoted and tried again", got, "reserve:a.b, protect:fin");
	free(first.bytes);
	free(second.bytes);
	free(third.bytes);
}

static char folder[4200];

static void in_root(const char *path, char out[4400])
{
	snprintf(out, 4400, "%s%s", folder, path);
}

static void lose(const char *path)
{
	char full[4400];

	in_root(path, full);
	CHECK_NUMBER(path, unlink(full), 0);
}

static void garble(const char *path, const char *text)
{
	char full[4400];
	FILE *file;

	in_root(path, full);
	file = fopen(full, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

static void activate(struct af_store *store, uint64_t want)
{
	struct af_compiled image;

	CHECK_NUMBER("the next number", af_store_next(store), want);
	compile_text("policy 1;\nreserve \"a.b\";\n", want, &image);
	CHECK_NUMBER("activate", af_store_activate(store, image.bytes, image.length), true);
	free(image.bytes);
}

/* S4: each of the three places alone keeps the number. */
static void test_numbers(void)
{
	struct af_stored stored;
	struct af_store *store;
	struct af_root root;
	uint64_t *list;

	snprintf(folder, sizeof(folder), "%s/root-XXXXXX", af_scratch_dir());
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	CU_ASSERT_FATAL(af_root_open(folder, &root));
	CU_ASSERT_FATAL(af_store_lock("test", &root, &store));
	for (uint64_t want = 1; want <= 3; want++)
		activate(store, want);
	lose(AFENCE_ACTIVE_PATH);
	CHECK_NUMBER("active lost", af_store_next(store), 4);
	lose(AFENCE_HISTORY "/policy.3");
	CHECK_NUMBER("only what was before", af_store_next(store), 3);
	activate(store, 3);
	garble(AFENCE_ACTIVE_PATH, "rubbish");
	CHECK_NUMBER("active damaged", af_store_next(store), 4);
	CHECK_NUMBER("it is not used", af_store_load(store, AFENCE_GENERATION_ACTIVE, &stored),
		AFENCE_ERR_DAMAGED);
	lose(AFENCE_HISTORY "/policy.1");
	lose(AFENCE_HISTORY "/policy.2");
	lose(AFENCE_HISTORY "/policy.3");
	CHECK_NUMBER("only the one before", af_store_next(store), 3);
	lose(AFENCE_PREVIOUS_PATH);
	CHECK_NUMBER("nothing is left", af_store_next(store), 1);
	garble(AFENCE_HISTORY "/policy.9", "rubbish");
	CHECK_NUMBER("a damaged one has its number", af_store_next(store), 10);
	garble(AFENCE_HISTORY "/policy.08", "");
	garble(AFENCE_HISTORY "/policy.99x", "");
	garble(AFENCE_HISTORY "/policy.-5", "");
	garble(AFENCE_HISTORY "/policy.", "");
	garble(AFENCE_HISTORY "/policy.99999999999999999999", "");
	CHECK_NUMBER("names that are no numbers", af_store_list(store, &list), 1);
	free(list);
	garble(AFENCE_HISTORY "/policy.18446744073709551615", "");
	CHECK_NUMBER("none above the highest", af_store_next(store), 0);
	af_store_close(store);
	af_root_close(&root);
}

static void test_origin(void)
{
	const struct af_image_origin origin = {.action = "mode", .who = "alice", .base = 7};
	const struct af_stamp stamp = {.generation = 9, .created = 5, .origin = &origin};
	struct af_stored from = {0}, copy, again;
	struct af_compiled image;

	compile_text("policy 1;\nreserve \"a.b\";\n", 1, &image);
	from.bytes = image.bytes;
	from.length = image.length;
	CHECK_NUMBER("open", af_image_open(from.bytes, from.length, &from.image), AFENCE_OK);
	CU_ASSERT_PTR_NULL(af_image_origin(&from.image));
	af_revise_copy(&from, &copy);
	CHECK_NUMBER("valid with an origin", af_revise_finish(&copy, &stamp), true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(af_image_origin(&copy.image));
	CHECK_STRING("action", af_image_origin(&copy.image)->action, "mode");
	CHECK_STRING("who", af_image_origin(&copy.image)->who, "alice");
	CHECK_NUMBER("base", af_image_origin(&copy.image)->base, 7);
	CHECK_NUMBER("generation", af_image_generation(&copy.image), 9);
	CHECK_NUMBER("the same content", af_revise_same(&from, &copy), true);
	af_revise_copy(&copy, &again);
	CHECK_NUMBER("one origin is enough", again.length, copy.length);
	af_revise_settings(&again)->mode = AFENCE_MODE_OFF;
	CHECK_NUMBER("another mode", af_revise_same(&copy, &again), false);
	af_stored_free(&again);
	af_stored_free(&copy);
	af_stored_free(&from);
}

static void test_signature(void)
{
	static const struct {
		const char *name, *user, *want;
	} rows[] = {
		{"a user", "alice", "alice"},
		{"an escape sequence", "a\x1b[2J", "a?[2J"},
		{"beyond ASCII", "b\xc3\xbc", "b??"},
	};
	struct af_image_origin origin;

	if (getuid() == 0) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			setenv("SUDO_USER", rows[i].user, 1);
			af_store_sign(&origin, "apply");
			CHECK_STRING(rows[i].name, origin.who, rows[i].want);
		}
	}
	setenv("SUDO_USER", "", 1);
	memset(&origin, 0xff, sizeof(origin));
	af_store_sign(&origin, "apply");
	unsetenv("SUDO_USER");
	CHECK_NUMBER("somebody", origin.who[0] != '\0', true);
	CHECK_STRING("action", origin.action, "apply");
	CHECK_NUMBER("base", origin.base, 0);
	for (size_t i = 0; i < strlen(origin.who); i++)
		CU_ASSERT(origin.who[i] > ' ' && origin.who[i] < 0x7f);
}

static CU_TestInfo tests[] = {
	{"what is new observes", test_trials},
	{"a trial on a trial", test_second_trial},
	{"numbers of generations", test_numbers},
	{"an origin for an image", test_origin},
	{"who it was", test_signature},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"store", NULL, NULL, NULL, NULL, tests};
