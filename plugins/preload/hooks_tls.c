/* SPDX-License-Identifier: MIT */
/*
 * What goes into a TLS library in clear.  A session is watched by itself: some clients (curl) give it
 * functions instead of a descriptor.
 *
 * A session's address may be used anew after it was freed inside its library, where no hook sees it;
 * so it is forgotten when a new one is made, too.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "foreign.h"
#include "guard.h"
#include "real.h"
#include "watch.h"

static void name_session(const void *session, const void *name, size_t len)
{
	struct af_watch *watch = af_watch_enter_session(session, true);

	if (watch == NULL)
		return;
	if (len > 0 && len < sizeof(watch->name) && memchr(name, '\0', len) == NULL) {
		memcpy(watch->name, name, len);
		watch->name[len] = '\0';
	}
	af_watch_leave(watch, false);
}

/* True if the next bytes of SESSION are to be looked at. */
static bool is_open(const void *session)
{
	struct af_watch *watch = af_watch_enter_session(session, true);

	if (watch != NULL)
		af_watch_leave(watch, false);
	return watch != NULL;
}

static void sent(const void *session, ssize_t count)
{
	if (count > 0)
		af_watch_sent_session(session, (size_t)count);
}

/* ---- OpenSSL ---- */

/* Without the library there is nobody to be called. */
#define NEXT_OR(function, missing)                            \
	__typeof__(&(function)) next = AFENCE_NEXT(function); \
	do {                                                  \
		if (next == NULL)                             \
			return missing;                       \
	} while (0)

void *SSL_new(void *context)
{
	NEXT_OR(SSL_new, NULL);
	void *ssl = next(context);

	af_watch_session_gone(ssl);
	return ssl;
}

void SSL_free(void *ssl)
{
	NEXT_OR(SSL_free, );
	af_watch_session_gone(ssl);
	next(ssl);
}

int SSL_clear(void *ssl)
{
	NEXT_OR(SSL_clear, 0);
	af_watch_session_gone(ssl);
	return next(ssl);
}

void SSL_set_accept_state(void *ssl)
{
	NEXT_OR(SSL_set_accept_state, );
	af_watch_session_ignore(ssl);
	next(ssl);
}

long SSL_ctrl(void *ssl, int command, long number, void *pointer)
{
	NEXT_OR(SSL_ctrl, 0);
	if (command == SSL_CTRL_SET_TLSEXT_HOSTNAME && number == TLSEXT_NAMETYPE_host_name &&
		pointer != NULL)
		name_session(ssl, pointer, strlen(pointer));
	return next(ssl, command, number, pointer);
}

/* Else a client would be told to wait for what its last read had waited for. */
static void note_error(const void *site)
{
	__typeof__(&ERR_new) begin = (__typeof__(&ERR_new))af_real_of("ERR_new", site);
	__typeof__(&ERR_set_error) set =
		(__typeof__(&ERR_set_error))af_real_of("ERR_set_error", site);

	if (begin == NULL || set == NULL)
		return;
	begin();
	set(ERR_LIB_SYS, ECONNRESET, NULL);
	errno = ECONNRESET;
}

/* SITE: in the library that called the hook. */
static bool may_write(const void *ssl, const void *bytes, size_t len, const void *site)
{
	int (*get_fd)(const void *) = NULL;

	if (!is_open(ssl))
		return true;
	get_fd = (int (*)(const void *))af_real_of("SSL_get_fd", site);
	if (af_guard_may_send_session(ssl, get_fd != NULL ? get_fd(ssl) : -1, bytes, len))
		return true;
	note_error(site);
	return false;
}

int SSL_write(void *ssl, const void *bytes, int len)
{
	NEXT_OR(SSL_write, -1);
	int count;

	if (len > 0 && !may_write(ssl, bytes, (size_t)len, __builtin_return_address(0)))
		return -1;
	count = next(ssl, bytes, len);
	sent(ssl, count);
	return count;
}

int SSL_write_ex(void *ssl, const void *bytes, size_t len, size_t *written)
{
	NEXT_OR(SSL_write_ex, 0);
	int result;

	if (!may_write(ssl, bytes, len, __builtin_return_address(0)))
		return 0;
	result = next(ssl, bytes, len, written);
	if (result > 0)
		sent(ssl, (ssize_t)*written);
	return result;
}

