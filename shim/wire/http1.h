/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HTTP1_H
#define ORSHIM_HTTP1_H

/*
 * HTTP/1.x of one direction (RFC 9112), push style: bytes in any split in,
 * heads and whole messages out. What the peer did wrong becomes a fault of the
 * message; bytes are kept as they came. Trailer fields are read and dropped.
 */
#include "wire/body.h"

enum http1_result {
	HTTP1_MORE,	/* all bytes taken, the message goes on */
	HTTP1_HEAD,	/* the head is whole: look at it, call again with the rest */
	HTTP1_MESSAGE,	/* the message is whole; the rest belongs to the next one */
	HTTP1_STREAM_ERROR,	/* the answer's event stream told an error; the message goes on */
	HTTP1_NOT_HTTP, /* what is in the message's head and the rest of *IN start no message */
	HTTP1_UNSUPPORTED,	/* `why`; sticky */
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

/* N bytes passed unseen; false: they cannot be placed. */
bool http1_skip(struct http1 *p, struct exchange *x, size_t n);

/* The direction ended: finish what can be finished. True if the message is whole now. */
bool http1_end(struct http1 *p, struct exchange *x);

/* The rest of the message is only counted, into X's message of this side, to keep the framing. */
void http1_discard(struct http1 *p, struct exchange *x);

/* Forget the message: the next byte starts one. */
void http1_restart(struct http1 *p);

#endif
