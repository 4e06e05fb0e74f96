/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_COLLECTOR_H
#define ORSHIM_REDIRECT_COLLECTOR_H

/* Takes lines for the log from processes of the run that cannot open it (log_socket.h). */
#include "tools/redirect/loop.h"

struct collector;

/* Listen for the log PATH: a descriptor; -1: another run with the same log does, or it cannot be. */
int collector_listen(const char *path);

/*
 * Take what comes to LISTENER from now on, by LOOP, into the log PATH. Both are
 * borrowed. NULL without memory.
 */
struct collector *collector_start(int loop, int listener, const char *path);
void collector_end(struct collector *c); /* NULL is fine */

/* The same at once, for all that was sent so far; closes LISTENER. */
void collector_take_all(int listener, const char *path);

#endif
