/* SPDX-License-Identifier: MIT */
/*
 * Non-blocking, with a body larger than the socket takes: every write that
 * must be repeated comes from another buffer. Before it a write of nothing,
 * after it a look (SSL_peek) at an answer that is then read byte by byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "host.h"

static void wait_for(SSL *ssl, int result)
{
	int error = SSL_get_error(ssl, result);
	struct pollfd p = { .fd = SSL_get_fd(ssl) };

	if (error == SSL_ERROR_WANT_WRITE)
		p.events = POLLOUT;
	else if (error == SSL_ERROR_WANT_READ)
		p.events = POLLIN;
	else
		fail("non-blocking call");
	poll(&p, 1, 10000);
}

static unsigned send_all(SSL *ssl, const char *text, size_t n)
{
	char *copies[2] = { malloc(n), malloc(n) };
	unsigned tries = 0;
	int result;

	for (;; tries++) {
		char *from = copies[tries % 2];
		memcpy(from, text, n);
		memset(copies[(tries + 1) % 2], 'z', n);
		result = SSL_write(ssl, from, (int)n);
		if (result == (int)n)
			break;
		wait_for(ssl, result);
	}
	free(copies[0]);
	free(copies[1]);
	return tries;
}

int main(int argc, char **argv)
{
	struct tls t = LINKED;
	SSL_CTX *context = t.context(t.client_method());
	int fd = tcp_connect(argv[1]), small = 4096;
	size_t n;
	char *text = request_text("retry", 3000000, &n);
	char c, peeked[64];

	(void)argc;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL *ssl = handshake(&t, context, fd);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	SSL_write(ssl, "", 0);
	if (send_all(ssl, text, n) == 0)
		fail("being made to repeat");
	int got;
	while ((got = SSL_peek(ssl, peeked, sizeof(peeked))) <= 0)
		wait_for(ssl, got);
	errno = 7;
	for (size_t i = 0, end = 0; !end || i < end; i++) {
		while ((got = SSL_read(ssl, &c, 1)) != 1)
			wait_for(ssl, got);
		putchar(c);
		end = c == '}' ? i : 0; /* the answer's last byte */
	}
	printf("\nerrno %d\n", errno == 7 || errno == EAGAIN);
	SSL_free(ssl);
	free(text);
	return 0;
}
