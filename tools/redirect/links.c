/* SPDX-License-Identifier: MIT */
#include "tools/redirect/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/redirect/base.h"
#include "tools/redirect/base_request.h"
#include "tools/redirect/end.h"
#include "tools/redirect/link.h"
#include "tools/redirect/link_flow.h"
#include "tools/redirect/pump.h"
#include "tools/redirect/tool_socket.h"

enum {
	HELLO_US = 5000000, /* who says nothing for so long waits for the server */
	JOIN_US = 5000000,  /* loopback never needs it */
	/* Most that a connect() is held that would not have waited, as RFC 8305 section 5, */
	PATIENCE_US = 250000,
	/* and one that would: a signal reaches it only then. The first two SYNs may have been lost. */
	HELD_US = 3500000,
	QUEUE_MAX = 4 * LIMIT_RELAY_QUEUE,
};

static void connected(struct link *l);
static void join(struct link *l);

/* Who says nothing for long waits for the server. */
static void wait_for_hello(struct link *l)
{
	l->deadline = loop_clock() + HELLO_US;
}

/* The addresses of the host that a CONNECT names are there. */
static void on_names(struct source *s, uint32_t events)
{
	struct link *l = ((struct end *)s)->link;

	(void)events;
	link_do(l, dial_looked_up(l));
	if (l->state == LINK_REFUSED)
		link_turn(l, &l->near, 0);
	if (l->state != LINK_OVER)
		link_interest(l);
}

/* Far of a link that came to the proxy was connected or refused. */
static void dialled(struct link *l)
{
	link_do(l, dial_answered(l));
	if (l->state == LINK_OVER)
		return;
	if (l->state == LINK_HELLO && l->request)
		base_connected(l);
	else if (l->state == LINK_HELLO)
		wait_for_hello(l);
	if (l->state == LINK_DIALLING)
		link_interest(l);
	else
		link_turn(l, &l->far, 0);
}

static void on_end(struct source *s, uint32_t events)
{
	struct end *e = (struct end *)s;
	struct link *l = e->link;

	if (l->state == LINK_CONNECTING || (l->state == LINK_AGAIN && e == &l->far))
		connected(l);
	else if (l->state == LINK_DIALLING && e == &l->far)
		dialled(l);
	else
		link_turn(l, e, events);
}

static void init_end(struct link *l, struct end *e)
{
	e->link = l;
	e->source.fd = -1;
	e->source.ready = on_end;
	buf_init(&e->out.bytes, QUEUE_MAX);
}

