/* SPDX-License-Identifier: MIT */
#include "tools/redirect/link_flow.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/private_address.h"
#include "tools/redirect/base.h"
#include "tools/redirect/dial.h"
#include "tools/redirect/end.h"
#include "tools/redirect/pump.h"

enum { PIECE = 16384, SPARE = 64 * 1024 };

/* Send what is on its way to E, then the end if it is due. */
static void flush(struct end *e)
{
	struct queue *q = &e->out;

	while (q->sent < q->bytes.n) {
		ssize_t n = send(e->source.fd, q->bytes.p + q->sent, q->bytes.n - q->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			q->sent += (size_t)n;
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			if (!end_shakes_hands(e))
				link_break(e->link);
			return;
		}
	}
	q->sent = 0;
	if (q->bytes.cap > SPARE)
		buf_release(&q->bytes);
	else
		buf_reset(&q->bytes);
	if (e->last && !e->finished) {
		shutdown(e->source.fd, SHUT_WR);
		e->finished = true;
	}
}

/* Bytes from FROM to TO as they are. */
static void splice_from(struct end *from, struct end *to)
{
	struct link *l = from->link;
	char piece[PIECE];
	ssize_t n = 0;

	while (!from->eof && end_has_room(to) &&
	       (n = end_receive(from, piece, sizeof(piece))) > 0) {
		pump_observe(l, from == &l->near ? SIDE_CLIENT : SIDE_SERVER, piece, (size_t)n);
		if (buf_add(&to->out.bytes, piece, (size_t)n) != 0) {
			link_break(l);
			return;
		}
	}
	if (n == END_BROKEN) {
		link_break(l);
	} else if (from->eof && !to->last) {
		to->last = true;
		pump_end(l, from);
	}
}

/* The answer of a proxy to a CONNECT that the tool has had an answer to already. */
static void skip_answer(struct link *l)
{
	char piece[PIECE];
	ssize_t n = end_receive(&l->far, piece, sizeof(piece));

	if (n == END_BROKEN || (n > 0 && buf_add(&l->answer, piece, (size_t)n) != 0)) {
		link_break(l);
		return;
	}
	size_t end = dial_head_end(&l->answer);
	if (!end)
		return;
	l->skips_answer = false;
	if (buf_add(&l->near.out.bytes, l->answer.p + end, l->answer.n - end) != 0 ||
	    buf_add_slice(&l->far.out.bytes, buf_slice(&l->first)) != 0)
		link_break(l);
	buf_release(&l->answer);
}

static void splice_step(struct link *l)
{
	if (l->skips_answer)
		skip_answer(l);
	if (l->skips_answer || l->state == LINK_OVER)
		return;
	splice_from(&l->near, &l->far);
	if (l->state != LINK_OVER)
		splice_from(&l->far, &l->near);
}

/*
 * A connection that was closed unused is not, nor what is neither TLS nor a proxy
 * on a network of one's own: databases and the like.
 */
static bool is_worth_telling(const struct link *l)
{
	if (l->near.eof && !l->first.n)
		return false;
	return !l->note || slice_has(slice_of(l->note), SLICE("proxy")) ||
	       !address_is_private(&l->to.any, l->to_size);
}

void link_pass(struct link *l, const char *why)
{
	int error = 0;

	if (why || is_worth_telling(l))
		peer_passed(l->peer,
			    (struct passed_by){ .host = l->name, .why = why, .note = l->note });
	l->deadline = 0;
	if (why && l->relay->strict) {
		link_break(l);
		return;
	}
	if (l->state == LINK_UPSTREAM) { /* this far has had a handshake of ours */
		error = end_reopen_far(l);
		l->state = LINK_AGAIN;
		if (error && error != EINPROGRESS)
			link_break(l);
		return;
	}
	l->state = LINK_SPLICE;
	if (buf_add_slice(&l->far.out.bytes, buf_slice(&l->first)) != 0)
		link_break(l);
}

