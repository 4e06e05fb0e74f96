/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_END_H
#define ORSHIM_REDIRECT_END_H

/* The two sockets of a link. Nothing here changes the link's state. */
#include "tools/redirect/link.h"

enum {
	END_EOF = -1,    /* it sends no more */
	END_BROKEN = -2, /* its connection failed: the link is to be broken */
};

/* What is received: > 0 bytes, 0: nothing now, else END_EOF or END_BROKEN. */
ssize_t end_receive(struct end *e, void *room, size_t size);

/* Is there room for more on the way to E? */
bool end_has_room(const struct end *e);

/* Is a handshake of ours with E going on? */
bool end_shakes_hands(const struct end *e);

/* Connect a far to where the tool wanted. An errno, 0: it is connected; EINPROGRESS: it goes on. */
int end_open_far(struct link *l);

/* The same in place of the far that there is. */
int end_reopen_far(struct link *l);

/* E sends what it has at once, however little (TCP_NODELAY). */
void end_hurry(const struct end *e);

/* The other side of FD will see a reset when FD is closed. -1: there is none. */
void end_reset(int fd);

#endif
