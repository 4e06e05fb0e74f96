/* SPDX-License-Identifier: MIT */
/* wolfssl PORT: one request by wolfSSL to 127.0.0.1, whose certificate it believes; says the status. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

int main(int argc, char **argv)
{
	static const char request[] = "GET /api/v1/key HTTP/1.1\r\nHost: localhost\r\n"
				      "Authorization: Bearer \"sk-or-v1-0\"\r\n\r\n";
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((unsigned short)atoi(argv[argc - 1])),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char answer[13] = "";

	wolfSSL_Init();
	WOLFSSL_CTX *context = wolfSSL_CTX_new(wolfTLS_client_method());
	wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, NULL);
	WOLFSSL *ssl = wolfSSL_new(context);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 || wolfSSL_set_fd(ssl, fd) != 1 ||
	    wolfSSL_connect(ssl) != 1 || wolfSSL_write(ssl, request, sizeof(request) - 1) <= 0 ||
	    wolfSSL_read(ssl, answer, sizeof(answer) - 1) <= 0)
		return 1;
	puts(answer);
	wolfSSL_free(ssl);
	return 0;
}
