/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BORINGSSL_H
#define ORSHIM_BORINGSSL_H

/*
 * Our functions in BoringSSL's one table, kTLSProtocolMethod, wherever that
 * was found (boringssl_find.h). They get nothing but the SSL pointer, so there
 * is one set of them for each copy, as in stubs.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Put the stubs of set I into TABLE. NULL, or static text that says why nothing was changed. */
const char *boringssl_tap(uint64_t table, size_t i);

/* Put the originals back where stubs of set I stand. */
void boringssl_untap(uint64_t table, size_t i);

/* Do the stubs of set I stand in TABLE, which can be read? */
bool boringssl_is_tapped(uint64_t table, size_t i);

#endif
