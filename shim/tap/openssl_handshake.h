/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OPENSSL_HANDSHAKE_H
#define ORSHIM_OPENSSL_HANDSHAKE_H

/*
 * A handshake as client, each time its function has returned to us: is it over,
 * did it fail, and what does OpenSSL say of it? Only getters are called: they
 * leave the connection and the thread's error queue as they are.
 */
#include "tap/tap.h"

/*
 * RESULT is what the handshake of SSL returned a moment ago, and errno is still as the
 * handshake left it; errno is kept. Reports the state of the handshake to tap.h.
 */
void openssl_handshake_returned(const struct tls_getters *ask, const void *ssl, int result);

#endif
