/* SPDX-License-Identifier: MIT */
/* Modules of the table whose readers are still to come: their servers are unknown. */
#include "reader.h"

#define LATER(name)                                                                           \
	__attribute__((weak)) void name(                                                      \
		const struct af_pam_question *question, struct af_pam_discovery *out)         \
	{                                                                                     \
		af_pam_add_unknown(question, NULL, "its configuration is not read yet", out); \
	}

LATER(af_pam_read_krb5)
LATER(af_pam_read_sss)
LATER(af_pam_read_winbind)
