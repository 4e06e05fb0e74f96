/* SPDX-License-Identifier: MIT */
/*
 * GnuTLS, tapped by its exported functions: it has no tables of functions. A client's
 * session has no getter for the server's name, so the function that sets the name is
 * hooked. The constants are those of its public header.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tap/hook_call.h"
#include "tap/libraries.h"
#include "tap/tap.h"

enum {
	INIT_SERVER = 1 << 0,
	INIT_DATAGRAM = 1 << 2,
	NAME_DNS = 1,

	E_UNSUPPORTED_VERSION_PACKET = -8,
	E_UNEXPECTED_PACKET_LENGTH = -9,
	E_FATAL_ALERT_RECEIVED = -12,
	E_UNEXPECTED_PACKET = -15,
	E_WARNING_ALERT_RECEIVED = -16,
	E_AGAIN = -28,
	E_REHANDSHAKE = -37,
	E_GOT_APPLICATION_DATA = -38,
	E_CERTIFICATE_ERROR = -43,
	E_INTERRUPTED = -52,
	E_PUSH_ERROR = -53,
	E_PULL_ERROR = -54,
	E_PREMATURE_TERMINATION = -110,
	E_CERTIFICATE_VERIFICATION_ERROR = -348,

	/* gnutls_certificate_status_t */
	CERT_REVOKED = 1 << 5,
	CERT_SIGNER_NOT_FOUND = 1 << 6,
	CERT_SIGNER_NOT_CA = 1 << 7,
	CERT_INSECURE_ALGORITHM = 1 << 8,
	CERT_NOT_ACTIVATED = 1 << 9,
	CERT_EXPIRED = 1 << 10,
	CERT_SIGNATURE_FAILURE = 1 << 11,
	CERT_UNEXPECTED_OWNER = 1 << 14,
	CERT_SIGNER_CONSTRAINTS_FAILURE = 1 << 16,
	CERT_PURPOSE_MISMATCH = 1 << 18,
};

/* What GnuTLS says about a certificate, in numbers of OpenSSL's x509_vfy.h; the first that fits. */
static const struct {
	int status;
	int verify;
} meanings[] = {
	{ CERT_REVOKED, 23 },
	{ CERT_SIGNER_NOT_FOUND, 20 },
	{ CERT_UNEXPECTED_OWNER, 62 },
	{ CERT_EXPIRED, 10 },
	{ CERT_NOT_ACTIVATED, 9 },
	{ CERT_SIGNATURE_FAILURE, 7 },
	{ CERT_INSECURE_ALGORITHM, 68 },
	{ CERT_SIGNER_NOT_CA, 24 },
	{ CERT_SIGNER_CONSTRAINTS_FAILURE, 47 },
	{ CERT_PURPOSE_MISMATCH, 26 },
};
enum { VERIFY_UNSPECIFIED = 1, VERIFY_SELF_SIGNED = 18, VERIFY_NO_LOCAL_ISSUER = 20 };

/* The last certificate that this thread verified: its connection may be in its handshake. */
static _Thread_local struct {
	const void *session;
	int status;
} verified_last;

/* gnutls_datum_t */
struct datum {
	const unsigned char *p;
	unsigned n;
};

/* Getters: they change nothing. Each may be NULL. */
struct getters {
	const struct datum *(*peers)(const void *session, unsigned *n);
	int (*alert)(const void *session);
	int (*last_in)(const void *session); /* the last handshake message that came; 0: none */
	int (*alpn)(const void *session, struct datum *protocol);
	void (*packet)(const void *packet, struct datum *data, unsigned char *sequence);
	unsigned (*status)(const void *session); /* of gnutls_session_set_verify_cert() */
};
_Static_assert(sizeof(struct getters) <= TLS_GETTERS_SIZE, "the registry has room for them");

static const char *describe(const struct tls_object *l, char version[TLS_VERSION_SIZE],
			    void *getters)
{
	const char *(*check)(const char *least) =
	    (const char *(*)(const char *))tls_object_symbol(l, "gnutls_check_version");
	const char *text = check ? check(NULL) : NULL;
	const struct getters found = {
		.peers = (const struct datum *(*)(const void *, unsigned *))tls_object_symbol(
		    l, "gnutls_certificate_get_peers"),
		.alert = (int (*)(const void *))tls_object_symbol(l, "gnutls_alert_get"),
		.last_in =
		    (int (*)(const void *))tls_object_symbol(l, "gnutls_handshake_get_last_in"),
		.alpn = (int (*)(const void *, struct datum *))tls_object_symbol(
		    l, "gnutls_alpn_get_selected_protocol"),
		.packet = (void (*)(const void *, struct datum *,
				    unsigned char *))tls_object_symbol(l, "gnutls_packet_get"),
		.status = (unsigned (*)(const void *))tls_object_symbol(
		    l, "gnutls_session_get_verify_cert_status"),
	};

	memcpy(getters, &found, sizeof(found));
	if (text)
		snprintf(version, TLS_VERSION_SIZE, "%s", text);
	return "GnuTLS";
}

