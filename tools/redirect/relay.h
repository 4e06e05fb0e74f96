/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_RELAY_H
#define ORSHIM_REDIRECT_RELAY_H

/*
 * The relay of one `orshim run`: a process beside the tool that answers the
 * questions of the filters (notice.h), holds both ends of each redirected
 * connection (link.h), and ends when no process with a filter is left.
 *
 *   tool --connect()--> filter --question--> notice --decides--> CONTINUE: it goes its own way
 *                                              |
 *                                              v
 *   tool's socket --loopback--> near [ link: splice or pump ] far --> the server
 *                                              |
 *                                              v
 *                                        peer: observer --> the log
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "diagnose/hosts.h"
#include "tools/redirect/authority.h"
#include "tools/redirect/guard.h"
#include "tools/redirect/loop.h"
#include "tools/redirect/peer.h"
#include "tools/redirect/trust.h"

struct link;

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage room;
};

struct listener { /* whoever comes there comes to the relay: a filter's, a socket */
	struct source source;
	struct relay *relay;
	bool laid_over;  /* of a filter: the program's list of roots holds our authority */
	uint32_t number; /* of a filter: the guard's */
};

/* A host that was not looked into. */
struct passed_host {
	int pid;
	char program[64];
	char host[256];
	char why[160]; /* "": it is no API's */
};

struct relay {
	int loop;
	bool strict;             /* refuse what cannot be looked into */
	bool settles;            /* the tool has ended: tell what was seen */
	bool asked;              /* and `orshim run` waits for it */
	bool ends;               /* `orshim run` has ended */
	struct listener control; /* to `orshim run` */
	struct listener door;    /* where filters are handed in */
	struct listener near[2]; /* the loopback sockets that tools are redirected to: IPv4, IPv6 */
	union address near_address[2];
	struct listener listeners[LIMIT_RELAY_LISTENERS];
	struct host_list hosts;
	uint16_t proxy_ports[4]; /* of the tool's own proxies, host order; 0: none */
	struct guard guard;
	struct authority authority;
	struct trust trust;
	SSL_CTX *hello;
	struct peer *peers;
	struct link *links;
	unsigned link_count;
	struct link *over; /* to be freed when no event can name them */
	struct passed_host passed[LIMIT_RELAY_NAMES];
	unsigned passed_count;
	unsigned relayed; /* processes with a record */
	unsigned filters; /* that were handed in */
	bool privilege_lost;
	char folder[PATH_MAX];
};

/* The authority and its certificate as text are there; makes them at the first call. */
bool relay_has_authority(struct relay *r);

/* All that a relay has in its run's folder, and the folder if nothing else is in it. */
void relay_remove_files(const char *folder);

#endif
