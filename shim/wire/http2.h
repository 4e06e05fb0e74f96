/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HTTP2_H
#define ORSHIM_HTTP2_H

/*
 * HTTP/2 on one connection (RFC 9113): frames of both directions in, exchanges
 * into the event queue. A stream is an exchange:
 *
 *   HEADERS of a new odd id ─> [open] ──END_STREAM──> [request whole]
 *                                │                        │
 *                                └── answer's END_STREAM ─┴─> out, END_ANSWERED
 *                                    an event that is an error ─> out at once
 *                                    RST_STREAM of either side ─> out, END_RESET
 *                                    2xx to CONNECT ───────────> out, END_SWITCHED
 *                                    the connection ends ──────> out, END_CLOSED
 *                                    it cannot be followed ────> out, END_UNPARSED
 *
 * Frames of a stream that is out are skipped; their header blocks are read, as the
 * HPACK table depends on them. Seen from the middle, each direction first looks for
 * the beginning of a frame (h2_find_in()).
 */
#include "wire/event_queue.h"

struct http2;

/* The client's preface has been taken, unless MIDSTREAM. SNI is borrowed. NULL without memory. */
struct http2 *http2_new(struct event_queue *out, const struct wire_limits *limits, uint32_t number,
			struct slice sni, bool midstream);
void http2_free(struct http2 *h);

/* Once the queue has `unsupported` nothing more is taken. */
void http2_feed(struct http2 *h, enum side side, struct slice in, int64_t now_us);
void http2_end(struct http2 *h, enum side side);
void http2_close(struct http2 *h);

#endif
