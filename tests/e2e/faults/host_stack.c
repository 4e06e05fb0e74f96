/* SPDX-License-Identifier: MIT */
/*
 * A thread with a stack of SIZE bytes makes requests; says on descriptor 3, if
 * there is one, how many bytes of the stack SSL_write(), SSL_read() and
 * SSL_free() took at the most.
 */
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#include "../tap/host.h"

enum { PAINT = 0xA5, REQUESTS = 3 };

static const struct tls t = LINKED;
static SSL *connections[REQUESTS];
static unsigned char *stack;
static size_t size;

static __attribute__((noinline)) void *run(void *unused)
{
	for (int i = 0; i < REQUESTS; i++) {
		size_t n;
		char answer[2048], *text = request_text("stack", 2000, &n);
		if (SSL_write(connections[i], text, (int)n) != (int)n ||
		    SSL_read(connections[i], answer, sizeof(answer)) < 12)
			fail("exchange");
		printf("%.12s\n", answer);
		free(text);
		SSL_free(connections[i]);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_attr_t attr;
	pthread_t thread;
	size_t depth;

	size = argc > 2 ? strtoul(argv[2], NULL, 10) : 65536;
	SSL_CTX *context = t.context(t.client_method());
	for (int i = 0; i < REQUESTS; i++)
		connections[i] = handshake(&t, context, tcp_connect(argv[1]));
	stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(stack, PAINT, size);
	pthread_attr_init(&attr);
	if (pthread_attr_setstack(&attr, stack, size) != 0 ||
	    pthread_create(&thread, &attr, run, NULL) != 0)
		fail("thread");
	pthread_join(thread, NULL);
	for (depth = 0; depth < size && stack[depth] == PAINT; depth++)
		;
	dprintf(3, "%zu\n", size - depth);
	return 0;
}
