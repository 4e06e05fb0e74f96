/* SPDX-License-Identifier: MIT */
#include "tools/redirect/link.h"

#include "tools/redirect/dial.h"
#include "tools/redirect/end.h"
#include "tools/redirect/pump.h"

static void unlink_from(struct relay *r, struct link *l)
{
	struct link **at = &r->links;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->next = r->over;
	r->over = l;
	r->link_count--;
}

void link_end(struct link *l)
{
	if (l->state == LINK_OVER)
		return;
	l->state = LINK_OVER;
	call_let_pass(l->relay, &l->call);
	while (l->also_count)
		call_let_pass(l->relay, &l->also[--l->also_count]);
	pump_close(l);
	dial_release(l);
	loop_close(l->relay->loop, &l->near.source);
	loop_close(l->relay->loop, &l->far.source);
	unlink_from(l->relay, l);
	l->peer->links--;
	peer_settle(l->peer);
}

void link_break(struct link *l)
{
	end_reset(l->near.source.fd);
	end_reset(l->far.source.fd);
	link_end(l);
}

/* Who waits for the other side still wants to know that this one is gone. */
static uint32_t wanted_of(const struct link *l, const struct end *e, const struct end *other)
{
	uint32_t out = e->out.bytes.n > e->out.sent ? EPOLLOUT : 0;
	/* Who asks without TLS may send no more and still wait for the answer. */
	uint32_t gone = l->request ? 0 : EPOLLRDHUP;

	switch (l->state) {
	case LINK_PROXY:
		return EPOLLIN;
	case LINK_LOOKUP:
		return gone;
	case LINK_DIALLING:
		return e == &l->far ? EPOLLOUT : gone;
	case LINK_HELLO:
		return out | (e->eof ? 0 : EPOLLIN);
	case LINK_TUNNEL:
	case LINK_UPSTREAM:
		return out | (e == &l->far ? EPOLLIN : gone);
	case LINK_LEAF:
		return out | (e == &l->near ? EPOLLIN : EPOLLRDHUP);
	case LINK_PUMP:
	case LINK_SPLICE:
		return out | (!e->eof && end_has_room(other) ? EPOLLIN : 0);
	case LINK_REFUSED:
		return out | EPOLLIN;
	case LINK_CONNECTING:
	case LINK_AGAIN:
		return e == &l->far ? EPOLLOUT : 0;
	default:
		return 0;
	}
}

void link_interest(struct link *l)
{
	int loop = l->relay->loop;

	if (l->near.eof && l->near.finished)
		loop_close(loop, &l->near.source);
	if (l->far.eof && l->far.finished)
		loop_close(loop, &l->far.source);
	if ((l->near.source.fd >= 0 &&
	     !loop_watch(loop, &l->near.source, wanted_of(l, &l->near, &l->far))) ||
	    (l->far.source.fd >= 0 &&
	     !loop_watch(loop, &l->far.source, wanted_of(l, &l->far, &l->near))))
		link_break(l);
}