const struct tls_driver gnutls_driver = { describe, NULL };

/* RFC 9114 section 3.1: "h3" is spoken over QUIC alone. */
static bool is_quic(const struct getters *ask, const void *session)
{
	struct datum protocol = { NULL, 0 };

	return ask->alpn && ask->alpn(session, &protocol) == 0 && protocol.n == 2 &&
	       memcmp(protocol.p, "h3", 2) == 0;
}

static struct handshake unknown(enum handshake_end end)
{
	struct handshake h = handshake_unknown(end);

	h.gnutls = true;
	return h;
}

static void read_certificate(const struct getters *ask, const void *session, struct slice host,
			     struct handshake *h)
{
	unsigned count = 0;
	const struct datum *chain = ask->peers ? ask->peers(session, &count) : NULL;

	if (chain && count && chain->p && chain->n && chain->n <= LIMIT_CERTIFICATE)
		h->has_certificate = certificate_read(
		    (struct slice){ (const char *)chain->p, chain->n }, host, &h->certificate);
}

/* STATUS is not 0. */
static void translate_status(int status, struct handshake *h)
{
	size_t i = 0, count = sizeof(meanings) / sizeof(meanings[0]);

	while (i < count && !(status & meanings[i].status))
		i++;
	h->gnutls_status = status;
	h->verify = i < count ? meanings[i].verify : VERIFY_UNSPECIFIED;
	if (h->verify == VERIFY_NO_LOCAL_ISSUER && h->has_certificate && h->certificate.self_signed)
		h->verify = VERIFY_SELF_SIGNED;
}

/* What the handshake's verification said, by GnuTLS itself or by a function of the client's. */
static void read_status(const struct getters *ask, const void *session, struct handshake *h)
{
	unsigned status = ask->status ? ask->status(session) : 0;

	if (status && status != (unsigned)-1)
		translate_status((int)status, h);
	else if (verified_last.session == session && verified_last.status)
		translate_status(verified_last.status, h);
}

static void finished(const struct getters *ask, const void *session, struct slice name)
{
	struct handshake h = unknown(HANDSHAKE_FINISHED);

	if (is_quic(ask, session)) {
		tap_quic(session, name);
		return;
	}
	if (tap_watches(name))
		read_certificate(ask, session, name, &h);
	tap_handshake_done(session, name, h.has_certificate && !h.certificate.fits ? &h : NULL);
}

static void failed(const struct getters *ask, const void *session, struct slice name, int result,
		   int number)
{
	struct handshake h = unknown(HANDSHAKE_FAILED);

	h.answered = ask->last_in && ask->last_in(session) > 0;
	switch (result) {
	case E_FATAL_ALERT_RECEIVED:
		h.answered = true;
		h.alert = ask->alert ? ask->alert(session) : ALERT_NONE;
		break;
	case E_CERTIFICATE_ERROR:
	case E_CERTIFICATE_VERIFICATION_ERROR:
		h.refused_certificate = true;
		if (tap_watches(name))
			read_certificate(ask, session, name, &h);
		read_status(ask, session, &h);
		break;
	case E_PREMATURE_TERMINATION:
		h.broken = BREAK_CLOSED;
		break;
	case E_PUSH_ERROR:
	case E_PULL_ERROR:
		h.broken = number == ECONNRESET || number == EPIPE ? BREAK_RESET : BREAK_OTHER;
		break;
	case E_UNEXPECTED_PACKET:
	case E_UNEXPECTED_PACKET_LENGTH:
	case E_UNSUPPORTED_VERSION_PACKET:
		h.not_tls = !h.answered;
		break;
	default:
		break;
	}
	tap_handshake_failed(session, name, &h);
}

static bool is_unfinished(int result)
{
	return result == E_AGAIN || result == E_INTERRUPTED;
}

