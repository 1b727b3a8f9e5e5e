/* SPDX-License-Identifier: MIT */
/*
 * What a client's guard finds out about the connection of a login (R6b), and which one may be cut.
 * Nothing is looked at before the policy core asks.  Thread safe as connection.h is.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "af_decide.h"
#include "connection.h"

/* All but the link starts zeroed. */
struct af_evidence {
	bool has_link;
	struct af_link link; /* as the host handed it over */
	bool searched;
	struct af_connections connections;
};

/* Makes REQUEST ask EVIDENCE: the link that was handed over, else the connections of the process.
 * EVIDENCE is borrowed for the life of the request. */
void af_evidence_offer(struct af_evidence *evidence, struct af_request *request);

/* False if DECISION, made without evidence, fell by the identity alone, so that evidence would
 * change nothing. */
bool af_evidence_matters(const struct af_decision *decision);

/* The connection of this login, if there is no doubt which it is: it equals the link, or exactly
 * one candidate fits, or there is exactly one candidate. */
bool af_evidence_certain(
	struct af_evidence *evidence, const struct af_target *target, ino_t *inode);

/* R10: with borrowed rights names are not resolved. */
bool af_may_resolve(void);

struct af_resolver_place; /* opaque */

/* Resolvers by the name server that policies ask for.  A policy that is taken over later may name
 * another one, but a question may be under way with the former: each stays. */
struct af_resolvers {
	_Atomic(struct af_resolver_place *) first;
};

/* The resolver that the settings of POLICY ask for; NULL, out of memory: names stay unresolved,
 * and reserved identities with them. */
struct af_resolver *af_resolvers_find(
	struct af_resolvers *resolvers, const struct af_policy *policy);

/* Frees all; no question may be under way. */
void af_resolvers_free(struct af_resolvers *resolvers);

#endif
