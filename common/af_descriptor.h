/* SPDX-License-Identifier: MIT */
#ifndef AF_DESCRIPTOR_H
#define AF_DESCRIPTOR_H

/*
 * Moves FD, if it is 0 to 2, out of the place of the standard streams, which a host may have
 * closed and still write to.  Returns the new number, close-on-exec, or -1 with FD closed and
 * errno of what failed; FD itself if it is negative or high enough.
 */
int af_descriptor_raise(int fd);

#endif
