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
#include "tools/redirect/gateway.h"
#include "tools/redirect/guard.h"
#include "tools/redirect/loop.h"
#include "tools/redirect/peer.h"
#include "tools/redirect/trust.h"
#include "tools/redirect/user_proxy.h"

struct collector;
struct link;
struct upstream;

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
	char note[48]; /* what it speaks in place of TLS, or "" */
};

/* HOST was not looked into: see relay_passed(). */
struct passed_by {
	const char *host, *why, *note;
};

struct relay {
	int loop;
	int run;                 /* the process of `orshim run`, until `ends` */
	bool strict;             /* refuse what cannot be looked into */
	bool settles;            /* the tool has ended: tell what was seen */
	bool asked;              /* and `orshim run` waits for it */
	bool ends;               /* `orshim run` has ended */
	struct listener control; /* to `orshim run` */
	struct listener door;    /* where filters are handed in */
	struct collector *collector; /* NULL: nobody can send lines for the log */
	struct listener near[2]; /* the loopback sockets that tools are redirected to: IPv4, IPv6 */
	union address near_address[2];
	struct listener listeners[LIMIT_RELAY_LISTENERS];
	struct listener proxy; /* proxy.h; fd -1: nobody needs it */
	uint16_t proxy_port;
	char proxy_login[128]; /* the field that it wants */
	char proxy_url[128];
	int proxy_pid;        /* who was told of it last */
	int64_t proxy_asked;  /* loop_clock() */
	bool proxy_known;     /* then */
	bool proxy_laid_over; /* of one of them a list of roots holds our authority */
	unsigned proxied;     /* programs that were told of it */
	struct listener base; /* base.h; fd -1: there is none */
	uint16_t base_port;
	const struct upstream *upstream; /* of it; borrowed */
	struct said said; /* to the user, of all processes */
	struct host_list hosts;
	struct user_proxy proxies[USER_PROXIES]; /* the tool's own */
	struct gateways gateways;
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
	bool privilege_told; /* privilege.h */
	char folder[PATH_MAX];
};

/*
 * HOST was not looked into for the program at PATH, process PID; WHY is NULL when
 * it is no API's, and NOTE then says what it speaks in place of TLS, or is NULL.
 * HOST "": the program is not relayed at all. Each is listed once.
 */
void relay_passed(struct relay *r, int pid, const char *path, struct passed_by by);

/* The kernel or a container's filter does not let us read where thread TID connects to. */
void relay_passed_unread(struct relay *r, int tid);

#endif
