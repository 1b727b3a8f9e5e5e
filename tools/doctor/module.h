/* SPDX-License-Identifier: MIT */
/* A shared object that a library of the system loads: is it one, and whose is it? */
#ifndef DOCTOR_MODULE_H
#define DOCTOR_MODULE_H

#include "../root.h"

enum af_module_state {
	AFENCE_MODULE_GOOD,
	AFENCE_MODULE_ABSENT,
	AFENCE_MODULE_UNFIT,      /* it cannot be loaded */
	AFENCE_MODULE_UNTRUSTED,  /* somebody else than root can change it */
	AFENCE_MODULE_UNREADABLE, /* nothing can be said of it */
};

/*
 * Looks at PATH (below the root), which the library LIBRARY shall load; LIBRARY NULL: of any kind
 * of machine.  *why is what is wrong, freed by the caller, NULL where nothing is.
 */
enum af_module_state af_module_look(
	const struct af_root *root, const char *path, const char *library, char **why);

#endif
