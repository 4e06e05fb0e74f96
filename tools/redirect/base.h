/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_BASE_H
#define ORSHIM_REDIRECT_BASE_H

/*
 * A link to a base URL (base_port.h): it has no TLS, and goes to one API with TLS.
 *
 *   PROXY --the first bytes--> LOOKUP --> DIALLING [--> TUNNEL] --> UPSTREAM --> PUMP
 *                                 any of them, with the reason --> REFUSED: a 502
 */
#include "tools/redirect/dial.h"
#include "tools/redirect/link.h"

/* L is in PROXY: has the tool sent something? Then to LOOKUP. */
enum dial_next base_read(struct link *l);

/* A server of L was connected, or the user's own proxy has opened the tunnel: to UPSTREAM. */
void base_connected(struct link *l);

/* L is in TUNNEL, and far may be readable. */
void base_read_tunnel(struct link *l);

/* L cannot be served, WHY, for people: the tool gets a 502, the user a line on stderr. */
void base_refuse(struct link *l, const char *why);

/* L is in REFUSED, and near may be readable. */
void base_drain(struct link *l);

#endif
