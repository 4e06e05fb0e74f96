/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TRUST_H
#define ORSHIM_TRUST_H

/*
 * Where a program reads the certificates that it trusts from, by what it is:
 * each runtime reads its own variable only.
 */
#include "diagnose/environment.h"

struct detail;

/* A program that brings its own BoringSSL and has no known name is most often one of Bun's. */
struct trusting {
	const struct environment *environment;
	struct slice tool; /* file name of the program; absent: not known */
	bool hidden;       /* its TLS library has no symbols: BoringSSL's */
	bool gnutls;       /* its TLS library is GnuTLS */
};

/* Append to D's text which such variables are set, if that explains something. */
void trust_seen(const struct trusting *t, struct detail *d);

/* Write D's fix: how that program gets a certificate more, as the line to type. */
void trust_fix(const struct trusting *t, struct detail *d);

/* Is ISSUER one that every list of public authorities has? */
bool trust_is_public(const char *issuer);

#endif
