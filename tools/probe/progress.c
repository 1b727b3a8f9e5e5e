/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "af_resolver_parts.h"

#define PAUSE_MS 100 /* between two lines */

static int64_t shown_ms; /* when the last line was written; 0: there is none to take away */
static int shown_len;

void af_probe_progress(size_t ended, size_t count, size_t findings)
{
	int64_t now = af_resolver_clock();
	int len;

	if (!isatty(STDERR_FILENO) || (shown_ms != 0 && now - shown_ms < PAUSE_MS))
		return;
	len = fprintf(stderr, "\rauthfence probe: %zu of %zu check%s, %zu finding%s", ended, count,
		count == 1 ? "" : "s", findings, findings == 1 ? "" : "s");
	if (len < shown_len) /* "0 findings" was longer than "1 finding" */
		fprintf(stderr, "%*s", shown_len - len, "");
	fflush(stderr);
	shown_len = len;
	shown_ms = now;
}

void af_probe_progress_done(void)
{
	if (shown_ms == 0)
		return;
	fprintf(stderr, "\r%*s\r", shown_len, "");
	fflush(stderr);
	shown_ms = 0;
	shown_len = 0;
}
