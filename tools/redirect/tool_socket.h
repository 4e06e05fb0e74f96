/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_TOOL_SOCKET_H
#define ORSHIM_REDIRECT_TOOL_SOCKET_H

/* The socket that a process wants to connect: borrowed, or where that is refused one like it. */
#include "tools/redirect/call.h"

struct peer;

enum tool_socket {
	TOOL_SOCKET_NEW, /* of TCP, and can be connected */
	TOOL_SOCKET_USED, /* connected, dissolving, listening: the kernel says what connect() gives */
	TOOL_SOCKET_OTHER /* no TCP socket of the family, or not to be had */
};

/* Get the socket C->fd of P for C. An address of another FAMILY than its own is refused by the kernel. */
enum tool_socket tool_socket_get(struct call *c, const struct peer *p, int family);

/* Are both calls about one socket? */
bool tool_socket_is_same(const struct call *a, const struct call *b);

#endif
