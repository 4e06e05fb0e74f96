/* SPDX-License-Identifier: MIT */
#include "tools/redirect/base_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

#include "tools/redirect/base_request.h"
#include "tools/redirect/links.h"
#include "tools/redirect/owner.h"
#include "tools/redirect/pump.h"

enum { BASE_WAITING = 128 };

static void on_guest(struct source *s, uint32_t events)
{
	struct relay *r = ((struct listener *)s)->relay;
	union address from;
	socklen_t size = sizeof(from);
	int fd = accept4(s->fd, &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	int pid = owner_of(&from, r->base_port);
	struct peer *p = pid ? peer_of(r, pid) : NULL;
	p = p ? p : peer_of(r, getpid()); /* another user's, or from another machine by a tunnel */
	struct base_request *request = p ? base_request_new(r->upstream->authority) : NULL;
	struct link *l = request ? link_take_in(r, p, fd) : NULL;
	if (l) {
		l->request = request;
		return;
	}
	base_request_free(request);
	close(fd);
}

int base_open(struct relay *r, const struct upstream *up, uint16_t port)
{
	union address a = { .v4 = { .sin_family = AF_INET, .sin_port = htons(port) } };
	socklen_t size = sizeof(a.v4);
	struct source *s = &r->base.source;
	int on = 1;

	a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->upstream = up;
	r->base = (struct listener){ .source = { .ready = on_guest }, .relay = r };
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return errno;
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* past our own TIME_WAIT */
	if (bind(s->fd, &a.any, size) == 0 && listen(s->fd, BASE_WAITING) == 0 &&
	    getsockname(s->fd, &a.any, &size) == 0 && loop_watch(r->loop, s, EPOLLIN)) {
		r->base_port = ntohs(a.v4.sin_port);
		return 0;
	}
	int error = errno;
	loop_close(r->loop, s);
	return error;
}

void base_stop(struct relay *r)
{
	loop_close(r->loop, &r->base.source);
	while (r->links) {
		pump_forget(r->links);
		link_break(r->links);
	}
}
