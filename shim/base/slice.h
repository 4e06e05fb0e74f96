/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SLICE_H
#define ORSHIM_SLICE_H

/*
 * A borrowed run of bytes: not NUL-terminated, may hold any byte, owns
 * nothing. An absent value is {NULL, 0}; an empty one has p != NULL.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
/* For printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).n, (s).p ? (s).p : ""

/* Inline, because they are called for nearly every byte. */

/* Of a C string; NULL gives the absent slice. */
static inline struct slice slice_of(const char *text)
{
	return (struct slice){ text, text ? strlen(text) : 0 };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* S from AT on, at most N bytes; positions past the end give an empty slice. */
static inline struct slice slice_sub(struct slice s, size_t at, size_t n)
{
	if (at > s.n)
		at = s.n;
	if (n > s.n - at)
		n = s.n - at;
	return (struct slice){ s.p ? s.p + at : NULL, n };
}

static inline struct slice slice_from(struct slice s, size_t at)
{
	return slice_sub(s, at, s.n);
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool slice_starts_nocase(struct slice s, struct slice prefix); /* ASCII letters only */
static inline bool slice_equal_nocase(struct slice a, struct slice b)
{
	return a.n == b.n && slice_starts_nocase(a, b);
}

bool slice_ends(struct slice s, struct slice suffix);

/* Offset of the first NEEDLE in S at or after FROM; -1 if there is none. */
long slice_find(struct slice s, struct slice needle, size_t from);
long slice_find_nocase(struct slice s, struct slice needle, size_t from);
bool slice_has(struct slice s, struct slice needle);
bool slice_has_nocase(struct slice s, struct slice needle);
bool slice_has_digit(struct slice s);

/* Offset of the first byte equal to C at or after FROM; -1 if there is none. */
static inline long slice_byte(struct slice s, char c, size_t from)
{
	const char *hit = from < s.n ? memchr(s.p + from, c, s.n - from) : NULL;

	return hit ? hit - s.p : -1;
}

/* Without leading and trailing SP and TAB (RFC 9110 section 5.6.3, OWS). */
struct slice slice_trim(struct slice s);

/*
 * Cut the next piece of *REST that ends before the byte C (or at its end) and
 * move *REST past it. False when *REST was absent or used up.
 */
bool slice_cut(struct slice *rest, char c, struct slice *piece);

/* The decimal digits of S as a number; false on anything else or overflow. */
bool slice_number(struct slice s, unsigned long long *value);

#endif
