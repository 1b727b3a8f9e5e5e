/* SPDX-License-Identifier: MIT */
/*
 * What only shows when all files of a policy are read.
 */
#ifndef AF_POLICY_REVIEW_H
#define AF_POLICY_REVIEW_H

#include "rules.h"

/*
 * Clauses of one kind and name are errors.  If RULES have no errors, warnings for what its writer
 * can not have meant: rows that change nothing (af_review_rows()), and exceptions that hold but that
 * no `expect` tries, which is to say that none has an identity that matches one of theirs and a host,
 * or address, that matches one of their targets as it is written.
 */
void af_rules_review(struct af_rules *rules);

/*
 * Warns of a reserve on or below the name of another one or of one that is reserved anyway; of an
 * internal or external row that one of the same kind covers, with none of the other kind between
 * them; and of doubles.  The lines of a list share one warning.  The time grows with the number of rows.
 */
void af_review_rows(const struct af_rules *rules);

#endif
