/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_H
#define ORSHIM_REDIRECT_H

/*
 * Where the last redirect pointed, to recognise the request that a client makes
 * after it, and what the client dropped on the way.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"

struct check_input;

struct redirect {
	char host[80];                  /* that Location names, without its port */
	char path[LIMIT_REDIRECT_PATH]; /* of Location, without its query */
	char from[64];                  /* host that sent it */
	char from_path[LIMIT_REDIRECT_PATH];
	int status;
	bool plain; /* Location is an http:// URL */
	bool had_auth;
	bool was_post;
	uint64_t at; /* counter of the exchange; 0: no redirect is pending */
};

/*
 * Where LOCATION of an answer of the host BASE leads (RFC 9110 section 10.2.2): *HOST without its
 * port, and *REFERENCE, its path and what follows. False: nowhere that we could recognise. Borrowed.
 */
bool redirect_target(struct slice location, struct slice base, struct slice *host,
		     struct slice *reference);

/* Note the redirect that this exchange was answered with, or that a pending one is over. */
void redirect_add(struct redirect *r, const struct check_input *in, uint64_t counter);

/*
 * Is this the request that a client makes after a redirect, and did the client drop
 * the key, or turn POST into GET? What follows from that is not reported again.
 */
bool redirect_lost_key(const struct check_input *in);
bool redirect_turned_get(const struct check_input *in);

/* Does the redirect lead to another host; or is the slash at the end all that differs? */
bool redirect_leaves_host(const struct redirect *r);
bool redirect_moves_slash(const struct redirect *r);

#endif
