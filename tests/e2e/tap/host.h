/* SPDX-License-Identifier: MIT */
#ifndef HOST_H
#define HOST_H

/*
 * What the host programs share: a TLS client on loopback that says one
 * request and prints the answer. The library is reached through pointers, so
 * that a host decides where they come from: LINKED takes the names that the
 * program is linked with, tls_open() takes those of one file.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tls {
	const SSL_METHOD *(*client_method)(void);
	SSL_CTX *(*context)(const SSL_METHOD *method);
	SSL *(*make)(SSL_CTX *context);
	int (*set_fd)(SSL *ssl, int fd);
	int (*connect)(SSL *ssl);
	int (*write)(SSL *ssl, const void *bytes, int n);
	int (*read)(SSL *ssl, void *bytes, int n);
	void (*free)(SSL *ssl);
};

#define LINKED                                                                               \
	{                                                                                    \
		TLS_client_method, SSL_CTX_new, SSL_new, SSL_set_fd, SSL_connect, SSL_write, \
		    SSL_read, SSL_free                                                       \
	}

static inline void fail(const char *what)
{
	fprintf(stderr, "host: %s failed\n", what);
	exit(1);
}

static inline struct tls tls_open(const char *file, int flags)
{
	void *handle = dlopen(file, flags);
	struct tls t;

	if (!handle)
		fail(dlerror());
#define TAKE(member, name)                         \
	*(void **)&t.member = dlsym(handle, name); \
	if (!t.member)                             \
	fail(name)
	TAKE(client_method, "TLS_client_method");
	TAKE(context, "SSL_CTX_new");
	TAKE(make, "SSL_new");
	TAKE(set_fd, "SSL_set_fd");
	TAKE(connect, "SSL_connect");
	TAKE(write, "SSL_write");
	TAKE(read, "SSL_read");
	TAKE(free, "SSL_free");
#undef TAKE
	return t;
}

static inline int tcp_connect(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((unsigned short)atoi(port)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		fail("connect");
	return fd;
}

static inline SSL *handshake(const struct tls *t, SSL_CTX *context, int fd)
{
	SSL *ssl = t->make(context);

	if (!ssl || t->set_fd(ssl, fd) != 1 || t->connect(ssl) != 1)
		fail("handshake");
	return ssl;
}

/* A whole request with a body of N bytes 'a'; the caller frees it. */
static inline char *request_text(const char *mark, size_t n, size_t *size)
{
	char *text = malloc(n + 512);
	int head = snprintf(text, 512,
			    "POST /api/v1/chat/completions HTTP/1.1\r\nHost: openrouter.ai\r\n"
			    "Authorization: Bearer \"sk-or-v1-test\"\r\nX-Mark: %s\r\n"
			    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
			    mark, n);

	memset(text + head, 'a', n);
	*size = (size_t)head + n;
	return text;
}

/* Read an answer whose length is announced; print its body and a line feed. */
static inline void print_answer(const struct tls *t, SSL *ssl)
{
	char text[8192];
	size_t n = 0, length = 0;
	char *body = NULL;

	while (!body || n < (size_t)(body - text) + length) {
		int got = t->read(ssl, text + n, (int)(sizeof(text) - 1 - n));
		if (got <= 0)
			fail("read");
		n += (size_t)got;
		text[n] = '\0';
		body = strstr(text, "\r\n\r\n");
		if (!body)
			continue;
		body += 4;
		char *field = strstr(text, "Content-Length: ");
		length = field ? strtoul(field + 16, NULL, 10) : 0;
	}
	printf("%.*s\n", (int)length, body);
}

static inline void ask(const struct tls *t, SSL *ssl, const char *mark)
{
	size_t n;
	char *text = request_text(mark, 20, &n);

	if (t->write(ssl, text, (int)n) != (int)n)
		fail("write");
	free(text);
	print_answer(t, ssl);
}

#endif
