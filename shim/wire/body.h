/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BODY_H
#define ORSHIM_BODY_H

/*
 * The body of one message, after transfer framing: counted, decoded, kept up
 * to a ceiling, and read as an event stream. Past the ceiling it costs an
 * addition a call.
 */
#include "wire/exchange.h"

struct decoder;
struct sse;

struct body_reader {
	struct message *m;	 /* NULL: no body is being read */
	struct stream_report *report; /* where an event stream tells; NULL: a request's body */
	struct decoder *decoder; /* NULL: nothing to decode, or given up */
	struct sse *sse;	 /* NULL: no event stream, or it ended in an error */
	struct buf coded;	 /* what came so far, to go back to if it does not decode */
	bool counting;		 /* nobody wants the bytes any more */
	bool stream_error;		 /* an event was an error: the exchange is complete */
	bool exact;		 /* uncoded: body_take() stops right where the error ended */
};

/*
 * Begin the body of M, whose head is whole. REPORT: where an event stream
 * tells; NULL for a request. 0, or -1 without memory.
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

/* Bytes that never came into our hands. */
void body_skip(struct body_reader *r, size_t n);

/* From here on only count, into M. */
void body_count_into(struct body_reader *r, struct message *m);

void body_release(struct body_reader *r);

#endif
