/* SPDX-License-Identifier: MIT */
/*
 * A decision as words: the log line and the sentence for the user.  Every value that came from
 * outside is escaped and shortened, so neither can carry a control byte or a second line.
 *
 * Pure functions, thread safe.
 */
#ifndef AF_REPORT_H
#define AF_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "af_decide.h"

#define AFENCE_LINE_MAX 2560 /* bytes of a log line, NUL included; no line gets longer */

/*
 * Escapes the LEN bytes at TEXT into OUT (ROOM bytes, at least 8): printable ASCII and valid UTF-8
 * without control characters stay, backslash and double quote get a backslash, all else becomes
 * \xHH; what does not fit is cut and "..." appended.  NUL terminated.  Returns OUT.
 */
char *af_escape(const char *text, size_t len, char *out, size_t room);

/* True if only a rule on trial (af_policy_trial()) would have refused what passed. */
bool af_report_is_trial(const struct af_decision *decision);

/*
 * The log line "verdict=... reason=...", key=value, without a program name and without newline.
 * CUT: 1 yes, 0 no, -1 not applicable.  SUPPRESSED: lines that were held back before this one.
 * Returns LINE.
 */
char *af_report_line(const struct af_request *request, const struct af_decision *decision, int cut,
	unsigned suppressed, char line[AFENCE_LINE_MAX]);

#define AFENCE_SENTENCE_MAX 1024 /* bytes of a sentence, NUL included; none gets longer */

/* One sentence for the person whose login was refused (the reason is one of those that block): who,
 * where to, why, and where an unknown target was not to be resolved, or a module's servers could
 * not be told, which policy row would settle it.  Returns TEXT. */
char *af_report_sentence(const struct af_request *request, const struct af_decision *decision,
	char text[AFENCE_SENTENCE_MAX]);

#endif
