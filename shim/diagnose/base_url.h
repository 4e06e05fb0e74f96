/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BASE_URL_H
#define ORSHIM_BASE_URL_H

/* Variables of the environment that say where requests should go. */
#include "diagnose/environment.h"

struct check_input;

/* The host of a URL, or of what looks like one; absent if there is none. */
struct slice base_url_host(struct slice url);

/* Names of the variables that name HOST, at most MAX. Returns how many. */
size_t base_url_sources(const struct environment *env, struct slice host, struct slice *names,
			size_t max);

/* A base-URL variable of a vendor that names another host than the one asked. */
struct base_url {
	struct slice name; /* of the variable */
	struct slice host; /* that it names; borrowed from the environment */
	struct slice
	    usual; /* the name that most tools read, when NAME is another one; else absent */
};

/*
 * The request went to its vendor's own host although a variable for that
 * vendor's base URL names another one, and no other one names this host.
 */
bool base_url_unused(const struct check_input *in, struct base_url *unused);

#endif
