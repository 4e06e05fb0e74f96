/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BORINGSSL_H
#define ORSHIM_BORINGSSL_H

/*
 * TLS that is linked into the executable without symbols: BoringSSL (Bun and
 * all that is built with it, Electron), or else an OpenSSL that exports
 * nothing. Its method tables get our functions.
 */
/*
 * Look into this process's executable, unless it exports a TLS library's
 * functions, and tap what is there. To be called once. Says what it found through tap_found(). Small programs cost nothing.
 * LOOKUP is getenv() in life: where the user's cache folder is.
 */
void boringssl_start(char *(*lookup)(const char *name));

/* Put what was found back as it was, and our functions in again. */
void boringssl_rest(void);
void boringssl_wake(void);

#endif
