/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OUTBOX_H
#define ORSHIM_OUTBOX_H

/*
 * What a connection has to tell, in order: the first head, exchanges, then that
 * it is blind or was silent.
 */
#include "wire/connection.h"

struct outbox {
	struct exchange *head; /* borrowed; NULL once told or none yet */
	bool head_seen;
	struct exchange *first; /* owned, linked by `next` */
	struct exchange *last;
	struct exchange *spare; /* owned, empty: the next one; NULL: there is none */
	const char *blind;
	bool blind_told;
	bool silent;
	bool quic;
	struct handshake *handshake; /* owned; NULL: nothing to say of it */
	bool shaken;                 /* `handshake` is to be told */
};

/* An empty exchange, perhaps with the memory of one that came back. NULL without memory. */
struct exchange *outbox_new(struct outbox *o, uint32_t connection, uint32_t seq, struct slice sni);

/* X was taken and is not needed any more. */
void outbox_give_back(struct outbox *o, struct exchange *x);

/* X has a whole request head. Only the first one counts. */
void outbox_head(struct outbox *o, struct exchange *x);

/* X is finished; the outbox owns it now. */
void outbox_put(struct outbox *o, struct exchange *x, enum exchange_end end);

/* The first reason stays. */
void outbox_blind(struct outbox *o, const char *why);

bool outbox_has_news(const struct outbox *o);
bool outbox_take(struct outbox *o, struct event *event);
void outbox_clear(struct outbox *o);

/* Free X, which was never put. */
void outbox_forget(struct outbox *o, struct exchange *x);

#endif
