/* SPDX-License-Identifier: MIT */
/*
 * Evidence about a target and its weight.
 *
 * T1  A policy row that names the target decides without DNS, unless an `external` row hits the
 *     peer itself.
 * T2  Otherwise the worst of peer and name decides: a peer that is near does not outweigh a name
 *     that is far (SOCKS, tunnels), and a far peer saves the look-up.
 * T3  Where the host hands no peer over, a connection fits if its peer is an address of the name.
 *     If none fits, all of them are evidence, which can only make the class worse.
 * T4  For ldap and xmpp the name comes from the far side (PTR record, stream features): a liar
 *     must gain nothing by it.  It neither selects a connection nor matches an `internal` row or
 *     a place, unless it resolves to the peer.
 * T5  A place that is a name is a matter of names: what it resolves to is not asked (but T4).  A
 *     place that is a network must hold all that is known of where the connection goes, and so
 *     must ports: if the worst peer alone told the port, one more `external` row could open a way.
 */
#include "af_target.h"

#include <string.h>

#define IPV4_BITS 96 /* of the prefix ::ffff:0:0 */

static enum af_target_class worse(enum af_target_class a, enum af_target_class b)
{
	return a > b ? a : b;
}

/* True for PARENT itself and the names below it. */
static bool in_domain(const struct af_domain *domain, const char *parent)
{
	size_t len = strlen(parent);

	return domain->len >= len && memcmp(domain->name + domain->len - len, parent, len) == 0 &&
	       (domain->len == len || domain->name[domain->len - len - 1] == '.');
}

/* Reads the host: name, literal, or neither. */
static void read_host(struct af_scene *scene)
{
	struct af_target *out = scene->out;
	const char *host = scene->request->host;
	size_t len = host != NULL ? strlen(host) : 0;

	scene->nameless = len == 0;
	scene->literal = len > 0 && af_address_parse(host, len, &out->resolution.address[0]);
	scene->address_count = scene->literal ? 1 : 0;
	out->has_name =
		!scene->literal && len > 0 && af_domain_parse(host, len, &out->name) == AFENCE_OK;
	scene->row = AFENCE_ROW_NONE;
	if (out->has_name)
		scene->row = af_policy_name_row(scene->policy, &out->name, &out->rule);
}

static void set_scene(struct af_scene *scene, const struct af_policy *policy,
	const struct af_request *request, struct af_target *out)
{
	scene->policy = policy;
	scene->request = request;
	scene->settings = NULL;
	scene->out = out;
	scene->unverified = false;
	scene->too_many = false;
	scene->peer_count = 0;
	out->has_name = false;
	out->name.len = 0;
	out->port = request->port;
	out->rule = (struct af_rule){NULL, NULL, 0};
	out->resolved = false;
	out->has_address = false;
	out->resolution.complete = true;
	out->resolution.address_count = 0;
	out->resolution.cname_count = 0;
	out->peer_count = 0;
	out->fit_count = 0;
	out->fit_index = 0;
	read_host(scene);
}

/* What one address weighs, and which policy row says so. */
struct weight {
	enum af_target_class class;
	enum af_row row;
	struct af_rule rule;
};

static struct weight weigh(const struct af_scene *scene, const struct af_address *address, bool own)
{
	struct weight weight;

	weight.class =
		af_policy_address_class(scene->policy, address, &weight.row, &weight.rule, NULL);
	if (weight.row == AFENCE_ROW_NONE && own)
		weight.class = AFENCE_TARGET_LOCAL;
	return weight;
}

/* Adds an address to the evidence; the first one of the worst class is kept to be shown, with its
 * PORT, if it is a peer's and nobody has named another. */
static enum af_target_class add_weight(struct af_scene *scene, const struct af_address *address,
	uint16_t port, const struct weight *weight, enum af_target_class worst)
{
	struct af_target *out = scene->out;

	if (!out->has_address || weight->class > worst) {
		out->has_address = true;
		out->address = *address;
		if (scene->request->port == 0)
			out->port = port;
		if (weight->row != AFENCE_ROW_NONE && scene->row == AFENCE_ROW_NONE)
			out->rule = weight->rule;
	}
	return worse(weight->class, worst);
}

