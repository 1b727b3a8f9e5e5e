/* SPDX-License-Identifier: MIT */
/*
 * A run for the person at the terminal.  One cause often shows in many domains, so findings that say
 * the same by the same mechanism are one entry, which lists the domains, and one reason of doubt is one
 * line, which lists the mechanisms.
 */
#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../output/text.h"
#include "af_domain.h"
#include "af_report.h"
#include "mechanisms.h"

#define TEXT_MAX     512 /* bytes of an escaped value on a line */
#define NAMES_SHOWN  6   /* hosts or domains that an entry lists */
#define COLOUR_BAD   "\033[1;31m"
#define COLOUR_DOUBT "\033[1;33m"
#define COLOUR_GOOD  "\033[1;32m"
#define LEVELS       (AFENCE_LEVEL_F3 + 1)

/* What a level means to somebody who has never read its definition. */
static const char *const meaning[LEVELS] = {
	[AFENCE_LEVEL_F1] = "a client would send the password for such an address to a stranger",
	[AFENCE_LEVEL_F2] = "something is there where nothing can be",
	[AFENCE_LEVEL_F3] = "somebody answers without an answer, or sends clients elsewhere",
};

/* What to do about it, where the DNS or the domain's own hosts answer and where a service does. */
static const char *const remedy[][LEVELS] = {
	{
		[AFENCE_LEVEL_F1] = "ask another name server the same; see that the fence is in "
				    "force: authfence doctor",
		[AFENCE_LEVEL_F2] = "ask another name server the same: the one in use may make "
				    "answers up",
		[AFENCE_LEVEL_F3] = "look at the answer: a captive portal or a name server that "
				    "makes answers up does this",
	},
	{
		[AFENCE_LEVEL_F1] = "tell those who run the service; see that the fence is in "
				    "force: authfence doctor",
		[AFENCE_LEVEL_F2] = "tell those who run the service",
		[AFENCE_LEVEL_F3] = "look at the answer: a proxy may stand in between, or the "
				    "service has moved",
	},
};

/* A check and what it has in common with those of its entry. */
struct row {
	const struct af_probe_check *check;
	char *detail; /* without its domain */
	char *key;
};

static void print_escaped(const char *text)
{
	char escaped[TEXT_MAX];

	fputs(af_escape(text, strlen(text), escaped, sizeof(escaped)), stdout);
}

static void print_coloured(const char *colour, const char *text)
{
	bool coloured = af_text_is_coloured();

	printf("%s%s%s", coloured ? colour : "", text, coloured ? "\033[0m" : "");
}

static void print_key(const char *key)
{
	printf("    %-8s ", key);
}

static void print_pair(const char *key, const char *value)
{
	if (*value == '\0')
		return;
	print_key(key);
	print_escaped(value);
	putchar('\n');
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- entries ---- */

/* TEXT with DOMAIN, where it stands as a whole name or ends one, as DOMAIN; freed by the caller. */
static char *without_domain(const char *text, const char *domain)
{
	size_t len = strlen(domain);
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);

	if (stream == NULL)
		return af_format("%s", text);
	for (const char *p = text; *p != '\0';) {
		bool starts = p == text || p[-1] == '.' || !af_domain_byte(p[-1]);

		if (len > 0 && starts && strncmp(p, domain, len) == 0 && !af_domain_byte(p[len])) {
			fputs("DOMAIN", stream);
			p += len;
		} else {
			fputc(*p++, stream);
		}
	}
	fclose(stream);
	return out;
}

static char *make_key(const struct row *row)
{
	const struct af_probe_check *check = row->check;
	char *hosts, *key;

	/* The name server that is down is one reason, by whatever mechanism it was asked. */
	if (check->result == AFENCE_PROBE_INCONCLUSIVE)
		return af_format("%d %s", check->role, row->detail);
	hosts = af_format("%s", "");
	for (size_t i = 0; i < check->hosts.count; i++) {
		char *longer = af_format("%s %s", hosts, check->hosts.name[i]);

		free(hosts);
		hosts = longer;
	}
	key = af_format("%d %d %d %s\n%s\n%s", check->level, check->change, check->role,
		check->name, hosts, row->detail);
	free(hosts);
	return key;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	int order = strcmp(left->key, right->key);

	if (order != 0)
		return order;
	return left->check < right->check ? -1 : left->check > right->check;
}

