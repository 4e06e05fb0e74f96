/* SPDX-License-Identifier: MIT */
/*
 * static_openssl PORT: one request with a quoted key to 127.0.0.1, through an
 * OpenSSL that is linked in. Built with libssl.a and stripped by run.sh; with
 * -DLIBRARY as a library that exports nothing but ask(), for hidden_host.c.
 * Believes any certificate: the server is the test's own.
 */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] = "GET /api/v1/key HTTP/1.1\r\n"
			      "Host: localhost\r\n"
			      "Authorization: Bearer \"sk-or-v1-0\"\r\n"
			      "Connection: close\r\n\r\n";

static int dial(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((unsigned short)atoi(port)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? fd : -1;
}

int ask(const char *port);

__attribute__((visibility("default"))) int ask(const char *port)
{
	int fd = dial(port);
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = context ? SSL_new(context) : NULL;
	char answer[4096];
	int n;

	if (fd < 0 || !ssl || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
		return 1;
	if (SSL_write(ssl, request, sizeof(request) - 1) <= 0)
		return 1;
	while ((n = SSL_read(ssl, answer, sizeof(answer))) > 0)
		fwrite(answer, 1, (size_t)n, stdout);
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(fd);
	return 0;
}

#ifndef LIBRARY
int main(int argc, char **argv)
{
	return argc > 1 ? ask(argv[1]) : 1;
}
#endif
