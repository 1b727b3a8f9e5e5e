/* SPDX-License-Identifier: MIT */
/* Answers for people: aligned, coloured on a terminal, everything from outside escaped. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>

#include "af_decide.h"

/* True if standard output is a terminal whose user wants colours. */
bool af_text_is_coloured(void);

/* Explains one decision on standard output; TARGET is the target as it was asked for. */
void af_print_decision(
	const struct af_request *request, const struct af_decision *decision, const char *target);

#endif
