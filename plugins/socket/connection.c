/* SPDX-License-Identifier: MIT */
/*
 * Finds the connections among the descriptors of the process.  Relies on /proc/self/fd where it
 * is there, else on trying the numbers that a process usually has.
 */
#include "connection.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "af_descriptor.h"

#define DESCRIPTORS_TRIED 4096

struct search {
	const struct af_link *only;
	struct af_peer *peers;
	struct af_connections *found;
};

typedef int name_function(int fd, struct sockaddr *sa, socklen_t *len);

static bool read_end(name_function *name, int fd, struct af_address *address, uint16_t *port)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	return name(fd, (struct sockaddr *)&sa, &len) == 0 &&
	       af_address_from_sockaddr((const struct sockaddr *)&sa, address, port);
}

bool af_link_read(int fd, struct af_link *link)
{
	int type;
	socklen_t len = sizeof(type);

	link->has_own = true;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM &&
	       read_end(getpeername, fd, &link->peer, &link->peer_port) &&
	       read_end(getsockname, fd, &link->own, &link->own_port);
}

static bool is_wanted(const struct af_link *link, const struct af_link *only)
{
	if (only == NULL)
		return true;
	if (!af_address_equal(&link->peer, &only->peer) || link->peer_port != only->peer_port)
		return false;
	return !only->has_own ||
	       (af_address_equal(&link->own, &only->own) && link->own_port == only->own_port);
}

static bool is_listed(const struct af_connections *found, ino_t inode)
{
	for (size_t i = 0; i < found->count; i++) {
		if (found->inode[i] == inode)
			return true;
	}
	return false;
}

static bool add_connection(void *context, int fd)
{
	struct search *search = context;
	struct af_connections *found = search->found;
	struct af_link link;
	struct stat st;

	if (!af_link_read(fd, &link) || !is_wanted(&link, search->only) || fstat(fd, &st) != 0 ||
		is_listed(found, st.st_ino))
		return true;
	if (found->count == AFENCE_PEERS_MAX) {
		found->count++;
		return false;
	}
	if (search->peers != NULL) {
		search->peers[found->count].address = link.peer;
		search->peers[found->count].port = link.peer_port;
		search->peers[found->count].own = af_address_equal(&link.peer, &link.own);
	}
	found->inode[found->count++] = st.st_ino;
	return true;
}

void af_connections_find(
	const struct af_link *only, struct af_peer *peers, struct af_connections *out)
{
	struct search search = {only, peers, out};

	out->count = 0;
	af_descriptors_walk(add_connection, &search);
}

static DIR *open_listing(void)
{
	int fd = af_descriptor_raise(open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir == NULL && fd >= 0)
		close(fd);
	return dir;
}

void af_descriptors_walk(bool (*visit)(void *context, int fd), void *context)
{
	DIR *dir = open_listing();
	const struct dirent *entry;
	bool more = true;

	if (dir == NULL) {
		for (int fd = 0; fd < DESCRIPTORS_TRIED && visit(context, fd); fd++)
			;
		return;
	}
	while (more && (entry = readdir(dir)) != NULL) {
		int fd = entry->d_name[0] == '.' ? -1 : atoi(entry->d_name);

		if (fd >= 0 && fd != dirfd(dir))
			more = visit(context, fd);
	}
	closedir(dir);
}
