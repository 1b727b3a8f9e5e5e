/* SPDX-License-Identifier: MIT */
/*
 * Who activates something: sudo says who called it, the kernel keeps who logged in, whatever su was
 * called since.  It is a note for colleagues, not a proof: root can write what it likes.  An image
 * takes printable ASCII only.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store.h"

#define NOBODY_LOGGED_IN UINT32_MAX

static uid_t login_user(void)
{
	int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
	unsigned long uid = NOBODY_LOGGED_IN;
	char text[16] = "", *end = text;
	ssize_t got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (got > 0)
		uid = strtoul(text, &end, 10);
	return end == text || uid >= NOBODY_LOGGED_IN ? getuid() : (uid_t)uid;
}

void af_store_sign(struct af_image_origin *origin, const char *action)
{
	const char *name = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	char number[16];

	memset(origin, 0, sizeof(*origin));
	snprintf(origin->action, sizeof(origin->action), "%s", action);
	if (name == NULL || *name == '\0') {
		uid_t uid = login_user();
		const struct passwd *user = getpwuid(uid);

		snprintf(number, sizeof(number), "%" PRIu32, (uint32_t)uid);
		name = user != NULL ? user->pw_name : number;
	}
	for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof(origin->who); i++)
		origin->who[i] = name[i] > ' ' && name[i] <= '~' ? name[i] : '?';
}
