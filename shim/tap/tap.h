/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TAP_H
#define ORSHIM_TAP_H

/*
 * All hooks (method tables, exported wrappers, BoringSSL's table) pass their bytes
 * to these functions, which pass them to the parsers and the observer. The
 * connections and their locks are in table.h, the re-entrancy guard in
 * hook_guard.h, the observer with its lock and the clock in process.h. Calls no
 * OpenSSL function and keeps errno. On any trouble of ours the connection is no
 * longer read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "report/record.h"
#include "wire/exchange.h"
#include "wire/handshake.h"

/*
 * HANDLE identifies the connection: the SSL pointer, or for a connection without
 * TLS (plain.h) a number that cannot be a pointer of the host's.
 */
#define TAP_PLAIN (1ULL << 63)

/*
 * The state of a handshake as client: it continues, and the server's first bytes
 * came or not (ANSWERED); it is complete, and H describes what is odd about it
 * (NULL: nothing); it failed; it was QUIC's. SNI may be absent. SNI and H are
 * copied. A connection to a host that is no API is kept only after its handshake.
 */
void tap_handshake_begun(const void *handle, struct slice sni, bool answered);
void tap_handshake_done(const void *handle, struct slice sni, const struct handshake *h);
void tap_handshake_failed(const void *handle, struct slice sni, const struct handshake *h);
void tap_quic(const void *handle, struct slice sni);
/* After HANDSHAKE_FINISHED: the client has verified the certificate. H is copied. */
void tap_verified(const void *handle, const struct handshake *h);
/* Where only its messages are seen: the server's certificate, and the side that sent Finished. */
void tap_certificate(const void *handle, struct slice der);
void tap_finished(const void *handle, enum side side);
bool tap_in_handshake(const void *handle);      /* a handshake with an API, and not over yet */
bool tap_is_past_handshake(const void *handle); /* or is not watched */
bool tap_had_connections(void);                 /* did any go through a library that is tapped? */
bool tap_watches(struct slice host);            /* is HOST an API's, going by its name? */

/*
 * Getters of a connection's TLS library: they change nothing and add no error. Each
 * may be NULL. Pointers to the library's types are pointers to void here.
 */
#define SERVERNAME_HOST 0 /* TLSEXT_NAMETYPE_host_name */

struct tls_getters {
	const char *(*servername)(const void *ssl, int type); /* SSL_get_servername() */
	int (*is_server)(const void *ssl);                    /* SSL_is_server() */
	int (*is_dtls)(const void *ssl);                      /* SSL_is_dtls() */
	int (*error)(const void *ssl, int result);            /* SSL_get_error() */
	const char *(*state)(const void *ssl);                /* SSL_state_string() */
	unsigned long (*first_error)(void);                   /* ERR_peek_error() */
	unsigned long (*last_error)(void);                    /* ERR_peek_last_error() */
	int (*verify_mode)(const void *ssl);                  /* SSL_get_verify_mode() */
	int (*quic)(const void *ssl);                      /* SSL_is_quic(): its outer connection */
	long (*verify_result)(const void *ssl);            /* SSL_get_verify_result() */
	const void *(*peer_chain)(const void *ssl);        /* SSL_get_peer_cert_chain() */
	const void *(*chain_at)(const void *chain, int i); /* OPENSSL_sk_value() */
	int (*encode)(const void *x509, unsigned char **out); /* i2d_X509() */
	void (*alpn)(const void *ssl, const unsigned char **protocol, unsigned *n);
	const void *(*bio)(const void *ssl);   /* SSL_get_rbio() */
	int (*bio_type)(const void *bio);      /* BIO_method_type() */
	uint64_t (*bio_read)(const void *bio); /* BIO_number_read(): bytes so far */
	bool boringssl;                        /* its errors are numbered otherwise */
};

/* N bytes of plaintext were written (SIDE_CLIENT) or read (SIDE_SERVER) by this process. */
void tap_bytes(const void *handle, enum side side, const void *bytes, size_t n);
/* The same; ASK tells DTLS, and the role of a connection that is older than our attachment. */
void tap_bytes_asking(const void *handle, enum side side, const void *bytes, size_t n,
		      const struct tls_getters *ask);
/*
 * Before the handshake: HANDLE is a client's connection, whose server name was set
 * to SNI (copied); or it is not to be read (a server's, DTLS).
 */
void tap_set_server_name(const void *handle, struct slice sni);
enum { TAP_NAME_SIZE = 256 };
struct slice tap_server_name(const void *handle, char room[TAP_NAME_SIZE]);
void tap_ignore(const void *handle);

/*
 * The library took at most N bytes of the client's and wants to be called again.
 * That call returns how many it had taken: then call tap_pending_sent().
 */
void tap_pending(const void *handle, const void *bytes, size_t n);
void tap_pending_sent(const void *handle, size_t n);

void tap_skipped(const void *handle, enum side side, size_t n); /* SSL_sendfile */
void tap_ended(const void *handle, enum side side);             /* that side sends no more */
void tap_closed(const void *handle); /* HANDLE is not a connection any more */

/* This process forked, or is the new child: connections not used from here on may be the other's. */
void tap_forked(bool in_child);

/*
 * Detach: forget every connection and close the log. Attach again, with new
 * settings: as process_enable(); a connection seen after that may be older than it.
 */
void tap_disable(void);
int tap_enable(struct slice settings);

bool tap_is_inside(void); /* this thread is in our code: hooks must pass straight through */

#endif
