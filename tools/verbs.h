/* SPDX-License-Identifier: MIT */
/*
 * The verbs of the command, one file each.  A verb gets its own argument vector (argv[0] is the
 * verb) and returns the exit status of arguments.h.
 */
#ifndef VERBS_H
#define VERBS_H

int af_verb_check(int argc, char **argv);
int af_verb_doctor(int argc, char **argv);
int af_verb_policy(int argc, char **argv);
int af_verb_probe(int argc, char **argv);
int af_verb_run(int argc, char **argv);

#endif
