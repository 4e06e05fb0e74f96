/* SPDX-License-Identifier: MIT */
/* One request through an OpenSSL that is linked into this library and not exported. */
#include "host.h"

void ask_hidden(const char *port);

__attribute__((visibility("default"))) void ask_hidden(const char *port)
{
	const struct tls t = LINKED;
	SSL *ssl = handshake(&t, t.context(t.client_method()), tcp_connect(port));

	ask(&t, ssl, "hidden");
	t.free(ssl);
}
