/* SPDX-License-Identifier: MIT */
/*
 * The one question: may a credential of these identities go to this target?
 *
 * R1   an identity without a domain, or with an ordinary one, is allowed: no DNS, no file;
 * R2   a reserved identity may go to a local or internal target only;
 * R3   special-use names are reserved only where policy says so;
 * R4   all identities of a request are judged, the worst verdict wins;
 * R5   a malformed identity counts as reserved if a reserved name stands in it;
 * R6   evidence about the target: peer, name, policy rows (common/af_target.c);
 * R9   the policy may be the built-in one and is never NULL;
 * R10  a decision waits at most the resolve budget, and only to resolve;
 * R7   a live exception that matches identity, target, port and service lifts R2 and R8;
 * R8   a protected identity may go only to targets that every matching protect lists;
 * R11  no password is asked for, read or passed in here;
 * R12  mode off, then exceptions, then protect and reserve; observe changes the verdict's name,
 *      and so does a rule on trial, which is asked only where nothing else refuses.
 *
 * Nothing is allocated.  Thread safe as far as the callbacks of the request are.
 */
#ifndef AF_DECIDE_H
#define AF_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "af_address.h"
#include "af_identity.h"
#include "af_policy.h"
#include "af_resolver.h"

enum af_stack { AFENCE_STACK_SASL, AFENCE_STACK_PAM, AFENCE_STACK_PRELOAD };
enum af_verdict { AFENCE_ALLOW, AFENCE_OBSERVE, AFENCE_BLOCK };

enum af_reason {
	AFENCE_REASON_NO_DOMAIN,
	AFENCE_REASON_ORDINARY_IDENTITY,
	AFENCE_REASON_MALFORMED_IDENTITY,
	AFENCE_REASON_TARGET_LOCAL,
	AFENCE_REASON_TARGET_INTERNAL,
	AFENCE_REASON_TARGET_UNKNOWN,
	AFENCE_REASON_NO_FORWARDER,
	AFENCE_REASON_EXCEPTION,
	AFENCE_REASON_TARGET_PROTECTED,
	AFENCE_REASON_RESERVED_EXTERNAL,
	AFENCE_REASON_RESERVED_UNKNOWN,
	AFENCE_REASON_PROTECTED_OTHER,
	AFENCE_REASON_MODE_OFF,
	AFENCE_REASONS
};

const char *af_stack_string(enum af_stack stack);       /* "sasl", "pam", "preload" */
const char *af_verdict_string(enum af_verdict verdict); /* "allow", "observe", "block" */
const char *af_reason_string(enum af_reason reason);    /* the stable strings of the manual */
const char *af_mode_string(enum af_mode mode);          /* "enforce", "observe", "off" */

/*
 * The name under which decisions and policies know SERVICE: lower case, aliases folded (pop3 is
 * pop).  Kept in TEXT or constant; NULL for NULL and "".  A name too long to be one is cut: it
 * matches nothing.
 */
const char *af_service_canonical(const char *service, char text[AFENCE_SERVICE_MAX + 1]);

/* The far end of a connection of the process. */
struct af_peer {
	struct af_address address;
	uint16_t port; /* host order, 0: unknown */
	bool own;      /* the address is the connection's own: the host talks to itself */
};

#define AFENCE_PEERS_MAX 256 /* candidates looked at; more of them make the target unknown */

struct af_login {
	const char *text; /* any bytes, not NUL terminated */
	size_t len;
	enum af_form form;
};

#define AFENCE_LOGINS_MAX 4

/* All pointers are borrowed for the call. */
struct af_request {
	enum af_stack stack;
	const char *service; /* as the host says it, in any case; NULL: not said */
	struct af_login login[AFENCE_LOGINS_MAX];
	size_t login_count;
	const char *host;    /* name or literal that the client was given; NULL: none */
	uint16_t port;       /* 0: unknown */
	bool has_peer;       /* the host handed the peer over */
	struct af_peer peer; /* set only then */
	/*
	 * Where no peer was handed over: writes up to ROOM connected sockets' peers to OUT and
	 * returns how many there are.  Called only for a reserved or protected identity, at most
	 * once, and once more if nothing was refused and a generation is on trial.  NULL: there
	 * is no such evidence.
	 */
	size_t (*find_peers)(void *context, struct af_peer *out, size_t room);
	void *find_peers_context;
	struct af_resolver *resolver; /* NULL: names are not resolved */
	bool no_forwarder;            /* PAM: nothing sends the password out */
	const char *module;           /* PAM: file of the module that would, or NULL */
	const char *why;              /* why the host is not known, or NULL; both to be reported */
	/* Words of the host's own configuration, which replace the policy's (R12). */
	bool has_mode, has_unknown;
	enum af_mode mode;  /* set only if has_mode */
	bool unknown_allow; /* set only if has_unknown */
	time_t now;         /* the day that is asked for, taken as it is; 0: af_policy_now() */
};

struct af_target {
	enum af_target_class class;
	bool has_name; /* name is canonical; else the host was empty, a literal or malformed */
	struct af_domain name;
	uint16_t port;       /* the request's, else that of the peer that decided; 0: unknown */
	struct af_rule rule; /* the policy row that named it; name NULL: none */
	bool resolved;       /* the name was looked up and resolution is filled */
	struct af_resolution resolution;
	bool has_address; /* address is the first one of the class that decided */
	struct af_address address;
	size_t peer_count; /* peers handed over or found */
	size_t fit_count;  /* of those, how many belong to the name, as far as that was asked */
	size_t fit_index;  /* the first of them, as find_peers() wrote it */
};

/* Not to be copied: `service` may point into it. */
struct af_decision {
	enum af_verdict verdict;
	enum af_reason reason;
	enum af_mode mode;
	const struct af_policy *policy;
	const char *service; /* canonical, or NULL */
	char service_text[AFENCE_SERVICE_MAX + 1];
	size_t login;               /* the login that decided, index into the request */
	bool malformed;             /* that login is malformed */
	struct af_domain domain;    /* its domain; len 0: none */
	struct af_domain_fact fact; /* what policy knows of it */
	struct af_rule rule;        /* what decided; name NULL: no rule (R1) */
	struct af_target target;
};

/*
 * Decides REQUEST under POLICY (never NULL, borrowed as long as *out is used).  There is always
 * a decision.  For an identity that is neither reserved nor protected, the target is not looked
 * at: its class is unknown, and only af_target_glance() says more.
 */
void af_decide(
	const struct af_policy *policy, const struct af_request *request, struct af_decision *out);

/* Fills *out with what can be told of the target without DNS and without looking at the process's
 * connections: for explanations. */
void af_target_glance(
	const struct af_policy *policy, const struct af_request *request, struct af_target *out);

#endif