/* The checks that ended as RESULT, equal ones together, findings by level. */
static struct row *make_rows(
	const struct af_probe_run *run, enum af_probe_result result, size_t *count)
{
	struct row *row = af_new(run->count, sizeof(*row));

	*count = 0;
	for (size_t i = 0; i < run->count; i++) {
		const struct af_probe_check *check = &run->check[i];

		if (check->role == AFENCE_ROLE_POSITIVE || check->result != result)
			continue;
		row[*count].check = check;
		row[*count].detail = without_domain(check->detail, check->domain);
		row[*count].key = make_key(&row[*count]);
		(*count)++;
	}
	if (*count > 0)
		qsort(row, *count, sizeof(*row), compare_rows);
	return row;
}

static void free_rows(struct row *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(row[i].detail);
		free(row[i].key);
	}
	free(row);
}

typedef void print_entry(const struct af_probe_run *run, const struct row *row, size_t count);

/* Calls PRINT for each run of equal rows. */
static void print_rows(
	const struct af_probe_run *run, enum af_probe_result result, print_entry *print)
{
	size_t count, equal;
	struct row *row = make_rows(run, result, &count);

	for (size_t i = 0; i < count; i += equal) {
		for (equal = 1; i + equal < count; equal++)
			if (strcmp(row[i].key, row[i + equal].key) != 0)
				break;
		print(run, &row[i], equal);
	}
	free_rows(row, count);
}

static void print_more(size_t count)
{
	if (count > NAMES_SHOWN)
		printf(" and %zu more", count - NAMES_SHOWN);
	putchar('\n');
}

static void print_domains(const struct row *row, size_t count)
{
	print_key(count == 1 ? "domain" : "domains");
	for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		print_escaped(row[i].check->domain);
	}
	print_more(count);
}

static void print_hosts(const struct af_names *hosts)
{
	if (hosts->count == 0)
		return;
	print_key("names");
	for (size_t i = 0; i < hosts->count && i < NAMES_SHOWN; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		print_escaped(hosts->name[i]);
	}
	print_more(hosts->count);
}

/* Mechanism and domain, or how many of them. */
static void print_title(const struct row *row, size_t count)
{
	printf("  %s  ", row->check->name);
	if (count == 1)
		print_escaped(row->check->domain);
	else
		printf("%zu domains", count);
}

static void print_finding(const struct af_probe_run *run, const struct row *row, size_t count)
{
	const struct af_probe_check *check = row->check;
	bool service = check->mechanism->service != AFENCE_SERVICE_DNS;
	bool is_for_all = check->role == AFENCE_ROLE_NEGATIVE && check->level != AFENCE_LEVEL_F3;

	print_coloured(check->level == AFENCE_LEVEL_F1 ? COLOUR_BAD : COLOUR_DOUBT,
		af_probe_level_string(check->level));
	print_title(row, count);
	if (run->compared)
		fputs(check->change == AFENCE_CHANGE_NEW ? "  new" : "  known", stdout);
	putchar('\n');
	print_pair("asked", check->question);
	if (count > 1)
		print_domains(row, count);
	print_hosts(&check->hosts);
	print_pair("answer", count == 1 ? check->detail : row->detail);
	print_pair("means", is_for_all ? "the label is random: the service answers for names that "
					 "nobody has"
				       : meaning[check->level]);
	print_pair("to do", remedy[service][check->level]);
	putchar('\n');
}

static void print_mechanisms(const struct row *row, size_t count)
{
	struct af_names names = {0};

	for (size_t i = 0; i < count; i++)
		if (!af_names_have(&names, row[i].check->name))
			af_names_add(&names, af_format("%s", row[i].check->name));
	for (size_t i = 0; i < names.count && i < NAMES_SHOWN; i++)
		printf("%s%s", i > 0 ? ", " : "", names.name[i]);
	if (names.count > NAMES_SHOWN)
		printf(" and %zu more", names.count - NAMES_SHOWN);
	af_names_free(&names);
}

static void print_doubt(const struct af_probe_run *run, const struct row *row, size_t count)
{
	size_t domains = 1;

	(void)run;
	for (size_t i = 1; i < count; i++)
		domains += strcmp(row[i].check->domain, row[i - 1].check->domain) != 0;
	print_coloured(COLOUR_DOUBT, "?   ");
	print_mechanisms(row, count);
	fputs("  ", stdout);
	if (domains == 1)
		print_escaped(row->check->domain);
	else
		printf("%zu domains", domains);
	fputs(": ", stdout);
	print_escaped(domains == 1 ? row->check->detail : row->detail);
	putchar('\n');
}

/* ---- controls ---- */

