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
 * Whether the process is a client, and which protocol it speaks, is decided here:
 *
 *                client writes             whole preface
 *   [new] ───────────────────> [first bytes] ─────────> [HTTP/2]
 *     │  its first bytes            └── anything else ─> [HTTP/1]
 *     │
 *     │  client writes,              preface or frames
 *     └──────────────────────> [searching] ───────────> [HTTP/2]
 *        but it began before            └─ request line ─> [HTTP/1]
 *
 *   any ──> [stopped]: the caller dropped it, it is a server's, or what it says
 *           cannot be followed (not HTTP, a ceiling, no memory)
 *
 * In [new] and [first bytes] the server's bytes wait, if a server may write them
 * before it is asked; a server that begins otherwise does not speak HTTP.
 *
 * EVENT_HEAD comes once, with the first whole request head, so that the caller can
 * drop a connection that does not go to an API; feeding it then costs nothing.
 * Mistakes of the peers are facts of the exchange and never errors here.
 */
#include "wire/exchange.h"
#include "wire/handshake.h"

struct connection;

/* What was seen of the connection before its first byte. */
enum connection_start {
	CONNECTION_OPENED,    /* the handshake, as client: all bytes will be seen */
	CONNECTION_MIDSTREAM, /* nothing: attached to a running process, bytes may have gone before */
	CONNECTION_UNSEEN,    /* nothing, but all bytes will be seen; it may be a server's */
};

enum event_kind {
	EVENT_HEAD,        /* `exchange` is borrowed, valid until the next call on the connection */
	EVENT_EXCHANGE,    /* `exchange` is finished and now the caller's: exchange_free() */
	EVENT_UNSUPPORTED, /* nothing more will be read; `why` is static text */
	EVENT_IDLE_CLOSE,  /* closed, and the client wrote nothing */
	EVENT_HANDSHAKE,   /* the same; `handshake`, borrowed, says how it came to that */
	EVENT_QUIC,        /* the handshake was HTTP/3's, whose bytes go another way */
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

/* SNI is copied and may be absent. NULL without memory. */
struct connection *connection_new(const struct wire_limits *limits, uint32_t number,
				  struct slice sni, enum connection_start start);
void connection_free(struct connection *c);

void connection_feed(struct connection *c, enum side side, const void *bytes, size_t n,
		     int64_t now_us);

/* SIDE wrote N bytes that we did not see (SSL_sendfile). */
void connection_skip(struct connection *c, enum side side, size_t n, int64_t now_us);

/* That side will send no more (close_notify, end of file). */
void connection_end(struct connection *c, enum side side, int64_t now_us);

/* Both sides are over. Events may still be waiting. */
void connection_close(struct connection *c, int64_t now_us);

/*
 * How the handshake went; H is copied. Unless it is HANDSHAKE_FINISHED nothing more
 * is read, and an event says so. Otherwise there is an event only if the client
 * writes nothing until the connection is closed, with H->us from now to then; a
 * second H, of a client that looked at the certificate later, takes the first's place.
 */
void connection_handshake(struct connection *c, const struct handshake *h, int64_t now_us);

/* It was a handshake of QUIC (RFC 9001): nothing will be read here. */
void connection_is_quic(struct connection *c);

/* Does an event wait? */
bool connection_has_events(const struct connection *c);

/* 1 and an event, or 0. */
int connection_next(struct connection *c, struct event *event);

/* Read no more of it, free what was kept. */
void connection_drop(struct connection *c);
bool connection_is_stopped(const struct connection *c);

/* Was a whole request head seen? */
bool connection_has_request(const struct connection *c);

struct slice connection_sni(const struct connection *c);

#endif
