/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_LINK_H
#define ORSHIM_REDIRECT_LINK_H

/*
 * One redirected connection: the tool's socket, ours beside it (near), and
 * ours to the server (far).
 *
 *   CONNECTING --far is connected--> JOINING --near is accepted--> HELLO
 *        | refused: connect() says so                               |
 *        v                                                          |
 *      OVER                    CONNECT to a proxy: TUNNEL <-------->|
 *                                                                   |
 *          no API's name, no TLS, server first, 5 s                 | an API's name
 *      SPLICE <-----------------------------------------------------+
 *        ^                                                          v
 *        |            the server is not trusted, wants a            |
 *        +-- AGAIN <- certificate, or refuses the handshake ---- UPSTREAM
 *          (a fresh far, the same bytes)                            | verified
 *                                                                   v
 *                  OVER <-- the tool refuses our certificate ----- LEAF
 *                                                                   v
 *                                                                 PUMP
 */
#include <stdbool.h>

#include "tools/redirect/hello.h"
#include "tools/redirect/notice.h"
#include "tools/redirect/relay.h"
#include "wire/connection.h"

struct lookup_answer;

enum link_state {
	LINK_CONNECTING, /* how a link begins: 0 */
	LINK_PROXY,      /* by proxy.h: a CONNECT is read, */
	LINK_LOOKUP,     /* its host is looked up, */
	LINK_DIALLING,   /* and connected to */
	LINK_JOINING,
	LINK_HELLO,
	LINK_TUNNEL,
	LINK_UPSTREAM,
	LINK_LEAF,
	LINK_PUMP,
	LINK_AGAIN,
	LINK_SPLICE,
	LINK_OVER,
};

/* Bytes on their way out. */
struct queue {
	struct buf bytes;
	size_t sent;
};

struct end {
	struct source source;
	struct link *link;
	struct queue out;
	SSL *ssl;       /* NULL: none yet */
	BIO *in;        /* what came, for SSL */
	bool eof;       /* it sends no more */
	bool quit;      /* it said so by close_notify */
	bool said_quit; /* and we said it to this one */
	bool last;      /* the other side sends no more: so do we, once `out` is empty */
	bool finished;  /* and did */
};

struct link {
	enum link_state state;
	struct relay *relay;
	struct peer *peer;
	struct link *next;
	struct call call;
	union address to;
	socklen_t to_size;
	union address joined; /* the tool's end of the connection to us */
	struct end near, far;
	struct buf first;                /* what the tool sent so far, byte for byte */
	struct buf prologue;             /* a CONNECT and its head */
	struct buf answer;               /* the proxy's, while it is read */
	struct end names;                /* proxy.h: where the addresses come */
	struct lookup_answer *addresses; /* NULL: none yet */
	unsigned tried;                  /* of them */
	bool skips_answer;               /* the proxy answers once more, which the tool has seen */
	struct hello hello;
	char name[HELLO_NAME]; /* of the server, else its address */
	uint16_t port;
	const char *note;       /* what is spoken in place of TLS; NULL */
	bool wants_certificate; /* the server asked for the client's */
	bool plain;             /* without TLS, and looked into */
	bool counted;           /* and found to be an API's */
	bool spoke;             /* the tool, on the pump */
	bool answered;          /* the server spoke last */
	struct connection *wire;
	struct buf early; /* of a server that speaks first */
	uint32_t number;
	int64_t deadline; /* loop_clock(); 0: none */
};

/* Take CALL on, which wants to connect to TO. Owns it from here on. */
void link_open(struct relay *r, struct peer *p, struct call *call, const union address *to,
	       socklen_t to_size);

/* FD came to the proxy, from P. Owns FD from here on. NULL: there is no room; FD is the caller's. */
struct link *link_take_in(struct relay *r, struct peer *p, int fd);

/* L is in HELLO: who says nothing for long waits for the server. */
void link_wait_for_hello(struct link *l);

/* Somebody is at one of the relay's own loopback sockets. */
void link_accept(struct source *s, uint32_t events);

/* Break what is left of L: both sides see a reset. */
void link_break(struct link *l);

/* Deadlines: act on those that are over; milliseconds to the next, -1: none. */
int links_tick(struct relay *r);

/* Free what is over; between turns of the loop. */
void links_sweep(struct relay *r);

/* A new connection to the server in place of far. An errno; EINPROGRESS: it goes on. */
int link_reopen(struct link *l);

/* Close it: both sides have said all. */
void link_end(struct link *l);

/* link_flow.c: an event at E of L; go on as far as possible. */
void link_turn(struct link *l, struct end *e, uint32_t events);

/* Ask the loop for what L waits for now. */
void link_interest(struct link *l);

/*
 * From here on the bytes pass as they are, those that came first included.
 * WHY it could not be looked into, NULL if nobody wanted to. With strict it
 * is broken instead.
 */
void link_pass(struct link *l, const char *why);

/* Where a head ends in B, behind its empty line; 0: not yet. */
size_t link_head_end(const struct buf *b);

/* "CONNECT api.example.com:443 HTTP/1.1": the tunnel's other end is what counts from here on. */
void link_take_target(struct link *l, struct slice head);

/* What is received: > 0 bytes, 0: nothing now, -1: its end, or it is broken (L is over then). */
ssize_t end_receive(struct end *e, void *room, size_t size);

/* Is there room for more on the way to E? */
bool end_has_room(const struct end *e);

/* pump.c: between two TLS sessions. */
enum pump_hello { HELLO_MORE, HELLO_WHOLE, HELLO_OTHER };

/* N more bytes of the tool's: is the ClientHello whole? OTHER: it is none. */
enum pump_hello pump_hello(struct link *l, const void *bytes, size_t n);
void pump_begin(struct link *l); /* to UPSTREAM */
void pump_step(struct link *l);  /* UPSTREAM, LEAF, PUMP: go on as far as possible */
/*
 * HTTP without TLS: what the tool sent so far, and what pump_observe() is told
 * after it, is judged; the bytes go their way by link_pass().
 */
void pump_begin_plain(struct link *l);
/* N bytes of SIDE's in the clear. Nothing where nobody listens. */
void pump_observe(struct link *l, enum side side, const void *bytes, size_t n);
/* FROM sends no more. */
void pump_end(struct link *l, const struct end *from);
void pump_close(struct link *l); /* tell what is to be told */
void pump_release(struct link *l);

#endif
