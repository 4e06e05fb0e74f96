/* SPDX-License-Identifier: MIT */
#include "tools/redirect/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tools/redirect/call.h"
#include "tools/redirect/links.h"
#include "tools/redirect/privilege.h"
#include "tools/redirect/thread_memory.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { PORT_SSH = 22, PORT_DNS = 53, PORT_HTTPS = 443 };
enum { SIN6_LEN_RFC2133 = 24 }; /* linux/ipv6.h: least that connect() takes */

static bool is_alive(const struct call *c)
{
	uint64_t id = c->id;

	return ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/*
 * The address that TID wants to connect to; its size, 0 if it is of no use or, with errno, cannot be
 * read. As the kernel does, which has an error for the rest: all of it can be read, and its size is
 * an int that is not larger than any address.
 */
static socklen_t read_address(int tid, const struct seccomp_data *data, union address *to)
{
	int size = (int)data->args[2];

	memset(to, 0, sizeof(*to));
	errno = 0;
	if (size < (int)sizeof(to->v4) || size > (int)sizeof(to->room))
		return 0;
	ssize_t n = thread_memory(tid, data->args[1], to, (size_t)size);
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

/* Is FD a TCP socket that is connected to one of ours? An interrupted connect() comes again. */
static bool is_ours_already(const struct relay *r, int fd)
{
	union address there;
	socklen_t size = sizeof(there);

	memset(&there, 0, sizeof(there));
	if (getpeername(fd, &there.any, &size) != 0 || !is_loopback(&there))
		return false;
	return port_of(&there) == port_of(&r->near_address[0]) ||
	       port_of(&there) == port_of(&r->near_address[1]);
}

static int option(int fd, int which)
{
	socklen_t size = sizeof(int);
	int value = -1;

	getsockopt(fd, SOL_SOCKET, which, &value, &size);
	return value;
}

/* Of FAMILY: an address of another one is refused by the kernel. */
static bool is_tcp(int fd, int family)
{
	int protocol = option(fd, SO_PROTOCOL);

	return option(fd, SO_DOMAIN) == family && option(fd, SO_TYPE) == SOCK_STREAM &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

/* Does it listen, or is it connected? The kernel has an error for another connect(). */
static bool is_in_use(int fd)
{
	struct tcp_info info = { .tcpi_state = TCP_CLOSE };
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       info.tcpi_state != TCP_CLOSE;
}

/* O_NONBLOCK and O_CLOEXEC of descriptor FD there; -1: unknown. */
static int flags_there(int pid, int fd)
{
	char path[64], line[128];
	int flags = -1;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	FILE *info = fopen(path, "re");
	while (info && fgets(line, sizeof(line), info))
		if (strncmp(line, "flags:", 6) == 0)
			flags = (int)strtol(line + 6, NULL, 8);
	if (info)
		fclose(info);
	return flags;
}

/* Where its socket cannot be borrowed: one like it, which is to take its place. */
static bool make_like(struct call *c, int family)
{
	char path[64], protocol[32];
	int flags = flags_there(c->pid, c->fd), on = 1;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", c->pid, c->fd);
	ssize_t n = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1);
	protocol[n > 0 ? n : 0] = '\0';
	if (flags < 0 || strcmp(protocol, family == AF_INET ? "TCP" : "TCPv6") != 0)
		return false;
	c->socket = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->socket < 0)
		return false;
	/* What was set before cannot be read; most set this, and it does no harm. */
	setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->replaces = true;
	c->nonblocking = flags & O_NONBLOCK;
	c->is_cloexec = flags & O_CLOEXEC;
	if (c->nonblocking)
		fcntl(c->socket, F_SETFL, O_NONBLOCK);
	return true;
}

static bool get_socket(const struct peer *p, struct call *c, int family)
{
	c->socket = peer_borrow(p, c->fd);
	if (c->socket < 0)
		return (errno == EPERM || errno == ENOSYS) && make_like(c, family);
	c->nonblocking = fcntl(c->socket, F_GETFL) & O_NONBLOCK;
	return is_tcp(c->socket, family);
}

/* One question: most are answered at once, by letting the call pass. */
static void decide(struct relay *r, struct call *c, int tid, const struct seccomp_data *data)
{
	union address to;
	socklen_t size = read_address(tid, data, &to);
	int error = errno;
	struct peer *p = size && is_wanted(r, &to) ? peer_of(r, tid) : NULL;

	if (!size && (error == EPERM || error == EACCES))
		relay_passed_unread(r, tid);
	/* What the preloaded library sees is seen there. */
	if (!p || p->is_left || (p->has_shim && is_loopback(&to) && is_gateway_alone(r, &to))) {
		call_let_pass(r, c);
		return;
	}
	c->pid = p->pid;
	c->fd = (int)data->args[0];
	if (!get_socket(p, c, to.any.sa_family) || !is_alive(c)) {
		call_let_pass(r, c);
	} else if (is_ours_already(r, c->socket)) {
		call_answer(r, c, 0);
	} else if (is_in_use(c->socket)) {
		call_let_pass(r, c);
	} else {
		link_open(r, p, c, &to, size);
	}
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
