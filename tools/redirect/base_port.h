/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_BASE_PORT_H
#define ORSHIM_REDIRECT_BASE_PORT_H

/*
 * The port of a base URL, on loopback (`orshim relay`). It is ours from
 * base_open() to the end, so that no other program can be asked in our place.
 */
#include "tools/redirect/relay.h"
#include "tools/redirect/upstream.h"

/*
 * Listen on PORT of 127.0.0.1, 0: any free one; r->base_port is the one. UP is
 * borrowed. 0, or errno.
 */
int base_open(struct relay *r, const struct upstream *up, uint16_t port);

/* Forget what is under way: the tools are not to blame for our end. */
void base_stop(struct relay *r);

#endif
