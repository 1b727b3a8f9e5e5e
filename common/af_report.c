/* SPDX-License-Identifier: MIT */
/*
 * A decision as words.  Identity, host and service come from outside and may hold anything, so
 * every value is escaped on its way into a line, and a value that does not fit is cut, never the
 * keys after it.
 */
#include "af_report.h"

#include <stdio.h>
#include <string.h>

#include "af_utf8.h"

#define VALUE_MAX 256 /* bytes of one escaped value of a log line: seven of them always fit */
#define SHORT_MAX 128 /* the same in the sentence; at least AFENCE_ADDRESS_TEXT_MAX */

/* A text under construction; what does not fit is left out whole. */
struct text {
	char *bytes;
	size_t len;
	size_t room;
};

static void append(struct text *text, const char *bytes, size_t len)
{
	if (text->len + len >= text->room)
		return;
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
	text->bytes[text->len] = '\0';
}

static void append_string(struct text *text, const char *string)
{
	append(text, string, strlen(string));
}

/* One character of the input in its escaped form; returns the bytes of input it took. */
static size_t escape_one(const char *bytes, size_t len, char out[8], size_t *out_len)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char byte = (unsigned char)bytes[0];
	size_t sequence = af_utf8_printable(bytes, len);

	if (byte == '"' || byte == '\\') {
		out[0] = '\\';
		out[1] = bytes[0];
		*out_len = 2;
		return 1;
	}
	if (sequence > 0) {
		memcpy(out, bytes, sequence);
		*out_len = sequence;
		return sequence;
	}
	memcpy(out, "\\x", 2);
	out[2] = hex[byte >> 4];
	out[3] = hex[byte & 15];
	*out_len = 4;
	return 1;
}

char *af_escape(const char *text, size_t len, char *out, size_t room)
{
	size_t used = 0,
	       mark = 0; /* mark: the last whole character with room for "..." behind it */
	char one[8];
	size_t one_len;

	for (size_t i = 0; i < len; used += one_len) {
		i += escape_one(text + i, len - i, one, &one_len);
		if (used + one_len >= room) {
			memcpy(out + mark, "...", 3);
			used = mark + 3;
			break;
		}
		memcpy(out + used, one, one_len);
		if (used + one_len + 3 < room)
			mark = used + one_len;
	}
	out[used] = '\0';
	return out;
}

static bool needs_quotes(const char *escaped)
{
	return *escaped == '\0' || strpbrk(escaped, " =\"\\") != NULL;
}

static void append_pair(struct text *text, const char *key, const char *value, size_t len)
{
	char escaped[VALUE_MAX];
	bool quoted;

	af_escape(value, len, escaped, sizeof(escaped));
	quoted = needs_quotes(escaped);
	if (text->len > 0)
		append_string(text, " ");
	append_string(text, key);
	append_string(text, quoted ? "=\"" : "=");
	append_string(text, escaped);
	if (quoted)
		append_string(text, "\"");
}

static void append_word(struct text *text, const char *key, const char *value)
{
	if (value != NULL)
		append_pair(text, key, value, strlen(value));
}

static void append_number(struct text *text, const char *key, unsigned long long value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", value);
	append_word(text, key, digits);
}

static void append_identity(
	struct text *text, const struct af_request *request, const struct af_decision *decision)
{
	const struct af_login *login = &request->login[decision->login];
	const char *class = af_name_class_string(
		decision->fact.known != NULL ? decision->fact.known->class : AFENCE_NAME_NONE);
	struct af_settings settings;

	af_policy_settings(decision->policy, decision->service, request->now, &settings);
	if (settings.log_identity == AFENCE_LOG_FULL && request->login_count > 0)
		append_pair(text, "identity", login->text, login->len);
	if (settings.log_identity != AFENCE_LOG_NONE && decision->domain.len > 0)
		append_word(text, "domain", decision->domain.name);
	if (decision->domain.len > 0)
		append_word(text, "class", class);
	if (decision->malformed)
		append_word(text, "malformed", "yes");
}

static void append_target(
	struct text *text, const struct af_request *request, const struct af_decision *decision)
{
	char address[AFENCE_ADDRESS_TEXT_MAX];

	append_word(text, "module", request->module);
	append_word(text, "target", request->host);
	if (decision->target.port != 0)
		append_number(text, "port", decision->target.port);
	if (decision->target.has_address)
		append_word(text, "address", af_address_format(&decision->target.address, address));
}

bool af_report_is_trial(const struct af_decision *decision)
{
	return decision->verdict == AFENCE_OBSERVE && decision->mode == AFENCE_MODE_ENFORCE;
}

