/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CERTIFICATE_H
#define ORSHIM_CERTIFICATE_H

/*
 * The parts of a server's certificate (RFC 5280 section 4.1) that explain a failed
 * handshake: issuer, names, validity. Nothing is verified here. The bytes come from
 * the peer and may be anything.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"

enum { CERTIFICATE_DATE = 11 };

struct certificate {
	char issuer[LIMIT_ISSUER];    /* the issuer's common name, or its organization; "" */
	char names[LIMIT_CERT_NAMES]; /* the first of its names, ", " between them; "" */
	int64_t not_before;           /* seconds since 1970; INT64_MIN: not understood */
	int64_t not_after;            /* the same; INT64_MAX */
	char from[CERTIFICATE_DATE], to[CERTIFICATE_DATE]; /* the dates of both, "2026-01-31"; "" */
	bool self_signed;                                  /* issuer and subject are the same */
	bool fits; /* one of its names is the host's (RFC 9525 section 6.3) */
};

/*
 * DER is one X.509 certificate, HOST the name of the server that was asked for.
 * False if it is not a certificate; then *C is undefined.
 */
bool certificate_read(struct slice der, struct slice host, struct certificate *c);

/* Does NAME match HOST? An asterisk matches one whole first label. */
bool certificate_covers(struct slice name, struct slice host);

/* The first second of a date "2026-01-31", since 1970. False if it is not a date. */
bool certificate_day(struct slice date, int64_t *seconds);

/*
 * The server's own certificate in the body of a Certificate message of TLS 1.2
 * or 1.3 (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2); absent if there is none.
 */
struct slice certificate_in_message(struct slice body);

/*
 * The server name in a whole ClientHello, with its four bytes of header (RFC 6066
 * section 3); absent if there is none. Of its ALPN list (RFC 7301): is "h3" in it?
 */
struct slice client_hello_name(struct slice hello, bool *offers_h3);

#endif
