/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_UPSTREAM_H
#define ORSHIM_REDIRECT_UPSTREAM_H

/* The API behind a base URL of `orshim relay`. */
#include <stdint.h>

#include "base/slice.h"

enum { UPSTREAM_HOST = 256, UPSTREAM_PATH = 256, UPSTREAM_PORT = 443 };

struct upstream {
	char host[UPSTREAM_HOST]; /* a name or an IPv4 address */
	uint16_t port;
	char path[UPSTREAM_PATH]; /* of the base URL, no slash at its end; "/api/v1" by default */
	char authority[UPSTREAM_HOST +
		       8]; /* as a Host field names it: a port only if it is not 443 */
};

/*
 * Parse "https://HOST[:PORT][/PATH]". Returns NULL, or what is wrong with URL;
 * static. Accepts only characters that need no quoting in a URL, a header or a shell.
 */
const char *upstream_parse(struct upstream *up, const char *url);

#endif
