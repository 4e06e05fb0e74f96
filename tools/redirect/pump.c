/* SPDX-License-Identifier: MIT */
/*
 * Two TLS sessions, each behind two memory BIOs, so that neither ever waits
 * for the other: what one gives in the clear goes into the other as it is and
 * to the wire code. Reading stops where the way out is full.
 */
#include "tools/redirect/pump.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "tools/redirect/base_request.h"
#include "tools/redirect/end.h"

enum {
	PIECE = 16384,
	/* A piece of a request whose head is whole now, each line of it with a longer value. */
	REQUEST_MAX = 4 * LIMIT_HEAD,
};

/* What a part of a step came to. */
enum part {
	PART_MORE, /* there may be more at once */
	PART_DONE, /* nothing now, or nothing more */
	PART_BROKEN
};

static bool give_memory(struct end *e)
{
	BIO *out = BIO_new(BIO_s_mem());

	e->in = BIO_new(BIO_s_mem());
	if (!e->ssl || !e->in || !out) {
		BIO_free(e->in);
		BIO_free(out);
		e->in = NULL;
		return false;
	}
	SSL_set_bio(e->ssl, e->in, out); /* E->ssl owns both */
	return true;
}

enum pump_hello pump_hello(struct link *l, const void *bytes, size_t n)
{
	struct relay *r = l->relay;

	if (!r->hello)
		r->hello = hello_context();
	if (!l->near.ssl) {
		l->near.ssl = r->hello ? SSL_new(r->hello) : NULL;
		if (!give_memory(&l->near))
			return HELLO_OTHER;
		hello_attach(l->near.ssl, &l->hello);
	}
	if (BIO_write(l->near.in, bytes, (int)n) != (int)n)
		return HELLO_OTHER;
	ERR_clear_error();
	int result = SSL_accept(l->near.ssl);
	if (l->hello.seen)
		return HELLO_WHOLE;
	return SSL_get_error(l->near.ssl, result) == SSL_ERROR_WANT_READ ? HELLO_MORE : HELLO_OTHER;
}

/* A server that asks for the tool's certificate cannot be answered in its name. */
static int on_certificate_wanted(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
	struct link *l = SSL_get_app_data(ssl);

	*certificate = NULL;
	*key = NULL;
	l->wants_certificate = true;
	return 0;
}

/* Whom the server must prove to be. */
static bool expect_name(SSL *ssl, const struct link *l)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);

	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (!l->hello.name[0])
		return X509_VERIFY_PARAM_set1_ip_asc(p, l->name) == 1;
	return SSL_set_tlsext_host_name(ssl, l->hello.name) == 1 &&
	       SSL_set1_host(ssl, l->hello.name) == 1;
}

const char *pump_begin(struct link *l)
{
	/* What a tool without TLS trusts is not known: what OpenSSL does. */
	enum runtime runtime = l->request ? RUNTIME_OTHER : l->peer->program.runtime;
	SSL_CTX *context = trust_context(&l->relay->trust, runtime);
	SSL *ssl = context ? SSL_new(context) : NULL;

	l->deadline = 0;
	l->far.ssl = ssl;
	if (!give_memory(&l->far) || !expect_name(ssl, l) ||
	    (l->hello.protocols_size &&
	     SSL_set_alpn_protos(ssl, l->hello.protocols, (unsigned)l->hello.protocols_size) != 0))
		return "there is not enough memory";
	SSL_set_app_data(ssl, l);
	SSL_CTX_set_client_cert_cb(context, on_certificate_wanted);
	SSL_set_connect_state(ssl);
	l->state = LINK_UPSTREAM;
	return NULL;
}

/* What E's session has to say, on its way. False without memory. */
static bool collect(struct end *e)
{
	char piece[PIECE];
	int n;

	while ((n = BIO_read(SSL_get_wbio(e->ssl), piece, sizeof(piece))) > 0)
		if (buf_add(&e->out.bytes, piece, (size_t)n) != 0)
			return false;
	return true;
}

/* More ciphertext for E's session. */
static enum part refill(struct end *e)
{
	char piece[PIECE];
	ssize_t n = end_receive(e, piece, sizeof(piece));

	if (n == END_BROKEN)
		return PART_BROKEN;
	return n > 0 && BIO_write(e->in, piece, (int)n) == (int)n ? PART_MORE : PART_DONE;
}

