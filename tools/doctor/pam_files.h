/* SPDX-License-Identifier: MIT */
/* The files of PAM below the root folder of doctor, as the module's parsers want them. */
#ifndef DOCTOR_PAM_FILES_H
#define DOCTOR_PAM_FILES_H

#include "../../plugins/pam/files.h"
#include "../root.h"

struct af_pam_rooted {
	const struct af_root *root;
	const char *own;          /* the service under way; NULL: none */
	struct af_names included; /* "/etc/pam.d/common-auth": what services read but their own */
	int error;                /* errno of the last file that could not be read */
};

/* *CONTEXT must outlive the result. */
struct af_pam_files af_pam_files_below(struct af_pam_rooted *context);

#endif
