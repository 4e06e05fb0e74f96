/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HTTP1_H
#define ORSHIM_HTTP1_H

/*
 * HTTP/1.x of one direction (RFC 9112), push style: bytes in any split in,
 * heads and whole messages out. What the peer did wrong becomes a fault of the
 * message; bytes are kept as they came.
 */
#include "wire/exchange.h"

enum http1_need {
	HTTP1_MORE,	/* all bytes taken, the message goes on */
	HTTP1_HEAD,	/* the head is whole: look at it, call again with the rest */
	HTTP1_MESSAGE,	/* the message is whole; the rest belongs to the next one */
	HTTP1_NOT_HTTP, /* this is not HTTP/1.x; sticky */
};

/* The request that an answer belongs to decides whether it has a body (RFC 9112 6.3). */
struct http1_context {
	bool head_request; /* HEAD */
	bool connect;	   /* CONNECT */
};

struct http1 {
	enum side side;
	size_t body_max;
	int state;
	size_t scanned;	   /* bytes of the head already searched for its end */
	uint64_t left;	   /* bytes of the body or chunk still to come */
	struct buf line;   /* chunk size line or trailer line being collected */
	size_t trailers;
	const char *why;   /* HTTP1_NOT_HTTP: static text */
};

void http1_init(struct http1 *p, enum side side, size_t body_max);
void http1_release(struct http1 *p);

/*
 * Take bytes of *IN for message M (message_init()ed) and move *IN past what
 * was taken. CONTEXT is read once an answer's head is whole.
 */
enum http1_need http1_feed(struct http1 *p, struct message *m, const struct http1_context *context,
			   struct slice *in);

/* The direction ended: finish what can be finished. True if M is a message worth having. */
bool http1_end(struct http1 *p, struct message *m);

#endif
