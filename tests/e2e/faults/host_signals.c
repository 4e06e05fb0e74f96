/* SPDX-License-Identifier: MIT */
/*
 * A timer interrupts every hook. With "io" its handler reads and writes; with
 * "jump" it leaves the interrupted SSL_write() or SSL_read() by siglongjmp()
 * and the connection is given up. What is called meanwhile allocates nothing
 * in a bare process, so that the jump is sound there.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "../tap/host.h"

enum { EVERY_US = 300, EXCHANGES = 150, JUMPS = 25 };

static const struct tls t = LINKED;
static sigjmp_buf out;
static volatile sig_atomic_t may_jump, ticks;
static int to_self[2];

static void on_tick(int number)
{
	int before = errno;
	char byte = 'x';

	(void)number;
	ticks = ticks + 1;
	if (write(to_self[1], &byte, 1) == 1 && read(to_self[0], &byte, 1) != 1)
		_exit(3);
	errno = before;
	if (may_jump) {
		may_jump = 0;
		siglongjmp(out, 1);
	}
}

static void tick(int every_us)
{
	struct itimerval timer = { { 0, every_us }, { 0, every_us } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static int exchange(SSL *ssl, const char *text, size_t n)
{
	static char answer[4096];

	return SSL_write(ssl, text, (int)n) == (int)n && SSL_read(ssl, answer, sizeof(answer)) > 12;
}

static void interrupted(SSL *ssl, const char *text, size_t n)
{
	tick(EVERY_US);
	for (int i = 0; i < EXCHANGES || ticks < EXCHANGES / 4; i++)
		if (!exchange(ssl, text, n))
			fail("exchange");
	tick(0);
}

static void jumped_out_of(SSL_CTX *context, const char *port, const char *text, size_t n)
{
	for (volatile int i = 0; i < JUMPS; i++) {
		SSL *ssl = handshake(&t, context, tcp_connect(port));
		if (!exchange(ssl, text, n)) /* takes the session tickets, which allocates */
			fail("exchange");
		if (sigsetjmp(out, 1) == 0) {
			may_jump = 1;
			tick(EVERY_US + 37 * i);
			for (;;)
				if (!exchange(ssl, text, n))
					fail("exchange");
		}
		tick(0);
		close(SSL_get_fd(ssl)); /* given up: SSL_free() of it would not be sound */
	}
}

/* Another thread: it would wait for whatever lock the jumps have left behind. */
static void *ask_last(void *ssl)
{
	ask(&t, ssl, "last");
	SSL_free(ssl);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
	SSL_CTX *context = t.context(t.client_method());
	pthread_t last;
	size_t n;
	char *text = request_text("signals", 2000, &n);

	if (argc < 3 || pipe2(to_self, O_NONBLOCK) != 0)
		fail("pipe");
	sigaction(SIGALRM, &action, NULL);
	SSL *ssl = handshake(&t, context, tcp_connect(argv[1]));
	if (strcmp(argv[2], "io") == 0)
		interrupted(ssl, text, n);
	else
		jumped_out_of(context, argv[1], text, n);
	pthread_create(&last, NULL, ask_last, ssl);
	pthread_join(last, NULL);
	puts("done");
	return 0;
}
