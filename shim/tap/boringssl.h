/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BORINGSSL_H
#define ORSHIM_BORINGSSL_H

/*
 * A BoringSSL that is linked into the executable without symbols (Bun and all
 * that is built with it, Electron): its method table gets our functions.
 */
/*
 * Look into this process's executable, unless it exports a TLS library's
 * functions, and tap what is there. To be called once, while there is one
 * thread. Says what it found through tap_found(). Small programs cost nothing.
 * LOOKUP is getenv() in life: where the user's cache folder is.
 */
void boringssl_start(char *(*lookup)(const char *name));

#endif
