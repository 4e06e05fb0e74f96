/* SPDX-License-Identifier: MIT */
#include "tools/redirect/tool_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h> /* its struct tcp_info is longer than that of netinet/tcp.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tools/redirect/peer.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { STATE_CLOSE = 7 }; /* TCP_CLOSE of netinet/tcp.h */

static int option(int fd, int which)
{
	socklen_t size = sizeof(int);
	int value = -1;

	getsockopt(fd, SOL_SOCKET, which, &value, &size);
	return value;
}

/* A socket whose connection is over, or was refused, has sent segments until it is dissolved. */
static enum tool_socket kind_of(int fd)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
		return info.tcpi_state == STATE_CLOSE && info.tcpi_segs_out == 0 ? TOOL_SOCKET_NEW
										 : TOOL_SOCKET_USED;
	return option(fd, SO_TYPE) == SOCK_STREAM && option(fd, SO_PROTOCOL) == IPPROTO_MPTCP
		   ? TOOL_SOCKET_NEW
		   : TOOL_SOCKET_OTHER;
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

/* Is the socket INODE in the table of connections and listeners of PID's network? */
static bool is_listed(int pid, int family, unsigned long inode)
{
	char path[64], line[512];
	unsigned long one;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, family == AF_INET ? "tcp" : "tcp6");
	FILE *table = fopen(path, "re");
	while (table && !found && fgets(line, sizeof(line), table))
		found = sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %lu", &one) == 1 &&
			one == inode;
	if (table)
		fclose(table);
	return found;
}

/* Where its socket cannot be borrowed: one like it, which is to take its place. */
static enum tool_socket make_like(struct call *c, int family)
{
	char path[64], protocol[32];
	int flags = flags_there(c->pid, c->fd), on = 1;
	struct stat there;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", c->pid, c->fd);
	ssize_t n = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1);
	protocol[n > 0 ? n : 0] = '\0';
	if (flags < 0 || strcmp(protocol, family == AF_INET ? "TCP" : "TCPv6") != 0 ||
	    stat(path, &there) != 0)
		return TOOL_SOCKET_OTHER;
	c->replaces = true;
	c->flags = flags & O_NONBLOCK;
	c->is_cloexec = flags & O_CLOEXEC;
	if (is_listed(c->pid, family, there.st_ino))
		return TOOL_SOCKET_USED;
	c->socket = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->socket < 0)
		return TOOL_SOCKET_OTHER;
	/* What was set before cannot be read; most set this, and it does no harm. */
	setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (c->flags & O_NONBLOCK)
		fcntl(c->socket, F_SETFL, O_NONBLOCK);
	return TOOL_SOCKET_NEW;
}

enum tool_socket tool_socket_get(struct call *c, const struct peer *p, int family)
{
	c->socket = peer_borrow(p, c->fd);
	if (c->socket < 0)
		return errno == EPERM || errno == ENOSYS ? make_like(c, family) : TOOL_SOCKET_OTHER;
	c->flags = fcntl(c->socket, F_GETFL);
	return option(c->socket, SO_DOMAIN) == family ? kind_of(c->socket) : TOOL_SOCKET_OTHER;
}

static uint64_t cookie(int fd)
{
	uint64_t value = 0;
	socklen_t size = sizeof(value);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &value, &size);
	return value;
}

bool tool_socket_is_same(const struct call *a, const struct call *b)
{
	if (a->replaces || b->replaces)
		return a->pid == b->pid && a->fd == b->fd;
	return cookie(a->socket) == cookie(b->socket);
}
