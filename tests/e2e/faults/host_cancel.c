/* SPDX-License-Identifier: MIT */
/* Threads are cancelled while they write and read; then all goes on without them. */
#include <pthread.h>

#include "../tap/host.h"

enum { ROUNDS = 20, THREADS = 3 };

static const struct tls t = LINKED;
static SSL_CTX *context;
static const char *port;
static unsigned long exchanges;

static void *run(void *arg)
{
	char answer[4096];
	size_t n;
	char *text = request_text("cancel", 3000, &n);

	for (;;) {
		if (SSL_write(arg, text, (int)n) != (int)n ||
		    SSL_read(arg, answer, sizeof(answer)) < 12)
			fail("exchange");
		__atomic_fetch_add(&exchanges, 1, __ATOMIC_RELAXED);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	SSL *connections[THREADS];

	(void)argc;
	port = argv[1];
	context = t.context(t.client_method());
	for (int round = 0; round < ROUNDS; round++) {
		int fds[THREADS];
		unsigned long before = __atomic_load_n(&exchanges, __ATOMIC_RELAXED);
		for (int i = 0; i < THREADS; i++) {
			fds[i] = tcp_connect(port);
			connections[i] = handshake(&t, context, fds[i]);
			pthread_create(&threads[i], NULL, run, connections[i]);
		}
		/* A different place each time: after so many exchanges and a bit. */
		while (__atomic_load_n(&exchanges, __ATOMIC_RELAXED) < before + (unsigned)round % 7)
			;
		for (volatile int spin = 0; spin < round * 1200; spin++)
			;
		for (int i = 0; i < THREADS; i++)
			pthread_cancel(threads[i]);
		for (int i = 0; i < THREADS; i++) {
			pthread_join(threads[i], NULL);
			SSL_free(connections[i]);
			close(fds[i]);
		}
	}
	SSL *last = handshake(&t, context, tcp_connect(port));
	ask(&t, last, "last");
	SSL_free(last);
	printf("%d threads cancelled\n", ROUNDS * THREADS);
	return 0;
}
