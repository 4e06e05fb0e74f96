/* SPDX-License-Identifier: MIT */
#include "wire/event_queue.h"

#include <stdlib.h>

void event_queue_head(struct event_queue *o, struct exchange *x)
{
	if (o->head_seen)
		return;
	o->head_seen = true;
	o->head = x;
}

void event_queue_put(struct event_queue *o, struct exchange *x, enum exchange_end end)
{
	x->end = end;
	x->next = NULL;
	if (o->last)
		o->last->next = x;
	else
		o->first = x;
	o->last = x;
}

void event_queue_discard(struct event_queue *o, struct exchange *x)
{
	if (o->head == x)
		o->head = NULL;
	exchange_free(x);
}

void event_queue_unsupported(struct event_queue *o, const char *why)
{
	if (!o->unsupported)
		o->unsupported = why;
}

bool event_queue_has_events(const struct event_queue *o)
{
	return o->head || o->first || (o->unsupported && !o->unsupported_reported) ||
	       o->idle_close || o->handshake_ended || o->quic;
}

bool event_queue_take(struct event_queue *o, struct event *event)
{
	*event = (struct event){ 0 };
	if (o->head) {
		event->kind = EVENT_HEAD;
		event->exchange = o->head;
		o->head = NULL;
	} else if (o->first) {
		event->kind = EVENT_EXCHANGE;
		event->exchange = o->first;
		o->first = event->exchange->next;
		event->exchange->next = NULL;
		if (!o->first)
			o->last = NULL;
	} else if (o->unsupported && !o->unsupported_reported) {
		event->kind = EVENT_UNSUPPORTED;
		event->why = o->unsupported;
		o->unsupported_reported = true;
	} else if (o->idle_close) {
		event->kind = EVENT_IDLE_CLOSE;
		o->idle_close = false;
	} else if (o->handshake_ended) {
		event->kind = EVENT_HANDSHAKE;
		event->handshake = o->handshake;
		o->handshake_ended = false;
	} else if (o->quic) {
		event->kind = EVENT_QUIC;
		o->quic = false;
	} else {
		return false;
	}
	return true;
}

void event_queue_clear(struct event_queue *o)
{
	free(o->handshake);
	while (o->first) {
		struct exchange *x = o->first;
		o->first = x->next;
		exchange_free(x);
	}
	*o = (struct event_queue){ .head_seen = true,
				   .unsupported = o->unsupported,
				   .unsupported_reported = true };
}
