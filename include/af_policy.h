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
 *
 * Policies are immutable once loaded; look-ups take no lock and are thread safe.
 */
#ifndef AF_POLICY_H
#define AF_POLICY_H

#include <stdbool.h>
#include <stdint.h>

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

/* Frees a policy of af_policy_load(); NULL and the built-in policy are left alone. */
void af_policy_free(const struct af_policy *policy);

/* What was met on the way to a policy: status of the file and of its ".prev". */
struct af_policy_trouble {
	enum af_status file;
	enum af_status previous; /* AFENCE_OK where it was not needed */
};

/*
 * The policy at PATH, else the one at PATH ".prev", else the built-in one: for a file that one
 * service names for itself.  Never NULL; the caller frees it with af_policy_free().
 */
const struct af_policy *af_policy_open(
	const char *path, bool own_user, struct af_policy_trouble *trouble);

/*
 * The policy in force in this process.  The first call opens PATH as af_policy_open() does (P3);
 * later calls return what is held.  Never NULL; the result lives as long as the process.  *trouble,
 * if not NULL, says what this call met; AFENCE_ERR_ABSENT of the file is no fault.
 */
const struct af_policy *af_policy_enter(
	const char *path, bool own_user, struct af_policy_trouble *trouble);

/* The policy that af_policy_enter() holds, or the built-in one. */
const struct af_policy *af_policy_current(void);

/* "builtin", or the path it was loaded from. */
const char *af_policy_source(const struct af_policy *policy);
uint64_t af_policy_generation(const struct af_policy *policy); /* 0: built in */
int64_t af_policy_created(const struct af_policy *policy);     /* 0: built in */

/* The settings that hold for SERVICE (NULL: none named). */
void af_policy_settings(
	const struct af_policy *policy, const char *service, struct af_settings *out);

/* What the policy knows of an identity's domain. */
struct af_domain_fact {
	bool reserved;                       /* R2 applies */
	const struct af_registry_row *known; /* longest registry row, or NULL */
	struct af_rule rule;                 /* why reserved; set only then */
};

/* One walk over the suffixes of DOMAIN; a `reserve` of the policy and the registry are asked
 * together, a `reserve` names the rule where both match. */
void af_policy_judge_domain(
	const struct af_policy *policy, const struct af_domain *domain, struct af_domain_fact *out);

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
