/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BUF_H
#define ORSHIM_BUF_H

/*
 * A growing byte buffer; buf_init() requires a ceiling. The owner calls
 * buf_release(); an initialised but empty buffer has no memory. Growing moves the
 * bytes, so a slice of them is valid only until the next buf_add().
 */
#include "base/slice.h"

struct buf {
	char *p;
	size_t n;
	size_t cap;
	size_t max;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b); /* frees the bytes; B may be used again */
void buf_reset(struct buf *b);   /* empty, keeps the memory */

/* Append. 0, or -1 at the ceiling or without memory: then nothing was added. */
__attribute__((warn_unused_result)) int buf_add(struct buf *b, const void *bytes, size_t n);
__attribute__((warn_unused_result)) int buf_add_slice(struct buf *b, struct slice s);
__attribute__((warn_unused_result, format(printf, 2, 3))) int buf_addf(struct buf *b,
								       const char *format, ...);

/*
 * Where N bytes that the caller writes at once are appended: they count as
 * added. NULL at the ceiling or without memory.
 */
char *buf_grow(struct buf *b, size_t n);
static inline char *buf_room(struct buf *b, size_t n)
{
	if (n > b->cap - b->n || n > b->max - b->n)
		return buf_grow(b, n);
	b->n += n;
	return b->p + b->n - n;
}

/* Append as many of the bytes as fit below the ceiling; returns how many did. */
size_t buf_add_some(struct buf *b, const void *bytes, size_t n);

/* Forget the first N bytes. */
void buf_drop(struct buf *b, size_t n);

struct slice buf_slice(const struct buf *b); /* borrowed until the next change */

#endif
