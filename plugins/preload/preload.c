/* SPDX-License-Identifier: MIT */
/*
 * The library is loaded: everything that a program may put out of reach later, by chroot, by giving
 * up rights or by a filter of system calls, is done now.
 */
#include <dlfcn.h>

#include "../socket/connection.h"
#include "guard.h"
#include "real.h"
#include "watch.h"

/* A connection that was handed over by exec() has its login before it as any other. */
static bool watch_inherited(void *context, int fd)
{
	struct af_link link;

	(void)context;
	if (af_link_read(fd, &link))
		af_watch_connected(fd, link.peer_port, NULL);
	return true;
}

__attribute__((constructor)) static void start(void)
{
	af_real_find();
	dlerror(); /* of functions that this libc does not have */
	if (!af_guard_wake())
		return;
	af_watch_start();
	af_descriptors_walk(watch_inherited, NULL);
}