static bool is_harmless(int result)
{
	return result == E_WARNING_ALERT_RECEIVED || result == E_GOT_APPLICATION_DATA ||
	       result == E_REHANDSHAKE;
}

/* RESULT is what the handshake returned; errno is kept. A second handshake is ignored. */
static void look_at_handshake(const struct getters *ask, const void *session, int result)
{
	const int number = errno;
	char room[TAP_NAME_SIZE];

	if (!ask || is_harmless(result) || is_unwatched(session) ||
	    tap_is_past_handshake(session))
		return;
	struct slice name = tap_server_name(session, room);
	if (result == 0)
		finished(ask, session, name);
	else if (!is_unfinished(result))
		failed(ask, session, name, result, number);
	else if (!is_quic(ask, session))
		tap_handshake_begun(session, name, ask->last_in && ask->last_in(session) > 0);
	errno = number;
}

/* The client verified the certificate, most often after the handshake, and looks at *STATUS. */
static void verified(const struct hook_call *c, const void *session, const unsigned *status,
		     int result)
{
	const struct getters *ask = libraries_getters_of(c->callee.real);
	char room[TAP_NAME_SIZE];

	if (!ask || result != 0 || !status)
		return;
	verified_last.session = session;
	verified_last.status = (int)*status;
	if (!c->here || !*status || is_unwatched(session))
		return;
	struct handshake h = unknown(HANDSHAKE_FINISHED);
	struct slice name = tap_server_name(session, room);
	int saved = errno;

	if (tap_watches(name))
		read_certificate(ask, session, name, &h);
	translate_status((int)*status, &h);
	tap_verified(session, &h);
	errno = saved;
}

/* RESULT of a call that sends N bytes. A repeated call may pass no bytes: GnuTLS has them. */
static void sent(const void *session, const void *bytes, size_t n, ssize_t result)
{
	if (result > 0 && bytes)
		tap_bytes(session, SIDE_CLIENT, bytes, (size_t)result);
	else if (result > 0)
		tap_pending_sent(session, (size_t)result);
	else if (bytes && n && is_unfinished((int)result))
		tap_pending(session, bytes, n);
}

static void received(const void *session, const void *bytes, size_t n, ssize_t result)
{
	if (result > 0)
		tap_bytes(session, SIDE_SERVER, bytes, (size_t)result);
	else if ((result == 0 && n > 0) || result == E_PREMATURE_TERMINATION)
		tap_ended(session, SIDE_SERVER);
}

int gnutls_init(void **session, unsigned flags)
{
	HOOK_CALL(gnutls_init, session);
	int result = ((gnutls_init_fn)c.callee.real)(session, flags);
	hook_call_end(&c);
	if (result == 0 && verified_last.session == *session)
		verified_last.session = NULL; /* another one, at the same address */
	if (c.here && result == 0 && (flags & (INIT_SERVER | INIT_DATAGRAM)))
		tap_ignore(*session);
	return result;
}

int gnutls_server_name_set(void *session, int type, const void *name, size_t n)
{
	HOOK_CALL(gnutls_server_name_set, session);
	int result = ((gnutls_server_name_set_fn)c.callee.real)(session, type, name, n);
	hook_call_end(&c);
	if (c.here && result == 0 && type == NAME_DNS)
		tap_set_server_name(session, (struct slice){ name, n });
	return result;
}

int gnutls_handshake(void *session)
{
	HOOK_CALL(gnutls_handshake, session);
	int result = ((gnutls_handshake_fn)c.callee.real)(session);
	hook_call_end(&c);
	if (c.here)
		look_at_handshake(libraries_getters_of(c.callee.real), session, result);
	return result;
}

int gnutls_certificate_verify_peers(void *session, void *data, unsigned n, unsigned *status)
{
	HOOK_CALL(gnutls_certificate_verify_peers, session);
	int result = ((gnutls_certificate_verify_peers_fn)c.callee.real)(session, data, n, status);
	hook_call_end(&c);
	verified(&c, session, status, result);
	return result;
}

int gnutls_certificate_verify_peers2(void *session, unsigned *status)
{
	HOOK_CALL(gnutls_certificate_verify_peers2, session);
	int result = ((gnutls_certificate_verify_peers2_fn)c.callee.real)(session, status);
	hook_call_end(&c);
	verified(&c, session, status, result);
	return result;
}

