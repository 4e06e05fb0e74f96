/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CERTIFICATE_H
#define ORSHIM_CERTIFICATE_H

/*
 * What a server's certificate says (RFC 5280 section 4.1), as far as a failed
 * handshake needs it: who signed it, for which names, from when to when. Nothing
 * is verified here. The bytes are a server's: any may come.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"

enum { CERTIFICATE_DATE = 11 };

struct certificate {
	char issuer[LIMIT_ISSUER];    /* common name of who signed it, else the organization; "" */
	char names[LIMIT_CERT_NAMES]; /* the first names that it is for, ", " between them; "" */
	int64_t not_before;           /* seconds since 1970; INT64_MIN: not understood */
	int64_t not_after;            /* the same; INT64_MAX */
	char from[CERTIFICATE_DATE], to[CERTIFICATE_DATE]; /* the dates of both, "2026-01-31"; "" */
	bool self_signed;                                  /* issuer and subject are the same */
	bool fits; /* one of its names is the host's (RFC 9525 section 6.3) */
};

/*
 * DER is one X.509 certificate, HOST the name of the server that was asked for.
 * False if it is no certificate; then *C holds nothing of use.
 */
bool certificate_read(struct slice der, struct slice host, struct certificate *c);

/* Is HOST one of those that NAME stands for? An asterisk is one whole first label. */
bool certificate_covers(struct slice name, struct slice host);

/* "2026-01-31": its first second since 1970. False if it is no date. */
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
