/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_HANDSHAKE_H
#define ORSHIM_CAPTURE_HANDSHAKE_H

/*
 * The lines of a capture that say how its TLS handshake went:
 *
 *   = handshake finished [verify N]   it succeeded, by OpenSSL's numbers for what is wrong
 *   = handshake failed verify N       the certificate was refused
 *   = handshake … gnutls STATUS        the client has GnuTLS, which said that; 0: nothing
 *   = handshake failed alert N        the server's alert
 *   = handshake failed reset | closed | not-tls
 *   = handshake cut                   the client let go of it
 *   = handshake quic                  it was HTTP/3's
 *
 * and before it what the server's certificate says:
 *
 *   = certificate issuer NAME         = certificate names HOST, HOST
 *   = certificate until YYYY-MM-DD    = certificate from YYYY-MM-DD
 *   = certificate self-signed
 */
#include "base/buf.h"
#include "wire/handshake.h"

struct capture_handshake {
	bool said; /* the capture has such a line */
	bool quic;
	struct handshake facts;
};

/* Parse the ARGUMENT of the line's keyword. Returns NULL, or what is wrong. */
const char *parse_handshake(struct capture_handshake *h, struct slice argument);
const char *parse_certificate(struct capture_handshake *h, struct slice host,
			      struct slice argument);

#endif
