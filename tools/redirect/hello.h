/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_HELLO_H
#define ORSHIM_REDIRECT_HELLO_H

/*
 * What a client says first: the server's name and the protocols that it can
 * speak. OpenSSL reads the ClientHello (SSL_CTX_set_client_hello_cb(3)), of
 * whatever length and in however many pieces; its handshake then rests until
 * the server has answered.
 */
#include <openssl/ssl.h>
#include <stdbool.h>

enum { HELLO_NAME = 256, HELLO_PROTOCOLS = 512 };

struct hello {
	bool seen;
	bool go_on;            /* set it, and the handshake goes on */
	char name[HELLO_NAME]; /* server name, RFC 6066 section 3; "" if there is none */
	unsigned char protocols[HELLO_PROTOCOLS]; /* ALPN's list, RFC 7301 section 3.1 */
	size_t protocols_size;                    /* 0: not offered */
	unsigned char chosen[256]; /* by the server; set before go_on. 0 bytes: none */
	size_t chosen_size;
};

/* A server's context whose connections rest after their ClientHello; NULL without memory. */
SSL_CTX *hello_context(void);

/* H belongs to SSL, and lives as long. */
void hello_attach(SSL *ssl, struct hello *h);

#endif