static uint16_t port_of(const union address *a)
{
	return ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

/* The address as it is written; "::ffff:1.2.3.4" as "1.2.3.4". */
static void name_address(char *out, size_t size, const union address *a)
{
	const struct in6_addr *six = &a->v6.sin6_addr;

	if (a->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->v4.sin_addr, out, (socklen_t)size);
	else if (IN6_IS_ADDR_V4MAPPED(six))
		inet_ntop(AF_INET, six->s6_addr + 12, out, (socklen_t)size);
	else
		inet_ntop(AF_INET6, six, out, (socklen_t)size);
}

/* What connect() gives to those who wait for L. */
static void answer(struct link *l, int error)
{
	l->owes = !call_answer(l->relay, &l->call, error);
	while (l->also_count)
		call_answer(l->relay, &l->also[--l->also_count], error);
}

/* Another thread's CALL on the socket that L is connecting. */
static void wait_too(struct link *l, struct call *call)
{
	if (call->flags & O_NONBLOCK || l->also_count == LIMIT_RELAY_ALSO) {
		call_answer(l->relay, call, EALREADY);
		return;
	}
	if (call->socket >= 0)
		close(call->socket);
	call->socket = -1;
	l->also[l->also_count++] = *call;
}

/* Who takes up a call that was interrupted finds its link waiting. */
static bool take_up(struct relay *r, struct call *call)
{
	struct link *l = r->links;

	while (l && (l->state != LINK_CONNECTING || !tool_socket_is_same(&l->call, call)))
		l = l->next;
	if (!l)
		return false;
	if (call_is_waiting(&l->call)) {
		wait_too(l, call);
		return true;
	}
	guard_answered(&r->guard, l->call.id);
	call_release(&l->call);
	l->call = *call;
	return true;
}

static struct link *new_link(struct relay *r, struct peer *p, struct call *call,
			     const union address *to, socklen_t to_size)
{
	struct link *l = r->link_count < LIMIT_RELAY_LINKS ? calloc(1, sizeof(*l)) : NULL;

	if (!l)
		return NULL;
	l->relay = r;
	l->peer = p;
	l->call = *call;
	l->to = *to;
	l->to_size = to_size;
	l->port = port_of(to);
	name_address(l->name, sizeof(l->name), to);
	init_end(l, &l->near);
	init_end(l, &l->far);
	init_end(l, &l->names);
	l->names.source.ready = on_names;
	buf_init(&l->first, LIMIT_RELAY_HELLO);
	buf_init(&l->prologue, LIMIT_RELAY_HELLO);
	buf_init(&l->answer, LIMIT_RELAY_HELLO);
	buf_init(&l->early, LIMIT_EARLY);
	l->next = r->links;
	r->links = l;
	r->link_count++;
	p->links++;
	return l;
}

/* Would it go on by itself after a time, or without waiting? */
static bool is_impatient(const struct call *call)
{
	struct timeval limit = { 0 };
	socklen_t size = sizeof(limit);

	if (call->flags & O_NONBLOCK)
		return true;
	getsockopt(call->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, &size);
	return limit.tv_sec || limit.tv_usec;
}

/* The server cannot be reached: let pass, the call finds that itself, and says it when it is due. */
static void refuse(struct link *l, int error)
{
	if (l->relay->strict)
		answer(l, error);
	link_break(l);
}

void link_open(struct relay *r, struct peer *p, struct call *call, const union address *to,
	       socklen_t to_size)
{
	if (take_up(r, call))
		return;
	struct link *l = new_link(r, p, call, to, to_size);
	int error = l ? end_open_far(l) : EMFILE;
	if (!l) {
		call_let_pass(r, call);
	} else if (error == 0) {
		join(l);
	} else if (error != EINPROGRESS) {
		refuse(l, error);
	} else {
		if (!r->strict)
			l->deadline =
			    loop_clock() + (is_impatient(&l->call) ? PATIENCE_US : HELD_US);
		link_interest(l);
	}
}

struct link *link_take_in(struct relay *r, struct peer *p, int fd)
{
	struct call answered = {
		.listener = -1, .socket = -1, .pid = p->pid, .laid_over = r->proxy_laid_over
	};
	union address nowhere;

	memset(&nowhere, 0, sizeof(nowhere));
	struct link *l = new_link(r, p, &answered, &nowhere, 0);
	if (!l)
		return NULL;
	l->near.source.fd = fd;
	end_hurry(&l->near);
	l->state = LINK_PROXY;
	link_interest(l);
	return l;
}

void links_sweep(struct relay *r)
{
	while (r->over) {
		struct link *l = r->over;
		r->over = l->next;
		pump_release(l);
		buf_release(&l->near.out.bytes);
		buf_release(&l->far.out.bytes);
		buf_release(&l->first);
		buf_release(&l->prologue);
		buf_release(&l->answer);
		buf_release(&l->early);
		base_request_free(l->request);
		free(l);
	}
}

/* The loopback address that the tool's socket is connected to; a v6 socket without v6 goes to v4. */
static socklen_t near_address(const struct link *l, union address *out)
{
	const struct relay *r = l->relay;
	bool six = l->to.any.sa_family == AF_INET6;

	if (!six || r->near[1].source.fd >= 0) {
		*out = r->near_address[six];
		return six ? sizeof(out->v6) : sizeof(out->v4);
	}
	memset(out, 0, sizeof(*out));
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = r->near_address[0].v4.sin_port;
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &out->v6.sin6_addr);
	return sizeof(out->v6);
}

/*
 * Connect the tool's socket to us. It is not waited for, however the socket is; one that would have
 * waited is asked a second time, by which the kernel takes note that it is connected.
 */
static bool connect_near(struct link *l)
{
	union address to;
	socklen_t size = near_address(l, &to);
	int fd = l->call.socket;
	bool waits = !(l->call.flags & O_NONBLOCK);

	if (waits)
		fcntl(fd, F_SETFL, l->call.flags | O_NONBLOCK);
	bool done = connect(fd, &to.any, size) == 0 || errno == EINPROGRESS;
	if (waits && done)
		connect(fd, &to.any, size);
	if (waits)
		fcntl(fd, F_SETFL, l->call.flags);
	size = sizeof(l->joined);
	memset(&l->joined, 0, sizeof(l->joined));
	return done && getsockname(fd, &l->joined.any, &size) == 0;
}

