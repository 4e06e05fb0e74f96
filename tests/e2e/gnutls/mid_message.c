/* SPDX-License-Identifier: MIT */
/*
 * mid_message 1.2|1.3 CERT KEY TOKEN: one exchange of HTTP/1.1 over GnuTLS, in whose request and answer
 * the connection is negotiated again (gnutls_rehandshake(3), TLS 1.2), or the client authenticates
 * itself (gnutls_reauth(3), TLS 1.3, RFC 8446 section 4.6.2) and the keys are changed. The server is a
 * thread. Prints what each call of the client gives.
 */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 4096, HALF_BODY = 40 };

static const char answer[] = "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
			     "Content-Length: 60\r\n\r\n"
			     "{\"error\":{\"message\":\"No auth credentials found\",\"code\":401}}";
static char request[ROOM];
static size_t request_size;
static bool is_old; /* TLS 1.2 */
static gnutls_certificate_credentials_t credentials;

static void fail(const char *what, int result)
{
	fprintf(stderr, "mid_message: %s: %s\n", what, gnutls_strerror(result));
	exit(1);
}

static void need(const char *what, int result)
{
	if (result < 0)
		fail(what, result);
}

static gnutls_session_t session_of(unsigned flags, int fd)
{
	gnutls_session_t s;

	need("gnutls_init", gnutls_init(&s, flags));
	need("priority", gnutls_priority_set_direct(s,
						    is_old ? "NORMAL:-VERS-ALL:+VERS-TLS1.2"
							   : "NORMAL:-VERS-ALL:+VERS-TLS1.3",
						    NULL));
	need("credentials", gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, credentials));
	gnutls_transport_set_int(s, fd);
	return s;
}

static void handshake(gnutls_session_t s)
{
	int result;

	do
		result = gnutls_handshake(s);
	while (result < 0 && !gnutls_error_is_fatal(result));
	need("handshake", result);
}

/* The server asks for a handshake, or for the client's certificate, and takes it. */
static void interrupt(gnutls_session_t s)
{
	int result;

	if (is_old) {
		need("gnutls_rehandshake", gnutls_rehandshake(s));
		handshake(s);
		return;
	}
	do
		result = gnutls_reauth(s, 0);
	while (result < 0 && !gnutls_error_is_fatal(result));
	need("gnutls_reauth", result);
}

static void take(gnutls_session_t s, size_t wanted)
{
	char room[ROOM];

	for (size_t n = 0; n < wanted;) {
		ssize_t got = gnutls_record_recv(s, room, wanted - n);

		if (got <= 0 && got != GNUTLS_E_AGAIN && got != GNUTLS_E_INTERRUPTED)
			fail("the server reads", (int)got);
		n += got > 0 ? (size_t)got : 0;
	}
}

static void *serve(void *listener)
{
	int fd = accept(*(int *)listener, NULL, NULL);
	gnutls_session_t s =
	    session_of(GNUTLS_SERVER | (is_old ? 0 : GNUTLS_POST_HANDSHAKE_AUTH), fd);
	size_t half = sizeof(answer) - 1 - HALF_BODY;

	gnutls_certificate_server_set_request(s, GNUTLS_CERT_IGNORE);
	handshake(s);
	gnutls_certificate_server_set_request(s, is_old ? GNUTLS_CERT_IGNORE : GNUTLS_CERT_REQUEST);
	take(s, request_size / 2);
	interrupt(s);
	take(s, request_size - request_size / 2);
	gnutls_record_send(s, answer, half);
	interrupt(s);
	if (!is_old)
		need("gnutls_session_key_update", gnutls_session_key_update(s, GNUTLS_KU_PEER));
	gnutls_record_send(s, answer + half, HALF_BODY);
	gnutls_bye(s, GNUTLS_SHUT_WR);
	gnutls_deinit(s);
	close(fd);
	return NULL;
}

/* What the client does when a read says that the server wants something. */
static bool respond(gnutls_session_t s, ssize_t result)
{
	if (result != GNUTLS_E_REHANDSHAKE && result != GNUTLS_E_REAUTH_REQUEST)
		return result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED;
	printf("%s\n", gnutls_strerror_name((int)result));
	int done = result == GNUTLS_E_REHANDSHAKE ? gnutls_handshake(s) : gnutls_reauth(s, 0);
	printf("answered: %d\n", done);
	return done == 0;
}

/* Until the server has interrupted, with N 0; else until N bytes of the answer, or its end. */
static size_t read_answer(gnutls_session_t s, char *out, size_t n)
{
	size_t have = 0;

	for (;;) {
		ssize_t got = gnutls_record_recv(s, out + have, ROOM - have);

		if (got > 0)
			printf("%zd bytes\n", got);
		have += got > 0 ? (size_t)got : 0;
		if (got == 0 || (got < 0 && !respond(s, got))) {
			printf("end: %zd\n", got);
			return have;
		}
		if (!n && got != GNUTLS_E_AGAIN && got != GNUTLS_E_INTERRUPTED)
			return have;
	}
}

static void ask(int fd)
{
	gnutls_session_t s = session_of(GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT |
					    (is_old ? 0 : GNUTLS_POST_HANDSHAKE_AUTH),
					fd);
	char room[ROOM];
	size_t half = request_size / 2;

	need("name", gnutls_server_name_set(s, GNUTLS_NAME_DNS, "localhost", 9));
	handshake(s);
	printf("%zd\n", gnutls_record_send(s, request, half));
	read_answer(s, room, 0);
	printf("%zd\n", gnutls_record_send(s, request + half, request_size - half));
	size_t n = read_answer(s, room, ROOM);
	printf("%s\n",
	       n == sizeof(answer) - 1 && memcmp(room, answer, n) == 0 ? "all of it" : "other");
	gnutls_bye(s, GNUTLS_SHUT_WR);
	gnutls_deinit(s);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	static const char body[] =
	    "{\"model\":\"a/b\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
	pthread_t server;

	if (argc != 5 || bind(listener, (struct sockaddr *)&at, size) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&at, &size))
		return 2;
	is_old = strcmp(argv[1], "1.2") == 0;
	request_size =
	    (size_t)snprintf(request, sizeof(request),
			     "POST /api/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
			     "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
			     "Content-Length: %zu\r\n\r\n%s",
			     argv[4], sizeof(body) - 1, body);
	need("credentials", gnutls_certificate_allocate_credentials(&credentials));
	need("certificate", gnutls_certificate_set_x509_key_file(credentials, argv[2], argv[3],
								 GNUTLS_X509_FMT_PEM));
	if (pthread_create(&server, NULL, serve, &listener) ||
	    connect(fd, (struct sockaddr *)&at, size))
		return 2;
	ask(fd);
	pthread_join(server, NULL);
	close(fd);
	return 0;
}
