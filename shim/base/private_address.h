/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PRIVATE_ADDRESS_H
#define ORSHIM_PRIVATE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Is it an internet address of this machine or of a private network?
 * RFC 1122 (loopback), RFC 1918, RFC 3927 (link-local), RFC 6598 (shared);
 * RFC 4291 (::1, fe80::/10), RFC 4193 (fc00::/7), and IPv4 addresses mapped into
 * IPv6. ADDRESS is as connect(2) takes it, N bytes.
 */
bool address_is_private(const struct sockaddr *address, socklen_t n);

/*
 * Do the first bytes of a connection begin a request of HTTP? 1: BYTES have a
 * whole method of those that APIs know, and a space (or HTTP/2's preface); 0:
 * they may become one; -1: they are something else.
 */
int begins_request(const char *bytes, size_t n);

#endif
