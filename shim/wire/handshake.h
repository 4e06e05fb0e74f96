/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HANDSHAKE_H
#define ORSHIM_HANDSHAKE_H

/*
 * What is known of a TLS handshake after which nothing was sent. Facts alone:
 * whether that is worth a word is decided in diagnose/.
 */
#include "wire/certificate.h"

enum handshake_end {
	HANDSHAKE_FINISHED, /* and then nothing was written: clients judge after it, too */
	HANDSHAKE_FAILED,   /* in an error of the client's TLS library */
	HANDSHAKE_CUT,      /* the client let go of it before it was over */
};

/* Why the bytes of it ended; of an error in reading or writing. */
enum handshake_break {
	BREAK_NONE,
	BREAK_RESET,  /* ECONNRESET, EPIPE */
	BREAK_CLOSED, /* the server ended the connection */
	BREAK_OTHER,
};

enum {
	VERIFY_UNKNOWN = -1, /* `verify`: what the library found was not to be seen */
	VERIFY_OK = 0,
	ALERT_NONE = -1,
};

struct handshake {
	enum handshake_end end;
	enum handshake_break broken;
	bool refused_certificate; /* the error is that the certificate was not verified */
	bool not_tls;             /* what came was no TLS */
	bool answered;            /* something of the server's came */
	int verify;               /* X509_V_ERR_* of OpenSSL's x509_vfy.h, which BoringSSL shares */
	int alert;                /* the server's (RFC 8446 section 6) */
	int reason;               /* of the error, SSL_R_* of OpenSSL; 0: none, or said above */
	int64_t us;               /* from its begin, as far as it was seen, to its end */
	bool has_certificate;
	struct certificate certificate;
};

static inline struct handshake handshake_unknown(enum handshake_end end)
{
	return (struct handshake){ .end = end, .verify = VERIFY_UNKNOWN, .alert = ALERT_NONE };
}

#endif
