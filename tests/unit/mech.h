/* SPDX-License-Identifier: MIT */
/*
 * A mechanism for tests: libsasl2 alone has none that asks for a password, and whether a machine
 * has libsasl2-modules must not matter.  Its client behaves towards libsasl2 as PLAIN's does.
 */
#ifndef MECH_H
#define MECH_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#define MECH_NAME "AUTHFENCE-TEST"

/* For sasl_client_add_plugin(), after sasl_client_init(). */
int mech_client_init(const sasl_utils_t *utils, int max_version, int *out_version,
	sasl_client_plug_t **plugs, int *count);

#endif
