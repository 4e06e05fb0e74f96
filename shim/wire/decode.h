/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DECODE_H
#define ORSHIM_DECODE_H

/* Undoing a Content-Encoding (RFC 9110 section 8.4), several stacked, streamed. */
#include "base/limits.h"
#include "base/slice.h"

#include <stdint.h>

struct decoder;

enum decode_result {
	DECODE_GOOD,
	DECODE_ENOUGH, /* the taker wants no more */
	DECODE_BROKEN, /* the bytes are not what the coding says */
	DECODE_BOMB,   /* more than LIMIT_BOMB_RATIO times what came; not gone into */
	DECODE_NO_MEMORY,
};

/*
 * Takes decoded bytes; DECODE_GOOD or what to stop with. A callback, because
 * the stages of a stack feed each other.
 */
struct decode_taker {
	enum decode_result (*take)(struct decode_taker *t, const char *bytes, size_t n);
};

/*
 * CODINGS is the fields' value, "gzip, br". *UNKNOWN is made the first name
 * that is not known, or absent. NULL: nothing to undo, unknown (*UNKNOWN), or
 * no memory (*NO_MEMORY).
 */
struct decoder *decoder_new(struct slice codings, struct slice *unknown, bool *no_memory);
void decoder_free(struct decoder *d);

/* Anything but DECODE_GOOD is final. */
enum decode_result decoder_take(struct decoder *d, const char *bytes, size_t n,
			      struct decode_taker *taker);

/* Whether the input may end here. */
bool decoder_is_whole(const struct decoder *d);

#endif
