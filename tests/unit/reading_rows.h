/* SPDX-License-Identifier: MIT */
/* An answer to a reader, and the reading as one line: "settings certain: a.net b.net (detail)". */
#ifndef READING_ROWS_H
#define READING_ROWS_H

#include <stdio.h>
#include <string.h>

#include "../../tools/probe/reading.h"

#define READING_ROOM 65536

static inline const char *reading_say(const struct af_reading *reading, char *out)
{
	static const char *const kind[] = {"nothing", "settings", "strange"};
	FILE *line = fmemopen(out, READING_ROOM, "w");

	fprintf(line, "%s%s%s%s:", kind[reading->kind], reading->certain ? " certain" : "",
		reading->mixed ? " mixed" : "", reading->moved ? " moved" : "");
	for (size_t i = 0; i < reading->hosts.count; i++)
		fprintf(line, " %s", reading->hosts.name[i]);
	if (reading->detail != NULL)
		fprintf(line, " (%s)", reading->detail);
	fclose(line);
	return out;
}

#endif
