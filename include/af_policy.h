/* SPDX-License-Identifier: MIT */
/*
 * The policy in force: the built-in registry, and a compiled image over it if there is one.
 *
 * P1  A file counts only if it is regular, no symlink, owned by root (or, where the caller says
 *     so, by the process's own user), not writable by group or others, and a whole valid image.
 *     In a user namespace root's files show the overflow uid: accepted if neither the file nor
 *     its folders can be written.
 * P2  Up to 1 MiB is read into private memory, so that a file overwritten in place can not kill
 *     the host by SIGBUS; above that it is mapped and may be replaced by rename() only.
 * P3  A process that holds a valid policy keeps it whatever happens to the file, and never goes
 *     to a lower generation.
 * P4  A new generation is in force in every process within a second of its activation: while
 *     decisions are made the file is looked at once a second, with one stat().
 *
 * Policies are immutable once loaded; look-ups take no lock and are thread safe.
 */
#ifndef AF_POLICY_H
#define AF_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "af_address.h"
#include "af_domain.h"
#include "af_image.h"
#include "af_registry.h"
#include "af_status.h"

#define AFENCE_POLICY_PATH "/etc/authfence/policy.bin"

struct af_policy; /* opaque */

/* Why a verdict fell; strings are borrowed from the policy or constant. */
struct af_rule {
	const char *name; /* "builtin:documentation", "reserve:dev.acme.internal" */
	const char *file; /* NULL for a built-in rule */
	uint32_t line;    /* 0 for a built-in rule */
};

struct af_settings {
	enum af_mode mode;
	enum af_on_block on_block;
	enum af_log_identity log_identity;
	bool unknown_allow;
	bool resolve;
	unsigned within_ms;
	bool has_server;
	struct af_address server;
	uint16_t server_port;
};

/* The built-in policy; lives for ever. */
const struct af_policy *af_policy_builtin(void);

/*
 * Loads the image at PATH (absolute) and nothing else.  OWN_USER: a file of the process's
 * effective user is acceptable too.  On success *out is the caller's, freed with
 * af_policy_free(); else it is NULL: AFENCE_ERR_ABSENT, _UNTRUSTED, _DAMAGED, _NEWER, _LIMIT (over
 * AFENCE_IMAGE_MAX), _SYSTEM, _MEMORY.
 */
enum af_status af_policy_load(const char *path, bool own_user, struct af_policy **out);

/*
 * The same from LENGTH bytes at BYTES (aligned to 8), which are borrowed for the life of *out; SOURCE
 * says where they are from and is copied.  AFENCE_ERR_DAMAGED, _NEWER, _MEMORY.
 */
enum af_status af_policy_borrow(
	const char *source, const uint8_t *bytes, size_t length, struct af_policy **out);

/* Frees a policy of af_policy_load() or _borrow(); NULL and the built-in one are left alone. */
void af_policy_free(const struct af_policy *policy);

/* What was met on the way to a policy: status of the file and of its ".prev". */
struct af_policy_trouble {
	enum af_status file;
	enum af_status previous; /* AFENCE_OK where it was not needed */
};

/*
 * The policy at PATH, else the one at PATH ".prev", else the built-in one.  Never NULL; the
 * caller frees it with af_policy_free().  AFENCE_ERR_ABSENT of the file is no fault unless somebody
 * named it.
 */
const struct af_policy *af_policy_open(
	const char *path, bool own_user, struct af_policy_trouble *trouble);

/* A policy in use. */
struct af_hold {
	const struct af_policy *policy; /* never NULL */
	void *place; /* where it is kept; the holder's business is only the above */
};

/*
 * The policy in force at PATH, for the time of one decision and its report.  The first call for a
 * PATH (with the same OWN_USER, and where that is true the same effective user) opens it as
 * af_policy_open() does; a later one, a second or more after the last look, looks whether the file
 * has changed and takes over a valid image of no lower generation (P3, P4).  *trouble says what
 * this call met, and stays AFENCE_OK in calls that did not look: a change for the worse is met
 * once.  AFENCE_ERR_LOWER: a whole image of a lower generation.  AFENCE_ERR_ABSENT is no fault of a
 * process that has no policy file, nor of one that has changed its root folder meanwhile.
 *
 * Takes no lock and waits for nobody; thread safe.  A child after fork() goes on with what its
 * parent had.  errno is left alone.  A child that was forked while other threads held a policy
 * never frees that one.
 */
