/* SPDX-License-Identifier: MIT */
#include "tools/redirect/notice.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "tools/redirect/call.h"
#include "tools/redirect/links.h"
#include "tools/redirect/privilege.h"
#include "tools/redirect/thread_memory.h"
#include "tools/redirect/tool_socket.h"

enum { PORT_SSH = 22, PORT_DNS = 53, PORT_HTTPS = 443 };
enum { SIN6_LEN_RFC2133 = 24 }; /* linux/ipv6.h: least that connect() takes */

/*
 * The address that TID wants to connect to; its size, 0 if it is of no use or, with errno, cannot be
 * read. As the kernel does, which has an error for the rest: all of it can be read, and its size is
 * an int that is not larger than any address. *P, its process if that is known, is NULL afterwards
 * unless it still has the program that it had.
 */
static socklen_t read_address(int tid, const struct seccomp_data *data, union address *to,
			      struct peer **p)
{
	int size = (int)data->args[2];
	struct program_mark mark = { 0 }, *known = *p ? &(*p)->mark : &mark;
	bool marked;

	memset(to, 0, sizeof(*to));
	errno = 0;
	if (size < (int)sizeof(to->v4) || size > (int)sizeof(to->room))
		return 0;
	ssize_t n = thread_memory_of_two(
	    tid, (struct memory_part){ data->args[1], to, (size_t)size },
	    (struct memory_part){ known->address, mark.bytes, known->size }, &marked);
	if (!marked || !known->size || memcmp(mark.bytes, known->bytes, known->size) != 0)
		*p = NULL;
	if (n > 0)
		errno = 0;
	if (n != size)
		return 0;
	if (to->any.sa_family == AF_INET)
		return sizeof(to->v4);
	if (to->any.sa_family != AF_INET6 || size < SIN6_LEN_RFC2133)
		return 0;
	if (size < (int)sizeof(to->v6)) /* without a scope */
		to->v6.sin6_scope_id = 0;
	return sizeof(to->v6);
}

static uint16_t port_of(const union address *a)
{
	return ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

static bool is_loopback(const union address *a)
{
	const struct in6_addr *six = &a->v6.sin6_addr;

	if (a->any.sa_family == AF_INET)
		return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
	return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

/*
 * This machine's own servers are left alone, but for HTTPS, ports that
 * ORSHIM_HOSTS names, gateways (gateway.h) and proxies; so are those who wait for the server to
 * speak first, as far as their ports tell.
 */
static bool is_wanted(const struct relay *r, const union address *to)
{
	uint16_t port = port_of(to);

	if (port == 0 || port == PORT_SSH || port == PORT_DNS)
		return false;
	if (!is_loopback(to) || port == PORT_HTTPS)
		return true;
	for (size_t i = 0; i < r->hosts.count; i++)
		if (r->hosts.entries[i].port == port)
			return true;
	if (gateway_is_at(&r->gateways, port))
		return true;
	for (size_t i = 0; i < USER_PROXIES; i++)
		if (r->proxies[i].kind != PROXY_NONE && r->proxies[i].port == port)
			return true;
	return false;
}

/* Is nothing but HTTP without TLS expected at this machine's TO? */
static bool is_gateway_alone(const struct relay *r, const union address *to)
{
	for (size_t i = 0; i < USER_PROXIES; i++)
		if (r->proxies[i].kind != PROXY_NONE && r->proxies[i].port == port_of(to))
			return false;
	return port_of(to) != PORT_HTTPS && gateway_is_at(&r->gateways, port_of(to));
}

/* One question: most are answered at once, by letting the call pass. */
static void decide(struct relay *r, struct call *c, int tid, const struct seccomp_data *data)
{
	union address to;
	struct peer *p = peer_known(r, tid);
	socklen_t size = read_address(tid, data, &to, &p);

	if (!size && (errno == EPERM || errno == EACCES))
		relay_passed_unread(r, tid);
	if (!size || !is_wanted(r, &to))
		p = NULL;
	else if (!p)
		p = peer_of(r, tid);
	/* What the preloaded library sees is seen there. */
	if (!p || p->is_left || (p->has_shim && is_loopback(&to) && is_gateway_alone(r, &to))) {
		call_let_pass(r, c);
		return;
	}
	c->pid = p->pid;
	c->fd = (int)data->args[0];
	enum tool_socket kind = tool_socket_get(c, p, to.any.sa_family);
	if (kind == TOOL_SOCKET_OTHER || !call_is_waiting(c))
		call_let_pass(r, c);
	else if (kind == TOOL_SOCKET_NEW)
		link_open(r, p, c, &to, size);
	else if (!link_answer_again(r, c))
		call_let_pass(r, c);
}

static void take(struct relay *r, struct listener *l)
{
	struct seccomp_notif question;
	struct call c = { .listener = l->source.fd, .socket = -1, .laid_over = l->laid_over };

	memset(&question, 0, sizeof(question));
	if (ioctl(l->source.fd, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0)
		return;
	c.id = question.id;
	guard_took(&r->guard, l->number, c.id);
	if (question.data.nr != SYS_connect) {
		privilege_look(r, (int)question.pid, &question.data);
		call_let_pass(r, &c);
		return;
	}
	decide(r, &c, (int)question.pid, &question.data);
}

void notice_ready(struct source *s, uint32_t events)
{
	struct listener *l = (struct listener *)s;

	if (events & EPOLLIN)
		take(l->relay, l);
	else if (events & (EPOLLHUP | EPOLLERR))
		loop_close(l->relay->loop, s);
}
