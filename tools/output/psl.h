/* SPDX-License-Identifier: MIT */
/*
 * The registrable domain of a name by the public suffix list: imapgms.jnet.sei.co.jp -> sei.co.jp.
 * It tells people whose server that is; it never decides anything.
 */
#ifndef PSL_H
#define PSL_H

#include "af_domain.h"

/* Points into NAME; NULL for a public suffix itself, and for no name (len 0). */
const char *af_registrable(const struct af_domain *name);

#endif
