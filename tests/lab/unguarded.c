/* SPDX-License-Identifier: MIT */
/*
 * Logs in over IMAP as a program does that no guard in libc can see: linked statically, or with
 * -DRAW by system calls of its own, as the Go runtime's.
 *
 * usage: unguarded ADDRESS PORT USER SECRET
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef RAW
#define connect(fd, to, len)  (int)syscall(SYS_connect, fd, to, len)
#define write(fd, bytes, len) syscall(SYS_write, fd, bytes, len)
#endif

/* True if the server has said WORD. */
static int heard(int fd, const char *word)
{
	char text[4096];
	size_t len = 0;
	ssize_t count;

	while (len < sizeof(text) - 1 &&
		(count = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
		len += (size_t)count;
		text[len] = '\0';
		if (strstr(text, word) != NULL)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	char line[512];
	int fd = socket(AF_INET, SOCK_STREAM, 0), len;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 2;
	to.sin_port = htons((unsigned short)atoi(argv[2]));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 || !heard(fd, "ready"))
		return 3;
	len = snprintf(line, sizeof(line), "a LOGIN %s %s\r\n", argv[3], argv[4]);
	if (write(fd, line, (size_t)len) != len)
		return 4;
	return heard(fd, "welcome") ? 0 : 1;
}