/* Those that failed, and which services have none left. */
static void print_controls(const struct af_probe_run *run)
{
	bool asked[AFENCE_PROBE_SERVICES] = {false}, answers[AFENCE_PROBE_SERVICES] = {false};
	bool deaf = false;

	for (size_t i = 0; i < run->count; i++) {
		const struct af_probe_check *check = &run->check[i];
		enum af_probe_service service = check->mechanism->service;

		if (check->role != AFENCE_ROLE_POSITIVE)
			continue;
		asked[service] = true;
		answers[service] |= check->answered;
		if (check->answered)
			continue;
		print_coloured(COLOUR_DOUBT, "?   ");
		printf("control of %s  ", af_probe_service_string(service));
		print_escaped(check->domain);
		fputs(": ", stdout);
		print_escaped(check->detail);
		putchar('\n');
	}
	for (int i = 0; i < AFENCE_PROBE_SERVICES; i++)
		if (asked[i] && !answers[i]) {
			printf("%s%s", deaf ? ", " : "No control was answered by ",
				af_probe_service_string((enum af_probe_service)i));
			deaf = true;
		}
	if (deaf)
		puts(": without one, nothing there counts as clean.");
}

/* ---- sums ---- */

/* Checks stand by domain. */
static size_t count_domains(const struct af_probe_run *run)
{
	const char *last = NULL;
	size_t count = 0;

	for (size_t i = 0; i < run->count; i++) {
		const struct af_probe_check *check = &run->check[i];

		if (check->role != AFENCE_ROLE_SUBJECT)
			continue;
		count += last == NULL || strcmp(last, check->domain) != 0;
		last = check->domain;
	}
	return count;
}

static size_t count_findings(
	const struct af_probe_run *run, enum af_probe_level level, enum af_probe_change change)
{
	size_t count = 0;

	for (size_t i = 0; i < run->count; i++) {
		const struct af_probe_check *check = &run->check[i];

		count += check->role != AFENCE_ROLE_POSITIVE &&
			 check->result == AFENCE_PROBE_FINDING &&
			 (level == AFENCE_LEVEL_NONE || check->level == level) &&
			 (change == AFENCE_CHANGE_NONE || check->change == change);
	}
	return count;
}

/* "(F1)", or "(2 F1, 1 F3)" where there are several levels. */
static void print_levels(const struct af_probe_run *run, size_t findings)
{
	const char *comma = " (";

	for (int i = AFENCE_LEVEL_F1; i < LEVELS && findings > 0; i++) {
		enum af_probe_level level = (enum af_probe_level)i;
		size_t count = count_findings(run, level, AFENCE_CHANGE_NONE);

		if (count == 0)
			continue;
		fputs(comma, stdout);
		if (count != findings)
			printf("%zu ", count);
		fputs(af_probe_level_string(level), stdout);
		comma = ", ";
	}
	fputs(findings > 0 ? ")" : "", stdout);
}

static void print_sums(const struct af_probe_run *run)
{
	size_t honest = af_probe_count(run, AFENCE_PROBE_HONEST);
	size_t findings = af_probe_count(run, AFENCE_PROBE_FINDING);
	size_t inconclusive = af_probe_count(run, AFENCE_PROBE_INCONCLUSIVE);
	size_t checks = honest + findings + inconclusive, domains = count_domains(run);
	bool coloured = af_text_is_coloured();

	printf("%zu check%s of %zu domain%s in %u.%u s: ", checks, plural(checks), domains,
		plural(domains), run->ms / 1000, run->ms % 1000 / 100);
	if (coloured)
		fputs(findings > 0                         ? COLOUR_BAD
			: inconclusive + run->left_out > 0 ? COLOUR_DOUBT
							   : COLOUR_GOOD,
			stdout);
	printf("%zu honest, %zu finding%s", honest, findings, plural(findings));
	print_levels(run, findings);
	printf(", %zu inconclusive%s", inconclusive, coloured ? "\033[0m" : "");
	if (run->left_out > 0)
		printf("; %zu domain%s not asked about", run->left_out, plural(run->left_out));
	if (run->compared)
		printf("; since the last run %zu new, %zu gone",
			count_findings(run, AFENCE_LEVEL_NONE, AFENCE_CHANGE_NEW), run->gone.count);
	putchar('\n');
}

static void print_gone(const struct af_probe_run *run)
{
	for (size_t i = 0; run->compared && i < run->gone.count; i++) {
		fputs("gone  ", stdout);
		print_escaped(run->gone.name[i]);
		putchar('\n');
	}
}

bool af_probe_print_text(const struct af_probe_run *run)
{
	print_rows(run, AFENCE_PROBE_FINDING, print_finding);
	print_rows(run, AFENCE_PROBE_INCONCLUSIVE, print_doubt);
	print_controls(run);
	print_gone(run);
	print_sums(run);
	return fflush(stdout) == 0 && !ferror(stdout);
}
