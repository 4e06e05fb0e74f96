/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_USER_PROXY_H
#define ORSHIM_REDIRECT_USER_PROXY_H

/* The proxies that the tool's own environment names. */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum proxy_kind {
	PROXY_NONE,
	PROXY_HTTP,
	PROXY_TLS,   /* https:// */
	PROXY_SOCKS, /* socks4:// to socks5h:// */
};

enum { USER_PROXIES = 4 };

struct user_proxy {
	enum proxy_kind kind;
	char host[256];
	uint16_t port; /* host order */
	struct slice
	    login; /* "user:secret" as written in the variable, percent-encoded; may be empty */
};

/* URL as HTTPS_PROXY has it; login refers into it. False: it is none. */
bool user_proxy_read(struct user_proxy *p, const char *url);

/* Those of HTTPS_PROXY, https_proxy, ALL_PROXY and all_proxy; PROXY_NONE where there is none. */
void user_proxies_read(struct user_proxy all[USER_PROXIES]);

/* The first of them that is one, borrowed; NULL: there is none. */
const struct user_proxy *user_proxy_first(const struct user_proxy all[USER_PROXIES]);

/* The one that HOST is reached by: the first, unless NO_PROXY or no_proxy names HOST; NULL: none. */
const struct user_proxy *user_proxy_for(const struct user_proxy all[USER_PROXIES], const char *host);

/*
 * Appends the field "Proxy-Authorization: Basic ..." and a line end for LOGIN
 * (RFC 7617); nothing for an empty one. Not 0: no memory.
 */
int user_proxy_authorize(struct buf *out, struct slice login);

#endif
