/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BODY_H
#define ORSHIM_BODY_H

/*
 * The body of one message without its transfer framing: counted, decoded, kept
 * up to a ceiling, and read as an event stream if it is one. Beyond the ceiling
 * bytes are only counted.
 */
#include "wire/exchange.h"

struct decoder;
struct sse;

struct body_reader {
	struct message *m;	 /* NULL: no body is being read */
	struct stream_report *report; /* of the answer's event stream; NULL: a request's body */
	struct decoder *decoder; /* NULL: nothing to decode, or given up */
	struct sse *sse;	 /* NULL: no event stream, or it ended in an error */
	struct buf coded;	 /* the coded bytes, kept in case they do not decode */
	bool counting;		 /* bytes are counted and not kept */
	bool stream_error;		 /* an event was an error: the exchange is complete */
	bool exact;		 /* not coded: body_take() stops at the end of the error event */
};

/*
 * Begin the body of M, whose head is whole. REPORT is filled from an event
 * stream; NULL for a request. 0, or -1 without memory.
 */
int body_begin(struct body_reader *r, struct message *m, struct stream_report *report,
	       size_t body_max);

/*
 * Take bytes. All N are taken, or fewer when an uncoded event stream's error
 * ended there (r->stream_error; once). -1 without memory.
 */
long body_take(struct body_reader *r, const char *bytes, size_t n);

/* The body has ended; frees what decoding kept. WHOLE: as its framing says. */
void body_finish(struct body_reader *r, bool whole);

/* N bytes went by that we did not see. */
void body_skip(struct body_reader *r, size_t n);

/* Only count from here on, into M. */
void body_count_into(struct body_reader *r, struct message *m);

void body_release(struct body_reader *r);

#endif