void af_policy_acquire(
	const char *path, bool own_user, struct af_hold *out, struct af_policy_trouble *trouble);

/* Ends the use; af_hold and everything borrowed from the policy are void. */
void af_policy_release(struct af_hold *hold);

/*
 * What is to be logged of TROUBLE met at PATH with POLICY in force as a consequence: one line, or
 * "" if there is nothing to say.  NAMED: somebody named the file, so its absence is a fault.
 */
#define AFENCE_TROUBLE_MAX 1024
char *af_policy_describe_trouble(const char *path, const struct af_policy_trouble *trouble,
	bool named, const struct af_policy *policy, char text[AFENCE_TROUBLE_MAX]);

/*
 * The view of POLICY in which rules that only observe count too, and the ones that they replace
 * do not; NULL if there are none.  Lives as long as POLICY, which does not count the former.
 */
const struct af_policy *af_policy_trial(const struct af_policy *policy);

/* "builtin", or the path it was loaded from. */
const char *af_policy_source(const struct af_policy *policy);
uint64_t af_policy_generation(const struct af_policy *policy); /* 0: built in */
int64_t af_policy_created(const struct af_policy *policy);     /* 0: built in */

/* The verified image, or NULL: built in. */
const struct af_image *af_policy_image(const struct af_policy *policy);

/* The settings that hold for the canonical SERVICE (NULL: none named) at NOW, seconds since 1970;
 * 0: by the clock, which is only read where it matters. */
void af_policy_settings(
	const struct af_policy *policy, const char *service, time_t now, struct af_settings *out);

/* The name server that SETTINGS ask for. */
struct af_resolver_config;
void af_policy_name_server(const struct af_settings *settings, struct af_resolver_config *out);

/* The later of the clock and the creation of the policy: a clock that runs behind revives no
 * exception. */
time_t af_policy_now(const struct af_policy *policy);

/* What the policy knows of an identity's domain. */
struct af_domain_fact {
	bool reserved;                       /* R2 applies */
	bool protected;                      /* a protect speaks of this domain: R8 may apply */
	const struct af_registry_row *known; /* longest registry row, or NULL */
	struct af_rule rule;                 /* why reserved; set only then */
};

/* One walk over the suffixes of DOMAIN; a `reserve` of the policy and the registry are asked
 * together, a `reserve` names the rule where both match. */
void af_policy_judge_domain(
	const struct af_policy *policy, const struct af_domain *domain, struct af_domain_fact *out);

/* Which clauses speak of an identity; starts zeroed but for the identity. */
struct af_clause_walk {
	const struct af_domain *domain;
	const char *local; /* NULL: not known */
	size_t local_len;
	struct af_suffix suffix;
	const struct af_image_member *member;
};

/*
 * The next clause of KIND of which an identity pattern matches, whatever else it asks for; NULL at
 * the end.  A clause comes up once for each of its patterns that match.
 *
 * Local parts are compared byte for byte in an exception, where one that is not known matches
 * nothing, not even "*": its identities are addresses, so that no DN slips through.  In a protect
 * they are compared without case, quotes, "+detail" and "/instance", and one that is not known
 * (DN, realm) matches everything.
 */
const struct af_image_clause *af_policy_next_clause(
	const struct af_policy *policy, enum af_clause_kind kind, struct af_clause_walk *walk);

/* The rule that a clause is. */
struct af_rule af_policy_clause_rule(
	const struct af_policy *policy, const struct af_image_clause *clause);

/* What an `internal` or `external` row says. */
enum af_row { AFENCE_ROW_NONE, AFENCE_ROW_INTERNAL, AFENCE_ROW_EXTERNAL };

/* The most specific name row for a target (longest name; same length: external).  *rule is set
 * unless NONE. */
enum af_row af_policy_name_row(
	const struct af_policy *policy, const struct af_domain *name, struct af_rule *rule);

/* The most specific network row (longest prefix; same length: external). */
enum af_row af_policy_address_row(
	const struct af_policy *policy, const struct af_address *address, struct af_rule *rule);

/* The class of an address: network rows first, those on an IPv4 address that it embeds next, then
 * the built-in table (R6).  *row says which of
 * the two it was; *rule is set unless NONE; *block as af_address_class(). */
enum af_target_class af_policy_address_class(const struct af_policy *policy,
	const struct af_address *address, enum af_row *row, struct af_rule *rule,
	const struct af_address_block **block);

#endif
