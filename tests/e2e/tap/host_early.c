/* SPDX-License-Identifier: MIT */
/*
 * Client and server in one process, over a BIO pair: the request goes out as
 * TLS 1.3 early data. Our server's side must not be taken for a client's.
 */
#include <openssl/bio.h>

#include "host.h"

static const char request[] = "GET /api/v1/key HTTP/1.1\r\nHost: openrouter.ai\r\n\r\n";
static const char answer[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}";
static SSL_SESSION *session;

static int keep(SSL *ssl, SSL_SESSION *given)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = given;
	return 1;
}

static SSL_CTX *context(const SSL_METHOD *method)
{
	SSL_CTX *c = SSL_CTX_new(method);

	SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
	SSL_CTX_set_max_early_data(c, 16384);
	SSL_CTX_set_options(c, SSL_OP_NO_ANTI_REPLAY);
	return c;
}

static void pair(SSL *client, SSL *server)
{
	BIO *a, *b;

	BIO_new_bio_pair(&a, 65536, &b, 65536);
	SSL_set_bio(client, a, a);
	SSL_set_bio(server, b, b);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
}

static void say(SSL *from, SSL *to, const char *text, size_t n)
{
	char got[4096];
	int m;

	if (SSL_write(from, text, (int)n) != (int)n)
		fail("write");
	do
		m = SSL_read(to, got, sizeof(got));
	while (m <= 0 && SSL_get_error(to, m) == SSL_ERROR_WANT_READ && SSL_pending(to));
	printf("%.*s\n", m > 0 ? m : 0, got);
}

int main(int argc, char **argv)
{
	SSL_CTX *cc = context(TLS_client_method()), *sc = context(TLS_server_method());
	size_t n = 0;
	char got[4096];

	(void)argc;
	SSL_CTX_set_session_cache_mode(cc, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(cc, keep);
	SSL_CTX_set_session_id_context(sc, (const unsigned char *)"e", 1);
	if (SSL_CTX_use_certificate_file(sc, argv[2], SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(sc, argv[2], SSL_FILETYPE_PEM) != 1)
		fail("certificate");
	SSL *client = SSL_new(cc), *server = SSL_new(sc);
	pair(client, server);
	while (SSL_do_handshake(client) != 1 || SSL_do_handshake(server) != 1)
		SSL_do_handshake(server);
	say(client, server, request, sizeof(request) - 1);
	say(server, client, answer, sizeof(answer) - 1);
	SSL_shutdown(client);
	SSL_free(client);
	SSL_free(server);
	if (!session)
		fail("a session ticket");

	client = SSL_new(cc), server = SSL_new(sc);
	pair(client, server);
	SSL_set_session(client, session);
	if (SSL_write_early_data(client, request, sizeof(request) - 1, &n) != 1)
		fail("SSL_write_early_data");
	if (SSL_read_early_data(server, got, sizeof(got), &n) != SSL_READ_EARLY_DATA_SUCCESS)
		fail("SSL_read_early_data");
	printf("early: %.*s\n", (int)n, got);
	SSL_do_handshake(client);
	SSL_read_early_data(server, got, sizeof(got), &n);
	if (SSL_do_handshake(server) != 1)
		fail("second handshake");
	say(server, client, answer, sizeof(answer) - 1);
	SSL_free(client);
	SSL_free(server);
	return 0;
}
