/* SPDX-License-Identifier: MIT */
/*
 * The sub-verbs of `authfence policy`, one file each, listed in ../policy.c.  A sub-verb gets its own
 * argument vector (argv[0] is the sub-verb) and returns the exit status of ../arguments.h.
 */
#ifndef AF_POLICY_VERBS_H
#define AF_POLICY_VERBS_H

int af_policy_validate(int argc, char **argv);
int af_policy_compile(int argc, char **argv);
int af_policy_apply(int argc, char **argv);
int af_policy_mode(int argc, char **argv);
int af_policy_show(int argc, char **argv);
int af_policy_diff(int argc, char **argv);
int af_policy_fmt(int argc, char **argv);
int af_policy_history(int argc, char **argv);
int af_policy_rollback(int argc, char **argv);
int af_policy_promote(int argc, char **argv);

#endif
