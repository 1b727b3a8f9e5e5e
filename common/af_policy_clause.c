/* SPDX-License-Identifier: MIT */
/*
 * Which exceptions and protects speak of an identity.
 *
 * C1  An exception opens a way, so what it names must be the same byte for byte; a protect closes
 *     one, so every spelling that a server may take for the same account is protected.
 */
#include "af_policy_parts.h"

#include <string.h>

/* A local part on the way through its bytes. */
struct local {
	const char *p;
	const char *end;
	bool quoted;
};

/* Past the comment that starts here, with all comments in it (RFC 5322 s3.2.2). */
static void skip_comment(struct local *s)
{
	size_t depth = 0;

	do {
		depth += *s->p == '(';
		depth -= *s->p == ')';
		s->p += *s->p == '\\' && s->p + 1 < s->end ? 2 : 1;
	} while (s->p < s->end && depth > 0);
}

/* Past what is no byte of the mailbox: quotes, and outside of them blanks and comments. */
static void skip_ornament(struct local *s)
{
	while (s->p < s->end) {
		if (*s->p == '"')
			s->quoted = !s->quoted;
		else if (s->quoted || (*s->p != ' ' && *s->p != '('))
			return;
		if (*s->p == '(')
			skip_comment(s);
		else
			s->p++;
	}
}

/* The next byte of the mailbox in lower case, or 0 at its end: RFC 5233 s4 (user+detail), RFC 4120
 * s6.2 (name/instance), RFC 5322 s3.2.1 (a backslash stands for the byte behind it). */
static char next_byte(struct local *s)
{
	char byte;

	skip_ornament(s);
	if (s->p < s->end && *s->p == '\\')
		s->p++;
	if (s->p >= s->end || *s->p == '+' || *s->p == '/')
		return '\0';
	byte = *s->p++;
	return (char)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

static bool same_mailbox(const char *pattern, const char *local, size_t len)
{
	struct local a = {pattern, pattern + strlen(pattern), false};
	struct local b = {local, local + len, false};
	char byte;

	do {
		byte = next_byte(&a);
		if (byte != next_byte(&b))
			return false;
	} while (byte != '\0');
	return true;
}

static bool same_bytes(const char *pattern, const char *local, size_t len)
{
	return strlen(pattern) == len && memcmp(pattern, local, len) == 0;
}

/* C1; PATTERN NULL: any local part. */
static bool local_matches(
	enum af_clause_kind kind, const char *pattern, const struct af_clause_walk *walk)
{
	if (walk->local == NULL)
		return kind == AFENCE_CLAUSE_PROTECT;
	if (pattern == NULL)
		return true;
	return kind == AFENCE_CLAUSE_PROTECT ? same_mailbox(pattern, walk->local, walk->local_len)
					     : same_bytes(pattern, walk->local, walk->local_len);
}

static bool member_matches(
	const struct af_policy *policy, enum af_clause_kind kind, const struct af_clause_walk *walk)
{
	const struct af_image_member *member = walk->member;
	unsigned reach =
		walk->suffix.len == walk->domain->len ? AFENCE_REACH_EXACT : AFENCE_REACH_BELOW;

	return (member->reach & reach) != 0 &&
	       af_policy_holds(policy, af_image_clause_of(&policy->image, member)->life) &&
	       local_matches(kind,
		       member->local == AFENCE_IMAGE_NONE
			       ? NULL
			       : af_image_string(&policy->image, member->local),
		       walk);
}

/* To the next pattern on a suffix of the domain, whatever it asks for. */
static bool next_member(
	const struct af_image *image, enum af_clause_kind kind, struct af_clause_walk *walk)
{
	if (walk->member != NULL)
		walk->member = af_image_next_member(image, walk->member);
	while (walk->member == NULL && af_suffix_next(walk->domain, &walk->suffix))
		walk->member = af_image_find_member(image, kind, &walk->suffix);
	return walk->member != NULL;
}

const struct af_image_clause *af_policy_next_clause(
	const struct af_policy *policy, enum af_clause_kind kind, struct af_clause_walk *walk)
{
	while (policy->has_clause[kind] && next_member(&policy->image, kind, walk))
		if (member_matches(policy, kind, walk))
			return af_image_clause_of(&policy->image, walk->member);
	return NULL;
}

struct af_rule af_policy_clause_rule(
	const struct af_policy *policy, const struct af_image_clause *clause)
{
	return (struct af_rule){
		.name = af_image_string(&policy->image, clause->name),
		.file = af_image_string(&policy->image, clause->file),
		.line = clause->line,
	};
}
