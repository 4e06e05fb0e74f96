/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_POOL_H
#define ORSHIM_REPORT_POOL_H

/*
 * Pieces of JSON, each stored once and referred to by a number: thousands of
 * exchanges of one tool share most of their header fields. 0 is null. Dies
 * without memory.
 */
#include "base/buf.h"

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *p);

/* The number of JSON, one whole value; it is copied. */
unsigned pool_json(struct pool *p, struct slice json);

/* The number of TEXT as a JSON string; 0 for NULL. It must be masked already. */
unsigned pool_text(struct pool *p, const char *text);

/* The same for unmasked text of a record: it is masked here, once for each text. */
unsigned pool_wire(struct pool *p, const char *text);

/* Append all pieces as one JSON array, in which no '<' is. */
void pool_put(const struct pool *p, struct buf *out);

/* Append JSON with each '<' as \u003c: no text in it can end a script element. */
void put_inert(struct buf *out, struct slice json);

#endif
