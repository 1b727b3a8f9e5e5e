/* SPDX-License-Identifier: MIT */
/*
 * As much of OpenSSL (1.1, 3), GnuTLS (3), GNU SASL (1, 2) and nghttp2 (1) as the hooks need: their
 * binary interface, which none of them changes without a new name.  Objects are opaque, so that
 * none of their headers is needed to build.
 */
#ifndef PRELOAD_FOREIGN_H
#define PRELOAD_FOREIGN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* OpenSSL: ssl.h, tls1.h */
#define SSL_CTRL_SET_TLSEXT_HOSTNAME 55
#define TLSEXT_NAMETYPE_host_name    0

void *SSL_new(void *context);
void SSL_free(void *ssl);
int SSL_clear(void *ssl);
void SSL_set_accept_state(void *ssl);
int SSL_get_fd(const void *ssl);
long SSL_ctrl(void *ssl, int command, long number, void *pointer);
int SSL_write(void *ssl, const void *bytes, int len);
int SSL_write_ex(void *ssl, const void *bytes, size_t len, size_t *written);
int SSL_write_ex2(void *ssl, const void *bytes, size_t len, uint64_t flags, size_t *written);
int SSL_write_early_data(void *ssl, const void *bytes, size_t len, size_t *written);

/* err.h; not in OpenSSL 1.1 */
#define ERR_LIB_SYS 2

void ERR_new(void);
void ERR_set_error(int library, int reason, const char *format, ...);

/* bio.h */
#define BIO_TYPE_SSL    (7 | 0x200)
#define BIO_C_GET_SSL   110
#define BIO_FLAGS_RETRY 0xf

int BIO_method_type(const void *bio);
long BIO_ctrl(void *bio, int command, long number, void *pointer);
void BIO_clear_flags(void *bio, int flags);
int BIO_write(void *bio, const void *bytes, int len);
int BIO_write_ex(void *bio, const void *bytes, size_t len, size_t *written);

/* GnuTLS: gnutls.h */
#define GNUTLS_SERVER       1u
#define GNUTLS_NAME_DNS     1
#define GNUTLS_E_PUSH_ERROR (-53)

struct gnutls_range {
	size_t low;
	size_t high;
};

int gnutls_init(void **session, unsigned flags);
void gnutls_deinit(void *session);
int gnutls_transport_get_int(void *session);
int gnutls_server_name_set(void *session, int type, const void *name, size_t len);
ssize_t gnutls_record_send(void *session, const void *bytes, size_t len);
ssize_t gnutls_record_send2(
	void *session, const void *bytes, size_t len, size_t pad, unsigned flags);
ssize_t gnutls_record_send_range(
	void *session, const void *bytes, size_t len, const struct gnutls_range *range);
ssize_t gnutls_record_send_early_data(void *session, const void *bytes, size_t len);

/* GNU SASL: gsasl.h, gsasl-property.h */
#define GSASL_OK                   0
#define GSASL_NEEDS_MORE           1
#define GSASL_AUTHENTICATION_ERROR 31
#define GSASL_AUTHID               1
#define GSASL_AUTHZID              2
#define GSASL_SERVICE              5
#define GSASL_HOSTNAME             6
#define GSASL_REALM                11

int gsasl_server_start(void *context, const char *mechanism, void **session);
void gsasl_finish(void *session);
const char *gsasl_property_fast(void *session, int property);
int gsasl_step(
	void *session, const char *input, size_t input_len, char **output, size_t *output_len);
int gsasl_step64(void *session, const char *input, char **output);

/* nghttp2: nghttp2.h */
#define NGHTTP2_ERR_PROTO (-505)

struct nghttp2_field {
	uint8_t *name;
	uint8_t *value;
	size_t name_len;
	size_t value_len;
	uint8_t flags;
};

int32_t nghttp2_submit_request(void *session, const void *priority,
	const struct nghttp2_field *field, size_t count, const void *data, void *user_data);
int32_t nghttp2_submit_request2(void *session, const void *priority,
	const struct nghttp2_field *field, size_t count, const void *data, void *user_data);
int32_t nghttp2_submit_headers(void *session, uint8_t flags, int32_t stream, const void *priority,
	const struct nghttp2_field *field, size_t count, void *user_data);

#endif
