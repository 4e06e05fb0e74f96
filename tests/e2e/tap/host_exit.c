/* SPDX-License-Identifier: MIT */
/* Ends without SSL_free(), in the middle of an answer that has no length. */
#include "host.h"

int main(int argc, char **argv)
{
	const struct tls t = LINKED;
	SSL *ssl = handshake(&t, t.context(t.client_method()), tcp_connect(argv[1]));
	static const char text[] =
	    "GET /api/v1/key?endless HTTP/1.1\r\nHost: openrouter.ai\r\n\r\n";
	char answer[4096];

	(void)argc;
	SSL_write(ssl, text, sizeof(text) - 1);
	printf("%d\n", SSL_read(ssl, answer, sizeof(answer)) > 0);
	return 0;
}
