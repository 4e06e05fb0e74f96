/* SPDX-License-Identifier: MIT */
/*
 * Forks between two requests of one connection, and between a request and
 * its answer; the first child just ends, the second one uses the connection.
 */
#include <sys/wait.h>

#include "host.h"

int main(int argc, char **argv)
{
	const struct tls t = LINKED;
	SSL *ssl = handshake(&t, t.context(t.client_method()), tcp_connect(argv[1]));
	size_t n;
	char *text = request_text("forked", 20, &n);

	(void)argc;
	ask(&t, ssl, "before");
	fflush(stdout);
	if (fork() == 0)
		exit(0);
	wait(NULL);
	if (SSL_write(ssl, text, (int)n) != (int)n)
		fail("write");
	free(text);
	if (fork() == 0)
		exit(0);
	wait(NULL);
	print_answer(&t, ssl);
	fflush(stdout);
	if (fork() == 0) {
		ask(&t, ssl, "child");
		SSL_free(ssl);
		exit(0);
	}
	wait(NULL);
	SSL_free(ssl);
	return 0;
}
