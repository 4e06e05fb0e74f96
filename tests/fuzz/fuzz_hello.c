/* SPDX-License-Identifier: MIT */
/* A tool's first bytes, and a file that calls itself Java's list of roots. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <string.h>

#include "tools/redirect/hello.h"
#include "tools/redirect/keystore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_hello(const uint8_t *data, size_t size)
{
	static SSL_CTX *context;
	struct hello h = { .seen = false };
	BIO *in = BIO_new(BIO_s_mem());

	if (!context)
		context = hello_context();
	SSL *ssl = SSL_new(context);
	SSL_set_bio(ssl, in, BIO_new(BIO_s_mem()));
	hello_attach(ssl, &h);
	BIO_write(in, data, (int)size);
	SSL_accept(ssl);
	if (strlen(h.name) >= sizeof(h.name) || h.protocols_size > sizeof(h.protocols))
		__builtin_trap();
	SSL_free(ssl);
	ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 << 16)
		return 0;
	X509_STORE *store = X509_STORE_new();
	read_as_hello(data, size);
	keystore_read((struct slice){ (const char *)data, size }, store);
	X509_STORE_free(store);
	ERR_clear_error();
	return 0;
}
