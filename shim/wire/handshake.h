/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HANDSHAKE_H
#define ORSHIM_HANDSHAKE_H

/*
 * What was seen of a TLS handshake after which the client sent nothing. Whether it
 * is worth a finding is decided in diagnose/.
 */
#include "wire/certificate.h"

enum handshake_end {
	HANDSHAKE_FINISHED, /* clients may still reject the server after it */
	HANDSHAKE_FAILED,   /* in an error of the client's TLS library */
	HANDSHAKE_CUT,      /* the client gave it up before it was over */
};

/* How its connection ended, by the error of reading or writing. */
enum handshake_break {
	BREAK_NONE,
	BREAK_RESET,  /* ECONNRESET, EPIPE */
	BREAK_CLOSED, /* the server ended the connection */
	BREAK_OTHER,
};

enum {
	VERIFY_UNKNOWN = -1, /* `verify`: the library's result could not be read */
	VERIFY_OK = 0,
	ALERT_NONE = -1,
};

struct handshake {
	enum handshake_end end;
	enum handshake_break broken;
	bool refused_certificate; /* the error is that the certificate was not verified */
	bool not_tls;             /* the server's bytes are not TLS */
	bool answered;            /* the server sent something */
	int verify;               /* X509_V_ERR_* of OpenSSL's x509_vfy.h, which BoringSSL shares */
	bool gnutls;              /* the library is GnuTLS, */
	int gnutls_status; /* which said this (`verify` is a translation of it); 0: nothing */
	int alert;                /* the server's (RFC 8446 section 6) */
	int reason;               /* of the error, SSL_R_* of OpenSSL; 0: none, or one of the above */
	int64_t us;               /* from its beginning, as far as it was seen, to its end */
	bool has_certificate;
	struct certificate certificate;
};

static inline struct handshake handshake_unknown(enum handshake_end end)
{
	return (struct handshake){ .end = end, .verify = VERIFY_UNKNOWN, .alert = ALERT_NONE };
}

#endif
