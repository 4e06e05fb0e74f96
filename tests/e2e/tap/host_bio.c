/* SPDX-License-Identifier: MIT */
/* A program that never calls SSL_read or SSL_write itself: it speaks through BIO_f_ssl. */
#include <openssl/bio.h>

#include "host.h"

int main(int argc, char **argv)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	BIO *chain = BIO_new_ssl_connect(context);
	char place[64], text[4096] = "";
	size_t size;
	int n = 0, got;

	(void)argc;
	snprintf(place, sizeof(place), "127.0.0.1:%s", argv[1]);
	BIO_set_conn_hostname(chain, place);
	if (BIO_do_connect(chain) != 1 || BIO_do_handshake(chain) != 1)
		fail("handshake");
	char *request = request_text("bio", 20, &size);
	if (BIO_write(chain, request, (int)size) != (int)size)
		fail("write");
	free(request);
	while (n < (int)sizeof(text) - 1 && !strstr(text, "}")) {
		got = BIO_read(chain, text + n, (int)sizeof(text) - 1 - n);
		if (got <= 0)
			fail("read");
		n += got;
		text[n] = '\0';
	}
	printf("%s\n", strstr(text, "\r\n\r\n") + 4);
	BIO_free_all(chain);
	SSL_CTX_free(context);
	return 0;
}
