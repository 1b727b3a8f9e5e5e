/* SPDX-License-Identifier: MIT */
#include "psl.h"

#include <libpsl.h>

const char *af_registrable(const struct af_domain *name)
{
	return name->len > 0 ? psl_registrable_domain(psl_builtin(), name->name) : NULL;
}
