/* SPDX-License-Identifier: MIT */
#include "wire/outbox.h"

#include <stdlib.h>

#include "wire/message.h"

struct exchange *outbox_new(struct outbox *o, uint32_t connection, uint32_t seq, struct slice sni)
{
	struct exchange *x = o->spare;

	if (!x)
		return exchange_new(connection, seq, sni);
	o->spare = NULL;
	x->seq = seq;
	return x;
}

void outbox_give_back(struct outbox *o, struct exchange *x)
{
	if (o->spare) {
		exchange_free(x);
		return;
	}
	exchange_empty(x);
	o->spare = x;
}

void outbox_head(struct outbox *o, struct exchange *x)
{
	if (o->head_seen)
		return;
	o->head_seen = true;
	o->head = x;
}

void outbox_put(struct outbox *o, struct exchange *x, enum exchange_end end)
{
	x->end = end;
	x->next = NULL;
	if (o->last)
		o->last->next = x;
	else
		o->first = x;
	o->last = x;
}

void outbox_forget(struct outbox *o, struct exchange *x)
{
	if (o->head == x)
		o->head = NULL;
	exchange_free(x);
}

void outbox_blind(struct outbox *o, const char *why)
{
	if (!o->blind)
		o->blind = why;
}

bool outbox_has_news(const struct outbox *o)
{
	return o->head || o->first || (o->blind && !o->blind_told) || o->silent || o->shaken ||
	       o->quic;
}

bool outbox_take(struct outbox *o, struct event *event)
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
	} else if (o->blind && !o->blind_told) {
		event->kind = EVENT_BLIND;
		event->why = o->blind;
		o->blind_told = true;
	} else if (o->silent) {
		event->kind = EVENT_SILENT;
		o->silent = false;
	} else if (o->shaken) {
		event->kind = EVENT_HANDSHAKE;
		event->handshake = o->handshake;
		o->shaken = false;
	} else if (o->quic) {
		event->kind = EVENT_QUIC;
		o->quic = false;
	} else {
		return false;
	}
	return true;
}

void outbox_clear(struct outbox *o)
{
	exchange_free(o->spare);
	free(o->handshake);
	while (o->first) {
		struct exchange *x = o->first;
		o->first = x->next;
		exchange_free(x);
	}
	*o = (struct outbox){ .head_seen = true, .blind = o->blind, .blind_told = true };
}
