/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_OWN_PORT_H
#define ORSHIM_REDIRECT_OWN_PORT_H

/* A port of loopback at which tools call on the relay: as their base URL, or as their proxy. */
#include "tools/redirect/relay.h"

/*
 * Listen at *PORT, 0 for any, and let READY be called for L when somebody connects. Writes the
 * port to *PORT. Returns 0 or an errno value; then nothing is open.
 */
int own_port_open(struct relay *r, struct listener *l, uint16_t *port,
		  void (*ready)(struct source *s, uint32_t events));

/*
 * The next connection at L, which listens at PORT: its descriptor, non-blocking, or -1. *PID gets
 * the process that made it; 0: it is none of this user's, or cannot be told.
 */
int own_port_accept(const struct listener *l, uint16_t port, int *pid);

#endif
