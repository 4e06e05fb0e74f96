/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FIND_H
#define ORSHIM_FIND_H

/*
 * A TLS library that is linked into a program or a shared library which exports none
 * of its functions, as its finder recognised it. Addresses are those of the file, so
 * that the result can be cached (find_cache.h).
 */
#include "tap/find/image.h"

enum find_library { FIND_NOTHING, FIND_BORINGSSL, FIND_OPENSSL, FIND_RUSTLS };

struct find {
	enum find_library library;
	const char *reason; /* why it is not tapped; NULL: it can be tapped */
	uint64_t at[2];     /* BoringSSL: its table, and SSL_write, which is evidence only.
			       OpenSSL: tables of a client and of a server. */
};

/* Is the library at PATH an add-on of Node's? Some have a TLS of their own, in Rust. */
bool find_is_addon(const char *path);

/* Look through all of M. The reason is static. */
void find_tls(const struct image *m, struct find *found);

/*
 * Does M name a source file of rustls, or of what joins it to hyper or tokio? It has
 * no tables: FOUND then has the reason why it is not tapped.
 */
bool find_rustls(const struct image *m, struct find *found);

/* Does M still match FOUND? Cheap; for cached results. */
bool find_holds(const struct image *m, const struct find *found);

#endif
