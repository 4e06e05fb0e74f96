/* SPDX-License-Identifier: MIT */
/*
 * Threads exchange without end while the main thread forks; each child makes
 * a connection of its own. What a fork leaves locked or half done shows here
 * as a child that hangs.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "host.h"

enum { THREADS = 4, CHILDREN = 40, AT_LEAST = 25 };

static const struct tls t = LINKED;
static SSL_CTX *context;
static const char *port;
static int over;

static int exchange(void)
{
	size_t n;
	char answer[4096], *text = request_text("storm", 20, &n);
	int fd = tcp_connect(port);
	SSL *ssl = handshake(&t, context, fd);
	int good = SSL_write(ssl, text, (int)n) == (int)n &&
		   SSL_read(ssl, answer, sizeof(answer)) > 12 && !memcmp(answer + 9, "401", 3);

	SSL_free(ssl);
	close(fd);
	free(text);
	return good;
}

static void *run(void *unused)
{
	for (int i = 0; i < AT_LEAST || !__atomic_load_n(&over, __ATOMIC_RELAXED); i++)
		if (!exchange())
			fail("exchange");
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	int good = 0;

	(void)argc;
	port = argv[1];
	context = t.context(t.client_method());
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, run, NULL);
	for (int i = 0; i < CHILDREN; i++) {
		int status = 1;
		pid_t child = fork();
		if (child == 0) {
			alarm(20);
			_exit(!exchange());
		}
		waitpid(child, &status, 0);
		good += status == 0;
	}
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d children\n", good);
	return 0;
}
