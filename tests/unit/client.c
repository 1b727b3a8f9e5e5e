/* SPDX-License-Identifier: MIT */
/*
 * A client that logs in, in as many ways as there are to send: what test_preload.c starts with the
 * guard loaded.
 *
 * usage: client WAY PORT IDENTITY
 * Connects to 127.0.0.1:PORT, sends a login, waits for end-of-file and says what the last call gave.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARALLEL 200

static struct sockaddr_in server = {.sin_family = AF_INET};
static const char *identity;
static char line[2048];
static size_t length;
static char *self;

static void give_up(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(3);
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof(server)) != 0)
		give_up("connect");
	return fd;
}

/* What the server has to say, until it or the guard ends it. */
static void finish(int fd, ssize_t count)
{
	int error = errno;
	char byte;

	printf("%zd %s\n", count, count < 0 ? strerrorname_np(error) : "-");
	fflush(stdout);
	shutdown(fd, SHUT_WR);
	while (read(fd, &byte, 1) > 0)
		;
	close(fd);
}

/* ---- one call ---- */

static ssize_t by_write(int fd)
{
	return write(fd, line, length);
}

static ssize_t by_send(int fd)
{
	return send(fd, line, length, MSG_NOSIGNAL);
}

static ssize_t by_sendto(int fd)
{
	return sendto(fd, line, length, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t by_writev(int fd)
{
	struct iovec part[3] = {{line, 3}, {line + 3, 10}, {line + 13, length - 13}};

	return writev(fd, part, 3);
}

static ssize_t by_sendmsg(int fd)
{
	struct iovec part[2] = {{line, 5}, {line + 5, length - 5}};
	struct msghdr message = {.msg_iov = part, .msg_iovlen = 2};

	return sendmsg(fd, &message, 0);
}

static ssize_t by_sendmmsg(int fd)
{
	struct iovec part[2] = {{line, 6}, {line + 6, length - 6}};
	struct mmsghdr message[2] = {{.msg_hdr = {.msg_iov = &part[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &part[1], .msg_iovlen = 1}}};

	if (sendmmsg(fd, message, 2, 0) != 2)
		return -1;
	return (ssize_t)(message[0].msg_len + message[1].msg_len);
}

static ssize_t by_bytes(int fd)
{
	for (size_t i = 0; i < length; i++)
		if (write(fd, line + i, 1) != 1)
			return -1;
	return (ssize_t)length;
}

static ssize_t by_stream(int fd)
{
	int copy = dup(fd);
	FILE *file = fdopen(copy, "r+");
	int count;

	if (file == NULL || fileno(file) != copy)
		give_up("fdopen");
	count = fprintf(file, "%s", line);
	if (fflush(file) != 0)
		count = -1;
	fclose(file);
	return fcntl(copy, F_GETFD) < 0 ? count : -2;
}

static ssize_t by_dprintf(int fd)
{
	return dprintf(fd, "%s", line);
}

static ssize_t by_dup(int fd)
{
	int copy = dup(fd);
	ssize_t count = write(copy, line, 4);
	int last = dup2(copy, 70);

	count += write(last, line + 4, length - 4);
	close(last);
	close(copy);
	return count;
}

static ssize_t by_fcntl(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	ssize_t count = write(copy, line, length);

	close(copy);
	return count;
}

/* The number is used for another connection without a word to libc. */
static ssize_t by_number(int fd)
{
	int other = socket(AF_UNIX, SOCK_STREAM, 0);
	int copy = fcntl(fd, F_DUPFD, 60);

	syscall(SYS_dup3, other, copy, 0);
	errno = 0;
	if (write(copy, line, length) >= 0 || errno != ENOTCONN)
		return -2;
	syscall(SYS_close, copy);
	close(other);
	return write(fd, line, length);
}

/* What a child does to its descriptors while it borrows our memory is none of ours. */
static ssize_t after_vfork(int fd)
{
	int null = open("/dev/null", O_RDWR);
	pid_t child = vfork();

	if (child == 0) {
		dup2(null, fd);
		_exit(write(fd, line, length) < 0 || close(fd) != 0);
	}
	waitpid(child, NULL, 0);
	close(null);
	return write(fd, line, length);
}

static ssize_t after_fork(int fd)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(write(fd, line, length) == (ssize_t)length ? 0 : errno);
	waitpid(child, &status, 0);
	errno = WEXITSTATUS(status);
	return status == 0 ? (ssize_t)length : -1;
}

/* A child that no handler of fork() hears of makes a connection of its own. */
static ssize_t after_clone(int fd)
{
	pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	int status = 0;

	if (child == 0) {
		dup2(dial(), fd);
		_exit(write(fd, line, length) == (ssize_t)length ? 0 : 1);
	}
	waitpid(child, &status, 0);
	return status == 0 ? (ssize_t)length : -1;
}

/* It is blocked for good: whatever comes after is not sent either. */
static ssize_t again(int fd)
{
	ssize_t count = write(fd, line, length);
	int copy = dup(fd);

	if (count >= 0)
		return count;
	return send(copy, line, length, 0) >= 0 || write(fd, "b NOOP\r\n", 8) >= 0 ? -2 : -1;
}

/* A connection that is on its way while connect() has returned. */
static ssize_t by_nonblocking(int fd)
{
	int own = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd end = {own, POLLOUT, 0};

	if (connect(own, (struct sockaddr *)&server, sizeof(server)) == 0 || errno != EINPROGRESS ||
		poll(&end, 1, 5000) != 1)
		give_up("connect");
	fcntl(own, F_SETFL, 0);
	dup2(own, fd);
	close(own);
	return write(fd, line, length);
}

/* Connects and sends with one call. */
static ssize_t by_fastopen(int fd)
{
	int own = socket(AF_INET, SOCK_STREAM, 0);

	dup2(own, fd);
	close(own);
	return sendto(fd, line, length, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&server,
		sizeof(server));
}

/* The stream was there before the connection. */
static ssize_t by_early(int fd)
{
	int own = socket(AF_INET, SOCK_STREAM, 0);
	FILE *file = fdopen(own, "r+");
	int count;

	if (file == NULL || connect(own, (struct sockaddr *)&server, sizeof(server)) != 0)
		give_up("connect");
	count = fprintf(file, "%s", line);
	if (fflush(file) != 0)
		count = -1;
	dup2(own, fd);
	fclose(file);
	return count;
}

/* What the socket did not take is not what is written next. */
static ssize_t by_others(int fd)
{
	static const char refused[] = "a NOOP and more than there is in the next line\r\n";

	if (send(fd, refused, sizeof(refused) - 1, MSG_FASTOPEN) >= 0)
		return -2;
	return write(fd, line, length);
}

static ssize_t by_exec(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	fflush(stdout);
	execl(self, self, "inherited", number, identity, (char *)NULL);
	return -1;
}

static const struct way {
	const char *name;
	ssize_t (*run)(int fd);
} ways[] = {
	{"write", by_write},
	{"send", by_send},
	{"sendto", by_sendto},
	{"writev", by_writev},
	{"sendmsg", by_sendmsg},
	{"sendmmsg", by_sendmmsg},
	{"bytes", by_bytes},
	{"stream", by_stream},
	{"dprintf", by_dprintf},
	{"dup", by_dup},
	{"fcntl", by_fcntl},
	{"number", by_number},
	{"vfork", after_vfork},
	{"fork", after_fork},
	{"clone", after_clone},
	{"again", again},
	{"nonblocking", by_nonblocking},
	{"fastopen", by_fastopen},
	{"early", by_early},
	{"others", by_others},
	{"exec", by_exec},
};

/* ---- more than one ---- */

static void *log_in(void *unused)
{
	int fd = dial();

	(void)unused;
	for (size_t i = 0; i < length; i += 7)
		if (write(fd, line + i, length - i < 7 ? length - i : 7) < 0)
			give_up("write");
	shutdown(fd, SHUT_WR);
	return NULL;
}

static void run_threads(void)
{
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, log_in, NULL) != 0)
			give_up("pthread_create");
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	puts("joined");
}

