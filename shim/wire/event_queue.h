/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EVENT_QUEUE_H
#define ORSHIM_EVENT_QUEUE_H

/*
 * What a connection has to tell, in order: the first head, exchanges, then that
 * the reason why nothing more is read, or that the client wrote nothing.
 */
#include "wire/connection.h"

struct event_queue {
	struct exchange *head; /* borrowed; NULL once told or none yet */
	bool head_seen;
	struct exchange *first; /* owned, linked by `next` */
	struct exchange *last;
	const char *unsupported;
	bool unsupported_reported;
	bool silent;
	bool quic;
	struct handshake *handshake; /* owned; NULL: nothing to say of it */
	bool shaken;                 /* `handshake` is to be told */
};

/* X has a whole request head. Only the first one counts. */
void event_queue_head(struct event_queue *o, struct exchange *x);

/* X is finished; the outbox owns it now. */
void event_queue_put(struct event_queue *o, struct exchange *x, enum exchange_end end);

/* The first reason stays. */
void event_queue_unsupported(struct event_queue *o, const char *why);

bool event_queue_has_events(const struct event_queue *o);
bool event_queue_take(struct event_queue *o, struct event *event);
void event_queue_clear(struct event_queue *o);

/* Free X, which was never put. */
void event_queue_discard(struct event_queue *o, struct exchange *x);

#endif
