/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FUZZ_TLS_PARTY_H
#define ORSHIM_FUZZ_TLS_PARTY_H

/*
 * A tool or a server at one end of a connection: a TLS session behind two
 * memory BIOs, or bytes without TLS. What it says goes to its socket in pieces
 * that the target chooses.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

#include "demands.h"

enum { PARTY_PIECE = 16384 };

struct party {
	int fd;     /* -1: none, or closed */
	SSL *ssl;   /* NULL: it speaks without TLS */
	SSL *later; /* behind a CONNECT: what `ssl` will be */
	struct buf out;
	size_t sent;
	struct buf said, heard; /* in the clear */
	bool shaken;            /* its handshake is done */
	bool failed;            /* its TLS session is broken */
	bool quit;              /* it says no more */
	bool ends;              /* its TCP end follows what is on its way */
	bool ended;             /* and was sent */
	bool deaf;              /* it does not read for now */
	bool left;              /* nor ever again */
	bool gone;              /* the other side sends no more */
	bool flips;             /* the next byte on its way is damaged */
};

/* SSL may be NULL; with LATER it is used from party_start_tls() on. */
static inline void party_begin(struct party *p, int fd, SSL *ssl, bool later)
{
	*p = (struct party){ .fd = fd, .ssl = later ? NULL : ssl, .later = later ? ssl : NULL };
	buf_init(&p->out, PLANTED_MAX);
	buf_init(&p->said, PLANTED_MAX);
	buf_init(&p->heard, PLANTED_MAX);
	if (ssl)
		SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
}

static inline void party_start_tls(struct party *p)
{
	if (!p->later || p->quit || p->ends)
		return;
	p->ssl = p->later;
	p->later = NULL;
}

static inline void party_close(struct party *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/*
 * It closes its socket: as in TCP the other side sees the end, or a reset where
 * something was not read. A socket of AF_UNIX would say that nobody reads any
 * more, which TCP says only to who writes.
 */
static inline void party_leave(struct party *p)
{
	char byte;

	if (p->fd >= 0 && recv(p->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		party_close(p);
	p->ends = p->left = p->deaf = true;
	p->sent = p->out.n;
}

static inline void party_release(struct party *p)
{
	party_close(p);
	SSL_free(p->ssl);
	SSL_free(p->later);
	buf_release(&p->out);
	buf_release(&p->said);
	buf_release(&p->heard);
	*p = (struct party){ .fd = -1 };
}

/* What its session has to say, on its way. */
static inline void party_collect(struct party *p)
{
	char piece[PARTY_PIECE];
	int n;

	while (p->ssl && (n = BIO_read(SSL_get_wbio(p->ssl), piece, sizeof(piece))) > 0)
		demand(buf_add(&p->out, piece, (size_t)n) == 0);
}

static inline bool party_may_say(const struct party *p)
{
	return p->fd >= 0 && !p->quit && !p->ends && !p->failed && (!p->ssl || p->shaken);
}

static inline void party_say(struct party *p, struct slice text)
{
	if (!text.n || !party_may_say(p) || p->said.n + text.n > PLANTED_MAX / 4)
		return;
	ERR_clear_error();
	if (!p->ssl)
		demand(buf_add_slice(&p->out, text) == 0);
	else if (SSL_write(p->ssl, text.p, (int)text.n) != (int)text.n)
		return;
	demand(buf_add_slice(&p->said, text) == 0);
	party_collect(p);
}

/* Its close_notify; without TLS nothing. */
static inline void party_quit(struct party *p)
{
	if (p->ssl && p->shaken && !p->failed && !p->quit) {
		SSL_shutdown(p->ssl);
		party_collect(p);
	}
	p->quit = true;
}

/* Up to MOST bytes of what is on its way. True: some went. */
static inline bool party_send(struct party *p, size_t most)
{
	size_t left = p->out.n - p->sent, n = left < most ? left : most;

	if (p->fd < 0)
		return false;
	if (n && p->flips)
		p->out.p[p->sent] ^= 0x40;
	p->flips &= !n;
	ssize_t went = n ? send(p->fd, p->out.p + p->sent, n, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	if (went > 0)
		p->sent += (size_t)went;
	if (went < 0 && errno != EAGAIN) /* nobody reads it any more */
		p->sent = p->out.n;
	if (p->ends && !p->ended && p->sent == p->out.n) {
		shutdown(p->fd, SHUT_WR);
		p->ended = true;
		return true;
	}
	return went > 0;
}

/* What is in its session: handshake, then text. */
static inline void party_read_session(struct party *p)
{
	char piece[PARTY_PIECE];
	int n = 1;

	ERR_clear_error();
	if (!p->shaken && !p->failed) {
		n = SSL_do_handshake(p->ssl);
		p->shaken = n == 1;
	}
	while (p->shaken && !p->failed && (n = SSL_read(p->ssl, piece, sizeof(piece))) > 0)
		demand(buf_add(&p->heard, piece, (size_t)n) == 0);
	if (n <= 0) {
		int why = SSL_get_error(p->ssl, n);
		p->failed |= why != SSL_ERROR_WANT_READ && why != SSL_ERROR_ZERO_RETURN;
	}
	party_collect(p);
}

/* True: there was news. */
static inline bool party_receive(struct party *p)
{
	char piece[PARTY_PIECE];
	size_t before = p->out.n + p->heard.n;
	bool came = false;
	ssize_t n = 0;

	while (p->fd >= 0 && !p->deaf && !p->gone &&
	       (n = recv(p->fd, piece, sizeof(piece), MSG_DONTWAIT)) > 0) {
		came = true;
		if (p->ssl)
			BIO_write(SSL_get_rbio(p->ssl), piece, (int)n);
		else
			demand(buf_add(&p->heard, piece, (size_t)n) == 0);
	}
	if (p->fd >= 0 && !p->deaf && !p->gone && (n == 0 || errno != EAGAIN)) {
		p->gone = true;
		came = true;
	}
	if (p->ssl)
		party_read_session(p);
	return came || p->out.n + p->heard.n > before;
}

#endif
