/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FIND_H
#define ORSHIM_FIND_H

/*
 * A TLS library that is linked into a program or a shared library which
 * exports none of it: what its finder recognised, in the file's own words, so
 * that it can be remembered.
 */
#include "tap/find/image.h"

enum find_library { FIND_NOTHING, FIND_BORINGSSL, FIND_OPENSSL };

struct find {
	enum find_library library;
	const char *reason; /* why it is left alone; NULL: it can be tapped */
	uint64_t at[2];     /* BoringSSL: its table, and SSL_write, which is evidence only.
			       OpenSSL: tables of a client and of a server. */
};

/* Look through all of M. The reason is static. */
void find_tls(const struct image *m, struct find *found);

/* Does M still look as FOUND says? Cheap; for what is remembered. */
bool find_holds(const struct image *m, const struct find *found);

#endif
