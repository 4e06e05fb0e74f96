/* SPDX-License-Identifier: MIT */
/*
 * What may happen in the middle of a session, or instead of a usual beginning; client and server
 * in one process and on one thread, each other's bytes in memory.
 *   renegotiation  TLS 1.2: the client begins again between the halves of a request, the server
 *                  between those of an answer
 *   auth           TLS 1.3: the server wants a certificate after the handshake, between the halves
 *   keys           TLS 1.3: new keys from either side, between the halves
 *   memory         memory BIOs, carried by hand, one byte at a time
 *   read           no SSL_connect(): the client's first SSL_read() makes the handshake
 *   dup            a connection that SSL_dup() made
 *   dtls           the same text over UDP, which no HTTP goes by
 */
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>

#include "host.h"

static const char answer[] = "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
			     "Content-Length: 2\r\n\r\n{}";
static SSL *client, *server;
static const char *way;

static int is(const char *name)
{
	return strcmp(way, name) == 0;
}

static void carry_all(BIO *from, BIO *to)
{
	char byte;

	while (BIO_read(from, &byte, 1) == 1)
		BIO_write(to, &byte, 1);
}

/* Memory BIOs are not connected to each other. */
static void carry(void)
{
	if (is("memory") || is("dup")) {
		carry_all(SSL_get_wbio(client), SSL_get_rbio(server));
		carry_all(SSL_get_wbio(server), SSL_get_rbio(client));
	}
}

static void must_wait(SSL *ssl, int result, const char *what)
{
	int error = SSL_get_error(ssl, result);

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return;
	ERR_print_errors_fp(stderr);
	fail(what);
}

/* Both go on with a handshake until neither waits for it. */
static void shake_hands(void)
{
	for (int i = 0; i < 1000; i++) {
		int a = SSL_do_handshake(client), b;
		if (a != 1)
			must_wait(client, a, "handshake");
		carry();
		b = SSL_do_handshake(server);
		if (b != 1)
			must_wait(server, b, "handshake");
		carry();
		if (a == 1 && b == 1)
			return;
	}
	fail("handshake");
}

/* Read until TEXT of N bytes came. */
static void expect(SSL *ssl, const char *text, size_t n)
{
	char got[4096];
	size_t m = 0;

	for (int i = 0; i < 1000 && m < n; i++) {
		int result = SSL_read(ssl, got + m, (int)(n - m));
		if (result > 0)
			m += (size_t)result;
		else
			must_wait(ssl, result, "read");
		carry();
	}
	if (m != n || memcmp(got, text, n) != 0)
		fail("what came");
}

/* A read that finds no data, but maybe messages of a handshake. */
static void look(SSL *ssl)
{
	char byte;
	int result = SSL_read(ssl, &byte, 1);

	if (result > 0)
		fail("nothing to read");
	must_wait(ssl, result, "look");
	carry();
}

static void say(SSL *from, SSL *to, const char *text, size_t n)
{
	int result;

	while ((result = SSL_write(from, text, (int)n)) <= 0) {
		must_wait(from, result, "write");
		carry();
		look(to);
	}
	if (result != (int)n)
		fail("write");
	carry();
	expect(to, text, n);
}

/* What this way does in the middle of a message of FROM's. */
static void interrupt(SSL *from, SSL *to)
{
	if (is("renegotiation")) {
		if (SSL_renegotiate(from) != 1)
			fail("SSL_renegotiate");
		for (int i = 0; i < 10 && SSL_renegotiate_pending(from); i++) {
			int result = SSL_do_handshake(from);
			if (result != 1)
				must_wait(from, result, "renegotiation");
			look(to);
			look(from);
		}
		if (SSL_num_renegotiations(client) == 0)
			fail("a renegotiation");
	} else if (is("auth") && from == server) {
		SSL_set_verify(server, SSL_VERIFY_PEER, NULL);
		if (SSL_verify_client_post_handshake(server) != 1 || SSL_do_handshake(server) != 1)
			fail("post-handshake authentication");
		look(client);
		look(server);
	} else if (is("keys")) {
		if (SSL_key_update(from, SSL_KEY_UPDATE_REQUESTED) != 1 ||
		    SSL_do_handshake(from) != 1)
			fail("SSL_key_update");
		look(to);
		look(from);
	}
}

