/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PAIRING_H
#define ORSHIM_PAIRING_H

/*
 * HTTP/1 on one connection: requests and answers of both directions, paired in
 * their order (RFC 9112 section 9.3).
 *
 *   client's bytes                                             event queue
 *
 *   [awaited] ──first byte──> [open] ──end──> waits for its answer ──answer──> out
 *       ^                      │  │
 *       │                      │  └─ its answer is whole before its body is ─> out
 *       ├──end── [discard] <───┘     and the rest of the request is discarded
 *       │
 *       └──answer of the last── [trailing] <── no request begins like this: too
 *                                             many bytes for the one before
 *
 *   server's bytes
 *
 *   before any request      kept in early_response: its request may be on its way
 *   an answer               goes to the oldest request that waits; if that has no
 *                           whole head yet, `answered` until it has
 *   rest of an answer that  discarded: the exchange went out with the error
 *   is already out          (discard_response)
 */
#include "wire/http1.h"
#include "wire/event_queue.h"

enum request_state {
	REQUEST_AWAITED,
	REQUEST_OPEN,	  /* of the newest exchange */
	REQUEST_DISCARD,  /* its exchange is out; read for its end alone */
	REQUEST_TRAILING, /* bytes after the last request that begin no other */
};

struct pairing {
	struct event_queue *out;
	uint32_t number;
	uint32_t seq;
	struct slice sni; /* borrowed from the connection */
	uint16_t port;	  /* of wire_limits */
	bool plain;	  /* the same */
	struct http1 client;
	struct http1 server;
	struct exchange *first; /* waiting for their answers, linked by `next` */
	struct exchange *last;
	size_t waiting;
	enum request_state request;
	bool answered;			   /* the answer to `last` is whole, its request's head is not */
	struct exchange *discard_request;  /* takes what is discarded; NULL: nothing is */
	struct exchange *discard_response; /* the same of the server's bytes */
	struct buf early_response;
};

void pairing_init(struct pairing *p, struct event_queue *out, const struct wire_limits *limits,
		  uint32_t number, struct slice sni);
void pairing_release(struct pairing *p);

/* Once the queue has `unsupported` nothing more is taken. */
void pairing_feed(struct pairing *p, enum side side, struct slice in, int64_t now_us);
void pairing_skip(struct pairing *p, enum side side, size_t n);
void pairing_end(struct pairing *p, enum side side, int64_t now_us);
void pairing_close(struct pairing *p, int64_t now_us);

#endif
