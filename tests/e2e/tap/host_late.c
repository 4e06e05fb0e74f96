/* SPDX-License-Identifier: MIT */
/*
 * The TLS library arrives after the first TCP connection was made, and its
 * handshake and first exchange are over before there is another connect().
 */
#include "host.h"

int main(int argc, char **argv)
{
	int fd = tcp_connect(argv[1]);
	struct tls t = tls_open(argv[2], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	SSL_CTX *context = t.context(t.client_method());
	SSL *early = handshake(&t, context, fd);

	(void)argc;
	ask(&t, early, "unseen");
	SSL *late = handshake(&t, context, tcp_connect(argv[1]));
	ask(&t, early, "seen");
	ask(&t, late, "late");
	t.free(early);
	t.free(late);
	return 0;
}
