/* SPDX-License-Identifier: MIT */
/* What sends passwords away beside PAM, or keeps the guard from seeing a domain. */
#ifndef DOCTOR_PAM_BESIDE_H
#define DOCTOR_PAM_BESIDE_H

#include "../../plugins/pam/files.h"
#include "doctor.h"

/* Looks at saslauthd, Dovecot and the modes of files with secrets.  HAS_GUARD: some service has the
 * guard. */
void af_doctor_pam_beside(
	struct af_doctor *doctor, const struct af_pam_files *files, bool has_guard);

#endif