/* An address that the machine was seen to hold itself is as near as the peer that showed it. */
static bool is_own_address(const struct af_scene *scene, const struct af_address *address)
{
	for (size_t i = 0; i < scene->peer_count; i++)
		if (scene->peer[i].own && af_address_equal(&scene->peer[i].address, address))
			return true;
	return false;
}

static bool name_has_address(const struct af_scene *scene, const struct af_address *address)
{
	for (size_t i = 0; i < scene->address_count; i++)
		if (af_address_equal(&scene->out->resolution.address[i], address))
			return true;
	return false;
}

static void find_peers(struct af_scene *scene)
{
	const struct af_request *request = scene->request;
	size_t count = 0;

	if (request->has_peer) {
		scene->peer[0] = request->peer;
		count = 1;
	} else if (request->find_peers != NULL) {
		count = request->find_peers(
			request->find_peers_context, scene->peer, AFENCE_PEERS_MAX);
	}
	scene->out->peer_count = count;
	scene->too_many = count > AFENCE_PEERS_MAX;
	scene->peer_count = scene->too_many ? AFENCE_PEERS_MAX : count;
}

static bool any_peer_external(const struct af_scene *scene, bool by_row)
{
	for (size_t i = 0; i < scene->peer_count; i++) {
		struct weight weight = weigh(scene, &scene->peer[i].address, scene->peer[i].own);

		if (weight.class == AFENCE_TARGET_EXTERNAL &&
			(!by_row || weight.row == AFENCE_ROW_EXTERNAL))
			return true;
	}
	return false;
}

/* Are the addresses of the name worth a look-up? */
static bool needs_addresses(struct af_scene *scene)
{
	bool select = !scene->request->has_peer && scene->peer_count > 1;

	if (!scene->out->has_name || select)
		return scene->out->has_name;
	if (scene->row == AFENCE_ROW_INTERNAL)
		return scene->unverified ? scene->peer_count > 0 : any_peer_external(scene, true);
	if (scene->row == AFENCE_ROW_EXTERNAL || scene->unverified)
		return false;
	return !any_peer_external(scene, false);
}

static bool is_localhost(const struct af_scene *scene)
{
	return scene->out->has_name && in_domain(&scene->out->name, "localhost");
}

/* RFC 6761 s6.3: localhost names are the loopback addresses, and nobody needs to be asked. */
static void take_loopback(struct af_scene *scene)
{
	static const char *const text[] = {"127.0.0.1", "::1"};

	for (size_t i = 0; i < 2; i++)
		af_address_parse(text[i], strlen(text[i]), &scene->out->resolution.address[i]);
	scene->address_count = 2;
}

/* The one look-up of a decision. */
static void look_up(struct af_scene *scene)
{
	struct af_target *out = scene->out;
	struct af_resolver *resolver = scene->request->resolver;

	if (!out->has_name || out->resolved || is_localhost(scene) || resolver == NULL ||
		!scene->settings->resolve)
		return;
	resolver->resolve(resolver, &out->name, scene->settings->within_ms, &out->resolution);
	out->resolved = true;
	scene->address_count = out->resolution.address_count;
}

static void find_addresses(struct af_scene *scene)
{
	if (is_localhost(scene))
		take_loopback(scene);
	else if (needs_addresses(scene))
		look_up(scene);
}

/* T3; the peers that count are moved to the front. */
static void select_peers(struct af_scene *scene)
{
	size_t fits = 0;

	for (size_t i = 0; i < scene->peer_count; i++) {
		if (!name_has_address(scene, &scene->peer[i].address))
			continue;
		if (fits == 0)
			scene->out->fit_index = i;
		if (!scene->unverified)
			scene->peer[fits] = scene->peer[i];
		fits++;
	}
	scene->out->fit_count = fits;
	if (fits > 0 && !scene->unverified) {
		scene->peer_count = fits;
		scene->too_many = false;
	}
}

