/* SPDX-License-Identifier: MIT */
/* The text of an image, as far as no policy file can say what it holds: lives, and a mode's end. */
#include "../../tools/policy/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "borrowed.h"
#include "harness.h"

#define UNTIL 1003600 /* on 1970-01-12 */

/* By line, from 1 on. */
static const uint8_t lives[] = {[1] = AFENCE_LIFE_FULL,
	[2] = AFENCE_LIFE_TRIAL,
	[3] = AFENCE_LIFE_REPLACED,
	[4] = AFENCE_LIFE_OVER};

static const char source[] =
	"policy 1; mode off; reserve \"a.lan\";\n"
	"reserve \"b.lan\"; external 10.1.0.0/16; protect p { identity \"*@a.lan\"; target \"h.lan\"; }\n"
	"protect q { identity \"u@*.lan\"; target 10.0.0.0/8; reason \"a \\\"b\\\"\"; }\n"
	"protect r { identity \"*@c.lan\"; target \"h.lan\"; }\n";

static void change(struct af_rules *rules, const void *context)
{
	const bool *trial = context;

	rules->settings.mode_until = UNTIL;
	rules->settings.mode_after = AFENCE_MODE_OBSERVE;
	for (size_t i = 0; i < rules->row_count && *trial; i++)
		rules->row[i].life = lives[rules->row[i].line];
	for (size_t i = 0; i < rules->clause.count && *trial; i++)
		rules->clause.row[i].life = lives[rules->clause.row[i].line];
}

/* SOURCE as it is shown at NOW; freed by the caller. */
static char *show(bool trial, int64_t now, bool json)
{
	struct borrowed borrowed;
	struct af_print print = {NULL, "x\ny", now};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	borrow_text(source, change, &trial, &borrowed);
	print.image = af_policy_image(borrowed.policy);
	if (json) {
		json_t *object = af_print_json(&print);

		CU_ASSERT(json_dumpf(object, out, JSON_COMPACT) == 0);
		json_decref(object);
	} else {
		af_print_policy(&print, out);
	}
	CU_ASSERT_FATAL(fclose(out) == 0);
	give_back(&borrowed);
	return text;
}

static void check_text(const char *row, bool trial, int64_t now, const char *want)
{
	char *got = show(trial, now, false);

	CHECK_STRING(row, got, want);
	free(got);
}

#define SETTINGS                                       \
	"on-block cut;\nresolver { within 1000ms; }\n" \
	"log { identity full; }\n\n"                   \
	"reserve \"a.lan\";  # test.policy:1\n"
#define OBSERVES "# on trial: only observes\n"
#define RESERVE  "reserve \"b.lan\";  # test.policy:2\n\n"
#define EXTERNAL "external 10.1.0.0/16;  # test.policy:2\n\n"
#define PROTECT \
	"protect p {  # test.policy:2\n    identity \"*@a.lan\";\n    target   \"h.lan\";\n}\n\n"
#define HEAD "# Generation 1, created 1970-01-01T00:16:40Z, from x\\x0ay.\n"

/* What is replaced can not stand beside its successor, and what is over is not there. */
static void test_trial(void)
{
	check_text("a trial", true, UNTIL - 1,
		HEAD "# Mode off is temporary: until 1970-01-12T14:46:40Z, then observe.\n"
		     "# Rules are on trial: they only observe until \"policy promote\".\n"
		     "policy 1;\n\nmode off;\n" SETTINGS OBSERVES RESERVE OBSERVES EXTERNAL OBSERVES
			     PROTECT "# in force until promoted:\n"
		     "# protect q {  # test.policy:3\n"
		     "#     identity \"u@*.lan\";\n"
		     "#     target   \"10.0.0.0/8\";\n"
		     "#     reason   \"a \\\"b\\\"\";\n"
		     "# }\n");
}

static void test_mode(void)
{
	check_text("an ended mode", false, UNTIL,
		HEAD "policy 1;\n\nmode observe;\n" SETTINGS RESERVE EXTERNAL PROTECT
		     "protect q {  # test.policy:3\n"
		     "    identity \"u@*.lan\";\n"
		     "    target   \"10.0.0.0/8\";\n"
		     "    reason   \"a \\\"b\\\"\";\n"
		     "}\n\n"
		     "protect r {  # test.policy:4\n"
		     "    identity \"*@c.lan\";\n"
		     "    target   \"h.lan\";\n"
		     "}\n");
}

static void test_json(void)
{
	char *text = show(true, UNTIL - 1, true);
	json_t *object = json_loads(text, 0, NULL);
	const char *until = NULL, *after = NULL, *life[4] = {NULL};
	int trial = 0;

	CU_ASSERT(json_unpack(object, "{s{ss,ss,sb},s[{ss},{ss}!],s[{ss},{ss}!]}", "settings",
			  "mode_until", &until, "mode_after", &after, "on_trial", &trial, "reserve",
			  "life", &life[0], "life", &life[1], "protects", "life", &life[2], "life",
			  &life[3]) == 0);
	CHECK_STRING("until", until, "1970-01-12T14:46:40Z");
	CHECK_STRING("after", after, "observe");
	CHECK_NUMBER("on trial", trial, true);
	CHECK_STRING("reserve a.lan", life[0], "full");
	CHECK_STRING("reserve b.lan", life[1], "trial");
	CHECK_STRING("protect p", life[2], "trial");
	CHECK_STRING("protect q", life[3], "replaced");
	json_decref(object);
	free(text);
}

static CU_TestInfo tests[] = {
	{"lives", test_trial},
	{"a mode that has ended", test_mode},
	{"JSON", test_json},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"print", NULL, NULL, NULL, NULL, tests};
