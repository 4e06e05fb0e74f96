/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_METHOD_TABLE_H
#define ORSHIM_METHOD_TABLE_H

/*
 * OpenSSL reads and writes through tables of functions (SSL_METHOD), one for
 * each protocol version and role, and moves a connection from one to another
 * when the version is negotiated. We recognise these tables and put our functions
 * into them. So we also see programs that call their TLS library directly (static
 * OpenSSL in Node) or through pointers (dlsym).
 */
#include "tap/objects.h"
#include "tap/stubs.h"

struct method_recipe {
	const struct object *object;
	struct tls_getters getters;
	unsigned long version; /* OpenSSL_version_num(); 0: not known */
	/*
	 * Tables of a client and of a server, of any version of TLS; NULL: by calling
	 * TLS_method() and its siblings. Given ones are proof enough of their layout
	 * if they fit in only one.
	 */
	void **client;
	void **server;
};

/*
 * Put the stubs of set I into every table of the library. NULL, or static text
 * that says why nothing was changed.
 */
const char *method_table_tap(const struct method_recipe *recipe, size_t i);

/* Forget set I: no table has its stubs. */
void method_table_forget(size_t i);

/* Put the originals back in place of the stubs of set I. NULL, or static text: why not. */
const char *method_table_untap(size_t i);

/* Do the tables of this object have stubs of ours? TABLE is one of them; NULL: TLS_method()'s. */
bool method_table_is_tapped(const struct object *o, void **table);

#endif
