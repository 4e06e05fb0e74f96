/* SPDX-License-Identifier: MIT */
/* Reaches its TLS library only through dlsym() on a handle of its own scope. */
#include "host.h"

int main(int argc, char **argv)
{
	struct tls t = tls_open(argv[2], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	SSL *ssl = handshake(&t, t.context(t.client_method()), tcp_connect(argv[1]));

	(void)argc;
	ask(&t, ssl, "dlsym");
	t.free(ssl);
	return 0;
}
