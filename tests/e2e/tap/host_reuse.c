/* SPDX-License-Identifier: MIT */
/*
 * One SSL for several connections: cleared after half a request, and freed
 * with the next one allocated at the same address (malloc's habit).
 */
#include "host.h"

static void half(SSL *ssl)
{
	static const char text[] = "POST /api/v1/chat/completions HTTP/1.1\r\nHost: openr";

	if (SSL_write(ssl, text, sizeof(text) - 1) <= 0)
		fail("write");
}

int main(int argc, char **argv)
{
	const struct tls t = LINKED;
	SSL_CTX *context = t.context(t.client_method());
	int fd = tcp_connect(argv[1]);
	SSL *ssl = handshake(&t, context, fd);

	(void)argc;
	half(ssl);
	SSL_set_quiet_shutdown(ssl, 1);
	SSL_shutdown(ssl);
	close(fd);
	if (SSL_clear(ssl) != 1)
		fail("SSL_clear");
	fd = tcp_connect(argv[1]);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		fail("handshake");
	ask(&t, ssl, "cleared");
	half(ssl);
	for (int i = 0; i < 20; i++) {
		SSL_free(ssl);
		close(fd);
		fd = tcp_connect(argv[1]);
		ssl = handshake(&t, context, fd);
		if (i % 2)
			half(ssl);
		else
			ask(&t, ssl, "freed");
	}
	SSL_free(ssl);
	return 0;
}