/* Far is connected. */
static void join(struct link *l)
{
	if (!connect_near(l)) {
		link_break(l); /* lets it connect as it wanted */
		return;
	}
	l->state = LINK_JOINING;
	l->deadline = loop_clock() + JOIN_US;
	for (int i = 0; i < 2 && l->state == LINK_JOINING; i++)
		if (l->relay->near[i].source.fd >= 0)
			link_accept(&l->relay->near[i].source, EPOLLIN);
	if (l->state == LINK_JOINING)
		link_interest(l);
}

static void connected(struct link *l)
{
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(l->far.source.fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (l->state == LINK_AGAIN && error == 0) {
		bool tunnel = l->prologue.n > 0;
		l->state = LINK_SPLICE;
		l->skips_answer = tunnel;
		if (buf_add_slice(&l->far.out.bytes,
				  buf_slice(tunnel ? &l->prologue : &l->first)) != 0)
			link_break(l);
		else
			link_turn(l, &l->far, 0);
	} else if (error) {
		refuse(l, error);
	} else {
		l->call.flags = fcntl(l->call.socket, F_GETFL);
		join(l);
	}
}

/* The address as IPv6 has it, an IPv4 one mapped. */
static struct in6_addr six_of(const union address *a)
{
	struct in6_addr six = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	if (a->any.sa_family != AF_INET)
		return a->v6.sin6_addr;
	memcpy(six.s6_addr + 12, &a->v4.sin_addr, sizeof(a->v4.sin_addr));
	return six;
}

/* Is it the same end of a connection? The kernel gives each pair once. */
static bool is_same(const union address *a, const union address *b)
{
	struct in6_addr x = six_of(a), y = six_of(b);

	return port_of(a) == port_of(b) && memcmp(&x, &y, sizeof(x)) == 0;
}

static void accepted(struct link *l, int fd)
{
	l->near.source.fd = fd;
	l->state = LINK_HELLO;
	wait_for_hello(l);
	if (!call_replace(&l->call)) {
		link_break(l);
		return;
	}
	answer(l, l->call.flags & O_NONBLOCK ? EINPROGRESS : 0);
	/* The tool need not wait for what comes now. */
	end_hurry(&l->near);
	end_hurry(&l->far);
	link_interest(l);
}

bool link_answer_again(struct relay *r, struct call *call)
{
	union address here;
	socklen_t size = sizeof(here);
	struct link *l = r->links;

	memset(&here, 0, sizeof(here));
	if (!call->replaces && getsockname(call->socket, &here.any, &size) != 0)
		return false;
	while (l && (!l->owes || (call->replaces ? !tool_socket_is_same(&l->call, call)
						 : !is_same(&l->joined, &here))))
		l = l->next;
	if (l)
		l->owes = !call_answer(r, call, call->flags & O_NONBLOCK ? EINPROGRESS : 0);
	return l != NULL;
}

/* Whoever is not the other end of a socket that we have just connected is sent away. */
void link_accept(struct source *s, uint32_t events)
{
	struct listener *listener = (struct listener *)s;
	union address from;
	socklen_t size = sizeof(from);
	int fd;

	(void)events;
	memset(&from, 0, sizeof(from));
	while ((fd = accept4(s->fd, &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct link *l = listener->relay->links;
		while (l && (l->state != LINK_JOINING || !is_same(&l->joined, &from)))
			l = l->next;
		if (l) {
			accepted(l, fd);
			break; /* whoever waits still makes it ready again */
		}
		end_reset(fd);
		close(fd);
		size = sizeof(from);
	}
}

/* L's time is over. */
static void expire(struct link *l)
{
	l->deadline = 0;
	switch (l->state) {
	case LINK_CONNECTING: /* let it wait for itself */
		peer_passed(l->peer,
			    (struct passed_by){ .host = l->name,
						.why = "its server takes long to accept" });
		link_break(l);
		break;
	case LINK_HELLO:
		l->note = "it spoke no TLS within 5 s";
		link_pass(l, NULL);
		if (l->state != LINK_OVER)
			link_turn(l, &l->near, 0);
		break;
	case LINK_DIALLING:
	case LINK_TUNNEL:
	case LINK_UPSTREAM:
	case LINK_LOOKUP:
		if (l->request) {
			base_refuse(l, "it does not answer");
			link_turn(l, &l->near, 0);
			break;
		}
		/* fall through */
	default:
		link_break(l);
	}
}

int links_tick(struct relay *r)
{
	int64_t now = loop_clock(), next = 0;
	struct link *after;

	for (struct link *l = r->links; l; l = after) {
		after = l->next;
		if (l->deadline && l->deadline <= now)
			expire(l);
		else if (l->deadline && (!next || l->deadline < next))
			next = l->deadline;
	}
	return next ? (int)((next - now) / 1000) + 1 : -1;
}
