/* SPDX-License-Identifier: MIT */
/*
 * The one layout of policy text: a statement a line, fields of a block indented by four blanks with
 * their values aligned, lists wrapped at 100 columns below their first value, a block of at most
 * two fields on one line if it fits, comments behind neighbouring lines aligned, at most one empty
 * line between statements.
 */
#ifndef AF_POLICY_FORMAT_H
#define AF_POLICY_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnostics.h"
#include "source.h"

/*
 * SOURCE in that layout, with all its comments; the syntax tree stays the same but for places, and
 * the layout of the result is the result.  False: SOURCE breaks the shape of statements, which is
 * among DIAGNOSTICS, or there is a defect here; *out is NULL then, else the caller's to free().
 */
bool af_format_source(
	struct af_source *source, struct af_diagnostics *diagnostics, char **out, size_t *length);

#endif