/* 1: the handshake is done; 0: it needs more; -1: it failed. */
static int shake(struct end *e)
{
	for (;;) {
		ERR_clear_error();
		int result = SSL_do_handshake(e->ssl);
		if (!collect(e))
			return -1;
		if (result == 1)
			return 1;
		if (SSL_get_error(e->ssl, result) != SSL_ERROR_WANT_READ)
			return -1;
		if (refill(e) != PART_MORE) /* whoever breaks off a handshake has `eof` set */
			return e->eof ? -1 : 0;
	}
}

/* Why the handshake with the server failed, for people. */
static void say_why(struct link *l, char *out, size_t size)
{
	long verified = SSL_get_verify_result(l->far.ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (l->wants_certificate)
		snprintf(out, size, "the server asks for a client certificate");
	else if (verified != X509_V_OK)
		snprintf(out, size, "the server's certificate is not trusted here: %s",
			 X509_verify_cert_error_string(verified));
	else
		snprintf(out, size, "the handshake with the server failed: %s",
			 reason ? reason : "it closed the connection");
}

/* From here on its bytes are judged. */
static void begin_wire(struct link *l)
{
	struct wire_limits limits = peer_limits(l->peer);

	l->number = ++l->peer->numbers;
	l->peer->connections++;
	l->wire = connection_new(&limits, l->number, slice_of(l->hello.name), CONNECTION_OPENED);
	buf_release(&l->first);
	l->state = LINK_PUMP;
}

static enum pump_next upstream_step(struct link *l, char why[PUMP_WHY])
{
	const unsigned char *chosen;
	unsigned size;
	int done = shake(&l->far);

	if (done == 0 && !l->wants_certificate)
		return PUMP_GO_ON;
	if (done < 0 || l->wants_certificate) {
		say_why(l, why, PUMP_WHY);
		buf_reset(&l->far.out.bytes); /* an alert of ours */
		l->far.out.sent = 0;
		return PUMP_PASS;
	}
	if (l->request) { /* the tool has no TLS */
		l->deadline = 0;
		begin_wire(l);
		return PUMP_GO_ON;
	}
	SSL_get0_alpn_selected(l->far.ssl, &chosen, &size);
	if (size && size <= sizeof(l->hello.chosen))
		memcpy(l->hello.chosen, chosen, l->hello.chosen_size = size);
	l->hello.go_on = true;
	if (!authority_certify(&l->relay->authority, l->name, l->near.ssl))
		return PUMP_BREAK;
	l->state = LINK_LEAF;
	return PUMP_GO_ON;
}

/* Alerts are what the other side says before it closes (RFC 8446 section 6.2). */
static const char *why_refused(void)
{
	unsigned long error = ERR_peek_error();

	return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET
		   ? "the tool refused our certificate: the roots that it trusts are compiled "
		     "into it, or it knows the server's own"
		   : "the tool closed the connection in its handshake with us";
}

static enum pump_next leaf_step(struct link *l)
{
	int done = shake(&l->near);

	if (done == 0)
		return PUMP_GO_ON;
	if (done < 0) {
		peer_passed(l->peer, (struct passed_by){ .host = l->name, .why = why_refused() });
		return PUMP_BREAK;
	}
	begin_wire(l);
	return PUMP_GO_ON;
}

/* The wire code has had news. */
static void take(struct link *l)
{
	if (connection_has_events(l->wire) || connection_is_stopped(l->wire))
		peer_take(l->peer, l->wire, l->number);
	if (l->plain && !l->counted && !connection_is_stopped(l->wire) &&
	    connection_has_request(l->wire)) {
		l->counted =
		    true; /* an API's: from here on the process is one that is looked into */
		l->peer->connections++;
	}
	if (connection_is_stopped(l->wire)) {
		connection_free(l->wire);
		l->wire = NULL;
		buf_release(&l->early);
	}
}

/* HTTP/2 servers may speak before they have heard anything (RFC 9113 section 3.4): that is kept. */
void pump_observe(struct link *l, enum side side, const void *bytes, size_t n)
{
	int64_t now = peer_clock();

	if (!l->wire)
		return;
	l->spoke |= side == SIDE_CLIENT;
	l->answered = side == SIDE_SERVER;
	if (!l->spoke) {
		if (buf_add(&l->early, bytes, n) != 0)
			connection_drop(l->wire);
	} else {
		connection_feed(l->wire, side, bytes, n, now);
		if (l->early.n)
			connection_feed(l->wire, SIDE_SERVER, l->early.p, l->early.n, now);
		buf_release(&l->early);
	}
	take(l);
}

void pump_end(struct link *l, const struct end *from)
{
	if (!l->wire)
		return;
	connection_end(l->wire, from == &l->near ? SIDE_CLIENT : SIDE_SERVER, peer_clock());
	take(l);
}

/* FROM says no more: with its close_notify if it did so, without where it did not. */
static enum part pass_end(struct link *l, struct end *from, struct end *to)
{
	if (!from->ssl && from->eof)
		from->quit = true;
	if (!to->ssl && from->quit && !to->last) { /* without TLS its one end is TCP's */
		to->last = true;
		pump_end(l, from);
	}
	if (from->quit && to->ssl && !to->said_quit) {
		to->said_quit = true;
		SSL_shutdown(to->ssl);
		if (!collect(to))
			return PART_BROKEN;
	}
	if (from->eof && !to->last) {
		to->last = true;
		pump_end(l, from);
	}
	return PART_DONE;
}

/* One piece of a tool without TLS to the server. */
static enum part pump_request(struct link *l)
{
	char piece[PIECE];
	struct buf out;
	ssize_t n = end_receive(&l->near, piece, sizeof(piece));

	if (n <= 0)
		return n == END_BROKEN ? PART_BROKEN : PART_DONE;
	buf_init(&out, REQUEST_MAX);
	if (!l->wire) /* it ends where the server switches to a WebSocket */
		base_request_switched(l->request);
	bool fine = base_request_feed(l->request, piece, (size_t)n, &out) == 0;
	if (fine && out.n) {
		pump_observe(l, SIDE_CLIENT, out.p, out.n);
		fine = SSL_write(l->far.ssl, out.p, (int)out.n) == (int)out.n && collect(&l->far);
	}
	buf_release(&out);
	return fine ? PART_MORE : PART_BROKEN;
}

static bool give(struct end *to, const char *piece, int n)
{
	if (!to->ssl)
		return buf_add(&to->out.bytes, piece, (size_t)n) == 0;
	return SSL_write(to->ssl, piece, n) == n && collect(to);
}

/* One piece in the clear from FROM to TO; DONE: there is none, or no room. */
static enum part pump_piece(struct link *l, struct end *from, struct end *to)
{
	char piece[PIECE];

	if (!end_has_room(to))
		return PART_DONE;
	if (!from->ssl)
		return pump_request(l);
	ERR_clear_error();
	int n = SSL_read(from->ssl, piece, sizeof(piece));
	if (!collect(from))
		return PART_BROKEN;
	if (n > 0) {
		pump_observe(l, from == &l->near ? SIDE_CLIENT : SIDE_SERVER, piece, (size_t)n);
		return give(to, piece, n) ? PART_MORE : PART_BROKEN;
	}
	switch (SSL_get_error(from->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return refill(from);
	case SSL_ERROR_ZERO_RETURN:
		from->quit = true;
		return refill(from); /* its TCP end follows */
	default:                     /* an alert, or no TLS */
		return PART_BROKEN;
	}
}

static enum part pump_from(struct link *l, struct end *from, struct end *to)
{
	enum part part;

	do
		part = pump_piece(l, from, to);
	while (part == PART_MORE);
	return part == PART_BROKEN ? part : pass_end(l, from, to);
}

void pump_begin_plain(struct link *l)
{
	struct wire_limits limits = peer_limits(l->peer);

	limits.plain = l->plain = true;
	l->number = ++l->peer->numbers;
	l->wire = connection_new(&limits, l->number, (struct slice){ NULL, 0 }, false);
	pump_observe(l, SIDE_CLIENT, l->first.p, l->first.n);
}

enum pump_next pump_step(struct link *l, char why[PUMP_WHY])
{
	if (l->state == LINK_UPSTREAM)
		return upstream_step(l, why);
	if (l->state == LINK_LEAF)
		return leaf_step(l);
	return pump_from(l, &l->near, &l->far) == PART_BROKEN ||
		       pump_from(l, &l->far, &l->near) == PART_BROKEN
		   ? PUMP_BREAK
		   : PUMP_GO_ON;
}

void pump_forget(struct link *l)
{
	connection_free(l->wire);
	l->wire = NULL;
}

/* What a process left behind as it ended without an answer is nobody's fault. */
void pump_close(struct link *l)
{
	if (!l->wire)
		return;
	if (l->answered || !peer_has_ended(l->peer)) {
		connection_close(l->wire, peer_clock());
		peer_take(l->peer, l->wire, l->number);
	}
	connection_free(l->wire);
	l->wire = NULL;
}

void pump_release(struct link *l)
{
	SSL_free(l->near.ssl);
	SSL_free(l->far.ssl);
}
