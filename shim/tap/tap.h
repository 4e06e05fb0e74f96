/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TAP_H
#define ORSHIM_TAP_H

/*
 * The one door between the ways of seeing bytes (method tables, exported
 * wrappers, BoringSSL's table) and the rest of the house. Owns the connection
 * table, every lock, the re-entry guard, the clock, fork. Calls no OpenSSL
 * function. errno is kept; on any trouble the connection goes blind.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "report/record.h"
#include "wire/exchange.h"

/* HANDLE identifies the connection: the SSL pointer. */

/* A handshake of ours as client is over; SNI may be absent (copied). */
void tap_opened(const void *handle, struct slice sni);

/* Getters of a connection's TLS copy: they change nothing and add no error. Each may be NULL. */
#define SERVERNAME_HOST 0 /* TLSEXT_NAMETYPE_host_name */

struct tls_getters {
	const char *(*servername)(const void *ssl, int type); /* SSL_get_servername() */
	int (*is_server)(const void *ssl);                    /* SSL_is_server() */
};

/* N bytes of plaintext were written (SIDE_CLIENT) or read (SIDE_SERVER) by this process. */
void tap_bytes(const void *handle, enum side side, const void *bytes, size_t n);
/* The same; of a connection that is older than our coming ASK tells whose it is. */
void tap_bytes_asking(const void *handle, enum side side, const void *bytes, size_t n,
		      const struct tls_getters *ask);
void tap_skipped(const void *handle, enum side side, size_t n); /* SSL_sendfile */
void tap_ended(const void *handle, enum side side);             /* that side sends no more */
void tap_closed(const void *handle); /* HANDLE is no connection any more */

/* A TLS copy was found; says so in the `process` record. Strings are static or never freed. */
void tap_found(const struct tls_copy *copy);
void tap_lost(const struct tls_copy *copy); /* it was unloaded */

/* Threads may hold locks of ours from now on: keep forks from leaving them to a child. */
void tap_expect_forks(void);

/* Is HANDLE known to be none of our business? A hint that costs nothing: false may be late. */
bool tap_is_dropped(const void *handle);

/*
 * Detached: forget every connection, let go of the log. Attached again, with
 * new settings: as desk_wake(). Connections are older than that from then on.
 */
void tap_rest(void);
int tap_wake(struct slice settings);

bool tap_is_inside(void); /* this thread is in our code: hooks must pass straight through */

#endif