int SSL_write_ex2(void *ssl, const void *bytes, size_t len, uint64_t flags, size_t *written)
{
	NEXT_OR(SSL_write_ex2, 0);
	int result;

	if (!may_write(ssl, bytes, len, __builtin_return_address(0)))
		return 0;
	result = next(ssl, bytes, len, flags, written);
	if (result > 0)
		sent(ssl, (ssize_t)*written);
	return result;
}

int SSL_write_early_data(void *ssl, const void *bytes, size_t len, size_t *written)
{
	NEXT_OR(SSL_write_early_data, 0);
	int result;

	if (!may_write(ssl, bytes, len, __builtin_return_address(0)))
		return 0;
	result = next(ssl, bytes, len, written);
	if (result > 0)
		sent(ssl, (ssize_t)*written);
	return result;
}

/* ---- GnuTLS ---- */

int gnutls_init(void **session, unsigned flags)
{
	NEXT_OR(gnutls_init, GNUTLS_E_PUSH_ERROR);
	int result = next(session, flags);

	if (result >= 0 && (flags & GNUTLS_SERVER) != 0)
		af_watch_session_ignore(*session);
	else if (result >= 0)
		af_watch_session_gone(*session);
	return result;
}

void gnutls_deinit(void *session)
{
	NEXT_OR(gnutls_deinit, );
	af_watch_session_gone(session);
	next(session);
}

int gnutls_server_name_set(void *session, int type, const void *name, size_t len)
{
	NEXT_OR(gnutls_server_name_set, GNUTLS_E_PUSH_ERROR);
	if (type == GNUTLS_NAME_DNS && name != NULL)
		name_session(session, name, len);
	return next(session, type, name, len);
}

/* Without a descriptor it gives what the client's own functions get, cut to an int. */
static int transport_of(void *session, const void *site)
{
	int (*get)(void *) = (int (*)(void *))af_real_of("gnutls_transport_get_int", site);
	int fd = get != NULL ? get(session) : -1;
	struct stat st;

	return fd > 2 && fd < AFENCE_WATCH_FDS && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? fd
											      : -1;
}

static bool may_send(void *session, const void *bytes, size_t len, const void *site)
{
	return !is_open(session) ||
	       af_guard_may_send_session(session, transport_of(session, site), bytes, len);
}

static ssize_t counted(const void *session, ssize_t count)
{
	sent(session, count);
	return count;
}

ssize_t gnutls_record_send(void *session, const void *bytes, size_t len)
{
	NEXT_OR(gnutls_record_send, GNUTLS_E_PUSH_ERROR);
	if (!may_send(session, bytes, len, __builtin_return_address(0)))
		return GNUTLS_E_PUSH_ERROR;
	return counted(session, next(session, bytes, len));
}

ssize_t gnutls_record_send2(
	void *session, const void *bytes, size_t len, size_t pad, unsigned flags)
{
	NEXT_OR(gnutls_record_send2, GNUTLS_E_PUSH_ERROR);
	if (!may_send(session, bytes, len, __builtin_return_address(0)))
		return GNUTLS_E_PUSH_ERROR;
	return counted(session, next(session, bytes, len, pad, flags));
}

ssize_t gnutls_record_send_range(
	void *session, const void *bytes, size_t len, const struct gnutls_range *range)
{
	NEXT_OR(gnutls_record_send_range, GNUTLS_E_PUSH_ERROR);
	if (!may_send(session, bytes, len, __builtin_return_address(0)))
		return GNUTLS_E_PUSH_ERROR;
	return counted(session, next(session, bytes, len, range));
}

ssize_t gnutls_record_send_early_data(void *session, const void *bytes, size_t len)
{
	NEXT_OR(gnutls_record_send_early_data, GNUTLS_E_PUSH_ERROR);
	if (!may_send(session, bytes, len, __builtin_return_address(0)))
		return GNUTLS_E_PUSH_ERROR;
	return counted(session, next(session, bytes, len));
}
