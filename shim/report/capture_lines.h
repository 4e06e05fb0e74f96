/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_LINES_H
#define ORSHIM_CAPTURE_LINES_H

/*
 * Lines of a capture file (tools/capture/capture.h): bytes as text or hex, comments,
 * waits. SIGN is '>' for the client's bytes and '<' for the server's. All append
 * to OUT and give 0, or -1 at its ceiling or without memory.
 */
#include "wire/exchange.h"

enum {
	CAPTURE_HEX_LINE = 32,     /* bytes of one line of hex */
	CAPTURE_INFORMATIONAL = 8, /* 1xx answers of one exchange that are written */
};

/* Lines that are readable UTF-8 go out as text, others as hex. */
int capture_lines(struct buf *out, char sign, struct slice bytes);

/* Hex in lines of CAPTURE_HEX_LINE bytes, each with a comment of what is readable in it. */
int capture_hex_lines(struct buf *out, char sign, struct slice bytes);

/* One line of hex, with a comment of what is readable in TEXT; none if TEXT is empty. */
int capture_hex(struct buf *out, char sign, struct slice bytes, struct slice text);

/* The printable ASCII of TEXT, dots for the rest, and a line feed. */
int capture_comment(struct buf *out, struct slice text);

/* "= wait": the time from the request's first byte to the answer's last. */
int capture_wait(struct buf *out, const struct exchange *x);

#endif
