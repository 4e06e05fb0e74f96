/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PAIRING_H
#define ORSHIM_PAIRING_H

/*
 * HTTP/1 on one connection: both directions' messages, put together in their
 * order (RFC 9112 section 9.3).
 */
#include "wire/http1.h"
#include "wire/event_queue.h"

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
	struct exchange *last;	/* the newest; its request may still be open */
	size_t waiting;
	bool request_open;
	bool answered;		      /* the answer to `last` is whole, its request's head is not */
	bool trailing_bytes;		      /* bytes follow the last request that start no other */
	struct exchange *discard_request; /* takes the rest of a request whose exchange is gone */
	struct exchange *discard_response; /* the same of an answer */
	struct buf early_response;	      /* sent by the server before there was a request to answer */
};

void pairing_init(struct pairing *p, struct event_queue *out, const struct wire_limits *limits,
		  uint32_t number, struct slice sni);
void pairing_release(struct pairing *p);

/* Once the queue has `unsupported` the pairing takes nothing more. */
void pairing_feed(struct pairing *p, enum side side, struct slice in, int64_t now_us);
void pairing_skip(struct pairing *p, enum side side, size_t n);
void pairing_end(struct pairing *p, enum side side, int64_t now_us);
void pairing_close(struct pairing *p, int64_t now_us);

#endif
