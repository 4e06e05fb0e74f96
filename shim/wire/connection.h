/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CONNECTION_H
#define ORSHIM_CONNECTION_H

/*
 * One TLS connection: the bytes of both directions in, exchanges out. How the
 * bytes were split never changes what comes out. Feed, then take events until
 * there are none.
 *
 *   connection_feed(c, SIDE_CLIENT, p, n, now_us);
 *   while (connection_next(c, &event)) ...
 *
 * HEAD comes once, with the first whole request head, so that the caller can
 * let go of a connection that is none of its business (connection_drop). From
 * then on feeding costs nothing.
 *
 * A connection whose bytes are not HTTP, or that we cannot follow any longer
 * (ceiling, no memory), ends with one EVENT_UNSUPPORTED and takes nothing more.
 * Peers' mistakes are facts of the exchange, never errors here.
 */
#include "wire/exchange.h"
#include "wire/handshake.h"

struct connection;

enum event_kind {
	EVENT_HEAD,	/* `exchange` is borrowed, valid until the next call on the connection */
	EVENT_EXCHANGE, /* `exchange` is finished and now the caller's: exchange_free() */
	EVENT_UNSUPPORTED,	/* nothing more will be read; `why` is static text */
	EVENT_IDLE_CLOSE,	/* closed, and not one byte was written by the client */
	EVENT_HANDSHAKE, /* the same, and `handshake` says how it came to that; borrowed as the head is */
	EVENT_QUIC,	/* the handshake was one of HTTP/3, whose bytes go another way */
};

struct event {
	enum event_kind kind;
	struct exchange *exchange;
	const char *why;
	const struct handshake *handshake;
};

struct wire_limits {
	size_t body_max; /* most bytes of one body kept */
	bool plain;	 /* no TLS around it */
	uint16_t port;	 /* that the connection was made to, for requests that name no host; 0: not known */
};

/*
 * SNI is copied, may be absent. MIDSTREAM: bytes may have gone before
 * (attached to a running process). NULL without memory.
 */
struct connection *connection_new(const struct wire_limits *limits, uint32_t number,
				  struct slice sni, bool midstream);
void connection_free(struct connection *c);

void connection_feed(struct connection *c, enum side side, const void *bytes, size_t n,
		     int64_t now_us);

/* N bytes went to the client's side without passing through our hands (SSL_sendfile). */
void connection_skip(struct connection *c, enum side side, size_t n, int64_t now_us);

/* That side will send no more (close_notify, end of file). */
void connection_end(struct connection *c, enum side side, int64_t now_us);

/* Both sides are over. Events may still be waiting. */
void connection_close(struct connection *c, int64_t now_us);

/*
 * How its handshake went, which is copied, where there is more to say of it than
 * that it succeeded: told when the connection is closed and the client wrote
 * nothing, with H->us from then to now, or at once if the handshake is not
 * HANDSHAKE_FINISHED: then nothing more is read.
 */
void connection_handshake(struct connection *c, const struct handshake *h, int64_t now_us);

/* It was a handshake of QUIC (RFC 9001): nothing will be read here. */
void connection_is_quic(struct connection *c);

/* Does an event wait? */
bool connection_has_events(const struct connection *c);

/* 1 and an event, or 0. */
int connection_next(struct connection *c, struct event *event);

/* Read no more of it; frees what was kept. */
void connection_drop(struct connection *c);
bool connection_is_stopped(const struct connection *c); /* dropped or unsupported */

bool connection_has_request(const struct connection *c); /* a whole request head was seen */

struct slice connection_sni(const struct connection *c);

#endif