/* The class of the name alone. */
static enum af_target_class name_class(struct af_scene *scene)
{
	const struct af_resolution *found = &scene->out->resolution;
	enum af_target_class class = AFENCE_TARGET_LOCAL;

	if (scene->row != AFENCE_ROW_NONE)
		return scene->row == AFENCE_ROW_INTERNAL ? AFENCE_TARGET_INTERNAL
							 : AFENCE_TARGET_EXTERNAL;
	if (is_localhost(scene))
		return AFENCE_TARGET_LOCAL;
	for (size_t i = 0; i < scene->address_count; i++) {
		const struct af_address *address = &found->address[i];
		struct weight weight = weigh(scene, address, is_own_address(scene, address));

		class = add_weight(scene, address, 0, &weight, class);
	}
	return scene->address_count == 0 || !found->complete ? worse(class, AFENCE_TARGET_UNKNOWN)
							     : class;
}

/* R6: where names are not resolved, one that cannot be in the public DNS is a laboratory's. */
static enum af_target_class unresolved_class(const struct af_target *out)
{
	const struct af_registry_row *row = out->has_name ? af_registry_match(&out->name) : NULL;

	return row != NULL && !row->public_dns ? AFENCE_TARGET_INTERNAL : AFENCE_TARGET_UNKNOWN;
}

/* True where nobody may be asked for the addresses of the name. */
static bool cannot_resolve(const struct af_scene *scene)
{
	return scene->out->has_name && scene->row == AFENCE_ROW_NONE && !is_localhost(scene) &&
	       (scene->request->resolver == NULL || !scene->settings->resolve);
}

static enum af_target_class peers_class(struct af_scene *scene)
{
	enum af_target_class class = scene->too_many ? AFENCE_TARGET_UNKNOWN : AFENCE_TARGET_LOCAL;

	for (size_t i = 0; i < scene->peer_count; i++) {
		const struct af_peer *peer = &scene->peer[i];
		struct weight weight = weigh(scene, &peer->address, peer->own);

		if (scene->unverified && scene->row == AFENCE_ROW_INTERNAL &&
			weight.row != AFENCE_ROW_EXTERNAL &&
			name_has_address(scene, &peer->address))
			weight.class = AFENCE_TARGET_INTERNAL;
		class = add_weight(scene, &peer->address, peer->port, &weight, class);
	}
	return class;
}

/* T1 and T2. */
static enum af_target_class verified_class(struct af_scene *scene)
{
	enum af_target_class class;

	if (scene->row == AFENCE_ROW_INTERNAL && !any_peer_external(scene, true))
		return AFENCE_TARGET_INTERNAL;
	if (scene->peer_count == 0 && scene->nameless)
		return AFENCE_TARGET_UNKNOWN;
	class = peers_class(scene);
	if (scene->nameless || class == AFENCE_TARGET_EXTERNAL)
		return class;
	if (cannot_resolve(scene))
		return worse(class, unresolved_class(scene->out));
	return worse(class, name_class(scene));
}

/* T4; a lie must not point at a connection that is nearer than the one that decided, either. */
static enum af_target_class unverified_class(struct af_scene *scene)
{
	const struct af_peer *fit = &scene->peer[scene->out->fit_index];
	enum af_target_class class;

	if (scene->row == AFENCE_ROW_EXTERNAL)
		return AFENCE_TARGET_EXTERNAL;
	if (scene->peer_count == 0)
		return AFENCE_TARGET_UNKNOWN;
	class = peers_class(scene);
	if (weigh(scene, &fit->address, fit->own).class != class)
		scene->out->fit_count = 0;
	return class;
}

static bool name_is_unverified(const struct af_request *request, const char *service)
{
	return request->stack != AFENCE_STACK_PAM && service != NULL &&
	       (strcmp(service, "ldap") == 0 || strcmp(service, "xmpp") == 0);
}

