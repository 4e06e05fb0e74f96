/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ESCAPED_H
#define ORSHIM_ESCAPED_H

/*
 * Characters of keys and words that are written in another way: percent escapes
 * (RFC 3986 section 2.1), \uNNNN of JSON, numeric character references of HTML
 * (&#115; and &#x73;), full-width letters (U+FF01 to U+FF5E).
 */
#include <stdint.h>

#include "base/slice.h"

/* How many bytes at AT of S are an escape of *BYTE, a token byte; 0: there is none. */
size_t escaped_byte(struct slice s, size_t at, char *byte);

/* How many bytes at AT of S are an escape of *BYTE, any character of ASCII; 0: there is none. */
size_t escaped_character(struct slice s, size_t at, char *byte);

/* Replace the escape of N bytes at P by one of C, of the same kind. */
void escaped_put(char *p, size_t n, char c);

/* Can such a way of writing begin with C? */
static inline bool may_escape(char c)
{
	return c == '%' || c == '\\' || c == '&' || c == '\xef';
}

enum { ESCAPED_MAX = 256 };

/* A stretch of token bytes, some of them escaped. */
struct escaped {
	char plain[ESCAPED_MAX];  /* as it is read */
	uint16_t at[ESCAPED_MAX]; /* where each byte begins, from the stretch's beginning */
	size_t n;                 /* of PLAIN */
	size_t length;            /* of the text */
	size_t escapes;           /* how many there are */
	size_t in_row; /* the most that follow each other, full-width letters not counted */
};

/* The stretch that begins at AT of S; what is too long for PLAIN is left to the next. */
void escaped_read(struct escaped *e, struct slice s, size_t at);

/* Write PLAIN to P, where the stretch is, each byte escaped as it was. */
void escaped_write(const struct escaped *e, char *p);

#endif
