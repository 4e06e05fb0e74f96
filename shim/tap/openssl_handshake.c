/* SPDX-License-Identifier: MIT */
#include "tap/openssl_handshake.h"

#include <errno.h>
#include <stdlib.h>

/* ssl.h, err.h, sslerr.h and bio.h of OpenSSL; BoringSSL's where they differ. */
enum {
	ERROR_SSL = 1,
	ERROR_SYSCALL = 5,
	ERROR_ZERO_RETURN = 6,

	VERIFY_PEER = 1,

	LIBRARY_SSL = 20,
	LIBRARY_SSL_BORINGSSL = 16,

	REASON_VERIFY_FAILED = 134,
	REASON_VERIFY_FAILED_BORINGSSL = 125,
	REASON_HTTPS_PROXY_REQUEST = 155,
	REASON_HTTP_REQUEST = 156,
	REASON_PACKET_LENGTH_TOO_LONG = 198,
	REASON_WRONG_VERSION_BORINGSSL = 247,
	REASON_UNKNOWN_PROTOCOL = 252,
	REASON_WRONG_VERSION = 267,
	REASON_UNEXPECTED_EOF = 294,
	REASON_ALERT = 1000, /* and the number of the alert that came */
	REASON_ALERT_LAST = 1255,

	BIO_NULL = 0x0406, /* BIO_TYPE_NULL: QUIC's inner connection has one (quic_tls.c) */
};

static bool is(const char *text, const char *wanted)
{
	return text && strcmp(text, wanted) == 0;
}

/* RFC 9114 section 3.1: "h3" is spoken over QUIC alone. QUIC's TLS has no socket to read from. */
static bool is_quic(const struct tls_getters *ask, const void *ssl)
{
	const unsigned char *protocol = NULL;
	unsigned n = 0;

	if (ask->quic && ask->quic(ssl))
		return true;
	if (ask->alpn)
		ask->alpn(ssl, &protocol, &n);
	if (n == 2 && protocol[0] == 'h' && protocol[1] == '3')
		return true;
	if (!ask->bio || !ask->bio_type)
		return false;
	const void *bio = ask->bio(ssl);
	return !bio || ask->bio_type(bio) == BIO_NULL;
}

/* The server's certificate, as far as the connection keeps it: OpenSSL 1.1.1 lets go of a refused one. */
static void read_certificate(const struct tls_getters *ask, const void *ssl, struct slice host,
			     struct handshake *h)
{
	const void *chain, *first;
	unsigned char *der, *end;
	int n;

	if (!ask->peer_chain || !ask->chain_at || !ask->encode || !(chain = ask->peer_chain(ssl)) ||
	    !(first = ask->chain_at(chain, 0)))
		return;
	n = ask->encode(first, NULL);
	if (n <= 0 || n > LIMIT_CERTIFICATE || !(der = malloc((size_t)n)))
		return;
	end = der;
	if (ask->encode(first, &end) == n)
		h->has_certificate = certificate_read(
		    (struct slice){ (const char *)der, (size_t)n }, host, &h->certificate);
	free(der);
}

static void read_result(const struct tls_getters *ask, const void *ssl, struct handshake *h)
{
	if (ask->verify_result)
		h->verify = (int)ask->verify_result(ssl);
}

/* The reason of an error of TLS; 0: of something else, or none. */
static int reason_of(const struct tls_getters *ask, unsigned long error)
{
	if (ask->boringssl)
		return error >> 24 == LIBRARY_SSL_BORINGSSL ? (int)(error & 0xfff) : 0;
	if (error >> 24 == LIBRARY_SSL) /* 1.1.1: library, function, reason */
		return (int)(error & 0xfff);
	return error >> 23 == LIBRARY_SSL ? (int)(error & 0x7fffff) : 0;
}

/* Is REASON one that a rule explains? Then write it to H. */
static bool take_reason(const struct tls_getters *ask, int reason, struct handshake *h)
{
	h->reason = reason;
	switch (reason) {
	case REASON_VERIFY_FAILED:
	case REASON_VERIFY_FAILED_BORINGSSL:
		h->refused_certificate = ask->boringssl == (reason != REASON_VERIFY_FAILED);
		return h->refused_certificate;
	case REASON_HTTPS_PROXY_REQUEST:
	case REASON_HTTP_REQUEST:
	case REASON_PACKET_LENGTH_TOO_LONG:
	case REASON_WRONG_VERSION_BORINGSSL:
	case REASON_UNKNOWN_PROTOCOL:
	case REASON_WRONG_VERSION:
		h->not_tls = true;
		return true;
	case REASON_UNEXPECTED_EOF:
		h->broken = BREAK_CLOSED;
		return true;
	default:
		if (reason >= REASON_ALERT && reason <= REASON_ALERT_LAST)
			h->alert = reason - REASON_ALERT;
		return h->alert != ALERT_NONE;
	}
}

