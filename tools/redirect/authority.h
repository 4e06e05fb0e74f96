/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_AUTHORITY_H
#define ORSHIM_REDIRECT_AUTHORITY_H

/*
 * A certificate authority that lives as long as one run, in the memory of its
 * relay: the keys are never written. Name constraints (RFC 5280 section
 * 4.2.1.10) bind it to the hosts of the vendors' table and of ORSHIM_HOSTS.
 */
#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "diagnose/hosts.h"

struct leaf {
	char *name;
	X509 *certificate;
	int64_t made_s;
};

struct authority {
	EVP_PKEY *key;     /* NULL: not made */
	EVP_PKEY *leafkey; /* of all leaves */
	X509 *certificate;
	struct leaf leaves[LIMIT_RELAY_LEAVES];
	size_t next; /* the leaf that is replaced next */
};

/* Makes both keys and the certificate. False without memory or randomness. */
bool authority_make(struct authority *a, const struct host_list *hosts);
void authority_release(struct authority *a);

/* Appends the certificate as PEM to OUT. */
bool authority_pem(const struct authority *a, struct buf *out);

/*
 * The authority is there; the first call makes it and appends its certificate as
 * PEM to PEM. False without memory or randomness.
 */
bool authority_have(struct authority *a, const struct host_list *hosts, struct buf *pem);

/* Gives SSL, a server's side, a certificate for NAME (a host or an address). */
bool authority_certify(struct authority *a, const char *name, SSL *ssl);

#endif
