/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RELAY_CONFIG_H
#define ORSHIM_RELAY_CONFIG_H

/*
 * What nginx is told to be: a reverse proxy on loopback that passes on what it
 * gets, as it gets it, to one API. Pure text; nothing is opened.
 */
#include <stdint.h>

#include "base/buf.h"

/* The relay's own address, which only says that nginx is there. */
#define RELAY_READY_PATH "/.orshim-relay-is-ready"

/* What the configuration calls files; all of them stand in nginx's prefix folder. */
#define RELAY_CA_FILE "ca.pem"
#define RELAY_ERRORS_FILE "errors"

enum { RELAY_HOST_SIZE = 256, RELAY_PATH_SIZE = 256, RELAY_PORT_DEFAULT = 443 };

struct relay_upstream {
	char host[RELAY_HOST_SIZE]; /* a name or an IPv4 address */
	uint16_t port;
	char path[RELAY_PATH_SIZE]; /* of the base URL, no slash at its end; "/api/v1" by default */
};

/*
 * Take apart "https://HOST[:PORT][/PATH]". NULL, or what is wrong with URL; static.
 * Only characters that mean nothing to nginx get through.
 */
const char *relay_parse(struct relay_upstream *up, const char *url);

/* Append nginx's configuration for a listener on 127.0.0.1:PORT. -1 without memory. */
int relay_configure(struct buf *out, const struct relay_upstream *up, uint16_t port);

/*
 * The part of a line of nginx's error log that is worth a word: no time, no
 * request (a URL may hold a key). Absent when it says nothing to the user.
 */
struct slice relay_complaint(struct slice line);

#endif
