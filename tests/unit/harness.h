/* SPDX-License-Identifier: MIT */
/*
 * One suite, one program: a test file defines `af_suite`, the harness runs it with CUnit and
 * closes with CUnit's summary.  The macros print got and want before they assert, which CUnit
 * does not.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stddef.h>

extern CU_SuiteInfo af_suite;

/* Where the build and the test data lie; set from the environment or the program's own path. */
extern char af_build_dir[4096];
extern char af_source_dir[4096];

/* Print "ROW: got ..., want ..." unless equal, then assert.  Strings may be NULL. */
bool af_check_string(
	const char *file, int line, const char *row, const char *got, const char *want);
bool af_check_number(const char *file, int line, const char *row, long long got, long long want);

#define CHECK_STRING(row, got, want) af_check_string(__FILE__, __LINE__, (row), (got), (want))
#define CHECK_NUMBER(row, got, want) \
	af_check_number(__FILE__, __LINE__, (row), (long long)(got), (long long)(want))

/* A fresh private folder below the build folder, removed with all in it when the suite ends. */
const char *af_scratch_dir(void);

#endif
