/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_LINK_FLOW_H
#define ORSHIM_REDIRECT_LINK_FLOW_H

/* What happens on a link once both of its ends are there, or the tool has come to the proxy. */
#include "tools/redirect/dial.h"
#include "tools/redirect/link.h"

/* An event at E of L; go on as far as possible. */
void link_turn(struct link *l, struct end *e, uint32_t events);

/*
 * From here on the bytes pass as they are, those that came first included.
 * WHY it could not be looked into, NULL if nobody wanted to. With strict it
 * is broken instead.
 */
void link_pass(struct link *l, const char *why);

/* End L, or break it, if NEXT says so. */
void link_do(struct link *l, enum dial_next next);

#endif
