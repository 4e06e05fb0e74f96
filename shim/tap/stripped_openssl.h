/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_STRIPPED_OPENSSL_H
#define ORSHIM_STRIPPED_OPENSSL_H

/* An OpenSSL that is linked into the executable and exports nothing. */
#include "tap/find/image.h"
#include "tap/objects.h"

/*
 * Look into the executable O, which is M, and tap what is there. Says what it
 * found through tap_found(); PATH is of O and stays. False: there is none.
 */
bool stripped_openssl_start(const struct object *o, const struct image *m,
			    const char *(*path)(void));

/* Put the tables back as they were, and our functions in again. */
void stripped_openssl_rest(void);
void stripped_openssl_wake(void);

#endif
