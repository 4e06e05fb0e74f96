/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BORINGSSL_H
#define ORSHIM_BORINGSSL_H

/*
 * Taps BoringSSL by its one table of functions, kTLSProtocolMethod, which
 * boringssl_find.h finds. Our functions get only the SSL pointer, so each TLS library
 * has its own set of them, as in stubs.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Put the stubs of set I into TABLE. NULL, or static text that says why nothing was changed. */
const char *boringssl_tap(uint64_t table, size_t i);

/* Put the originals back where TABLE has stubs of set I. */
void boringssl_untap(uint64_t table, size_t i);

/* Does TABLE, which must be readable, have the stubs of set I? */
bool boringssl_is_tapped(uint64_t table, size_t i);

#endif