/* The last error says what went wrong; where others came of it (3.2, QUIC), the first. */
static void read_reason(const struct tls_getters *ask, struct handshake *h)
{
	int last = ask->last_error ? reason_of(ask, ask->last_error()) : 0;
	int first = ask->first_error ? reason_of(ask, ask->first_error()) : 0;

	if (!take_reason(ask, last, h) && !take_reason(ask, first, h))
		h->reason = last;
}

static enum handshake_break break_of(int error, int number)
{
	if (error == ERROR_ZERO_RETURN || number == 0)
		return BREAK_CLOSED;
	return number == ECONNRESET || number == EPIPE || number == ECONNABORTED ? BREAK_RESET
										 : BREAK_OTHER;
}

static struct slice name_of(const struct tls_getters *ask, const void *ssl)
{
	return slice_of(ask->servername ? ask->servername(ssl, SERVERNAME_HOST) : NULL);
}

static void finished(const struct tls_getters *ask, const void *ssl)
{
	struct handshake h = handshake_unknown(HANDSHAKE_FINISHED);
	struct slice sni;

	/* TLS 1.3 comes through its handshake again for each ticket (RFC 8446 4.6). */
	if (tap_is_past_handshake(ssl))
		return;
	sni = name_of(ask, ssl);
	if (is_quic(ask, ssl)) {
		tap_quic(ssl, sni);
		return;
	}
	if (tap_watches(sni)) {
		read_result(ask, ssl, &h);
		read_certificate(ask, ssl, sni, &h);
	}
	bool odd = h.verify > VERIFY_OK || (h.has_certificate && !h.certificate.fits);
	tap_handshake_done(ssl, sni, odd ? &h : NULL);
}

/* QUIC puts its errors away before we see them: a certificate that had to be verified and was not? */
static bool is_refused_in_quic(const struct tls_getters *ask, const void *ssl)
{
	return is_quic(ask, ssl) && ask->verify_mode && ask->verify_result &&
	       (ask->verify_mode(ssl) & VERIFY_PEER) && ask->verify_result(ssl) > VERIFY_OK;
}

/* Did a byte of the server's come? From OpenSSL 3.5 on a failed handshake's state says nothing of it. */
static bool is_answered(const struct tls_getters *ask, const void *ssl)
{
	const void *bio = ask->bio && ask->bio_read ? ask->bio(ssl) : NULL;

	return bio ? ask->bio_read(bio) > 0 : !is(ask->state ? ask->state(ssl) : NULL, "TWCH");
}

static void failed(const struct tls_getters *ask, const void *ssl, int error, int number)
{
	struct handshake h = handshake_unknown(HANDSHAKE_FAILED);
	const char *state = ask->state ? ask->state(ssl) : NULL;
	bool fatal = is(state, "SSLERR");

	h.answered = is_answered(ask, ssl);
	read_reason(ask, &h);
	if (error != ERROR_SSL)
		h.broken = break_of(error, number);
	else if (!fatal && !ask->boringssl && !h.not_tls && h.broken == BREAK_NONE)
		return; /* what was in the error queue before: the handshake goes on */
	struct slice sni = name_of(ask, ssl);
	h.refused_certificate |= fatal && is_refused_in_quic(ask, ssl);
	if (h.refused_certificate)
		read_result(ask, ssl, &h);
	if (h.refused_certificate && tap_watches(sni))
		read_certificate(ask, ssl, sni, &h);
	/* A client that tries QUIC goes on with TCP: only what that will meet, too, is worth a word. */
	if (h.refused_certificate || !is_quic(ask, ssl))
		tap_handshake_failed(ssl, sni, &h);
}

void openssl_handshake_returned(const struct tls_getters *ask, const void *ssl, int result)
{
	const int number = errno;

	if (ask->is_dtls && ask->is_dtls(ssl)) {
		tap_ignore(ssl); /* no HTTP goes by datagrams but QUIC's */
	} else if (result == 1) {
		finished(ask, ssl);
	} else if (ask->error && ask->servername && !tap_is_past_handshake(ssl)) {
		int error = ask->error(ssl, result);
		if (error == ERROR_SSL || error == ERROR_SYSCALL || error == ERROR_ZERO_RETURN)
			failed(ask, ssl, error, number);
		else if (!is_quic(ask, ssl))
			tap_handshake_begun(ssl, name_of(ask, ssl), is_answered(ask, ssl));
	}
	errno = number;
}
