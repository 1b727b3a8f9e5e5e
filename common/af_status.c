/* SPDX-License-Identifier: MIT */
#include "af_status.h"

const char *af_strerror(enum af_status status)
{
	/* No default: the compiler points at a status without a phrase. */
	switch (status) {
	case AFENCE_OK:
		return "success";
	case AFENCE_ERR_MEMORY:
		return "out of memory";
	case AFENCE_ERR_SYNTAX:
		return "malformed";
	case AFENCE_ERR_ABSENT:
		return "no such file";
	case AFENCE_ERR_SYSTEM:
		return "system call failed";
	case AFENCE_ERR_UNTRUSTED:
		return "not trusted, must be a regular file of root that nobody else can write";
	case AFENCE_ERR_DAMAGED:
		return "damaged";
	case AFENCE_ERR_NEWER:
		return "written for a newer version";
	case AFENCE_ERR_LOWER:
		return "of a lower generation than the policy in force";
	case AFENCE_ERR_LIMIT:
		return "over a built-in limit";
	}
	return "unknown status";
}
