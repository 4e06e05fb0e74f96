/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HEAD_H
#define ORSHIM_HEAD_H

/* A HTTP/1 head, whole or in part, as fields and framing. No state. */
#include "wire/exchange.h"

/* What the head says about the body's length (RFC 9112 section 6). */
struct framing {
	bool has_length;
	bool length_bad;
	bool has_transfer; /* Transfer-Encoding is there */
	bool chunked;	   /* and ends in chunked */
	uint64_t length;
};

/* Could these first bytes (no LF among them) grow into a start line of that side? */
bool head_may_start(enum side side, struct slice bytes);

/* Is this whole line (without its line end) a start line, even a bad one? */
bool head_is_start_line(enum side side, struct slice line);

/*
 * Read m->head into start line, fields and faults. A last line without its end
 * is not a field. 0, or -1 without memory.
 */
int head_read(struct message *m, enum side side, struct framing *framing);

/* Is C allowed in a header name? (token, RFC 9110 section 5.6.2) */
bool head_is_token(unsigned char c);

/* Offset of the first control byte in VALUE that is not a TAB (RFC 9110 section 5.5); -1. */
long head_control(struct slice value);

/* Note what one Content-Length or Transfer-Encoding field says; other fields are ignored. */
void framing_note(struct framing *framing, struct message *m, const struct field *f, uint64_t at,
		  int index);

#endif
