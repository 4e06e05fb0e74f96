/* SPDX-License-Identifier: MIT */
/*
 * The body goes out by SSL_sendfile(), which the kernel must do TLS for; where
 * it does not, by SSL_write() as programs fall back to. The shim never has the
 * file's bytes in its hands and still counts them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/mman.h>

#include "host.h"

enum { BODY = 50000 };

int main(int argc, char **argv)
{
	struct tls t = LINKED;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	size_t size;
	char *request = request_text("sendfile", BODY, &size);
	int file = memfd_create("body", 0);

	(void)argc;
	SSL_CTX_set_options(context, SSL_OP_ENABLE_KTLS);
	SSL *ssl = handshake(&t, context, tcp_connect(argv[1]));
	if (write(file, request + size - BODY, BODY) != BODY)
		fail("file");
	if (SSL_write(ssl, request, (int)size - BODY) != (int)size - BODY)
		fail("write");
	ossl_ssize_t sent =
	    BIO_get_ktls_send(SSL_get_wbio(ssl)) ? SSL_sendfile(ssl, file, 0, BODY, 0) : 0;
	if (sent < 0)
		fail("sendfile");
	while (sent < BODY) {
		int n = SSL_write(ssl, request + (size - BODY) + sent, (int)(BODY - sent));
		if (n <= 0)
			fail("write");
		sent += n;
	}
	print_answer(&t, ssl);
	SSL_free(ssl);
	free(request);
	return 0;
}