static void say_halves(SSL *from, SSL *to, const char *text, size_t n)
{
	say(from, to, text, n / 2);
	interrupt(from, to);
	say(from, to, text + n / 2, n - n / 2);
}

static void exchange(void)
{
	size_t n;
	char *request = request_text(way, 20, &n);

	say(client, server, request, n);
	say(server, client, answer, sizeof(answer) - 1);
	say_halves(client, server, request, n);
	say_halves(server, client, answer, sizeof(answer) - 1);
	say(client, server, request, n);
	say(server, client, answer, sizeof(answer) - 1);
	free(request);
}

static void connect_by_udp(void)
{
	struct sockaddr_in at[2];
	int fd[2];

	for (int i = 0; i < 2; i++) {
		socklen_t n = sizeof(at[i]);
		at[i] = (struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (bind(fd[i], (struct sockaddr *)&at[i], n) != 0 ||
		    getsockname(fd[i], (struct sockaddr *)&at[i], &n) != 0)
			fail("UDP");
	}
	for (int i = 0; i < 2; i++) {
		BIO *bio = BIO_new_dgram(fd[i], BIO_CLOSE);
		if (connect(fd[i], (struct sockaddr *)&at[1 - i], sizeof(at[0])) != 0)
			fail("UDP connect");
		BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &at[1 - i]);
		SSL_set_bio(i ? server : client, bio, bio);
	}
}

static void join(void)
{
	BIO *a, *b;

	if (is("dtls")) {
		connect_by_udp();
	} else if (is("memory") || is("dup")) {
		SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
		SSL_set_bio(server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	} else {
		BIO_new_bio_pair(&a, 65536, &b, 65536);
		SSL_set_bio(client, a, a);
		SSL_set_bio(server, b, b);
	}
}

static SSL_CTX *context(const SSL_METHOD *method, const char *certificate)
{
	SSL_CTX *c = SSL_CTX_new(method);

	if (is("renegotiation"))
		SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_set_options(c, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
	SSL_CTX_set_post_handshake_auth(c, 1);
	SSL_CTX_set_session_id_context(c, (const unsigned char *)"s", 1);
	if (SSL_CTX_use_certificate_file(c, certificate, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(c, certificate, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_locations(c, certificate, NULL) != 1)
		fail("certificate");
	return c;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		fail("arguments");
	way = argv[3];
	SSL_CTX *cc = context(is("dtls") ? DTLS_client_method() : TLS_client_method(), argv[2]);
	SSL_CTX *sc = context(is("dtls") ? DTLS_server_method() : TLS_server_method(), argv[2]);

	for (int round = 0; round < 2; round++) {
		client = SSL_new(cc);
		server = SSL_new(sc);
		SSL_set_tlsext_host_name(client, "openrouter.ai");
		SSL_set_connect_state(client);
		SSL_set_accept_state(server);
		if (is("dup")) {
			SSL *first = client;
			client = SSL_dup(first);
			SSL_free(first);
		}
		join();
		if (is("read"))
			for (int i = 0; i < 10; i++) {
				look(client);
				look(server);
			}
		else
			shake_hands();
		exchange();
		if (is("auth") && !SSL_get0_peer_certificate(server))
			fail("the client's certificate");
		printf("%s: %s\n", way, SSL_get_version(client));
		SSL_shutdown(client);
		carry();
		SSL_shutdown(server);
		SSL_free(client);
		SSL_free(server);
	}
	SSL_CTX_free(cc);
	SSL_CTX_free(sc);
	return 0;
}
