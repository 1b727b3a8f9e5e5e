/* SPDX-License-Identifier: MIT */
/*
 * libsasl2's own canonicalisation, which this plugin stands in front of.
 */
#ifndef CANON_H
#define CANON_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

/*
 * Gives what the built-in of 2.1.28 gives: code, bytes, length, error text.  REALM is appended to
 * a USER without "@"; NULL: none is.  OUT has room for OUT_MAX bytes and a NUL and may be USER
 * itself.  Reads no more than USER_LEN bytes of USER.
 */
int af_sasl_canonicalise(const sasl_utils_t *utils, const char *realm, const char *user,
	unsigned user_len, char *out, unsigned out_max, unsigned *out_len);

#endif
