/* SPDX-License-Identifier: MIT */
#include "tools/redirect/end.h"

#include <errno.h>
#include <netinet/tcp.h>

bool end_has_room(const struct end *e)
{
	return e->out.bytes.n - e->out.sent < LIMIT_RELAY_QUEUE;
}

bool end_shakes_hands(const struct end *e)
{
	const struct link *l = e->link;

	return e == &l->far ? l->state == LINK_UPSTREAM : l->state == LINK_LEAF;
}

ssize_t end_receive(struct end *e, void *room, size_t size)
{
	ssize_t n;

	if (e->eof)
		return END_EOF;
	do
		n = recv(e->source.fd, room, size, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	if (n == 0) {
		e->eof = true;
		return END_EOF;
	}
	if (errno == EAGAIN)
		return 0;
	if (!end_shakes_hands(e))
		return END_BROKEN;
	e->eof = true; /* it has refused us, and may have said why */
	return END_EOF;
}

int end_open_far(struct link *l)
{
	int fd = socket(l->to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	l->far.source.fd = fd;
	if (fd < 0)
		return errno;
	int error = connect(fd, &l->to.any, l->to_size) == 0 ? 0 : errno;
	/* A server on this machine has answered by now, and asking is cheaper than waiting. */
	if (error == EINPROGRESS)
		error = connect(fd, &l->to.any, l->to_size) == 0 ? 0 : errno;
	return error == EALREADY ? EINPROGRESS : error;
}

void end_hurry(const struct end *e)
{
	int on = 1;

	setsockopt(e->source.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int end_reopen_far(struct link *l)
{
	loop_close(l->relay->loop, &l->far.source);
	l->far.eof = l->far.quit = false;
	int error = end_open_far(l);
	end_hurry(&l->far);
	return error;
}

void end_reset(int fd)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}
