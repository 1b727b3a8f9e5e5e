/* SPDX-License-Identifier: MIT */
/*
 * Could the question be answered at all?  What the answer was is enum af_verdict; the two are
 * never mixed.  Every function that can fail returns one of these; zero is success.
 */
#ifndef AF_STATUS_H
#define AF_STATUS_H

enum af_status {
	AFENCE_OK = 0,
	AFENCE_ERR_MEMORY,    /* allocation failed */
	AFENCE_ERR_SYNTAX,    /* the text breaks the rules of its form */
	AFENCE_ERR_ABSENT,    /* the file is not there */
	AFENCE_ERR_SYSTEM,    /* a system call failed, errno tells which way */
	AFENCE_ERR_UNTRUSTED, /* owner, mode or kind of a file is not acceptable */
	AFENCE_ERR_DAMAGED,   /* a compiled policy is cut, changed or inconsistent */
	AFENCE_ERR_NEWER,     /* a compiled policy needs a newer reader */
	AFENCE_ERR_LOWER,     /* a compiled policy is of a lower generation than the one in force */
	AFENCE_ERR_LIMIT,     /* a built-in bound was exceeded */
};

/*
 * A short English phrase for a status, without newline.  The string is constant and lives for
 * ever.  Thread safe.
 */
const char *af_strerror(enum af_status status);

#endif
