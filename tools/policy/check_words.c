/* SPDX-License-Identifier: MIT */
/*
 * Checks of identities, services, names, free text, hosts and days.
 */
#include <string.h>
#include <time.h>

#include "af_decide.h"
#include "check_parts.h"

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

static const char expected_person[] = "in quotes user@domain, *@domain, *@*.domain or *@.domain";

/* Undoes \" and \\; a backslash before anything else may have been meant as itself or not. */
static bool unescape(const struct af_check *check, char out[AFENCE_PROSE_MAX + 1])
{
	size_t used = 0;

	for (size_t i = 0; i < check->len; i++) {
		if (check->quoted && check->text[i] == '\\') {
			i++;
			if (check->text[i] != '\\' && check->text[i] != '"')
				return af_check_refuse(check, "\\\\ for a backslash");
		}
		if (used == AFENCE_PROSE_MAX)
			return af_check_refuse(check, "at most %d bytes", AFENCE_PROSE_MAX);
		out[used++] = check->text[i];
	}
	out[used] = '\0';
	return true;
}

bool af_read_prose(struct af_diagnostics *diagnostics, const struct af_token *token, bool bare,
	char out[AFENCE_PROSE_MAX + 1])
{
	struct af_check check;

	out[0] = '\0';
	if (!af_check_start(&check, diagnostics, token))
		return false;
	if (!check.quoted && !bare)
		return af_check_refuse(&check, "text in quotes");
	if (strspn(check.text, " \t") >= check.len)
		return af_check_refuse(&check, "text that is not empty");
	return unescape(&check, out);
}

/* What of an address stands before the "@"; bytes under 0x20 can only be tabs. */
static bool check_local(
	const struct af_check *check, const char *local, size_t len, struct af_person *out)
{
	out->any = len == 1 && local[0] == '*';
	if (out->any)
		return true;
	if (memchr(local, '*', len) != NULL)
		return af_check_refuse(check,
			"\"*\" alone or a user without \"*\" before the \"@\": a part of a user "
			"is no pattern");
	if (len == 0 || len > AFENCE_LOCAL_MAX || memchr(local, '\t', len) != NULL)
		return af_check_refuse(check,
			"a user of 1 to %d bytes without tabs, or \"*\", before the \"@\"",
			AFENCE_LOCAL_MAX);
	memcpy(out->local, local, len);
	return true;
}

bool af_read_person(
	struct af_diagnostics *diagnostics, const struct af_token *token, struct af_person *out)
{
	char text[AFENCE_PROSE_MAX + 1];
	struct af_check check;
	const char *at;
	size_t start;

	memset(out, 0, sizeof(*out));
	out->where.kind = AFENCE_RULE_RESERVE;
	if (!af_check_start(&check, diagnostics, token) || !unescape(&check, text))
		return false;
	at = strrchr(text, '@');
	if (!check.quoted || at == NULL)
		return af_check_refuse(&check, "%s", expected_person);
	if (!check_local(&check, text, (size_t)(at - text), out))
		return false;
	check.text = text;
	check.len = strlen(text);
	start = (size_t)(at - text) + 1;
	start += af_check_mark(at + 1, check.len - start, &out->where.reach);
	return af_check_domain(&check, start, expected_person, &out->where.domain) &&
	       af_check_name_width(&check, &out->where);
}

/* Letters, digits, "-", "_" and "." without quotes. */
static bool is_name(const struct af_check *check, size_t most)
{
	return !check->quoted && check->len <= most &&
	       strspn(check->text, NAME_BYTES) >= check->len;
}

bool af_read_label(struct af_diagnostics *diagnostics, const struct af_token *token,
	char out[AFENCE_LABEL_TEXT_MAX + 1])
{
	struct af_check check;

	out[0] = '\0';
	if (!af_check_start(&check, diagnostics, token))
		return false;
	if (!is_name(&check, AFENCE_LABEL_TEXT_MAX))
		return af_check_refuse(&check,
			"a name of at most %d letters, digits, \"-\", \"_\" and \".\", without "
			"quotes",
			AFENCE_LABEL_TEXT_MAX);
	memcpy(out, check.text, check.len);
	out[check.len] = '\0';
	return true;
}

bool af_read_service(struct af_diagnostics *diagnostics, const struct af_token *token,
	char out[AFENCE_SERVICE_MAX + 1])
{
	char name[AFENCE_SERVICE_MAX + 1], text[AFENCE_SERVICE_MAX + 1];
	const char *canonical;
	struct af_check check;

	out[0] = '\0';
	if (!af_check_start(&check, diagnostics, token))
		return false;
	if (!is_name(&check, AFENCE_SERVICE_MAX))
		return af_check_refuse(&check,
			"a service such as imap: at most %d letters, digits, \"-\", \"_\" and "
			"\".\", without quotes",
			AFENCE_SERVICE_MAX);
	memcpy(name, check.text, check.len);
	name[check.len] = '\0';
	canonical = af_service_canonical(name, text);
	memcpy(out, canonical, strlen(canonical) + 1);
	return true;
}

/* "host:993" is how a client is told. */
static bool check_port(const struct af_check *check, const char *host, bool ported)
{
	const char *colon = strrchr(host, ':');
	size_t digits = colon != NULL ? strspn(colon + 1, "0123456789") : 0;

	if (colon == NULL || digits == 0 || digits > 5 || colon[1 + digits] != '\0')
		return true;
	if (!ported)
		return af_check_refuse(check, "a host without a port");
	return af_check_refuse(check, "a host without a port (write port %s behind it)", colon + 1);
}

bool af_read_host(struct af_diagnostics *diagnostics, const struct af_token *token, bool ported,
	char out[AFENCE_PROSE_MAX + 1])
{
	struct af_check check;
	struct af_address address;
	struct af_domain domain;

	out[0] = '\0';
	if (!af_check_start(&check, diagnostics, token) || !unescape(&check, out))
		return false;
	if (af_address_parse(out, strlen(out), &address))
		return true;
	if (!check_port(&check, out, ported))
		return false;
	check.text = out;
	check.len = strlen(out);
	return af_check_domain(&check, 0, "a host in quotes, or an address", &domain);
}

/* "2027-03-31" to numbers; false: another form. */
static bool split_day(const struct af_check *check, struct tm *out)
{
	static const char form[] = "dddd-dd-dd";
	const char *text = check->text;

	if (check->quoted || check->len != strlen(form))
		return false;
	for (size_t i = 0; i < check->len; i++)
		if (form[i] == '-' ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
	memset(out, 0, sizeof(*out));
	out->tm_year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 +
		       (text[3] - '0') - 1900;
	out->tm_mon = (text[5] - '0') * 10 + (text[6] - '0') - 1;
	out->tm_mday = (text[8] - '0') * 10 + (text[9] - '0');
	return true;
}

bool af_read_day(struct af_diagnostics *diagnostics, const struct af_token *token, int64_t *out)
{
	struct af_check check;
	struct tm day, normal;

	*out = 0;
	if (!af_check_start(&check, diagnostics, token))
		return false;
	if (!split_day(&check, &day))
		return af_check_refuse(
			&check, "a day as YYYY-MM-DD%s", check.quoted ? " without quotes" : "");
	normal = day;
	*out = timegm(&normal);
	if (normal.tm_year == day.tm_year && normal.tm_mon == day.tm_mon &&
		normal.tm_mday == day.tm_mday)
		return true;
	return af_check_refuse(&check, "a day of the calendar");
}
