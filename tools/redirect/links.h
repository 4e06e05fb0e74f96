/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_LINKS_H
#define ORSHIM_REDIRECT_LINKS_H

/* How links begin, what wakes them, and how they are freed. */
#include "tools/redirect/call.h"

struct link;

/* Take CALL on, which wants to connect to TO. Owns it from here on. */
void link_open(struct relay *r, struct peer *p, struct call *call, const union address *to,
	       socklen_t to_size);

/* CALL comes for a socket that was connected to us, but its answer did not arrive: then answer it. */
bool link_answer_again(struct relay *r, struct call *call);

/* FD came to the proxy, from P. Owns FD from here on. NULL: there is no room; FD is the caller's. */
struct link *link_take_in(struct relay *r, struct peer *p, int fd);

/* Somebody is at one of the relay's own loopback sockets. */
void link_accept(struct source *s, uint32_t events);

/* Deadlines: act on those that are over; milliseconds to the next, -1: none. */
int links_tick(struct relay *r);

/* Free what is over; between turns of the loop. */
void links_sweep(struct relay *r);

#endif
