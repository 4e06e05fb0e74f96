/* SPDX-License-Identifier: MIT */
/*
 * gnutls_host PORT KEY: two requests by GnuTLS on one connection. The first is
 * sent by a call that fails with GNUTLS_E_AGAIN and by another one without
 * bytes, the second in two corked pieces; the answers are read as packets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int socket_fd, refusals;

static ssize_t push(gnutls_transport_ptr_t to, const void *bytes, size_t n)
{
	(void)to;
	if (refusals-- > 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(socket_fd, bytes, n);
}

static ssize_t pull(gnutls_transport_ptr_t from, void *bytes, size_t n)
{
	(void)from;
	return read(socket_fd, bytes, n);
}

static void answer(gnutls_session_t session)
{
	gnutls_packet_t packet;
	gnutls_datum_t data = { NULL, 0 };
	char text[65536];
	size_t n = 0;
	ssize_t got;

	for (;;) { /* to the end of a body without chunks, or of the chunks */
		do
			got = gnutls_record_recv_packet(session, &packet);
		while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
		if (got <= 0)
			exit(3);
		gnutls_packet_get(packet, &data, NULL);
		memcpy(text + n, data.data, data.size);
		n += data.size;
		text[n] = '\0';
		gnutls_packet_deinit(packet);
		const char *body = strstr(text, "\r\n\r\n");
		const char *length = strcasestr(text, "content-length:");
		if (body && length &&
		    (size_t)(text + n - body - 4) >= strtoul(length + 15, NULL, 10))
			break;
		if (body && !length && strstr(body, "0\r\n\r\n"))
			break;
	}
	printf("%.15s\n", text);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
	gnutls_certificate_credentials_t trust;
	gnutls_session_t session;
	char request[1024];

	(void)argc;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socket_fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(socket_fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return 1;
	gnutls_certificate_allocate_credentials(&trust);
	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, trust);
	gnutls_server_name_set(session, GNUTLS_NAME_DNS, "localhost", 9);
	gnutls_transport_set_push_function(session, push);
	gnutls_transport_set_pull_function(session, pull);
	if (gnutls_handshake(session) != 0)
		return 2;
	snprintf(request, sizeof(request),
		 "GET /api/v1/key HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n",
		 argv[2]);
	refusals = 1;
	if (gnutls_record_send(session, request, strlen(request)) != GNUTLS_E_AGAIN)
		return 4;
	if (gnutls_record_send(session, NULL, 0) != (ssize_t)strlen(request))
		return 5;
	answer(session);
	gnutls_record_cork(session);
	gnutls_record_send(session, request, 30);
	gnutls_record_send(session, request + 30, strlen(request) - 30);
	if (gnutls_record_uncork(session, GNUTLS_RECORD_WAIT) < 0)
		return 6;
	answer(session);
	gnutls_bye(session, GNUTLS_SHUT_WR);
	gnutls_deinit(session);
	return 0;
}