int gnutls_certificate_verify_peers3(void *session, const char *host, unsigned *status)
{
	HOOK_CALL(gnutls_certificate_verify_peers3, session);
	int result = ((gnutls_certificate_verify_peers3_fn)c.callee.real)(session, host, status);
	hook_call_end(&c);
	verified(&c, session, status, result);
	return result;
}

ssize_t gnutls_record_send(void *session, const void *bytes, size_t n)
{
	HOOK_CALL_BYTES(gnutls_record_send, session, bytes, n);
	ssize_t result = ((gnutls_record_send_fn)c.callee.real)(session, bytes, n);
	hook_call_end(&c);
	if (c.here)
		sent(session, bytes, n, result);
	return result;
}

ssize_t gnutls_record_send2(void *session, const void *bytes, size_t n, size_t padding,
			    unsigned flags)
{
	HOOK_CALL_BYTES(gnutls_record_send2, session, bytes, n, padding, flags);
	ssize_t result = ((gnutls_record_send2_fn)c.callee.real)(session, bytes, n, padding, flags);
	hook_call_end(&c);
	if (c.here)
		sent(session, bytes, n, result);
	return result;
}

ssize_t gnutls_record_send_range(void *session, const void *bytes, size_t n, const void *range)
{
	HOOK_CALL_BYTES(gnutls_record_send_range, session, bytes, n, range);
	ssize_t result = ((gnutls_record_send_range_fn)c.callee.real)(session, bytes, n, range);
	hook_call_end(&c);
	if (c.here)
		sent(session, bytes, n, result);
	return result;
}

ssize_t gnutls_record_send_file(void *session, int fd, off_t *offset, size_t n)
{
	HOOK_CALL(gnutls_record_send_file, session);
	ssize_t result = ((gnutls_record_send_file_fn)c.callee.real)(session, fd, offset, n);
	hook_call_end(&c);
	if (c.here && result > 0)
		tap_skipped(session, SIDE_CLIENT, (size_t)result);
	return result;
}

/* Corked bytes were tapped when the host passed them: this call sends no new ones. */
int gnutls_record_uncork(void *session, unsigned flags)
{
	HOOK_CALL(gnutls_record_uncork, session);
	int result = ((gnutls_record_uncork_fn)c.callee.real)(session, flags);
	hook_call_end(&c);
	return result;
}

ssize_t gnutls_record_recv(void *session, void *bytes, size_t n)
{
	HOOK_CALL_BYTES(gnutls_record_recv, session, bytes, n);
	ssize_t result = ((gnutls_record_recv_fn)c.callee.real)(session, bytes, n);
	hook_call_end(&c);
	if (c.here)
		received(session, bytes, n, result);
	return result;
}

ssize_t gnutls_record_recv_seq(void *session, void *bytes, size_t n, unsigned char *sequence)
{
	HOOK_CALL_BYTES(gnutls_record_recv_seq, session, bytes, n, sequence);
	ssize_t result = ((gnutls_record_recv_seq_fn)c.callee.real)(session, bytes, n, sequence);
	hook_call_end(&c);
	if (c.here)
		received(session, bytes, n, result);
	return result;
}

ssize_t gnutls_record_recv_packet(void *session, void **packet)
{
	HOOK_CALL_BYTES(gnutls_record_recv_packet, session, packet);
	ssize_t result = ((gnutls_record_recv_packet_fn)c.callee.real)(session, packet);
	hook_call_end(&c);
	const struct getters *ask = c.here ? libraries_getters_of(c.callee.real) : NULL;
	struct datum data = { NULL, 0 };
	if (ask && ask->packet && result > 0)
		ask->packet(*packet, &data, NULL);
	if (c.here && (result <= 0 || data.n))
		received(session, data.p, 1, result > 0 ? (ssize_t)data.n : result);
	return result;
}

/* It may read what the server still sends. */
int gnutls_bye(void *session, int how)
{
	HOOK_CALL(gnutls_bye, session);
	int result = ((gnutls_bye_fn)c.callee.real)(session, how);
	hook_call_end(&c);
	return result;
}

/* Before the original: another thread may get the same address at once. */
void gnutls_deinit(void *session)
{
	struct hook_call c;

	if (!hook_call_begin(&c, HOOK_gnutls_deinit, __builtin_return_address(0), session))
		return;
	if (c.here && session) {
		hook_call_forget(&c, session);
		tap_closed(session);
	}
	((gnutls_deinit_fn)c.callee.real)(session);
	hook_call_end(&c);
}
