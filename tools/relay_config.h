/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RELAY_CONFIG_H
#define ORSHIM_RELAY_CONFIG_H

/*
 * Writes nginx's configuration: a reverse proxy on loopback that forwards
 * everything unchanged to one API. Only text; nothing is opened.
 */
#include <stdint.h>

#include "base/buf.h"

/* A health-check path of the relay, which only shows that nginx is ready. */
#define RELAY_READY_PATH "/.orshim-relay-is-ready"

/* File names in the configuration, all in nginx's prefix folder. */
#define RELAY_CA_FILE "ca.pem"
#define RELAY_ERRORS_FILE "errors"

enum { RELAY_HOST_SIZE = 256, RELAY_PATH_SIZE = 256, RELAY_PORT_DEFAULT = 443 };

struct relay_upstream {
	char host[RELAY_HOST_SIZE]; /* a name or an IPv4 address */
	uint16_t port;
	char path[RELAY_PATH_SIZE]; /* of the base URL, no slash at its end; "/api/v1" by default */
};

/*
 * Parse "https://HOST[:PORT][/PATH]". Returns NULL, or what is wrong with URL;
 * static. Accepts only characters without a special meaning to nginx.
 */
const char *relay_parse(struct relay_upstream *up, const char *url);

/* Append nginx's configuration for a listener on 127.0.0.1:PORT. -1 without memory. */
int relay_configure(struct buf *out, const struct relay_upstream *up, uint16_t port);

/*
 * The part of an nginx error line to print: no time, no request (a URL may have
 * a key in it). Absent if the line is of no use to the user.
 */
struct slice relay_complaint(struct slice line);

#endif
