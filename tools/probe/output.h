/* SPDX-License-Identifier: MIT */
/* A run, told: to people, as JSON, as JSON Lines, to the node exporter, to the next run. */
#ifndef PROBE_OUTPUT_H
#define PROBE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "probe.h"

/*
 * Standard output; everything from outside is escaped (af_escape of af_report.h).
 *
 * Text: findings first, by level, aligned and coloured on a terminal, with domain, mechanism,
 * question, hosts and detail, equal ones of one mechanism together; then what is inconclusive, equal
 * reasons together; then what each control said, where it failed; then what is gone;
 * last one line of sums.  False: a write error.
 */
bool af_probe_print_text(const struct af_probe_run *run);

/* One object: checks, controls, gone (with a state file), started, summary. */
bool af_probe_print_json(const struct af_probe_run *run);

/* One object a line, each with "type": check, control, gone, summary. */
bool af_probe_print_lines(const struct af_probe_run *run);

/*
 * Compares the findings of RUN with those in the file PATH, which the last run wrote: sets `change`
 * and `gone`; then writes the file anew (af_probe_replace_file()).  A missing file: all are new.
 *
 * A finding is known by domain, mechanism, role, level and hosts, whatever their order; a random label
 * counts as "*".  One whose hosts have changed is new, and the old one forgotten, not gone.  One whose
 * check is inconclusive now is neither gone nor forgotten; so is one whose domain or mechanism was
 * not asked about this time.
 *
 * False: *why, freed by the caller, says what is wrong with the file (damaged: where), and it is
 * left as it is; RUN then stays uncompared.
 */
bool af_probe_compare(struct af_probe_run *run, const char *path, char **why);

/*
 * Writes PATH for the textfile collector of the node exporter (af_probe_replace_file()): checks by
 * mechanism and result, findings by level, inconclusive ones, duration by mechanism (the longest
 * check) and of the whole run, the time of the run and of the last one without an inconclusive check
 * or a domain left out (kept from the old file where this run had some), and of the end of the next
 * live exception of the policy.  Times that are not known have no sample.  Units are the base units that Prometheus asks
 * for, so no days.  False: *why, freed by the caller.
 */
bool af_probe_write_metrics(const struct af_probe_run *run, const char *path, char **why);

/*
 * Replaces the file PATH by LEN bytes at TEXT, or makes it, mode 0644: temporary file beside it
 * (NAME.tmp.PID, which no collector reads), fsync, rename, fsync of the folder.  False: errno, ELOOP
 * for a link and EINVAL for what else is no regular file; PATH is as it was.
 */
bool af_probe_replace_file(const char *path, const char *text, size_t len);

/* On a terminal at standard error: "authfence probe: 123 of 480 checks, 2 findings", at most ten times
 * a second; DONE takes it away. */
void af_probe_progress(size_t ended, size_t count, size_t findings);
void af_probe_progress_done(void);

#endif
