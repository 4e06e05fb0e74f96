/* SPDX-License-Identifier: MIT */
#include "tools/redirect/own_port.h"

#include <arpa/inet.h>
#include <errno.h>

#include "tools/redirect/owner.h"

enum { WAITING = 128 };

int own_port_open(struct relay *r, struct listener *l, uint16_t *port,
		  void (*ready)(struct source *s, uint32_t events))
{
	union address a = { .v4 = { .sin_family = AF_INET, .sin_port = htons(*port) } };
	socklen_t size = sizeof(a.v4);
	struct source *s = &l->source;
	int on = 1;

	a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*l = (struct listener){ .source = { .ready = ready }, .relay = r };
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return errno;
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* past our own TIME_WAIT */
	if (bind(s->fd, &a.any, size) == 0 && listen(s->fd, WAITING) == 0 &&
	    getsockname(s->fd, &a.any, &size) == 0 && loop_watch(r->loop, s, EPOLLIN)) {
		*port = ntohs(a.v4.sin_port);
		return 0;
	}
	int error = errno;
	loop_close(r->loop, s);
	return error;
}

int own_port_accept(const struct listener *l, uint16_t port, int *pid)
{
	union address from;
	socklen_t size = sizeof(from);
	int fd = accept4(l->source.fd, &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	*pid = fd < 0 ? 0 : owner_of(&from, port);
	return fd;
}