/* Would the tool refuse our certificate? Its runtime reads no variable, and its list is as it was. */
static bool is_sure_to_refuse(const struct link *l)
{
	return trust_needs_laying(l->peer->program.runtime) && !l->call.laid_over;
}

static bool is_tls_proxy(const struct link *l)
{
	for (size_t i = 0; i < USER_PROXIES; i++)
		if (l->relay->proxies[i].kind == PROXY_TLS &&
		    l->relay->proxies[i].port == l->port &&
		    strcasecmp(l->relay->proxies[i].host, l->name) == 0)
			return true;
	return false;
}

/* What is it that begins so, and is no TLS? */
static const char *name_protocol(const struct link *l)
{
	struct slice first = buf_slice(&l->first);

	if (first.n >= 2 && (first.p[0] == 4 || first.p[0] == 5) && first.p[1] > 0 &&
	    first.p[1] < 10) /* RFC 1928 section 3; version 4: command 1 or 2 */
		return "a SOCKS proxy";
	return slice_has(first, SLICE(" HTTP/1.")) ? "HTTP without TLS" : "no TLS";
}

/* The whole ClientHello is there: whose name is in it? */
static void decide_by_name(struct link *l)
{
	struct relay *r = l->relay;
	const char *why;

	if (l->hello.name[0])
		snprintf(l->name, sizeof(l->name), "%s", l->hello.name);
	if (is_tls_proxy(l))
		l->note = "a proxy that speaks TLS";
	if (l->note || l->peer->is_left || !hosts_may_find(&r->hosts, slice_of(l->name), l->port) ||
	    (!r->strict && peer_has_refused(l->peer, l->name)) ||
	    !authority_have(&r->authority, &r->hosts, &r->trust.own))
		link_pass(l, NULL);
	else if (is_sure_to_refuse(l))
		link_pass(l, "whom it trusts could not be changed for this run: that needs its own "
			     "namespace, which is not allowed here");
	else if ((why = pump_begin(l)) != NULL)
		link_pass(l, why);
}

static void start_tunnel(struct link *l, size_t head)
{
	dial_take_target(l, slice_sub(buf_slice(&l->first), 0, head));
	if (buf_add(&l->prologue, l->first.p, head) != 0 ||
	    buf_add(&l->far.out.bytes, l->first.p, head) != 0) {
		link_break(l);
		return;
	}
	buf_drop(&l->first, head);
	l->state = LINK_TUNNEL;
	l->deadline = 0;
}

static void tunnel_step(struct link *l)
{
	char piece[PIECE];
	ssize_t n = end_receive(&l->far, piece, sizeof(piece));

	if (n == END_BROKEN || (n > 0 && (buf_add(&l->answer, piece, (size_t)n) != 0 ||
					  buf_add(&l->near.out.bytes, piece, (size_t)n) != 0))) {
		link_break(l);
		return;
	}
	size_t end = dial_head_end(&l->answer);
	if (l->far.eof || (end && !slice_has(slice_sub(buf_slice(&l->answer), 0, 12), SLICE(" 2"))))
		link_pass(l, NULL); /* refused: the tool reads why */
	else if (end)
		l->state = LINK_HELLO;
	if (end)
		buf_release(&l->answer);
}

static bool is_connect(const struct buf *b)
{
	static const char word[] = "CONNECT ";
	size_t n = b->n < sizeof(word) - 1 ? b->n : sizeof(word) - 1;

	return memcmp(b->p, word, n) == 0;
}

/* No TLS: HTTP to a gateway on a network of one's own is looked into, as far as nobody else does. */
static void read_plain(struct link *l)
{
	bool ours = address_is_private(&l->to.any, l->to_size) && !l->peer->has_shim;
	int request = ours ? begins_request(l->first.p, l->first.n) : -1;

	if (request == 0)
		return; /* less than a method */
	l->note = name_protocol(l);
	link_pass(l, NULL);
	if (request == 1 && l->state == LINK_SPLICE)
		pump_begin_plain(l);
}

