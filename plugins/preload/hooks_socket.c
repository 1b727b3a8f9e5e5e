/* SPDX-License-Identifier: MIT */
/*
 * What leaves on descriptors, and what makes, copies and ends them.
 *
 * Each hook first asks whether the descriptor is watched; if not, there is nothing but a jump.  Our
 * own calls of these functions, as in af_cut(), come by here like everybody's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "af_address.h"
#include "guard.h"
#include "name.h"
#include "real.h"
#include "watch.h"

static ssize_t sent(int fd, const struct iovec *part, size_t count, ssize_t result)
{
	int saved = errno;

	af_guard_sent(fd, part, count, result);
	errno = saved;
	return result;
}

/* Not inlined: what they have on the stack is none of the calls' that only pass by. */
__attribute__((noinline)) static bool may_send(int fd, const void *bytes, size_t len)
{
	struct iovec part = {(void *)bytes, len};

	return af_guard_may_send(fd, &part, 1);
}

__attribute__((noinline)) static ssize_t sent_bytes(
	int fd, const void *bytes, size_t len, ssize_t result)
{
	struct iovec part = {(void *)bytes, len};

	return sent(fd, &part, 1, result);
}

/* ---- bytes ---- */

ssize_t write(int fd, const void *bytes, size_t len)
{
	if (!af_watch_has(fd))
		return af_real.write(fd, bytes, len);
	if (!may_send(fd, bytes, len))
		return -1;
	return sent_bytes(fd, bytes, len, af_real.write(fd, bytes, len));
}

ssize_t writev(int fd, const struct iovec *part, int count)
{
	if (!af_watch_has(fd) || count <= 0)
		return af_real.writev(fd, part, count);
	if (!af_guard_may_send(fd, part, (size_t)count))
		return -1;
	return sent(fd, part, (size_t)count, af_real.writev(fd, part, count));
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	if (!af_watch_has(fd))
		return af_real.send(fd, bytes, len, flags);
	if (!may_send(fd, bytes, len))
		return -1;
	return sent_bytes(fd, bytes, len, af_real.send(fd, bytes, len, flags));
}

/* ---- connections ---- */

static bool is_stream(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* A connection to TO is made, or on its way. */
static void note_connection(int fd, const struct sockaddr *to, socklen_t len)
{
	char name[AFENCE_SEEN_HOST_MAX + 1];
	struct af_address address;
	int saved = errno;
	uint16_t port;

	if (to != NULL && len >= sizeof(struct sockaddr_in) &&
		af_address_from_sockaddr(to, &address, &port) && is_stream(fd)) {
		af_name_find(&address, 0, name);
		af_watch_connected(fd, port, name);
	}
	errno = saved;
}

int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
	int result = af_real.connect(fd, to.__sockaddr__, len);

	if (result == 0 || errno == EINPROGRESS || errno == EINTR)
		note_connection(fd, to.__sockaddr__, len);
	return result;
}

ssize_t sendto(
	int fd, const void *bytes, size_t len, int flags, __CONST_SOCKADDR_ARG to, socklen_t to_len)
{
	if ((flags & MSG_FASTOPEN) != 0)
		note_connection(fd, to.__sockaddr__, to_len);
	if (!af_watch_has(fd))
		return af_real.sendto(fd, bytes, len, flags, to.__sockaddr__, to_len);
	if (!may_send(fd, bytes, len))
		return -1;
	return sent_bytes(
		fd, bytes, len, af_real.sendto(fd, bytes, len, flags, to.__sockaddr__, to_len));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if ((flags & MSG_FASTOPEN) != 0 && message != NULL)
		note_connection(fd, message->msg_name, message->msg_namelen);
	if (!af_watch_has(fd) || message == NULL)
		return af_real.sendmsg(fd, message, flags);
	if (!af_guard_may_send(fd, message->msg_iov, message->msg_iovlen))
		return -1;
	return sent(fd, message->msg_iov, message->msg_iovlen, af_real.sendmsg(fd, message, flags));
}

/* One by one, since each is fed with what the one before has left unsent. */
int sendmmsg(int fd, struct mmsghdr *message, unsigned count, int flags)
{
	ssize_t result;
	unsigned done;

	if (!af_watch_has(fd))
		return af_real.sendmmsg(fd, message, count, flags);
	for (done = 0; done < count; done++) {
		const struct msghdr *header = &message[done].msg_hdr;

		if (!af_guard_may_send(fd, header->msg_iov, header->msg_iovlen))
			break;
		result = af_real.sendmmsg(fd, &message[done], 1, flags) == 1
				 ? (ssize_t)message[done].msg_len
				 : -1;
		if (sent(fd, header->msg_iov, header->msg_iovlen, result) < 0)
			break;
	}
	return done > 0 || count == 0 ? (int)done : -1;
}

/* ---- descriptors ---- */

/* Before, not after: another thread may have the number by then. */
int close(int fd)
{
	if (af_watch_has(fd))
		af_watch_closed(fd);
	return af_real.close(fd);
}

static void close_watched(unsigned first, unsigned last)
{
	for (unsigned fd = first; fd <= last && fd < AFENCE_WATCH_FDS; fd++)
		if (af_watch_has((int)fd))
			af_watch_closed((int)fd);
}

int close_range(unsigned first, unsigned last, int flags)
{
	int result = af_real.close_range(first, last, flags);

	if (result == 0 && (flags & (int)CLOSE_RANGE_CLOEXEC) == 0)
		close_watched(first, last);
	return result;
}

static int copied(int from, int to)
{
	if (to >= 0 && (af_watch_has(from) || af_watch_has(to)))
		af_watch_copied(from, to);
	return to;
}

int dup(int fd)
{
	return copied(fd, af_real.dup(fd));
}

int dup2(int from, int to)
{
	return copied(from, af_real.dup2(from, to));
}

int dup3(int from, int to, int flags)
{
	return copied(from, af_real.dup3(from, to, flags));
}

/* Called as the variadic functions that they are. */
typedef int fcntl_function(int fd, int command, ...);

static int control(fcntl_function *real, int fd, int command, void *argument)
{
	int result = real(fd, command, argument);

	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
		copied(fd, result);
	return result;
}

#define DEFINE_FCNTL(name)                                                             \
	int name(int fd, int command, ...)                                             \
	{                                                                              \
		va_list values;                                                        \
		void *argument;                                                        \
                                                                                       \
		va_start(values, command);                                             \
		argument = va_arg(values, void *);                                     \
		va_end(values);                                                        \
		return control((fcntl_function *)af_real.name, fd, command, argument); \
	}

DEFINE_FCNTL(fcntl)
DEFINE_FCNTL(fcntl64)
