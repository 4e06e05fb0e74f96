/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_LOOKUP_H
#define ORSHIM_REDIRECT_LOOKUP_H

/* A host's addresses, looked up beside the loop: getaddrinfo(3) waits. */
#include <stdint.h>

#include "tools/redirect/relay.h"

enum { LOOKUP_MAX = 8 };

struct lookup_answer {
	unsigned count; /* 0: there is no such host */
	socklen_t size[LOOKUP_MAX];
	union address address[LOOKUP_MAX]; /* in the order in which they are to be tried */
};

/*
 * Begin for HOST (a name or an address, "[::1]" too) and PORT. A descriptor that
 * becomes readable when the answer is there; -1: it could not begin.
 */
int lookup_begin(const char *host, uint16_t port);

/* The answer at FD; false: there is none. The caller closes FD, sooner if it likes. */
bool lookup_end(int fd, struct lookup_answer *answer);

#endif
