/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST_SIZE = 256 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_release(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
	b->n = 0;
}

/* Room for N more bytes. */
static int reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST_SIZE;

	if (n > b->max - b->n)
		return -1;
	if (n <= b->cap - b->n)
		return 0;
	while (cap - b->n < n)
		cap *= 2;
	if (cap > b->max)
		cap = b->max;
	char *p = realloc(b->p, cap);
	if (!p)
		return -1;
	b->p = p;
	b->cap = cap;
	return 0;
}

char *buf_grow(struct buf *b, size_t n)
{
	if (reserve(b, n) != 0)
		return NULL;
	b->n += n;
	return b->p + b->n - n;
}

int buf_add(struct buf *b, const void *bytes, size_t n)
{
	char *to = n ? buf_room(b, n) : b->p;

	if (!n)
		return 0;
	if (!to)
		return -1;
	memcpy(to, bytes, n);
	return 0;
}

int buf_add_slice(struct buf *b, struct slice s)
{
	return buf_add(b, s.p, s.n);
}

int buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;
	va_list again;

	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	/* vsnprintf ends its text with a NUL, which is not part of the bytes. */
	int failed = n < 0 || reserve(b, (size_t)n + 1) != 0;
	if (!failed) {
		vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
		b->n += (size_t)n;
	}
	va_end(again);
	return failed ? -1 : 0;
}

size_t buf_add_some(struct buf *b, const void *bytes, size_t n)
{
	if (n > b->max - b->n)
		n = b->max - b->n;
	return buf_add(b, bytes, n) == 0 ? n : 0;
}

void buf_drop(struct buf *b, size_t n)
{
	if (n > b->n)
		n = b->n;
	b->n -= n;
	if (b->n)
		memmove(b->p, b->p + n, b->n);
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->p ? b->p : "", b->n };
}
