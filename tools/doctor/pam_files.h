/* SPDX-License-Identifier: MIT */
/* The files of PAM below the root folder that doctor looks at, as the module's parsers want them. */
#ifndef DOCTOR_PAM_FILES_H
#define DOCTOR_PAM_FILES_H

#include "../../plugins/pam/files.h"
#include "../root.h"

struct af_pam_rooted {
	const struct af_root *root;
	/* The stacks read so far apart from those that are OWN, "/etc/pam.d/common-auth". */
	struct af_names included;
	const char *own;
	int error; /* errno of the last file that could not be read */
};

/* *CONTEXT must outlive the result. */
struct af_pam_files af_pam_files_below(struct af_pam_rooted *context);

#endif
