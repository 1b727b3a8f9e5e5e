/* SPDX-License-Identifier: MIT */
/*
 * The client's callback: libsasl2 asks it for the canonical form of each identity before the
 * mechanism computes anything from the password.
 *
 * Translates what libsasl2 says into a request, has it decided, and acts: refuse, cut, tell.  An
 * ordinary identity costs one look at its domain and, once a second, one at the policy file; only
 * for the others are names resolved and descriptors looked at.
 */
#include "plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "af_decide.h"
#include "canon.h"
#include "../socket/cut.h"
#include "report.h"

/* What a client gets to see: reads well where only sasl_errstring() is shown, and no client takes
 * it for "try another way", as some do with SASL_NOMECH. */
#define REFUSED SASL_NOAUTHZ

static const struct {
	const char *mechanism;
	enum af_form form;
} mechanism_forms[] = {
	{"NTLM", AFENCE_FORM_NTLM},
	{"GSSAPI", AFENCE_FORM_KRB5},
	{"GSS-SPNEGO", AFENCE_FORM_KRB5},
	{"GS2-KRB5", AFENCE_FORM_KRB5},
	{"GS2-KRB5-PLUS", AFENCE_FORM_KRB5},
};

/* Services whose protocol says how an authorisation identity is written. */
static const struct {
	const char *service;
	enum af_form form;
} authzid_forms[] = {
	{"ldap", AFENCE_FORM_AUTHZID}, /* RFC 4513 s5.2.1.8 */
	{"xmpp", AFENCE_FORM_JID},     /* RFC 6120 s6.3.8 */
};

static enum af_form find_form(const sasl_client_params_t *params, unsigned flags)
{
	const void *mechanism = NULL;

	if ((flags & SASL_CU_AUTHID) == 0 && params->service != NULL) {
		for (size_t i = 0; i < sizeof(authzid_forms) / sizeof(*authzid_forms); i++) {
			if (strcasecmp(params->service, authzid_forms[i].service) == 0)
				return authzid_forms[i].form;
		}
	}
	if (params->utils->getprop(params->utils->conn, SASL_MECHNAME, &mechanism) != SASL_OK ||
		mechanism == NULL)
		return AFENCE_FORM_AUTO;
	for (size_t i = 0; i < sizeof(mechanism_forms) / sizeof(*mechanism_forms); i++) {
		if (strcmp(mechanism, mechanism_forms[i].mechanism) == 0)
			return mechanism_forms[i].form;
	}
	return AFENCE_FORM_AUTO;
}

/*
 * Reads "address;port".  Some hosts hand over rubbish ("0", or an address that was never filled
 * in): no socket is connected to port 0 or to the unspecified address, which would count as local.
 */
static bool read_end(const char *text, struct af_address *address, uint16_t *port)
{
	static const struct af_address unspecified[] = {{{0}}, {{[10] = 0xff, [11] = 0xff}}};
	const char *mark = text != NULL ? strchr(text, ';') : NULL;
	char *end;
	unsigned long number;

	if (mark == NULL || mark[1] < '0' || mark[1] > '9')
		return false;
	number = strtoul(mark + 1, &end, 10);
	if (*end != '\0' || number == 0 || number > UINT16_MAX ||
		!af_address_parse(text, (size_t)(mark - text), address))
		return false;
	*port = (uint16_t)number;
	return !af_address_equal(address, &unspecified[0]) &&
	       !af_address_equal(address, &unspecified[1]);
}

static void read_link(const sasl_client_params_t *params, struct af_evidence *evidence)
{
	struct af_link *link = &evidence->link;

	evidence->searched = false;
	evidence->connections.count = 0;
	evidence->has_link = read_end(params->ipremoteport, &link->peer, &link->peer_port);
	link->has_own = read_end(params->iplocalport, &link->own, &link->own_port);
}

/* Decides with all the evidence there is. */
static void look_closer(struct af_sasl *self, const sasl_client_params_t *params,
	struct af_request *request, struct af_evidence *evidence, struct af_decision *decision)
{
	read_link(params, evidence);
	af_evidence_offer(evidence, request);
	request->resolver =
		af_may_resolve() ? af_resolvers_find(&self->resolvers, decision->policy) : NULL;
	af_decide(decision->policy, request, decision);
}

static bool cut(
	struct af_sasl *self, struct af_evidence *evidence, const struct af_decision *decision)
{
	struct af_settings settings;
	ino_t inode;

	af_policy_settings(decision->policy, decision->service, 0, &settings);
	return settings.on_block == AFENCE_ON_BLOCK_CUT &&
	       af_evidence_certain(evidence, &decision->target, &inode) &&
	       af_cut(inode, &self->reaping);
}

/* For an identity that is reserved or protected.  True if it may go out. */
static bool guard(struct af_sasl *self, const sasl_client_params_t *params,
	struct af_request *request, struct af_decision *decision)
{
	struct af_evidence evidence;

	look_closer(self, params, request, &evidence, decision);
	if (decision->verdict == AFENCE_OBSERVE || decision->reason == AFENCE_REASON_EXCEPTION)
		af_sasl_log(&self->limit, params->utils, request, decision, -1);
	if (decision->verdict != AFENCE_BLOCK)
		return true;
	af_sasl_explain(params->utils, request, decision);
	af_sasl_log(&self->limit, params->utils, request, decision,
		cut(self, &evidence, decision) ? 1 : 0);
	return false;
}

int af_sasl_client(void *glob_context, sasl_client_params_t *params, const char *user,
	unsigned user_len, unsigned flags, char *out, unsigned out_max, unsigned *out_len)
{
	struct af_request request = {.stack = AFENCE_STACK_SASL, .login_count = 1};
	struct af_sasl *self = glob_context;
	struct af_decision decision;
	struct af_hold hold;
	int saved = errno;
	bool may_go = true;

	if (params == NULL || params->utils == NULL || user == NULL)
		return SASL_BADPARAM;
	request.service = params->service;
	request.login[0] = (struct af_login){user, user_len, find_form(params, flags)};
	request.host = params->serverFQDN;
	af_sasl_acquire(self, params->utils, &hold);
	af_decide(hold.policy, &request, &decision);
	if (af_evidence_matters(&decision))
		may_go = guard(self, params, &request, &decision);
	af_policy_release(&hold);
	errno = saved;
	if (!may_go)
		return REFUSED;
	return af_sasl_canonicalise(params->utils, NULL, user, user_len, out, out_max, out_len);
}
