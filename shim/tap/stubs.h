/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_STUBS_H
#define ORSHIM_STUBS_H

/*
 * What stands in a method table in place of OpenSSL's own functions. A stub
 * gets nothing but the SSL pointer, whose inside is none of our business: so
 * there is one set of stubs for each TLS copy, and the set knows its copy's
 * originals.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "tap/tap.h"

/* DO(i) for each set of stubs: one for each TLS library that can be tapped in one process. */
#define EACH_STUB_SET(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define COUNT_STUB_SET(i) +1
_Static_assert(EACH_STUB_SET(COUNT_STUB_SET) == LIMIT_TLS_LIBRARIES, "a set for each library");

/* The functions of one method table that are replaced. */
struct method_functions {
	int (*clear)(void *ssl);
	void (*free)(void *ssl);
	int (*connect)(void *ssl);
	int (*read)(void *ssl, void *bytes, size_t n, size_t *got);
	int (*write)(void *ssl, const void *bytes, size_t n, size_t *put);
};

/* The stubs of set I; static. */
const struct method_functions *stubs_of(size_t i);

/* What set I stands in for. */
const struct method_functions *stubs_originals(size_t i);

/*
 * Say what set I stands in for; before any of its stubs is in a table.
 * GETTERS are that copy's.
 */
void stubs_set(size_t i, const struct method_functions *originals,
	       const struct tls_getters *getters);

/*
 * A wrapper that is at work on this connection in this thread: what it calls
 * inside the TLS library passes through every other wrapper and stub.
 */
extern _Thread_local const void *busy_connection;

#endif
