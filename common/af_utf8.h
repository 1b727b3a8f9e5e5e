/* SPDX-License-Identifier: MIT */
/* Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing over U+10FFFF. */
#ifndef AF_UTF8_H
#define AF_UTF8_H

#include <stddef.h>

/* Bytes of the valid sequence at the start of the LEN bytes at TEXT, or 0. */
size_t af_utf8_sequence(const char *text, size_t len);

/* The same, but 0 too for control characters (C0, DEL, C1) and for those that change how a
 * terminal shows the rest of a line: bidirectional controls, line and paragraph separators. */
size_t af_utf8_printable(const char *text, size_t len);

#endif