void af_target_glance(
	const struct af_policy *policy, const struct af_request *request, struct af_target *out)
{
	struct af_scene scene;

	set_scene(&scene, policy, request, out);
	out->class = AFENCE_TARGET_UNKNOWN;
	if (request->has_peer)
		out->class = weigh(&scene, &request->peer.address, request->peer.own).class;
	else if (scene.literal || scene.row != AFENCE_ROW_NONE || is_localhost(&scene))
		out->class = name_class(&scene);
}

void af_target_judge(const struct af_policy *policy, const struct af_request *request,
	const char *service, const struct af_settings *settings, struct af_scene *scene,
	struct af_target *out)
{
	set_scene(scene, policy, request, out);
	scene->settings = settings;
	scene->unverified = name_is_unverified(request, service);
	find_peers(scene);
	find_addresses(scene);
	if (!request->has_peer)
		select_peers(scene);
	out->class = scene->unverified ? unverified_class(scene) : verified_class(scene);
}

/* T4: each connection that it may be must be one to the name. */
static bool resolves_to_peers(struct af_scene *scene)
{
	look_up(scene);
	for (size_t i = 0; i < scene->peer_count; i++)
		if (!name_has_address(scene, &scene->peer[i].address))
			return false;
	return scene->peer_count > 0 && !scene->too_many;
}

static bool in_named_place(struct af_scene *scene, const struct af_image_place *place)
{
	const struct af_domain *name = &scene->out->name;
	const char *named = af_image_string(af_policy_image(scene->policy), place->name);
	unsigned reach = strcmp(name->name, named) == 0 ? AFENCE_REACH_EXACT : AFENCE_REACH_BELOW;

	return scene->out->has_name && (place->reach & reach) != 0 && in_domain(name, named) &&
	       (!scene->unverified || resolves_to_peers(scene));
}

/* The IPv4-mapped form is ours: an IPv4 address lies in no network of IPv6. */
static bool holds(const struct af_image_place *place, const struct af_address *address)
{
	static const struct af_address ipv4 = {{[10] = 0xff, [11] = 0xff}};
	struct af_address network;

	memcpy(network.byte, place->address, sizeof(network.byte));
	return af_address_in(address, &network, place->prefix) &&
	       (place->prefix >= IPV4_BITS || !af_address_in(address, &ipv4, IPV4_BITS));
}

static bool addresses_in(const struct af_scene *scene, const struct af_image_place *place)
{
	for (size_t i = 0; i < scene->address_count; i++)
		if (!holds(place, &scene->out->resolution.address[i]))
			return false;
	return scene->address_count > 0 && scene->out->resolution.complete;
}

static bool peers_in(const struct af_scene *scene, const struct af_image_place *place)
{
	for (size_t i = 0; i < scene->peer_count; i++)
		if (!holds(place, &scene->peer[i].address))
			return false;
	return scene->peer_count > 0 && !scene->too_many;
}

/* A host that is neither name nor literal could be anywhere. */
static bool in_network(struct af_scene *scene, const struct af_image_place *place)
{
	if (scene->literal && !addresses_in(scene, place))
		return false;
	if (scene->peer_count == 0 && !scene->unverified) {
		look_up(scene);
		return addresses_in(scene, place);
	}
	return (scene->literal || scene->nameless || scene->out->has_name) &&
	       peers_in(scene, place);
}

bool af_target_in_places(struct af_scene *scene, const struct af_image_place *place, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (place[i].reach == 0 ? in_network(scene, &place[i])
					: in_named_place(scene, &place[i]))
			return true;
	return false;
}

static bool is_listed(uint16_t wanted, const uint32_t *port, size_t count)
{
	for (size_t i = 0; i < count && wanted != 0; i++)
		if (port[i] == wanted)
			return true;
	return false;
}

bool af_target_has_port(const struct af_scene *scene, const uint32_t *port, size_t count)
{
	if (scene->request->port != 0)
		return is_listed(scene->request->port, port, count);
	for (size_t i = 0; i < scene->peer_count; i++)
		if (!is_listed(scene->peer[i].port, port, count))
			return false;
	return scene->peer_count > 0 && !scene->too_many;
}
