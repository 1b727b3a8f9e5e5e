/* SPDX-License-Identifier: MIT */
/*
 * Where would the credential go?  R6, R6a and R6b of af_decide.h: the evidence is the peer that
 * the host handed over, or the process's connections, and the name or literal it was given.
 */
#ifndef AF_TARGET_H
#define AF_TARGET_H

#include "af_decide.h"

/* What is known while a target is judged, and afterwards while places are asked for; the fields are
 * af_target.c's own. */
struct af_scene {
	const struct af_policy *policy;
	const struct af_request *request;
	const struct af_settings *settings;
	struct af_target *out;
	enum af_row row;      /* of the name */
	bool literal;         /* the host is an address */
	bool nameless;        /* there is no host at all */
	bool unverified;      /* T4 */
	bool too_many;        /* more peers than could be looked at */
	size_t address_count; /* addresses of the name or the literal, in out->resolution */
	size_t peer_count;    /* entries of peer */
	struct af_peer peer[AFENCE_PEERS_MAX];
};

/*
 * Fills *out with all evidence.  SERVICE is canonical or NULL.  Waits at most
 * settings->within_ms, for one look-up.  *scene borrows all of the arguments.
 */
void af_target_judge(const struct af_policy *policy, const struct af_request *request,
	const char *service, const struct af_settings *settings, struct af_scene *scene,
	struct af_target *out);

/* True if the target that SCENE was judged for lies in one of the COUNT places.  Looks its name up
 * if a place asks for that and nobody has yet. */
bool af_target_in_places(struct af_scene *scene, const struct af_image_place *place, size_t count);

/* True if the port is one of the COUNT at PORT: the request's, else that of each connection that it
 * may be. */
bool af_target_has_port(const struct af_scene *scene, const uint32_t *port, size_t count);

#endif
