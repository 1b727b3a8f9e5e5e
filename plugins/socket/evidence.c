/* SPDX-License-Identifier: MIT */
#include "evidence.h"

#include <unistd.h>

static size_t find_peers(void *context, struct af_peer *out, size_t room)
{
	struct af_evidence *evidence = context;

	if (room < AFENCE_PEERS_MAX) /* never so: nothing would be known */
		return AFENCE_PEERS_MAX + 1;
	af_connections_find(NULL, out, &evidence->connections);
	evidence->searched = true;
	return evidence->connections.count;
}

void af_evidence_offer(struct af_evidence *evidence, struct af_request *request)
{
	const struct af_link *link = &evidence->link;

	request->has_peer = evidence->has_link;
	if (evidence->has_link) {
		request->port = link->peer_port;
		request->peer.address = link->peer;
		request->peer.port = link->peer_port;
		request->peer.own = link->has_own && af_address_equal(&link->peer, &link->own);
	}
	request->find_peers = find_peers;
	request->find_peers_context = evidence;
}

/* What is on trial may see more in the evidence than what is in force. */
bool af_evidence_matters(const struct af_decision *decision)
{
	static const bool settled[AFENCE_REASONS] = {
		[AFENCE_REASON_NO_DOMAIN] = true,
		[AFENCE_REASON_ORDINARY_IDENTITY] = true,
		[AFENCE_REASON_MALFORMED_IDENTITY] = true,
		[AFENCE_REASON_MODE_OFF] = true,
	};

	return !settled[decision->reason] || af_policy_trial(decision->policy) != NULL;
}

bool af_evidence_certain(struct af_evidence *evidence, const struct af_target *target, ino_t *inode)
{
	struct af_connections *connections = &evidence->connections;
	size_t index = 0;

	if (evidence->has_link)
		af_connections_find(&evidence->link, NULL, connections);
	if (!evidence->searched && connections->count != 1)
		af_connections_find(NULL, NULL, connections);
	if (evidence->searched && connections->count <= AFENCE_PEERS_MAX && target->fit_count == 1)
		index = target->fit_index;
	else if (connections->count != 1)
		return false;
	*inode = connections->inode[index];
	return true;
}

bool af_may_resolve(void)
{
	return getuid() == geteuid() && getgid() == getegid();
}
