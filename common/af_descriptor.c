/* SPDX-License-Identifier: MIT */
#include "af_descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int af_descriptor_raise(int fd)
{
	int raised, saved;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	raised = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	saved = errno;
	close(fd);
	errno = saved;
	return raised;
}
