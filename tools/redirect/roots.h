/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_ROOTS_H
#define ORSHIM_REDIRECT_ROOTS_H

/*
 * The roots that a store trusts, each decoded only when a chain asks for its name: OpenSSL 3.0
 * takes 0.3 ms to decode one, and a system has 150.
 */
#include <openssl/x509_vfy.h>
#include <stddef.h>

#include "base/slice.h"

struct roots;

/* The roots of TO, none yet; they live as long as TO. NULL without memory. */
struct roots *roots_of(X509_STORE *to);

/* Adds each certificate of the text PEM (RFC 7468); what is none, and what there is no room for, is left out. */
void roots_add_pem(struct roots *r, struct slice pem);

#endif
