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
 *     PUMP <-- base.h: without a LEAF                               |
 *                  OVER <-- the tool refuses our certificate ----- LEAF
 *                                                                   v
 *                                                                 PUMP
 */
#include <stdbool.h>

#include "tools/redirect/call.h"
#include "tools/redirect/hello.h"
#include "tools/redirect/relay.h"
#include "wire/connection.h"

struct base_request;
struct lookup_answer;

enum link_state {
	LINK_CONNECTING, /* how a link begins: 0 */
	LINK_PROXY,      /* by dial.h: a CONNECT is read, */
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
	LINK_REFUSED, /* by base.h: the tool reads why */
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
	struct call
	    also[LIMIT_RELAY_ALSO]; /* of other threads, on the same socket; they hold none */
	unsigned also_count;
	bool owes; /* the call was interrupted before its answer, and may come again */
	union address to;
	socklen_t to_size;
	union address joined; /* the tool's end of the connection to us */
	struct end near, far;
	struct buf first;                /* what the tool sent so far, byte for byte */
	struct buf prologue;             /* a CONNECT and its head */
	struct buf answer;               /* the proxy's, while it is read */
	struct base_request *request;    /* it came to a base URL (base.h); NULL: it did not */
	struct end names;                /* dial.h: where the addresses come */
	struct lookup_answer *addresses; /* NULL: none yet */
	unsigned tried;                  /* of them */
	int error;                       /* errno of the last that was tried */
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

/* Break what is left of L: both sides see a reset. */
void link_break(struct link *l);

/* Close L, of which both sides have said all, as it is; calls that wait are let pass. */
void link_end(struct link *l);

/* Ask the loop for what L waits for now. */
void link_interest(struct link *l);

#endif
