/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's chains of BIOs: one of them holds a session, and writes to it by a function inside its
 * library, not by SSL_write().  What stands before it in the chain (buffers, BIO_puts(), BIO_printf())
 * ends in a BIO_write() to it, so that each byte comes by here once.
 */
#include "foreign.h"
#include "guard.h"
#include "real.h"
#include "watch.h"

/* The session that BIO itself holds; NULL: none. */
static const void *session_of(void *bio, const void *site)
{
	__typeof__(&BIO_method_type) type = af_real_of("BIO_method_type", site);
	__typeof__(&BIO_ctrl) control = af_real_of("BIO_ctrl", site);
	const void *session = NULL;

	if (bio != NULL && type != NULL && control != NULL && type(bio) == BIO_TYPE_SSL)
		control(bio, BIO_C_GET_SSL, 0, &session);
	return session;
}

/* Not to be tried again: flags of an earlier call would say that it is. */
static void refuse(void *bio, const void *site)
{
	__typeof__(&BIO_clear_flags) clear = af_real_of("BIO_clear_flags", site);

	if (clear != NULL)
		clear(bio, BIO_FLAGS_RETRY);
}

static bool may_write(
	void *bio, const void *session, const void *bytes, size_t len, const void *site)
{
	__typeof__(&SSL_get_fd) get = NULL;

	if (session == NULL)
		return true;
	get = af_real_of("SSL_get_fd", site);
	if (af_guard_may_send_session(session, get != NULL ? get(session) : -1, bytes, len))
		return true;
	refuse(bio, site);
	return false;
}

int BIO_write(void *bio, const void *bytes, int len)
{
	const void *site = __builtin_return_address(0);
	__typeof__(&BIO_write) next = af_real_of("BIO_write", site);
	const void *session = len > 0 ? session_of(bio, site) : NULL;
	int count;

	if (next == NULL || !may_write(bio, session, bytes, (size_t)len, site))
		return -1;
	count = next(bio, bytes, len);
	if (session != NULL && count > 0)
		af_watch_sent_session(session, (size_t)count);
	return count;
}

int BIO_write_ex(void *bio, const void *bytes, size_t len, size_t *written)
{
	const void *site = __builtin_return_address(0);
	__typeof__(&BIO_write_ex) next = af_real_of("BIO_write_ex", site);
	const void *session = session_of(bio, site);
	int result;

	if (next == NULL || !may_write(bio, session, bytes, len, site))
		return 0;
	result = next(bio, bytes, len, written);
	if (session != NULL && result > 0 && written != NULL)
		af_watch_sent_session(session, *written);
	return result;
}
