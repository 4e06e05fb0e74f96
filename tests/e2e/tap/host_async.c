/* SPDX-License-Identifier: MIT */
/*
 * Calls of SSL_read() and SSL_write() that return later than others that began after them, on one
 * thread: each connection has a fibre of its own, and its BIO changes the fibre in the middle of
 * the library's work, as engines and coroutine schedulers do.
 *   jobs     the host's fibres are jobs of OpenSSL (ASYNC_start_job())
 *   mode     the library makes the jobs (SSL_MODE_ASYNC)
 *   threads  fibres of ucontext(3), each of which goes on in another thread every time
 */
#include <openssl/async.h>
#include <openssl/err.h>
#include <pthread.h>
#include <ucontext.h>

#include "host.h"

enum { CONNECTIONS = 2, ROUNDS = 3, STACK = 128 * 1024 };

static const struct tls t = LINKED;

static struct fibre {
	SSL *ssl;
	char *answer;
	ASYNC_JOB *job;
	ucontext_t here, back;
	char *stack;
	int done;
} fibres[CONNECTIONS];
static _Thread_local struct fibre *running; /* of ucontext(3) */

static __attribute__((noinline)) struct fibre *now_running(void)
{
	return running;
}

static void change_fibre(void)
{
	struct fibre *f = now_running();

	if (f)
		swapcontext(&f->here, &f->back);
	else if (ASYNC_get_current_job())
		ASYNC_pause_job();
}

static int paused_read(BIO *b, char *bytes, int n)
{
	change_fibre();
	int result = BIO_read(BIO_next(b), bytes, n);
	BIO_clear_retry_flags(b);
	BIO_copy_next_retry(b);
	return result;
}

static int paused_write(BIO *b, const char *bytes, int n)
{
	change_fibre();
	int result = BIO_write(BIO_next(b), bytes, n);
	BIO_clear_retry_flags(b);
	BIO_copy_next_retry(b);
	return result;
}

static long passed_on(BIO *b, int command, long number, void *pointer)
{
	return BIO_ctrl(BIO_next(b), command, number, pointer);
}

static int made(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

static BIO *pausing(int fd)
{
	static BIO_METHOD *method;

	if (!method) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "pausing");
		BIO_meth_set_read(method, paused_read);
		BIO_meth_set_write(method, paused_write);
		BIO_meth_set_ctrl(method, passed_on);
		BIO_meth_set_create(method, made);
	}
	return BIO_push(BIO_new(method), BIO_new_socket(fd, BIO_CLOSE));
}

/* How an exchange waits for its next turn if the library made the job itself. */
static int is_paused(SSL *ssl, int result)
{
	return SSL_get_error(ssl, result) == SSL_ERROR_WANT_ASYNC;
}

static void exchange(struct fibre *f)
{
	char text[4096] = "", *request;
	size_t size, n = 0;
	int got;

	request = request_text("fibre", 20, &size);
	while ((got = SSL_write(f->ssl, request, (int)size)) <= 0 && is_paused(f->ssl, got))
		;
	if (got != (int)size)
		fail("write");
	free(request);
	while (!strstr(text, "}")) {
		got = SSL_read(f->ssl, text + n, (int)(sizeof(text) - 1 - n));
		if (got > 0)
			text[n += (size_t)got] = '\0';
		else if (!is_paused(f->ssl, got))
			fail("read");
	}
	f->answer = strdup(strstr(text, "\r\n\r\n") + 4);
	f->done = 1;
}

static int job(void *argument)
{
	exchange(*(struct fibre **)argument);
	return 1;
}

static void begin(void)
{
	exchange(running);
	struct fibre *f = now_running();
	setcontext(&f->back);
}

static void *one_turn(void *argument)
{
	struct fibre *f = running = argument;

	swapcontext(&f->back, &f->here);
	running = NULL;
	return NULL;
}

static void turn(struct fibre *f, int threads)
{
	ASYNC_WAIT_CTX *wait;
	pthread_t thread;
	int result;

	if (threads) {
		if (pthread_create(&thread, NULL, one_turn, f) != 0)
			fail("thread");
		pthread_join(thread, NULL);
		return;
	}
	wait = ASYNC_WAIT_CTX_new();
	if (ASYNC_start_job(&f->job, wait, &result, job, &f, sizeof(f)) == ASYNC_ERR)
		fail("job");
	ASYNC_WAIT_CTX_free(wait);
}

/* Every fibre one step each, until all have an answer: the first to begin is the first to end. */
static void run_all(int threads)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		struct fibre *f = &fibres[i];
		f->done = 0;
		f->job = NULL;
		getcontext(&f->here);
		f->here.uc_stack.ss_sp = f->stack;
		f->here.uc_stack.ss_size = STACK;
		makecontext(&f->here, begin, 0);
	}
	for (int left = 1; left;) {
		left = 0;
		for (int i = 0; i < CONNECTIONS; i++)
			if (!fibres[i].done || fibres[i].job)
				turn(&fibres[i], threads);
		for (int i = 0; i < CONNECTIONS; i++)
			left |= !fibres[i].done || fibres[i].job;
	}
}

int main(int argc, char **argv)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int threads = argc > 2 && strcmp(argv[2], "threads") == 0;
	int mode = argc > 2 && strcmp(argv[2], "mode") == 0;

	for (int i = 0; i < CONNECTIONS; i++) {
		BIO *bio = pausing(tcp_connect(argv[1]));
		fibres[i].ssl = SSL_new(context);
		fibres[i].stack = malloc(STACK);
		SSL_set_bio(fibres[i].ssl, bio, bio);
		if (SSL_connect(fibres[i].ssl) != 1)
			fail("handshake");
		if (mode)
			SSL_set_mode(fibres[i].ssl, SSL_MODE_ASYNC);
	}
	for (int round = 0; round < ROUNDS; round++) {
		if (mode)
			for (int i = 0; i < CONNECTIONS; i++)
				exchange(&fibres[i]);
		else
			run_all(threads);
		for (int i = 0; i < CONNECTIONS; i++) {
			puts(fibres[i].answer);
			free(fibres[i].answer);
		}
	}
	for (int i = 0; i < CONNECTIONS; i++) { /* and by the thread itself, without fibres */
		SSL_clear_mode(fibres[i].ssl, SSL_MODE_ASYNC);
		ask(&t, fibres[i].ssl, "after");
		SSL_free(fibres[i].ssl);
		free(fibres[i].stack);
	}
	SSL_CTX_free(context);
	return 0;
}
