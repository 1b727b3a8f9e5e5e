/* SPDX-License-Identifier: MIT */
/* Says that it runs; made of nothing but libc, so that it can be linked for 32 bits without headers. */
extern int puts(const char *text);
extern void exit(int status);
void _start(void);

void _start(void)
{
	puts("short");
	exit(0);
}
