/* SPDX-License-Identifier: MIT */
#include "tools/redirect/hello.h"

#include <openssl/tls1.h>
#include <string.h>

static unsigned size_at(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* A list with one entry of type host_name. */
static void read_name(SSL *ssl, struct hello *h)
{
	const unsigned char *p;
	size_t n;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &n) || n < 5)
		return;
	size_t length = size_at(p + 3);
	if (size_at(p) + 2 != n || p[2] != TLSEXT_NAMETYPE_host_name || length + 5 != n ||
	    length >= sizeof(h->name) || memchr(p + 5, '\0', length))
		return;
	memcpy(h->name, p + 5, length);
	h->name[length] = '\0';
}

static void read_protocols(SSL *ssl, struct hello *h)
{
	const unsigned char *p;
	size_t n;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &p,
				       &n) ||
	    n < 2 || size_at(p) + 2 != n || n - 2 > sizeof(h->protocols))
		return;
	memcpy(h->protocols, p + 2, n - 2);
	h->protocols_size = n - 2;
}

static int on_hello(SSL *ssl, int *alert, void *arg)
{
	struct hello *h = SSL_get_app_data(ssl);

	(void)alert;
	(void)arg;
	if (h->go_on)
		return SSL_CLIENT_HELLO_SUCCESS;
	if (!h->seen) {
		h->seen = true;
		read_name(ssl, h);
		read_protocols(ssl, h);
	}
	return SSL_CLIENT_HELLO_RETRY;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *n,
			   const unsigned char *offered, unsigned offered_size, void *arg)
{
	struct hello *h = SSL_get_app_data(ssl);

	(void)offered;
	(void)offered_size;
	(void)arg;
	if (!h->chosen_size)
		return SSL_TLSEXT_ERR_NOACK;
	*out = h->chosen;
	*n = (unsigned char)h->chosen_size;
	return SSL_TLSEXT_ERR_OK;
}

/* Without tickets nothing follows the handshake, and no later one leaves out the certificate. */
SSL_CTX *hello_context(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (!c)
		return NULL;
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_client_hello_cb(c, on_hello, NULL);
	SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
	return c;
}

void hello_attach(SSL *ssl, struct hello *h)
{
	SSL_set_app_data(ssl, h);
}
