/* SPDX-License-Identifier: MIT */
/*
 * Runs a command and interferes with its Nth system call: kills it before the call is made, or lets
 * the call fail with an error.  A supervisor of seccomp(2) sees every call from execve on, whatever
 * the machine's architecture.
 *
 * usage: inject COUNT-FILE N ERRNO COMMAND...
 *   N 0: none; ERRNO 0: kill.  How many calls there were is written to COUNT-FILE.  Ends as the
 *   command did, with 137 if it was killed, 125 if this can not be done here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT 125

/* The descriptor of the supervisor is handed over by sendmsg(), so that call alone is let through. */
static int install(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

union rights {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message(union rights *rights, struct iovec *part)
{
	memset(rights, 0, sizeof(*rights));
	return (struct msghdr){.msg_iov = part,
		.msg_iovlen = 1,
		.msg_control = rights,
		.msg_controllen = sizeof(*rights)};
}

static void run(int channel, char **command)
{
	char byte = 0;
	struct iovec part = {&byte, 1};
	union rights rights;
	struct msghdr all = message(&rights, &part);
	int listener = install();

	if (listener < 0)
		_exit(CANNOT);
	rights.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&rights.header), &listener, sizeof(listener));
	if (sendmsg(channel, &all, 0) == 1) {
		fcntl(listener, F_SETFD, FD_CLOEXEC);
		execv(command[0], command);
	}
	_exit(CANNOT);
}

static int receive(int channel)
{
	char byte;
	struct iovec part = {&byte, 1};
	union rights rights;
	struct msghdr all = message(&rights, &part);
	int listener = -1;

	if (recvmsg(channel, &all, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&all) != NULL)
		memcpy(&listener, CMSG_DATA(&rights.header), sizeof(listener));
	return listener;
}

/* Counts the calls behind execve until the command has ended. */
static long supervise(int listener, pid_t child, long wanted, int error)
{
	struct pollfd waiting = {.fd = listener, .events = POLLIN};
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;
	long count = -1; /* execve has not come yet */

	while (poll(&waiting, 1, -1) == 1 && (waiting.revents & POLLIN) != 0) {
		memset(&call, 0, sizeof(call));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
			continue;
		if (count >= 0)
			count++;
		else if (call.data.nr == SYS_execve)
			count = 0;
		answer = (struct seccomp_notif_resp){
			.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
		if (wanted > 0 && count == wanted && error == 0)
			kill(child, SIGKILL);
		else if (wanted > 0 && count == wanted)
			answer = (struct seccomp_notif_resp){.id = call.id, .error = -error};
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	return count;
}

int main(int argc, char **argv)
{
	int channel[2], listener, status = 0;
	long count = 0;
	pid_t child;
	FILE *out;

	if (argc < 5 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0)
		return CANNOT;
	child = fork();
	if (child == 0)
		run(channel[1], argv + 4);
	close(channel[1]);
	listener = child > 0 ? receive(channel[0]) : -1;
	if (listener >= 0)
		count = supervise(listener, child, atol(argv[2]), atoi(argv[3]));
	waitpid(child, &status, 0);
	out = fopen(argv[1], "w");
	if (listener < 0 || out == NULL)
		return CANNOT;
	fprintf(out, "%ld\n", count);
	fclose(out);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