char *af_report_line(const struct af_request *request, const struct af_decision *decision, int cut,
	unsigned suppressed, char line[AFENCE_LINE_MAX])
{
	struct text text = {line, 0, AFENCE_LINE_MAX};

	line[0] = '\0';
	append_word(&text, "verdict", af_verdict_string(decision->verdict));
	append_word(&text, "reason", af_reason_string(decision->reason));
	append_word(&text, "stack", af_stack_string(request->stack));
	append_word(&text, "service", decision->service);
	append_identity(&text, request, decision);
	append_target(&text, request, decision);
	append_word(&text, "why", request->why);
	append_word(&text, "rule", decision->rule.name);
	if (af_report_is_trial(decision))
		append_word(&text, "trial", "yes");
	append_number(&text, "generation", af_policy_generation(decision->policy));
	if (cut >= 0)
		append_word(&text, "cut", cut > 0 ? "yes" : "no");
	if (suppressed > 0)
		append_number(&text, "suppressed", suppressed);
	return line;
}

/* Hosts write the sentence to their own logs, so it says no more than the log line may. */
static void name_identity(
	const struct af_request *request, const struct af_decision *decision, char name[SHORT_MAX])
{
	const struct af_login *login = &request->login[decision->login];
	struct af_settings settings;

	af_policy_settings(decision->policy, decision->service, request->now, &settings);
	if (settings.log_identity == AFENCE_LOG_FULL)
		af_escape(login->text, login->len, name, SHORT_MAX);
	else if (settings.log_identity == AFENCE_LOG_DOMAIN)
		af_escape(decision->domain.name, decision->domain.len, name, SHORT_MAX);
	else
		strcpy(name, "this identity");
}

static void name_target(
	const struct af_request *request, const struct af_decision *decision, char name[SHORT_MAX])
{
	char module[SHORT_MAX / 2];

	if (request->host != NULL && *request->host != '\0')
		af_escape(request->host, strlen(request->host), name, SHORT_MAX);
	else if (decision->target.has_address)
		af_address_format(&decision->target.address, name);
	else if (request->module != NULL)
		snprintf(name, SHORT_MAX, "a server of %s",
			af_escape(
				request->module, strlen(request->module), module, sizeof(module)));
	else
		strcpy(name, "a server without a name");
}

/* Why, with the rule between the two halves. */
static const struct {
	const char *before, *after;
} because[AFENCE_REASONS] = {
	[AFENCE_REASON_RESERVED_EXTERNAL] = {"its domain is reserved, so no such account can exist",
		"that server is external"},
	[AFENCE_REASON_RESERVED_UNKNOWN] = {"its domain is reserved, so no such account can exist",
		"that server is not known to be internal"},
	[AFENCE_REASON_PROTECTED_OTHER] = {"its domain is protected",
		"that server is not on its list"},
};

/* R10: a name that may not be resolved can still be said to be internal, and servers that could not be
 * told can be named.  No such row speaks for a
 * server that a protect does not list. */
static void add_remedy(const struct af_request *request, const struct af_decision *decision,
	char text[AFENCE_SENTENCE_MAX])
{
	const struct af_target *target = &decision->target;
	size_t len = strlen(text);
	char module[SHORT_MAX];

	if (decision->reason != AFENCE_REASON_RESERVED_UNKNOWN || request->resolver != NULL)
		return;
	if (target->has_name)
		snprintf(text + len, AFENCE_SENTENCE_MAX - len,
			"; the policy row internal \"%s\"; would settle it", target->name.name);
	else if (request->module != NULL && request->host == NULL)
		snprintf(text + len, AFENCE_SENTENCE_MAX - len,
			"; the policy row pam-module \"%s\" target \"NAME\"; would settle it",
			af_escape(
				request->module, strlen(request->module), module, sizeof(module)));
}

char *af_report_sentence(const struct af_request *request, const struct af_decision *decision,
	char text[AFENCE_SENTENCE_MAX])
{
	char identity[SHORT_MAX], target[SHORT_MAX], rule[SHORT_MAX];
	const char *name = decision->rule.name != NULL ? decision->rule.name : "";

	name_identity(request, decision, identity);
	name_target(request, decision, target);
	snprintf(text, AFENCE_SENTENCE_MAX,
		"authfence: the password of %s was not sent to %s: %s (rule %s), and %s", identity,
		target, because[decision->reason].before,
		af_escape(name, strlen(name), rule, sizeof(rule)), because[decision->reason].after);
	add_remedy(request, decision, text);
	return text;
}
