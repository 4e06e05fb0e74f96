/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_STUBS_H
#define ORSHIM_STUBS_H

/*
 * The functions that replace OpenSSL's own in a method table. A stub gets only the
 * SSL pointer, which is opaque to us. So each TLS library has a set of stubs, and
 * the set knows the original functions of its library.
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

/* The functions that set I replaces. */
const struct method_functions *stubs_originals(size_t i);

/*
 * Set the functions that set I replaces; before any of its stubs is in a table.
 * GETTERS are those of the same TLS library.
 */
void stubs_set(size_t i, const struct method_functions *originals,
	       const struct tls_getters *getters);

#endif
