/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EVENT_QUEUE_H
#define ORSHIM_EVENT_QUEUE_H

/*
 * The events of a connection, in their order: the first head, exchanges, why
 * nothing more is read, and that it was closed unused.
 */
#include "wire/connection.h"

struct event_queue {
	struct exchange *head; /* borrowed; NULL: none, or reported */
	bool head_seen;
	struct exchange *first; /* owned, linked by `next` */
	struct exchange *last;
	const char *unsupported;
	bool unsupported_reported;
	bool idle_close;
	bool quic;
	struct handshake *handshake; /* owned; NULL: nothing is known */
	bool handshake_ended;        /* `handshake` is an event */
};

/* X has a whole request head; only the first one is an event. */
void event_queue_head(struct event_queue *o, struct exchange *x);

/* X is finished; the queue owns it now. */
void event_queue_put(struct event_queue *o, struct exchange *x, enum exchange_end end);

/* WHY is static text; the first one is kept. */
void event_queue_unsupported(struct event_queue *o, const char *why);

bool event_queue_has_events(const struct event_queue *o);
bool event_queue_take(struct event_queue *o, struct event *event);
void event_queue_clear(struct event_queue *o);

/* Free X, which was not put into the queue. */
void event_queue_discard(struct event_queue *o, struct exchange *x);

#endif
