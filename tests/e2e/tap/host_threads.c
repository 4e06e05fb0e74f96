/* SPDX-License-Identifier: MIT */
/* Eight threads with fifty connections each. */
#include <pthread.h>

#include "host.h"

enum { THREADS = 8, CONNECTIONS = 50 };

static const struct tls t = LINKED;
static SSL_CTX *context;
static const char *port;
static int good;

static void *run(void *unused)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		size_t n;
		char answer[4096], *text = request_text("thread", 20, &n);
		int fd = tcp_connect(port);
		SSL *ssl = handshake(&t, context, fd);
		if (SSL_write(ssl, text, (int)n) == (int)n &&
		    SSL_read(ssl, answer, sizeof(answer)) > 12 && !memcmp(answer + 9, "401", 3))
			__atomic_fetch_add(&good, 1, __ATOMIC_RELAXED);
		SSL_free(ssl);
		close(fd);
		free(text);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	(void)argc;
	port = argv[1];
	context = t.context(t.client_method());
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, run, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d good\n", good);
	return 0;
}
