/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_H2_FRAME_H
#define ORSHIM_H2_FRAME_H

/* HTTP/2 frames of one direction (RFC 9113 section 4): bytes in any split in, frames out. */
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/exchange.h"

enum h2_type {
	H2_DATA,
	H2_HEADERS,
	H2_PRIORITY,
	H2_RST_STREAM,
	H2_SETTINGS,
	H2_PUSH_PROMISE,
	H2_PING,
	H2_GOAWAY,
	H2_WINDOW_UPDATE,
	H2_CONTINUATION,
};

enum {
	H2_END_STREAM = 0x1,
	H2_ACK = 0x1,
	H2_END_HEADERS = 0x4,
	H2_PADDED = 0x8,
	H2_PRIORITIZED = 0x20
};
enum { H2_HEADER_LENGTH = 9 };

struct h2_frame {
	uint32_t length;
	uint8_t type; /* may be one that enum h2_type does not have */
	uint8_t flags;
	uint32_t stream;
};

enum h2_result {
	H2_MORE,
	H2_BEGIN,   /* r->frame is there, its payload comes */
	H2_PIECE,   /* a piece of a DATA frame's data */
	H2_PAYLOAD, /* the payload of a frame that is read whole; valid until the next call */
	H2_END,     /* the frame is over; does not come after H2_PAYLOAD */
	H2_TOO_LONG,
	H2_NO_MEMORY,
};

struct h2_reader {
	unsigned char header[H2_HEADER_LENGTH];
	size_t have; /* bytes of the header */
	struct h2_frame frame;
	uint32_t left; /* bytes of the payload still to come */
	uint32_t pad;  /* of which at the end are padding */
	bool in_payload;
	bool pad_known;
	bool pad_bad; /* more padding than payload */
	struct buf payload;
};

void h2_reader_init(struct h2_reader *r);
void h2_reader_release(struct h2_reader *r);

/* Take bytes of *IN and move it past them. */
enum h2_result h2_reader_next(struct h2_reader *r, struct slice *in, struct slice *piece);

uint32_t h2_number(const char *p, int bytes); /* big-endian */

/*
 * The header block in the payload of a HEADERS, PUSH_PROMISE or CONTINUATION
 * frame, without padding and priority. False: the frame is too short for its flags.
 */
bool h2_block(const struct h2_frame *frame, struct slice payload, struct slice *block);

/* How far bytes were searched, so that no byte is searched twice; all zero at first. */
struct h2_search {
	size_t at;      /* frames begin here or later */
	size_t decided; /* how many bytes it took to decide that */
};

/*
 * Offset in SIDE's bytes, whose beginning we did not see, where frames plausibly
 * begin and follow each other; -1: nowhere yet. IN has all bytes so far.
 */
long h2_find_frame(struct h2_search *search, struct slice in, enum side side);

enum { H2_SEARCHING = -1, H2_LOST = -2, H2_OUT_OF_MEMORY = -3 };

/*
 * Add IN to RESYNC_BUF and search there as h2_find_frame() does. REST is the part of
 * IN that did not fit.
 */
long h2_find_in(struct buf *resync_buf, struct h2_search *search, enum side side, struct slice in,
		struct slice *rest);

#endif
