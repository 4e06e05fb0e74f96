/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_BASE_REQUEST_H
#define ORSHIM_REDIRECT_BASE_REQUEST_H

/*
 * The requests of one connection to a base URL (HTTP/1), made the API's: the
 * Host field names the API. An offer to go on with HTTP/2 without TLS is left
 * out, as RFC 9113 section 3.1 has removed it. All other bytes stay as they are,
 * wrong ones included; what is not HTTP passes as it is.
 */
#include "base/buf.h"

struct base_request;

/* AUTHORITY is what the Host fields are to have; borrowed. NULL without memory. */
struct base_request *base_request_new(const char *authority);
void base_request_free(struct base_request *r); /* NULL is fine */

/*
 * The API switched to a WebSocket, if one was asked for: what comes from here on
 * passes as it is. Until then it is read as requests, as RFC 9110 section 7.8
 * has it.
 */
void base_request_switched(struct base_request *r);

/* The tool sent N bytes: append what goes to the API. Not 0: no memory. */
int base_request_feed(struct base_request *r, const void *bytes, size_t n, struct buf *out);

#endif
