/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BORINGSSL_H
#define ORSHIM_BORINGSSL_H

/*
 * A BoringSSL that is linked into the executable without symbols (Bun and all
 * that is built with it, Electron): its method table gets our functions.
 */
#include "tap/objects.h"

/*
 * Look into the executable O and tap what is there; to be called once, for a
 * program that has no other TLS library of its own. Says what it found
 * through tap_found(). False: O holds no BoringSSL. Cheap for small programs.
 */
bool boringssl_tap(const struct object *o, char *(*lookup)(const char *name));

#endif