static void run_parallel(void)
{
	int fd[PARALLEL];

	for (int i = 0; i < PARALLEL; i++)
		fd[i] = dial();
	for (size_t at = 0; at < length; at++)
		for (int i = 0; i < PARALLEL; i++)
			if (write(fd[i], line + at, 1) != 1)
				give_up("write");
	for (int i = 0; i < PARALLEL; i++)
		close(fd[i]);
	puts("closed");
}

/* ---- what is to stay as it is ---- */

static void expect(const char *what, long got, long want)
{
	if (got != want)
		printf("%s: got %ld, want %ld\n", what, got, want);
}

static void check_errors(void)
{
	int fd = dial();

	errno = 77;
	expect("write", write(fd, "x", 1), 1);
	expect("errno after success", errno, 77);
	close(fd);
	expect("write to closed", write(fd, "x", 1), -1);
	expect("its errno", errno, EBADF);
	expect("send to a high number", send(70000, "x", 1, 0), -1);
	expect("its errno", errno, EBADF);
	expect("close of a negative", close(-5), -1);
	expect("its errno", errno, EBADF);
	expect("dup2", dup2(-1, 5), -1);
	expect("its errno", errno, EBADF);
	server.sin_port = htons(1);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	expect("connect", connect(fd, (struct sockaddr *)&server, sizeof(server)), -1);
	expect("its errno", errno, ECONNREFUSED);
	expect("connect with no address", connect(fd, NULL, sizeof(server)), -1);
	expect("its errno", errno, EFAULT);
	expect("fdopen in no mode", fdopen(fd, "q") == NULL, 1);
	expect("its errno", errno, EINVAL);
	puts("checked");
}

static void read_arguments(char **argument)
{
	self = argument[0];
	identity = argument[3];
	server.sin_port = htons((uint16_t)atoi(argument[2]));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	length = (size_t)snprintf(line, sizeof(line), "a LOGIN %s s3cret\r\n", identity);
}

int main(int count, char **argument)
{
	int fd;

	if (count != 4)
		return 2;
	read_arguments(argument);
	if (strcmp(argument[1], "threads") == 0)
		run_threads();
	if (strcmp(argument[1], "parallel") == 0)
		run_parallel();
	if (strcmp(argument[1], "errors") == 0)
		check_errors();
	if (strcmp(argument[1], "inherited") == 0) {
		fd = atoi(argument[2]);
		finish(fd, by_write(fd));
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(argument[1], ways[i].name) == 0) {
			fd = dial();
			finish(fd, ways[i].run(fd));
		}
	}
	return 0;
}
