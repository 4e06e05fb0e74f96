/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_PROXY_H
#define ORSHIM_REDIRECT_PROXY_H

/*
 * The second way to the relay, where the kernel or a sandbox allows no filter:
 * an HTTP proxy on loopback, which programs learn of by HTTPS_PROXY. It knows
 * CONNECT alone (RFC 9110 section 9.3.6), and only for who has the run's secret,
 * which is in that variable. The tunnel is then a redirected connection
 * like any other.
 */
#include "tools/redirect/relay.h"

/*
 * Appends the variables, each NAME=VALUE and a NUL, by which a program of
 * RUNTIME comes to the proxy, and opens it at the first call. NULL: done; else
 * why it would not come, for people.
 */
const char *proxy_variables(struct relay *r, enum runtime runtime, int pid, struct buf *out);

/* Is there a process left that knows of the proxy? Looked up once a second. */
bool proxy_is_known(struct relay *r);

enum { PROXY_ASK_US = 1000000 };

#endif
