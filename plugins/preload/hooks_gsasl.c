/* SPDX-License-Identifier: MIT */
/*
 * GNU SASL: the session knows who logs in where, so nothing is parsed.
 *
 * A step is made first, because the client names its user only when it is asked by a callback
 * meanwhile; what came out is thrown away if the login may not go on.  Who logs in is only looked
 * at, since to ask for it could ask a person; service and host are asked for (mutt tells them by
 * its callback alone).
 */
#include <stdlib.h>
#include <string.h>

#include "foreign.h"
#include "guard.h"
#include "real.h"
#include "watch.h"

typedef const char *property_function(void *session, int property);

static void add_login(const char *text, struct af_seen *seen)
{
	size_t len = text != NULL ? strlen(text) : 0;
	size_t i = seen->count;

	if (len == 0)
		return;
	if (len > AFENCE_SEEN_TEXT_MAX) {
		text += len - AFENCE_SEEN_TEXT_MAX;
		len = AFENCE_SEEN_TEXT_MAX;
	}
	memcpy(seen->login[i].text, text, len);
	seen->login[i].len = len;
	seen->login[i].form = AFENCE_FORM_AUTO;
	seen->count++;
}

/* A session of a server is known as one that is over. */
static bool is_client(const void *session)
{
	struct af_watch *watch = af_watch_enter_session(session, true);

	if (watch != NULL)
		af_watch_leave(watch, false);
	return watch != NULL;
}

static bool may_go_on(void *session, const void *site)
{
	property_function *get = (property_function *)af_real_of("gsasl_property_fast", site);
	property_function *ask;
	struct af_seen seen = {.count = 0};
	struct af_place place = {.fd = -1};

	if (get == NULL || !is_client(session))
		return true;
	add_login(get(session, GSASL_AUTHID), &seen);
	add_login(get(session, GSASL_AUTHZID), &seen);
	if (seen.count == 0)
		return true;
	ask = (property_function *)af_real_of("gsasl_property_get", site);
	if (ask == NULL)
		ask = get;
	seen.service = ask(session, GSASL_SERVICE);
	place.name = ask(session, GSASL_HOSTNAME);
	return af_guard_allows(&seen, &place, NULL);
}

/* What was computed from the secret. */
static int refuse(char **output)
{
	free(*output);
	*output = NULL;
	return GSASL_AUTHENTICATION_ERROR;
}

int gsasl_step(
	void *session, const char *input, size_t input_len, char **output, size_t *output_len)
{
	__typeof__(&gsasl_step) next = AFENCE_NEXT(gsasl_step);
	int result;

	if (next == NULL)
		return GSASL_AUTHENTICATION_ERROR;
	result = next(session, input, input_len, output, output_len);
	if ((result != GSASL_OK && result != GSASL_NEEDS_MORE) ||
		may_go_on(session, __builtin_return_address(0)))
		return result;
	*output_len = 0;
	return refuse(output);
}

int gsasl_step64(void *session, const char *input, char **output)
{
	__typeof__(&gsasl_step64) next = AFENCE_NEXT(gsasl_step64);
	int result;

	if (next == NULL)
		return GSASL_AUTHENTICATION_ERROR;
	result = next(session, input, output);
	if ((result != GSASL_OK && result != GSASL_NEEDS_MORE) ||
		may_go_on(session, __builtin_return_address(0)))
		return result;
	return refuse(output);
}

int gsasl_server_start(void *context, const char *mechanism, void **session)
{
	__typeof__(&gsasl_server_start) next = AFENCE_NEXT(gsasl_server_start);
	int result = next != NULL ? next(context, mechanism, session) : GSASL_AUTHENTICATION_ERROR;

	if (result == GSASL_OK)
		af_watch_session_ignore(*session);
	return result;
}

void gsasl_finish(void *session)
{
	__typeof__(&gsasl_finish) next = AFENCE_NEXT(gsasl_finish);

	af_watch_session_gone(session);
	if (next != NULL)
		next(session);
}
