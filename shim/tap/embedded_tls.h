/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EMBEDDED_TLS_H
#define ORSHIM_EMBEDDED_TLS_H

/*
 * TLS libraries that are statically linked into an object of this process which does
 * not export them: BoringSSL in Bun and programs built with it, in Electron and in
 * add-ons of Node; OpenSSL in cargo, in wheels and in Pythons that bundle it.
 */
#include "tap/find/find.h"
#include "tap/objects.h"

/*
 * May O embed a TLS library, so that a search is worth its time? Reads only O's headers
 * and symbols: under a microsecond for nearly every object.
 */
bool embedded_tls_is_possible(const struct object *o);

/*
 * Find the TLS library in O, which must stay loaded, with the addresses of this
 * process: in the cache of an earlier start, or by a search of all of O. LOOKUP is
 * getenv() in the library, to find the user's cache folder. The reason is static.
 */
void embedded_tls_find(const struct object *o, char *(*lookup)(const char *name),
		       struct find *found);

#endif
