/* SPDX-License-Identifier: MIT */
#include "tools/redirect/base_port.h"

#include <unistd.h>

#include "tools/redirect/base_request.h"
#include "tools/redirect/links.h"
#include "tools/redirect/own_port.h"
#include "tools/redirect/pump.h"

static void on_guest(struct source *s, uint32_t events)
{
	struct listener *base = (struct listener *)s;
	struct relay *r = base->relay;
	int pid, fd = own_port_accept(base, r->base_port, &pid);

	(void)events;
	if (fd < 0)
		return;
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
	r->upstream = up;
	r->base_port = port;
	return own_port_open(r, &r->base, &r->base_port, on_guest);
}

void base_stop(struct relay *r)
{
	loop_close(r->loop, &r->base.source);
	while (r->links) {
		pump_forget(r->links);
		link_break(r->links);
	}
}
