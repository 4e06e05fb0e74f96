/* SPDX-License-Identifier: MIT */
/* Two TLS libraries in one process, used in turn on two connections. */
#include "host.h"

int main(int argc, char **argv)
{
	struct tls t[2];
	SSL *ssl[2];

	(void)argc;
	for (int i = 0; i < 2; i++) {
		t[i] = tls_open(argv[2 + i], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
		ssl[i] = handshake(&t[i], t[i].context(t[i].client_method()), tcp_connect(argv[1]));
	}
	if ((void *)t[0].write == (void *)t[1].write)
		fail("two libraries");
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 2; i++)
			ask(&t[i], ssl[i], i ? "second" : "first");
	for (int i = 0; i < 2; i++)
		t[i].free(ssl[i]);
	return 0;
}
