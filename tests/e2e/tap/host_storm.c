/* SPDX-License-Identifier: MIT */
/*
 * Threads exchange without end while the main thread forks; each child uses a
 * connection that was made for it. What a fork leaves locked shows here as a
 * child that hangs. The children keep to reading and writing with TLS 1.2,
 * because OpenSSL's own locks do not survive such a fork.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "host.h"

enum { THREADS = 4, CHILDREN = 40, AT_LEAST = 25 };

static const struct tls t = LINKED;
static SSL_CTX *context;
static const char *port;
static int over;

static int exchange(SSL *ssl)
{
	size_t n;
	char answer[4096], *text = request_text("storm", 20, &n);
	int good = SSL_write(ssl, text, (int)n) == (int)n &&
		   SSL_read(ssl, answer, sizeof(answer)) > 12 && !memcmp(answer + 9, "401", 3);

	free(text);
	return good;
}

static void *run(void *unused)
{
	for (int i = 0; i < AT_LEAST || !__atomic_load_n(&over, __ATOMIC_RELAXED); i++) {
		int fd = tcp_connect(port);
		SSL *ssl = handshake(&t, context, fd);
		if (!exchange(ssl))
			fail("exchange");
		SSL_free(ssl);
		close(fd);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	int good = 0;

	(void)argc;
	port = argv[1];
	context = t.context(t.client_method());
	SSL_CTX *own = t.context(t.client_method());
	SSL_CTX_set_max_proto_version(own, TLS1_2_VERSION);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, run, NULL);
	for (int i = 0; i < CHILDREN; i++) {
		int status = 1, fd = tcp_connect(port);
		SSL *ssl = handshake(&t, own, fd);
		pid_t child = fork();
		if (child == 0) {
			alarm(20);
			_exit(!exchange(ssl));
		}
		waitpid(child, &status, 0);
		good += status == 0;
		SSL_free(ssl);
		close(fd);
	}
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d children\n", good);
	return 0;
}
