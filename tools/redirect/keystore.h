/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_KEYSTORE_H
#define ORSHIM_REDIRECT_KEYSTORE_H

/*
 * Java's list of roots, lib/security/cacerts, in the format "JKS"
 * (openjdk sun/security/provider/JavaKeyStore.java): a head, entries, and a
 * digest that its public password "changeit" goes into.
 */
#include <limits.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "base/buf.h"

/* The list of the Java whose program is PATH (…/bin/java). False: there is none. */
bool keystore_of(const char *path, char store[PATH_MAX]);

/* Adds the roots in BYTES to TO. False: another format. */
bool keystore_read(struct slice bytes, X509_STORE *to);

/* Appends BYTES with ROOT besides to OUT. False: another format. */
bool keystore_with(struct slice bytes, X509 *root, struct buf *out);

#endif
