/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <CUnit/Basic.h>
#include <CUnit/TestDB.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char af_build_dir[4096];
char af_source_dir[4096];
static char scratch[4160];

bool af_check_string(const char *file, int line, const char *row, const char *got, const char *want)
{
	bool equal = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);

	if (!equal)
		printf("\n%s: got \"%s\", want \"%s\" ", row, got ? got : "(null)",
			want ? want : "(null)");
	CU_assertImplementation(equal, (unsigned)line, row, file, "", CU_FALSE);
	return equal;
}

bool af_check_number(const char *file, int line, const char *row, long long got, long long want)
{
	if (got != want)
		printf("\n%s: got %lld, want %lld ", row, got, want);
	CU_assertImplementation(got == want, (unsigned)line, row, file, "", CU_FALSE);
	return got == want;
}

const char *af_scratch_dir(void)
{
	if (scratch[0] == '\0') {
		snprintf(scratch, sizeof(scratch), "%s/tests/scratch-XXXXXX", af_build_dir);
		if (mkdtemp(scratch) == NULL) {
			perror(scratch);
			exit(2);
		}
	}
	return scratch;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* The program lies in BUILD/tests, the sources beside the build folder or where SRCDIR says. */
static void find_folders(void)
{
	const char *source = getenv("SRCDIR");
	ssize_t len = readlink("/proc/self/exe", af_build_dir, sizeof(af_build_dir) - 1);

	af_build_dir[len > 0 ? len : 0] = '\0';
	for (int up = 0; up < 2; up++)
		*strrchr(af_build_dir, '/') = '\0';
	if (realpath(source != NULL ? source : ".", af_source_dir) == NULL) {
		perror(source);
		exit(2);
	}
}

int main(void)
{
	CU_SuiteInfo suites[] = {af_suite, CU_SUITE_INFO_NULL};
	unsigned failed;

	find_folders();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
		return 2;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
	printf("\n%u passed, %u failed\n", CU_get_number_of_tests_run() - failed, failed);
	if (CU_get_number_of_tests_run() == 0)
		failed = 1;
	CU_cleanup_registry();
	if (scratch[0] != '\0')
		nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return failed == 0 ? 0 : 1;
}
