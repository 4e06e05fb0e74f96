/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EMBEDDED_TLS_H
#define ORSHIM_EMBEDDED_TLS_H

/*
 * A TLS library inside an object of this process that exports none of it:
 * BoringSSL in Bun and what is built with it, in Electron and in add-ons of
 * Node; OpenSSL in cargo, in wheels and in Pythons that bring their own.
 */
#include "tap/find/find.h"
#include "tap/objects.h"

/*
 * May there be one in O, so that it is worth looking through? Asks O's headers
 * and symbols alone: under a microsecond for nearly all that is loaded.
 */
bool embedded_tls_is_possible(const struct object *o);

/*
 * What there is, with the addresses of this process: remembered from an
 * earlier start, or sought in all of O, which must stay loaded. LOOKUP is
 * getenv() in life: where the user's cache folder is. The reason stays.
 */
void embedded_tls_find(const struct object *o, char *(*lookup)(const char *name),
		       struct find *found);

#endif