/* What the tool says first. HAD: how much of it was looked at already. */
static void read_first(struct link *l, size_t had)
{
	if (l->first.p[0] == 0x16) { /* a handshake record, RFC 8446 section 5.1 */
		switch (pump_hello(l, l->first.p + had, l->first.n - had)) {
		case HELLO_WHOLE:
			decide_by_name(l);
			break;
		case HELLO_MORE:
			break;
		case HELLO_OTHER:
			l->note = "no TLS";
			link_pass(l, NULL);
		}
	} else if (!l->prologue.n && is_connect(&l->first)) {
		size_t head = dial_head_end(&l->first);
		if (head)
			start_tunnel(l, head);
	} else {
		read_plain(l);
	}
}

static void hello_step(struct link *l, bool server_speaks)
{
	char piece[PIECE];
	size_t had = l->first.n;
	ssize_t n = end_receive(&l->near, piece, sizeof(piece));

	if (n == END_BROKEN || (n > 0 && buf_add(&l->first, piece, (size_t)n) != 0))
		link_break(l); /* the latter is larger than any ClientHello */
	else if (n > 0)
		read_first(l, had);
	else if (server_speaks || l->near.eof) {
		l->note = "its server speaks first";
		link_pass(l, NULL);
	}
}

static bool is_over(const struct link *l)
{
	return l->near.eof && l->far.eof && l->near.finished && l->far.finished;
}

void link_do(struct link *l, enum dial_next next)
{
	if (next == DIAL_BREAK)
		link_break(l);
	else if (next == DIAL_END)
		link_end(l);
	else if (next == DIAL_REFUSE)
		base_refuse(l, l->error ? strerror(l->error) : "there is no such host");
}

static void look_into(struct link *l)
{
	char why[PUMP_WHY];

	switch (pump_step(l, why)) {
	case PUMP_GO_ON:
		break;
	case PUMP_PASS:
		if (l->request)
			base_refuse(l, why);
		else
			link_pass(l, why);
		break;
	case PUMP_BREAK:
		link_break(l);
	}
}

static void step(struct link *l, bool server_speaks)
{
	switch (l->state) {
	case LINK_PROXY:
		link_do(l, l->request ? base_read(l) : dial_read(l));
		break;
	case LINK_HELLO:
		hello_step(l, server_speaks);
		break;
	case LINK_TUNNEL:
		if (l->request)
			base_read_tunnel(l);
		else
			tunnel_step(l);
		break;
	case LINK_REFUSED:
		base_drain(l);
		break;
	case LINK_UPSTREAM:
	case LINK_LEAF:
	case LINK_PUMP:
		look_into(l);
		break;
	case LINK_SPLICE:
		splice_step(l);
		break;
	default:
		break;
	}
}

static void flush_both(struct link *l)
{
	if (l->near.source.fd >= 0)
		flush(&l->near);
	if (l->state != LINK_OVER && l->far.source.fd >= 0 && l->state != LINK_AGAIN)
		flush(&l->far);
}

/* Nobody reads in these states, and there is nobody any more. */
static bool is_left_alone(const struct link *l, const struct end *e, uint32_t events)
{
	bool gone = events & (l->request ? EPOLLHUP : EPOLLRDHUP | EPOLLHUP);

	return gone && (e == &l->near ? l->state == LINK_UPSTREAM || l->state == LINK_TUNNEL ||
					    l->state == LINK_LOOKUP || l->state == LINK_DIALLING
				      : l->state == LINK_LEAF);
}

void link_turn(struct link *l, struct end *e, uint32_t events)
{
	enum link_state before;
	bool server_speaks = e == &l->far && events & (EPOLLIN | EPOLLHUP);

	if ((events & EPOLLERR && !end_shakes_hands(e)) || is_left_alone(l, e, events)) {
		link_break(l);
		return;
	}
	do {
		before = l->state;
		step(l, server_speaks);
		server_speaks = false; /* that was read */
		if (l->state != LINK_OVER)
			flush_both(l);
	} while (l->state != before && l->state != LINK_OVER);
	if (l->state != LINK_OVER && is_over(l))
		link_end(l);
	if (l->state != LINK_OVER)
		link_interest(l);
}
