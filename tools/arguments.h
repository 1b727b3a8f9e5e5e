/* SPDX-License-Identifier: MIT */
/*
 * What the verbs share of their command lines: words to values, and one way to complain.
 *
 * Every function that reads a word returns false after it has said on standard error what was
 * seen and what was expected; the caller ends with AFENCE_EXIT_USAGE.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum af_exit {
	AFENCE_EXIT_CLEAN = 0,      /* allowed, observed, nothing found */
	AFENCE_EXIT_FOUND = 1,      /* blocked, or findings */
	AFENCE_EXIT_USAGE = 2,      /* bad arguments or bad input */
	AFENCE_EXIT_UNFINISHED = 3, /* could not finish; stronger than FOUND */
};

enum af_format { AFENCE_FORMAT_TEXT, AFENCE_FORMAT_JSON };

/* "authfence VERB: " and the message, one line on standard error. */
void af_usage_error(const char *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * One of the COUNT words at CHOICE: its index into *out.  OPTION names the option (without
 * dashes) in the complaint, NULL if it is an argument; the nearest word is suggested.
 */
bool af_argument_choice(const char *verb, const char *option, const char *word,
	const char *const *choice, size_t count, int *out);

/* A calendar day YYYY-MM-DD as its first second, UTC. */
bool af_argument_date(const char *verb, const char *option, const char *word, time_t *out);

/* PATH as an absolute path without following links, in memory the caller frees; NULL: errno. */
char *af_absolute_path(const char *path);

/* getopt_long() returned CODE '?' or ':' (option string ":"): says what is wrong with which. */
void af_usage_option(const char *verb, int code, char **argv);

#endif
