/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PSEUDONYM_H
#define ORSHIM_PSEUDONYM_H

/*
 * The replacement of a secret in a capture: of the same length, with the same class of
 * character at each place. It depends only on the secret's shape and on how many were
 * replaced before, so that the secret cannot be computed from it. A pseudonym is its
 * own pseudonym.
 *
 * Nothing here allocates but the table; without memory for it, secrets of one
 * shape all look alike.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"

/* What was replaced so far, so that the same is always replaced by the same. */
struct pseudonyms {
	struct pseudonym *all;
	size_t count;
};

void pseudonyms_init(struct pseudonyms *d);
void pseudonyms_release(struct pseudonyms *d);

/* Replace all of the N bytes at P but the first HEAD and the last TAIL. */
void pseudonym_replace(struct pseudonyms *d, char *p, size_t n, size_t head, size_t tail);

/* Were these bytes replaced before? */
bool pseudonym_exists(const struct pseudonyms *d, const char *p, size_t n);

/*
 * Make other pseudonyms of all that were replaced since the table had FROM
 * rows, when they are replaced again: TURN counts from 0. False: that was the
 * last turn, whose pseudonyms are those of the first.
 */
bool pseudonyms_retry(struct pseudonyms *d, size_t from, unsigned turn);

#endif
