/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_DIAL_H
#define ORSHIM_REDIRECT_DIAL_H

/*
 * A link whose tool sends a CONNECT (RFC 9110 section 9.3.6) to the relay as its
 * proxy (proxy.h): the request is read, its host looked up and connected to. Each
 * step says what is to become of the link, which links.c and link_flow.c do.
 */
#include "tools/redirect/link.h"

enum dial_next {
	DIAL_GO_ON, /* as the link's state says */
	DIAL_END,   /* the tool was told why not */
	DIAL_REFUSE, /* of a base URL (base.h): no address is left, l->error says why */
	DIAL_BREAK
};

/* L is in PROXY, and near may be readable. */
enum dial_next dial_read(struct link *l);

/* Look HOST up, to connect to PORT of it. */
enum dial_next dial_begin(struct link *l, const char *host, uint16_t port);

/* L is in LOOKUP, and its names are readable: try the first address. */
enum dial_next dial_looked_up(struct link *l);

/* L is in DIALLING, and far was connected or refused: on to HELLO or TUNNEL, or the next address. */
enum dial_next dial_answered(struct link *l);

/* Forget what L waits for. */
void dial_release(struct link *l);

/* Where a head ends in B, behind its empty line; 0: not yet. */
size_t dial_head_end(const struct buf *b);

/* "CONNECT api.example.com:443 HTTP/1.1": the tunnel's other end is what counts from here on. */
void dial_take_target(struct link *l, struct slice head);

#endif
