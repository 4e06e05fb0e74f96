/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PASSAGE_H
#define ORSHIM_PASSAGE_H

/*
 * The way of a host's thread through our code. Inside it keeps its errno,
 * cannot be cancelled, and whatever hook of ours it meets passes straight
 * through.
 */
#include <stdbool.h>

struct passage {
	int saved_errno;
	int saved_cancel;
};

/* False: this thread is inside already, or the shim is off. Then do nothing at all. */
bool passage_enter(struct passage *p);
void passage_leave(const struct passage *p);

bool passage_is_inside(void);

/* For good: our state cannot be trusted any more (forked in the middle of it). */
void passage_turn_off(void);

#endif
