/* SPDX-License-Identifier: MIT */
/* What a process holds, to be compared before and after many logins. */
#ifndef GROWTH_H
#define GROWTH_H

#include <dirent.h>
#include <stdio.h>

/* Open descriptors (and a constant); 0: /proc cannot be read. */
static inline unsigned long count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned long count = 0;

	while (dir != NULL && readdir(dir) != NULL)
		count++;
	if (dir != NULL)
		closedir(dir);
	return count;
}

/* Resident memory without what is read from files, in kB; -1: /proc cannot be read.  The number
 * in statm is not exact. */
static inline long count_kilobytes(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kilobytes = -1;

	while (file != NULL && kilobytes < 0 && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "Anonymous: %ld", &kilobytes);
	if (file != NULL)
		fclose(file);
	return kilobytes;
}

#endif
