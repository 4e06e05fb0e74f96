/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_OWNER_H
#define ORSHIM_REDIRECT_OWNER_H

/* Which process holds a TCP socket of this machine, by /proc. */
#include "tools/redirect/relay.h"

/*
 * The process whose socket has the end FROM and is connected to PORT of
 * loopback; 0: it is not one of this user's, or cannot be told.
 */
int owner_of(const union address *from, uint16_t port);

/* Was a process of this user's, that lives, started with TEXT in its environment? */
bool owner_has_text(const char *text);

#endif
