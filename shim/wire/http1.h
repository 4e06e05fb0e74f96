/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HTTP1_H
#define ORSHIM_HTTP1_H

/*
 * HTTP/1.x of one direction (RFC 9112): bytes in any split in, heads and whole
 * messages out. Mistakes of the peer become faults of the message, whose bytes
 * are kept as they came. Trailer fields are read and not kept.
 *
 *   [at start] ──start line──> [in head] ──empty line──> HTTP1_HEAD, then by framing:
 *       ^                          └─ not one: HTTP1_NOT_HTTP
 *       │
 *       │    none, length    [in length] ──last byte──┐
 *       │    until the end   [until end] ──http1_end──┤
 *       │    chunked         [chunk size] ──0── [in trailers] ──empty line──┤
 *       │                     │        ^                                   │
 *       │                     └> [chunk data] ──> [chunk end]              │
 *       └──────────────────────── HTTP1_MESSAGE <─────────────────────────┘
 *
 *   chunks that cannot be followed    [broken]: the rest is counted
 *   a ceiling, no memory, the end     [stopped]
 */
#include "wire/body.h"

enum http1_result {
	HTTP1_MORE,	/* all bytes were taken, the message goes on */
	HTTP1_HEAD,	/* the head is whole: look at it, call again with the rest */
	HTTP1_MESSAGE,	/* the message is whole; the rest belongs to the next one */
	HTTP1_STREAM_ERROR, /* an event of the answer was an error; the message goes on */
	HTTP1_NOT_HTTP,	/* no message begins with what is in the head and the rest of *IN */
	HTTP1_UNSUPPORTED,	/* for the reason in `why`; so is every later call */
};

enum http1_state {
	HTTP1_AT_START,
	HTTP1_IN_HEAD,
	HTTP1_IN_LENGTH,
	HTTP1_UNTIL_END,
	HTTP1_CHUNK_SIZE,
	HTTP1_CHUNK_DATA,
	HTTP1_CHUNK_END,
	HTTP1_IN_TRAILERS,
	HTTP1_BROKEN, /* chunks that cannot be followed: the rest is counted */
	HTTP1_STOPPED,
};

struct http1 {
	enum side side;
	enum http1_state state;
	size_t body_max;
	uint64_t left;	    /* bytes of the body or chunk still to come */
	uint64_t line;	    /* offset in the message of the line being collected */
	size_t blanks;	    /* bytes of empty lines before a start line; later of trailers */
	bool started;	    /* the start line is whole */
	struct buf scratch; /* chunk size line or trailer line cut by a split */
	struct body_reader body;
	const char *why;    /* HTTP1_UNSUPPORTED: static text */
};

void http1_init(struct http1 *p, enum side side, size_t body_max);
void http1_release(struct http1 *p);

/*
 * Take bytes of *IN for that side's message of X and move *IN past what was
 * taken. After HTTP1_MESSAGE the next call may bring another X.
 */
enum http1_result http1_feed(struct http1 *p, struct exchange *x, struct slice *in, int64_t now_us);

/* Between messages: move *IN past empty lines (RFC 9112 section 2.2); false: too many of them. */
bool http1_skip_blanks(struct http1 *p, struct slice *in);

/* N bytes went by that we did not see. False: there is no place for them in X. */
bool http1_skip(struct http1 *p, struct exchange *x, size_t n);

/* The direction ended. True if that makes the message whole. */
bool http1_end(struct http1 *p, struct exchange *x);

/* Read the rest of the message for its end alone; its bytes are counted in X. */
void http1_discard(struct http1 *p, struct exchange *x);

/* The next byte begins a message. */
void http1_restart(struct http1 *p);

#endif
