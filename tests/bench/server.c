/* SPDX-License-Identifier: MIT */
/*
 * The bench's TLS server: `server CERT KEY`, any free port, printed on standard
 * output; ends when standard input is closed. A thread a connection. Answers
 * 401 to a quoted key, 200 otherwise, with as many bytes as x-bench-bytes says.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 64 * 1024, BLOCK = 16 * 1024 };

static SSL_CTX *context;
static char block[BLOCK];

static const char refusal[] =
    "{\"error\":{\"message\":\"No auth credentials found\",\"code\":401}}";
static const char success[] =
    "{\"id\":\"gen-1\",\"object\":\"chat.completion\",\"model\":\"openai/gpt-4o-mini\",\"choices\":"
    "[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\",\"content\":"
    "\"Hello\"}}]}";

static bool send_all(SSL *ssl, const void *data, size_t size)
{
	return SSL_write(ssl, data, (int)size) == (int)size;
}

static bool answer(SSL *ssl, const char *head)
{
	char out[1024];
	const char *wanted = strstr(head, "x-bench-bytes: ");
	bool quoted = strstr(head, "Bearer \"") != NULL;
	const char *body = quoted ? refusal : success;
	size_t left = wanted ? strtoull(wanted + 15, NULL, 10) : strlen(body);
	int n = snprintf(out, sizeof(out),
			 "HTTP/1.1 %s\r\ncontent-type: application/json\r\nserver: cloudflare\r\n"
			 "content-length: %zu\r\n\r\n%s",
			 quoted ? "401 Unauthorized" : "200 OK", left, wanted ? "" : body);

	if (!send_all(ssl, out, (size_t)n))
		return false;
	for (; wanted && left; left -= left < BLOCK ? left : BLOCK)
		if (!send_all(ssl, block, left < BLOCK ? left : BLOCK))
			return false;
	return true;
}

/* One request: its head into REQUEST, its body read and dropped; false at the connection's end. */
static bool take(SSL *ssl, char *request)
{
	size_t have = 0, left;
	char *end = NULL, *rest;
	const char *length;

	while (!end) {
		int n = SSL_read(ssl, request + have, (int)(REQUEST_MAX - 1 - have));

		if (n <= 0)
			return false;
		have += (size_t)n;
		request[have] = '\0';
		end = strstr(request, "\r\n\r\n");
	}
	rest = end + 4;
	length = strcasestr(request, "content-length: ");
	left = (length ? strtoull(length + 16, NULL, 10) : 0) - (size_t)(request + have - rest);
	while (left) {
		int n = SSL_read(ssl, rest, (int)(request + REQUEST_MAX - rest));

		if (n <= 0 || (size_t)n > left)
			return false;
		left -= (size_t)n;
	}
	*rest = '\0';
	return true;
}

static void *serve(void *argument)
{
	int fd = (int)(long)argument;
	SSL *ssl = SSL_new(context);
	char *request = malloc(REQUEST_MAX);

	if (ssl && request && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1)
		while (take(ssl, request) && answer(ssl, request))
			;
	SSL_free(ssl);
	free(request);
	close(fd);
	return NULL;
}

static void *until_closed(void *argument)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	exit(0);
	return argument;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;
	pthread_t thread;

	/* A client that ends before it has read everything is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
	memset(block, 'x', sizeof(block));
	context = SSL_CTX_new(TLS_server_method());
	if (argc == 4)
		inet_pton(AF_INET, argv[3], &address.sin_addr);
	if (argc < 3 || argc > 4 || !context ||
	    SSL_CTX_use_certificate_file(context, argv[1], SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1 || listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, size) || listen(listener, 128) ||
	    getsockname(listener, (struct sockaddr *)&address, &size)) {
		fprintf(stderr, "server: usage: server CERT KEY [ADDRESS]\n");
		return 2;
	}
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	pthread_create(&thread, NULL, until_closed, NULL);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			continue;
		/* Or an answer waits until the tickets before it are acknowledged. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (pthread_create(&thread, NULL, serve, (void *)(long)fd) == 0)
			pthread_detach(thread);
		else
			close(fd);
	}
}
